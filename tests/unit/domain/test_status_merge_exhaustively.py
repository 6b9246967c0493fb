"""Every sequence of up to six things that can be heard of a send: only which of them were heard decides the end."""

from collections.abc import Iterator
from datetime import UTC, datetime, timedelta

import pytest

from server.domain.enums import DispatchState, MessageState
from server.domain.lifecycle import STATUS_FACTS, Facts, Standing

NOON = datetime(2026, 3, 2, 12, tzinfo=UTC)
RESPONSE, TIMEOUT = "send-response", "send-timeout"
STATUSES = ("sent", "delivered", "read", "failed")
INPUTS = (RESPONSE, *STATUSES, TIMEOUT)
LONGEST = 6
HEARD = {RESPONSE: Facts(accepted_at=NOON)} | {
    name: Facts(**{STATUS_FACTS[name]: NOON + timedelta(seconds=1 + place)}) for place, name in enumerate(STATUSES)
}


def hear(standing: Standing, heard: str) -> Standing:
    return standing.doubt() if heard == TIMEOUT else standing.learn(HEARD[heard])


def sequences() -> Iterator[tuple[tuple[str, ...], Standing]]:
    """Every sequence and where it leaves the message, the shorter ones first."""
    shorter: list[tuple[tuple[str, ...], Standing]] = [((), Standing())]
    for _ in range(LONGEST):
        shorter = [((*before, heard), hear(standing, heard)) for before, standing in shorter for heard in INPUTS]
        yield from shorter


@pytest.fixture(scope="module")
def ends() -> dict[frozenset[str], set[Standing]]:
    """All that the sequences of the same inputs came to."""
    found: dict[frozenset[str], set[Standing]] = {}
    count = 0
    for sequence, standing in sequences():
        found.setdefault(frozenset(sequence), set()).add(standing)
        count += 1
    assert count == sum(len(INPUTS) ** length for length in range(1, LONGEST + 1)) == 55_986
    assert len(found) == 2 ** len(INPUTS) - 1
    return found


@pytest.mark.proves("P2", "G10")
def test_neither_order_nor_repetition_matters(ends) -> None:
    assert {inputs: len(standings) for inputs, standings in ends.items() if len(standings) != 1} == {}


@pytest.mark.proves("P2", "G10")
def test_each_fact_is_known_exactly_when_it_was_heard(ends) -> None:
    for inputs, standings in ends.items():
        for standing in standings:
            assert (standing.facts.accepted_at is not None) == (RESPONSE in inputs)
            for name in STATUSES:
                known = getattr(standing.facts, STATUS_FACTS[name])
                assert known == (getattr(HEARD[name], STATUS_FACTS[name]) if name in inputs else None)


@pytest.mark.proves("P2", "G9")
def test_failed_is_shown_only_if_meta_said_so_and_nobody_has_it(ends) -> None:
    for inputs, standings in ends.items():
        failed = "failed" in inputs and not inputs & {"delivered", "read"}
        assert {standing.shown is MessageState.FAILED for standing in standings} == {failed}


@pytest.mark.proves("P2", "G9")
def test_doubt_is_shown_only_while_nothing_else_is_known(ends) -> None:
    for inputs, standings in ends.items():
        doubtful = inputs == {TIMEOUT}
        assert {standing.shown is MessageState.UNKNOWN for standing in standings} == {doubtful}
        assert {standing.dispatch for standing in standings} == {DispatchState.UNKNOWN if doubtful else None}

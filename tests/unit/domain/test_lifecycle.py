"""The rules of a message's life: merging facts, and the state that is shown."""

from datetime import UTC, datetime, timedelta
from itertools import permutations, product

import pytest
from hypothesis import given
from hypothesis import strategies as st

from server.domain.enums import DispatchState, MessageState
from server.domain.lifecycle import ENDED, STATUS_FACTS, TRANSITIONS, Facts, merge, shown_state

NOON = datetime(2030, 1, 1, 12, tzinfo=UTC)
NAMES = tuple(Facts.__dataclass_fields__)

instants = st.integers(0, 100).map(lambda minutes: NOON + timedelta(minutes=minutes))
facts = st.builds(Facts, **{name: st.none() | instants for name in NAMES})
STATUSES = ("sent", "delivered", "read", "failed")


def applied(*statuses: str) -> Facts:
    """Statuses in the order in which they come; each carries Meta's own time of it, the same on every repetition."""
    merged = Facts(accepted_at=NOON)
    for status in statuses:
        at = NOON + timedelta(seconds=1 + STATUSES.index(status))
        merged = merge(merged, Facts(**{STATUS_FACTS[status]: at}))
    return merged


@given(facts, facts)
def test_merging_is_commutative(one: Facts, other: Facts) -> None:
    assert merge(one, other) == merge(other, one)


@given(facts, facts, facts)
def test_merging_is_associative(one: Facts, two: Facts, three: Facts) -> None:
    assert merge(merge(one, two), three) == merge(one, merge(two, three))


@given(facts, facts)
def test_merging_again_changes_nothing(one: Facts, other: Facts) -> None:
    merged = merge(one, other)
    assert merge(merged, other) == merged
    assert merge(merged, one) == merged
    assert merge(one, one) == one


@given(facts, facts)
def test_merging_forgets_nothing_and_keeps_the_earlier(one: Facts, other: Facts) -> None:
    merged = merge(one, other)
    for name in NAMES:
        known = [at for at in (getattr(one, name), getattr(other, name)) if at is not None]
        assert getattr(merged, name) == (min(known) if known else None)


@pytest.mark.proves("G10")
def test_the_set_of_statuses_alone_decides_the_state() -> None:
    """Every sequence of up to five statuses, with repetitions: 1,364 of them."""
    results: dict[frozenset[str], set[tuple[Facts, MessageState]]] = {}
    for length in range(1, 6):
        for sequence in product(STATUSES, repeat=length):
            merged = applied(*sequence)
            results.setdefault(frozenset(sequence), set()).add((merged, shown_state(merged, None)))
    assert len(results) == 15
    assert {tuple(sorted(said)): len(seen) for said, seen in results.items() if len(seen) != 1} == {}


@pytest.mark.proves("G10")
@given(st.lists(st.tuples(st.sampled_from(sorted(STATUS_FACTS)), instants), min_size=1, max_size=5))
def test_the_order_of_statuses_with_differing_times_does_not_matter(said: list[tuple[str, datetime]]) -> None:
    ends = set()
    for order in permutations(said):
        merged = Facts()
        for status, at in order:
            merged = merge(merged, Facts(**{STATUS_FACTS[status]: at}))
        ends.add(merged)
    assert len(ends) == 1


@pytest.mark.proves("G9")
@given(facts, st.none() | st.sampled_from(DispatchState))
def test_failed_is_never_shown_of_a_message_that_somebody_has(known: Facts, dispatch: DispatchState | None) -> None:
    if not any((known.delivered_at, known.read_at, known.played_at)):
        known = merge(known, Facts(delivered_at=NOON))
    assert shown_state(known, dispatch) in {MessageState.DELIVERED, MessageState.READ, MessageState.PLAYED}


@pytest.mark.proves("G9")
@given(facts, st.sampled_from(DispatchState))
def test_an_unknown_outcome_is_shown_as_such_and_never_as_failed(known: Facts, dispatch: DispatchState) -> None:
    """What Meta says wins; without a word of Meta the outbox row speaks."""
    shown = shown_state(known, dispatch)
    if shown is MessageState.FAILED:
        assert known.failed_at is not None
    only_here = Facts(expired_at=known.expired_at, cancelled_at=known.cancelled_at)
    assert shown_state(only_here, dispatch) == dispatch.value


@pytest.mark.parametrize(
    ("statuses", "shown"),
    [
        ((), MessageState.ACCEPTED),
        (("sent",), MessageState.SENT),
        (("delivered",), MessageState.DELIVERED),
        (("read", "sent"), MessageState.READ),
        (("sent", "failed"), MessageState.FAILED),
        (("failed", "sent"), MessageState.FAILED),
        (("failed", "delivered"), MessageState.DELIVERED),
        (("read", "failed"), MessageState.READ),
    ],
)
def test_what_is_shown(statuses: tuple[str, ...], shown: MessageState) -> None:
    assert shown_state(applied(*statuses), None) is shown


@pytest.mark.parametrize(
    ("known", "shown"),
    [
        (Facts(accepted_at=NOON, paced_at=NOON), MessageState.PACED),
        (Facts(sent_at=NOON, undelivered_at=NOON), MessageState.UNDELIVERED),
        (Facts(failed_at=NOON, undelivered_at=NOON), MessageState.FAILED),
        (Facts(read_at=NOON, played_at=NOON), MessageState.PLAYED),
        (Facts(expired_at=NOON), MessageState.EXPIRED),
        (Facts(cancelled_at=NOON), MessageState.CANCELLED),
        (Facts(cancelled_at=NOON, expired_at=NOON), MessageState.CANCELLED),
        (Facts(cancelled_at=NOON, sent_at=NOON), MessageState.SENT),
    ],
)
def test_what_is_shown_of_rarer_facts(known: Facts, shown: MessageState) -> None:
    assert shown_state(known, None) is shown


def test_a_settled_message_without_a_fact_is_a_defect() -> None:
    with pytest.raises(ValueError, match="at least one fact"):
        shown_state(Facts(), None)


def test_the_transitions_stay_among_outbound_states_and_reach_all_of_them() -> None:
    reached, pending = set(), [MessageState.SCHEDULED]
    while pending:
        state = pending.pop()
        if state not in reached:
            reached.add(state)
            pending += TRANSITIONS.get(state, ())
    assert reached == set(MessageState) - {MessageState.RECEIVED}


def test_only_ended_states_have_nowhere_to_go() -> None:
    assert {state for state in MessageState if state not in TRANSITIONS} - {MessageState.RECEIVED} <= ENDED
    assert all(TRANSITIONS.values())
    assert all(state not in following for state, following in TRANSITIONS.items())


@pytest.mark.parametrize("state", [MessageState.SENDING, MessageState.UNKNOWN, MessageState.HELD])
def test_a_status_can_lead_out_of_every_state_of_doubt(state: MessageState) -> None:
    assert {MessageState.SENT, MessageState.FAILED} <= TRANSITIONS[state]

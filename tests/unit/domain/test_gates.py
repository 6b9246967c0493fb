"""Whether a message may go now."""

from datetime import UTC, datetime, timedelta

import pytest

from server.domain import gates
from server.domain.errors import CATALOGUE
from server.domain.gates import GateFacts, Verdict

NOON = datetime(2030, 1, 1, 12, tzinfo=UTC)
OPEN = NOON - timedelta(hours=1)
CLOSED = NOON - timedelta(hours=25)


def facts(*, kind: str = "text", wrote: datetime | None = OPEN, pause: str | None = None) -> GateFacts:
    return GateFacts(message_type=kind, last_inbound_at=wrote, number_pause_reason=pause)


def test_a_text_inside_the_window_passes_every_gate() -> None:
    assert gates.first_refusal(facts(), NOON) is None
    assert gates.run(facts(), NOON) == (Verdict("number_active", True), Verdict("window_open", True))


def test_a_paused_number_only_waits() -> None:
    refusal = gates.first_refusal(facts(pause="token: Meta answered 190"), NOON)
    assert refusal == Verdict("number_active", False, "number_paused", final=False)


@pytest.mark.parametrize("wrote", [CLOSED, None])
def test_a_text_outside_the_window_fails_for_good(wrote: datetime | None) -> None:
    refusal = gates.first_refusal(facts(wrote=wrote), NOON)
    assert refusal == Verdict("window_open", False, "window_closed", final=True)


@pytest.mark.parametrize("wrote", [CLOSED, None])
def test_a_template_needs_no_window(wrote: datetime | None) -> None:
    assert gates.first_refusal(facts(kind="template", wrote=wrote), NOON) is None


def test_a_final_refusal_comes_before_one_that_waits() -> None:
    refusal = gates.first_refusal(facts(wrote=CLOSED, pause="billing"), NOON)
    assert refusal is not None
    assert refusal.gate == "window_open"


@pytest.mark.parametrize("wrote", [OPEN, CLOSED])
@pytest.mark.parametrize("pause", [None, "billing"])
def test_every_final_refusal_has_a_code_of_the_catalogue(wrote: datetime, pause: str | None) -> None:
    for verdict in gates.run(facts(wrote=wrote, pause=pause), NOON):
        assert verdict.passed == (verdict.code is None)
        assert not verdict.final or verdict.code in CATALOGUE

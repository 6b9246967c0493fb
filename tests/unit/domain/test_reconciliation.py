"""What becomes of a message of which nobody knows whether Meta has it."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from server.domain.enums import OnAmbiguous
from server.domain.reconciliation import MAX_ATTEMPTS, Hold, Retry, Unresolved, decide

RETRY, HOLD = OnAmbiguous.RETRY, OnAmbiguous.HOLD


@pytest.mark.proves("G7")
@pytest.mark.parametrize(
    ("unresolved", "decision"),
    [
        (Unresolved("text", RETRY, 1, evidence=True), Retry()),
        (Unresolved("text", RETRY, 1, evidence=False), Hold("no_evidence")),
        (Unresolved("text", RETRY, 2, evidence=True), Hold("attempts_spent")),
        (Unresolved("text", HOLD, 1, evidence=True), Hold("asked_to_hold")),
        (Unresolved("template", RETRY, 1, evidence=True), Hold("template")),
        (Unresolved("template", HOLD, 0, evidence=False), Retry()),
    ],
)
def test_each_rule(unresolved: Unresolved, decision: Retry | Hold) -> None:
    assert decide(unresolved) == decision


@pytest.mark.proves("G7")
@given(st.sampled_from(["text", "image", "template"]), st.sampled_from(OnAmbiguous), st.integers(0, 9), st.booleans())
def test_meta_gets_it_at_most_so_many_times_however_it_is_decided(
    message_type: str, policy: OnAmbiguous, ambiguous: int, evidence: bool
) -> None:
    """A retry adds one try that may reach Meta."""
    decision = decide(Unresolved(message_type, policy, ambiguous, evidence=evidence))
    if isinstance(decision, Retry):
        assert ambiguous + 1 <= MAX_ATTEMPTS
        assert ambiguous == 0 or (policy is RETRY and message_type != "template" and evidence)

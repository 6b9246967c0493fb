"""Gates: whether a message may go now. The same ones run when a message is accepted and when it is dispatched."""

from collections.abc import Callable
from dataclasses import dataclass
from datetime import datetime

from server.domain import window


@dataclass(frozen=True, slots=True)
class GateFacts:
    """What the gates look at, loaded once."""

    message_type: str
    last_inbound_at: datetime | None
    number_pause_reason: str | None


@dataclass(frozen=True, slots=True)
class Verdict:
    """One gate's answer. `code` is an error code of `domain.errors` when it is final, else a reason to wait.

    `final` says that waiting does not help: the message fails. Otherwise it waits.
    """

    gate: str
    passed: bool
    code: str | None = None
    final: bool = False


def number_is_active(facts: GateFacts, _at: datetime) -> Verdict:
    """A paused number sends nothing; its messages wait."""
    if facts.number_pause_reason is None:
        return Verdict("number_active", True)
    return Verdict("number_active", False, "number_paused", final=False)


def window_is_open(facts: GateFacts, at: datetime) -> Verdict:
    """Free-form messages need an open customer service window; templates do not (Meta: error 131047)."""
    if facts.message_type == "template" or window.is_open(facts.last_inbound_at, at):
        return Verdict("window_open", True)
    return Verdict("window_open", False, "window_closed", final=True)


GATES: tuple[Callable[[GateFacts, datetime], Verdict], ...] = (number_is_active, window_is_open)


def run(facts: GateFacts, at: datetime) -> tuple[Verdict, ...]:
    """Every gate's verdict, in order."""
    return tuple(gate(facts, at) for gate in GATES)


def first_refusal(facts: GateFacts, at: datetime) -> Verdict | None:
    """The first gate that does not pass; a final one before one that only waits."""
    refusals = [verdict for verdict in run(facts, at) if not verdict.passed]
    return min(refusals, key=lambda verdict: not verdict.final, default=None)

"""Gates: whether a message may go now. The same ones run when a message is accepted and when it is dispatched."""

from collections.abc import Callable
from datetime import datetime
from typing import NamedTuple

from server.domain import window


class GateFacts(NamedTuple):
    """What the gates look at, loaded once. `free_form`: see `is_free_form`.

    `category`: Meta's, of what is sent, where it is known. `opted_out`: the person's last word was that they want no
    marketing. `names_user_id`: the recipient is a business-scoped user id. `template_misfit`: of `template_fit.misfit`.
    """

    free_form: bool
    last_inbound_at: datetime | None
    number_pause_reason: str | None
    expires_at: datetime | None = None
    template_status: str | None = None
    category: str | None = None
    opted_out: bool = False
    names_user_id: bool = False
    template_misfit: str | None = None


class Verdict(NamedTuple):
    """One gate's answer. `code` is an error code of `domain.errors` when it is final, else a reason to wait.

    `final` says that waiting does not help: the message fails. Otherwise it waits. `detail` says more than its code.
    """

    gate: str
    passed: bool
    code: str | None = None
    final: bool = False
    detail: str | None = None


def number_is_active(facts: GateFacts, _at: datetime) -> Verdict:
    """A paused number sends nothing; its messages wait."""
    if facts.number_pause_reason is None:
        return _NUMBER_ACTIVE
    return Verdict("number_active", False, "number_paused", final=False)


def is_free_form(message_type: str, *, category: str | None, recipient_type: str) -> bool:
    """Whether a message needs an open window. Templates, messages that Meta makes a template of (Direct Send) and those
    to groups do not (Meta: error 131047); of what is passed on unread nobody knows, so Meta decides."""
    return message_type not in ("template", "raw") and category is None and recipient_type == "individual"


def window_is_open(facts: GateFacts, at: datetime) -> Verdict:
    """Free-form messages need an open customer service window (Meta: error 131047)."""
    if not facts.free_form or window.is_open(facts.last_inbound_at, at):
        return _WINDOW_OPEN
    return Verdict("window_open", False, "window_closed", final=True)


def is_in_time(facts: GateFacts, at: datetime) -> Verdict:
    """No attempt begins once a message has expired."""
    if facts.expires_at is None or at < facts.expires_at:
        return _IN_TIME
    return Verdict("in_time", False, "expired", final=True)


def template_is_usable(facts: GateFacts, _at: datetime) -> Verdict:
    """A template that Meta paused or has yet to approve may come back; one that is gone does not. Unknown ones pass."""
    status = facts.template_status
    if status is None or status in _USABLE_TEMPLATES:
        return _TEMPLATE_USABLE
    return Verdict("template_usable", False, "template_not_usable", final=status not in _TEMPLATES_TO_COME)


def template_fits(facts: GateFacts, _at: datetime) -> Verdict:
    """As many parameters as the template has variables, and by their names (Meta: errors 132000 and 132012)."""
    if facts.template_misfit is None:
        return _TEMPLATE_FITS
    return Verdict("template_fits", False, "template_misfit", final=True, detail=facts.template_misfit)


def is_wanted(facts: GateFacts, _at: datetime) -> Verdict:
    """No marketing to somebody who has stopped it, by a word to us or in WhatsApp (Meta: error 131050)."""
    if facts.category == MARKETING and facts.opted_out:
        return Verdict("wanted", False, "opted_out", final=True)
    return _WANTED


def can_take_passwords(facts: GateFacts, _at: datetime) -> Verdict:
    """One-time passwords go to phone numbers only (Meta: error 131062)."""
    if facts.category == AUTHENTICATION and facts.names_user_id:
        return Verdict("recipient_fits", False, "password_to_user_id", final=True)
    return _RECIPIENT_FITS


MARKETING, AUTHENTICATION = "MARKETING", "AUTHENTICATION"
"""Categories of Meta's."""
_NUMBER_ACTIVE = Verdict("number_active", True)
_WINDOW_OPEN = Verdict("window_open", True)
_IN_TIME = Verdict("in_time", True)
_TEMPLATE_USABLE = Verdict("template_usable", True)
_TEMPLATE_FITS = Verdict("template_fits", True)
_RECIPIENT_FITS = Verdict("recipient_fits", True)
_WANTED = Verdict("wanted", True)
_USABLE_TEMPLATES = frozenset({"APPROVED", "PENDING_DELETION", "FLAGGED", "REINSTATED"})
"""Meta delivers messages of a template that is being deleted for 30 days."""
_TEMPLATES_TO_COME = frozenset({"PAUSED", "PENDING", "IN_APPEAL"})

GATES: tuple[Callable[[GateFacts, datetime], Verdict], ...] = (
    is_in_time,
    number_is_active,
    can_take_passwords,
    template_is_usable,
    template_fits,
    is_wanted,
    window_is_open,
)


def run(facts: GateFacts, at: datetime) -> tuple[Verdict, ...]:
    """Every gate's verdict, in order."""
    return tuple(gate(facts, at) for gate in GATES)


def first_refusal(facts: GateFacts, at: datetime) -> Verdict | None:
    """The first gate that does not pass; a final one before one that only waits."""
    waiting = None
    for gate in GATES:
        verdict = gate(facts, at)
        if verdict.passed:
            continue
        if verdict.final:
            return verdict
        waiting = waiting or verdict
    return waiting

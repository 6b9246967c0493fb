"""Statuses of messages (Meta: status messages webhook)."""

from datetime import datetime
from typing import Any

from server.domain.lifecycle import STATUS_FACTS
from server.schemas.events import Event, Noticed, Sender, StatusChanged, StatusError, Unrecognised
from server.whatsapp import body
from server.whatsapp.parser.senders import named
from server.whatsapp.parser.values import (
    ID_MAX,
    WAMID_MAX,
    WORDS_MAX,
    Found,
    first_missing,
    get,
    identifier,
    instant,
    is_integer,
    listed,
    word,
)

_OF_OLD = ("deleted", "warning")
"""Statuses that Meta does not give any more; they state no fact."""
_RECIPIENT = ("recipient_participant_id", "recipient_participant_user_id", "recipient_id", "recipient_user_id")


def read_status(status: Any, found: Found) -> Event:
    """One status of one recipient."""
    said: dict[str, Any] = status if isinstance(status, dict) else {}
    wamid, at = identifier(said.get("id"), WAMID_MAX), instant(said.get("timestamp"))
    name = word(said.get("status"))
    if wamid is None or at is None or name is None:
        problem = first_missing(
            ("the status has no usable id", wamid),
            ("the status has no usable timestamp", at),
            ("the status has no usable name", name),
        )
        return Unrecognised(found.field, problem, found.number)
    if name in _OF_OLD:
        return Noticed(**found.told(said, at), about="status", value=name, subject=wamid)
    if name not in STATUS_FACTS:
        return Unrecognised(found.field, f"unknown status {name}", found.number)
    return StatusChanged(
        found.number or "",
        wamid,
        name,
        at,
        recipient=_recipient(said),
        opaque_id=identifier(said.get("biz_opaque_callback_data"), WORDS_MAX),
        error=_error(said) if name == "failed" else None,
        pricing=_pricing(said.get("pricing")),
        person=_person(said),
        free_entry_until=_free_entry(said.get("conversation")),
    )


def _recipient(status: dict[str, Any]) -> str | None:
    """A group's status names the participant, a person with a username only has a business-scoped id."""
    for name in _RECIPIENT:
        if name in status and (found := identifier(status[name], ID_MAX * 2)):
            return found
    return None


def _person(status: dict[str, Any]) -> Sender | None:
    """Meta names the parent's id in two ways. Only user ids are learnt: the number that we sent to is known."""
    if status.get("recipient_type") == "group" or status.get("recipient_participant_user_id") is not None:
        return None
    bsuid = named(status.get("recipient_user_id"))
    if bsuid is None:
        return None
    parent = named(status.get("parent_recipient_user_id")) or named(status.get("parent_user_id"))
    return Sender(None, bsuid, parent)


def _error(status: dict[str, Any]) -> StatusError:
    errors = listed(status, "errors") or [None]
    first = errors[0]
    code = get(first, "code")
    title = get(first, "title") or get(first, "message")
    details = get(get(first, "error_data"), "details")
    return StatusError(
        code=code if is_integer(code) and 0 <= code < 2**31 else 0,
        title=body.text(title) if isinstance(title, str) else "Meta gave no reason",
        details=body.text(details) if isinstance(details, str) else None,
    )


def _pricing(pricing: Any) -> dict[str, Any] | None:
    """Only plain values: the row that is kept must not depend on the order of statuses, and these compare."""
    if not isinstance(pricing, dict):
        return None
    plain = {body.text(key): body.storable(value) for key, value in pricing.items() if isinstance(value, (str, bool))}
    return plain or None


def _free_entry(conversation: Any) -> datetime | None:
    """Until when everything to the person is free, after they came through an advertisement (Meta: pricing page)."""
    if get(get(conversation, "origin"), "type") != "referral_conversion":
        return None
    return instant(get(conversation, "expiration_timestamp"))

"""The field `messages`: what people write, and the statuses of what was written to them (Meta: messages webhooks)."""

from collections.abc import Iterator
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from server.schemas.events import Event, MessageReceived, NumberChanged, Sender, Unrecognised
from server.whatsapp import body
from server.whatsapp.parser.senders import named, sender_of
from server.whatsapp.parser.statuses import read_status
from server.whatsapp.parser.values import (
    NAME_MAX,
    WAMID_MAX,
    Found,
    first_missing,
    get,
    identifier,
    instant,
    is_integer,
    listed,
    word,
)

_AROUND = ("context", "referral", "errors", "group_id", "origin")
TYPES = (
    *("text", "image", "video", "audio", "document", "sticker", "location", "contacts", "reaction"),
    *("interactive", "button", "order", "system", "edit", "revoke"),
)
"""The types whose object is named as they are."""
_MOVES = frozenset({"user_changed_number", "customer_changed_number", "user_changed_user_id"})
"""System messages that tell new names of a person (the second is from before 2021)."""


@dataclass(frozen=True, slots=True)
class Envelope:
    """What every message has, whoever wrote it."""

    wamid: str
    at: datetime
    type: str
    sender: Sender
    reply_to: str | None

    def content(self, message: dict[str, Any], errors: Any) -> dict[str, Any]:
        """Meta's object of the type, and what Meta puts around it."""
        own = message.get(self.type)
        content: dict[str, Any] = dict(own) if isinstance(own, dict) else {}
        if own is not None and not isinstance(own, dict):
            content[self.type] = own
        around = {name: message[name] for name in _AROUND if message.get(name) is not None and name != self.type}
        if errors is not None:
            around.setdefault("errors", errors)
        stored: dict[str, Any] = body.storable({**around, **content})
        return stored


def read_messages(found: Found) -> Iterator[Event]:
    """Statuses first, since they are of earlier messages."""
    messages, statuses = listed(found.value, "messages") or [], listed(found.value, "statuses") or []
    for status in statuses:
        yield read_status(status, found)
    for message in messages:
        yield _message(message, found, alone=len(messages) == 1)
    if not messages and not statuses:
        yield _problem(found)


def open_message(message: Any, sender: Sender | None) -> Envelope | str:
    """Or what it lacks."""
    wamid, at, kind = identifier(get(message, "id"), WAMID_MAX), instant(get(message, "timestamp")), _type(message)
    if wamid is None or at is None or kind is None or sender is None:
        return first_missing(
            ("the message has no usable id", wamid),
            ("the message has no usable timestamp", at),
            ("the message has no usable type", kind),
            ("the message names no sender", sender),
        )
    return Envelope(wamid, at, kind, sender, identifier(get(message.get("context"), "id"), WAMID_MAX))


def _message(message: Any, found: Found, *, alone: bool) -> Event:
    opened = open_message(message, sender_of(message, listed(found.value, "contacts") or []))
    if not isinstance(opened, Envelope):
        return Unrecognised(found.field, opened, found.number)
    return MessageReceived(
        found.number or "",
        opened.wamid,
        opened.sender,
        opened.at,
        opened.type,
        opened.content(message, found.value.get("errors") if alone else None),
        opened.reply_to,
        _became(message.get("system")) if opened.type == "system" else None,
    )


def _type(message: Any) -> str | None:
    """Some of Meta's own examples have no `type`; then the object that is there names it. None when it is unusable."""
    told = get(message, "type")
    if told is None:
        return next((kind for kind in TYPES if get(message, kind) is not None), "unknown")
    return identifier(told, NAME_MAX)


def _became(system: Any) -> Sender | None:
    if not isinstance(system, dict) or word(system.get("type")) not in _MOVES:
        return None
    wa_id = named(system.get("wa_id")) or named(system.get("new_wa_id"))
    bsuid, parent = named(system.get("user_id")), named(system.get("parent_user_id"))
    return Sender(wa_id, bsuid, parent) if wa_id or bsuid else None


def _problem(found: Found) -> Event:
    """Errors without a message are of the number or its account."""
    codes = [code for error in listed(found.value, "errors") or [] if is_integer(code := get(error, "code"))]
    if not codes:
        return Unrecognised(found.field, "neither messages nor statuses, and no errors either", found.number)
    return NumberChanged(**found.told(found.value), fact="problem", value=", ".join(map(str, codes))[:NAME_MAX])

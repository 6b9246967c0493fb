"""Webhook payload to events. Pure and total: whatever the bytes are, it returns and never raises.

The mirror of the renderer; the webhook service calls it. What this version does not know becomes Unrecognised, with a
reason that quotes no content. Facts: Meta's pages on webhooks, status messages and business-scoped user ids.
"""

from collections.abc import Iterator
from datetime import UTC, datetime
from typing import Any

from server.domain.lifecycle import STATUS_FACTS
from server.schemas.events import (
    WHOLE_BODY,
    Change,
    Event,
    MessageReceived,
    StatusChanged,
    StatusError,
    Unreadable,
    Unrecognised,
)
from server.whatsapp import body
from server.whatsapp.senders import sender_of

WAMID_MAX = 512
"""Bytes. Meta's have about 60; the database's index takes no more than 2,700."""
_ID_MAX = 128
_NAME_MAX = 64
_OPAQUE_MAX = 512
_EARLIEST = int(datetime(2009, 1, 1, tzinfo=UTC).timestamp())
_LATEST = int(datetime(2100, 1, 1, tzinfo=UTC).timestamp())
_AROUND = ("context", "referral", "errors", "group_id", "origin")
_TYPES = (
    *("text", "image", "video", "audio", "document", "sticker", "location", "contacts", "reaction"),
    *("interactive", "button", "order", "system", "edit", "revoke"),
)


def parse(raw: bytes) -> list[Change]:
    """Every change of the body, in order. A body that has none because it is no webhook gives one for WHOLE_BODY."""
    try:
        payload = body.decode(raw)
    except body.NotJson as problem:
        return [Change(WHOLE_BODY, (Unreadable(str(problem)),))]
    entries = _list(payload, "entry")
    if entries is None:
        return [Change(WHOLE_BODY, (Unrecognised("", "the body has no list `entry`"),))]
    return [Change(index, tuple(_change(change))) for index, change in enumerate(_changes(entries))]


def _changes(entries: list[Any]) -> Iterator[Any]:
    """What is not of the form still counts as one change, so that it is seen."""
    for entry in entries:
        changes = _list(entry, "changes")
        yield from [None] if changes is None else changes


def _change(change: Any) -> Iterator[Event]:
    field = _get(change, "field")
    value = _get(change, "value")
    shown = body.text(field)[:_NAME_MAX] if isinstance(field, str) else ""
    number = _identifier(_get(_get(value, "metadata"), "phone_number_id"), _ID_MAX)
    if shown != "messages" or not isinstance(value, dict):
        reason = "the field is not applied by this version" if shown else "the change is not of Meta's form"
        yield Unrecognised(shown, reason, number)
    elif number is None:
        yield Unrecognised(shown, "the change has no metadata.phone_number_id")
    else:
        yield from _messages_field(value, number)


def _messages_field(value: dict[str, Any], number: str) -> Iterator[Event]:
    messages, statuses = _list(value, "messages") or [], _list(value, "statuses") or []
    yield from (_status(status, number) for status in statuses)
    yield from (_message(message, value, number, alone=len(messages) == 1) for message in messages)
    if not messages and not statuses:
        yield Unrecognised("messages", f"neither messages nor statuses; {_codes(value)}", number)


def _message(message: Any, value: dict[str, Any], number: str, *, alone: bool) -> Event:
    wamid, at = _identifier(_get(message, "id"), WAMID_MAX), _instant(_get(message, "timestamp"))
    sender = sender_of(message, _list(value, "contacts") or [])
    kind = _type(message)
    problem = _first_missing(
        ("the message has no usable id", wamid),
        ("the message has no usable timestamp", at),
        ("the message has no usable type", kind),
        ("the message names no sender", sender),
    )
    if wamid is None or at is None or kind is None or sender is None:
        return Unrecognised("messages", problem, number)
    errors = value.get("errors") if alone else None
    content = _content(message, kind, errors)
    reply_to = _identifier(_get(message.get("context"), "id"), WAMID_MAX)
    return MessageReceived(number, wamid, sender, at, kind, content, reply_to)


def _type(message: Any) -> str | None:
    """Some of Meta's own examples have no `type`; then the object that is there names it. None when it is unusable."""
    named = _get(message, "type")
    if named is None:
        return next((kind for kind in _TYPES if _get(message, kind) is not None), "unknown")
    return _identifier(named, _NAME_MAX)


def _content(message: dict[str, Any], kind: str, errors: Any) -> dict[str, Any]:
    own = message.get(kind)
    content: dict[str, Any] = dict(own) if isinstance(own, dict) else {}
    if own is not None and not isinstance(own, dict):
        content[kind] = own
    around = {name: message[name] for name in _AROUND if message.get(name) is not None and name != kind}
    if errors is not None:
        around.setdefault("errors", errors)
    stored: dict[str, Any] = body.storable({**around, **content})
    return stored


def _status(status: Any, number: str) -> Event:
    wamid, at = _identifier(_get(status, "id"), WAMID_MAX), _instant(_get(status, "timestamp"))
    name = _identifier(_get(status, "status"), _NAME_MAX)
    problem = _first_missing(
        ("the status has no usable id", wamid),
        ("the status has no usable timestamp", at),
        ("the status has no usable name", name),
    )
    if wamid is None or at is None or name is None:
        return Unrecognised("messages", problem, number)
    if name not in STATUS_FACTS:
        return Unrecognised("messages", f"unknown status {name}", number)
    return StatusChanged(
        number,
        wamid,
        name,
        at,
        recipient=_recipient(status),
        opaque_id=_identifier(status.get("biz_opaque_callback_data"), _OPAQUE_MAX),
        error=_error(status) if name == "failed" else None,
        pricing=_pricing(status.get("pricing")),
    )


def _recipient(status: dict[str, Any]) -> str | None:
    """A group's status names the participant, a person with a username only has a business-scoped id."""
    names = ("recipient_participant_id", "recipient_participant_user_id", "recipient_id", "recipient_user_id")
    return next(filter(None, (_identifier(status.get(name), _ID_MAX * 2) for name in names)), None)


def _error(status: dict[str, Any]) -> StatusError:
    errors = _list(status, "errors") or [None]
    first = errors[0]
    code = _get(first, "code")
    title = _get(first, "title") or _get(first, "message")
    details = _get(_get(first, "error_data"), "details")
    return StatusError(
        code=code if _is_integer(code) and 0 <= code < 2**31 else 0,
        title=body.text(title) if isinstance(title, str) else "Meta gave no reason",
        details=body.text(details) if isinstance(details, str) else None,
    )


def _pricing(pricing: Any) -> dict[str, Any] | None:
    """Only plain values: the row that is kept must not depend on the order of statuses, and these compare."""
    if not isinstance(pricing, dict):
        return None
    plain = {body.text(key): body.storable(value) for key, value in pricing.items() if isinstance(value, (str, bool))}
    return plain or None


def _codes(value: dict[str, Any]) -> str:
    codes = [str(code) for code in (_get(error, "code") for error in _list(value, "errors") or []) if _is_integer(code)]
    return f"errors: {', '.join(codes)[:_NAME_MAX]}" if codes else "no errors either"


def _first_missing(*needed: tuple[str, object]) -> str:
    return next((problem for problem, found in needed if found is None), "")


def _instant(value: Any) -> datetime | None:
    """Seconds since 1970, as text or number. None outside 2009 (before WhatsApp) to 2100."""
    if isinstance(value, str) and value.isascii() and value.isdigit() and len(value) <= 12:
        value = int(value)
    if not _is_integer(value) or not _EARLIEST <= value < _LATEST:
        return None
    return datetime.fromtimestamp(value, UTC)


def _identifier(value: Any, longest: int) -> str | None:
    """A name that Meta gave to something, as text of at most `longest` bytes; None when it cannot be one."""
    if _is_integer(value) and abs(value) < 2**64:
        value = str(value)
    if not isinstance(value, str) or not value or len(value) > longest or not value.isprintable():
        return None
    return value if value.isascii() or len(value.encode()) <= longest else None


def _is_integer(value: Any) -> bool:
    return isinstance(value, int) and not isinstance(value, bool)


def _get(value: Any, key: str) -> Any:
    return value.get(key) if isinstance(value, dict) else None


def _list(value: Any, key: str) -> list[Any] | None:
    found = _get(value, key)
    return found if isinstance(found, list) else None

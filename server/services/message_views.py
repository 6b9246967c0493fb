"""How rows of messages are shown: pure functions that the services of messages and conversations share."""

from collections.abc import Mapping
from dataclasses import fields
from typing import Any

from server.domain.enums import Direction, DispatchState, MessageState
from server.domain.lifecycle import Facts, shown_state
from server.schemas.messages import MessageFile, MessageShown, MessageTimes

PREVIEW_LENGTH = 100
"""Characters of a message's text that a list shows."""
_WAITING = (DispatchState.SCHEDULED, DispatchState.QUEUED, DispatchState.HELD)
_FACTS = tuple(field.name for field in fields(Facts))


def state_of(row: Mapping[str, Any]) -> MessageState:
    """The state of a row of `message_history`."""
    if row["direction"] == Direction.INBOUND:
        return MessageState.RECEIVED
    dispatch = row["dispatch_state"]
    facts = Facts(**{name: row[name] for name in _FACTS})
    return shown_state(facts, None if dispatch is None else DispatchState(dispatch))


def message_shown(row: Mapping[str, Any]) -> MessageShown:
    """A row of `message_history`, as the API shows it."""
    inbound = row["direction"] == Direction.INBOUND
    number = str(row["phone_number_id"])
    return MessageShown(
        **{name: row[name] for name in _AS_STORED},
        state=state_of(row),
        sender=row["address"] if inbound else number,
        to=number if inbound else row["recipient"],
        content=own_content(row["direction"], row["type"], row["content"]),
        file=_file(row),
        reply_to=_reply_to(row["direction"], row["content"]),
        times=MessageTimes(received_at=row["received_at"], **{name: row[name] for name in _FACTS}),
        wait_reason=row["wait_reason"] if row["dispatch_state"] in _WAITING else None,
    )


def own_content(direction: str, kind: str, content: Mapping[str, Any]) -> dict[str, Any]:
    """The part of the content that belongs to the type: outbound rows keep the command around it."""
    return dict(content if direction == Direction.INBOUND else content.get(kind, {}))


def preview(direction: str, kind: str, content: Mapping[str, Any]) -> str | None:
    """The beginning of its text, in one line; None when it has none."""
    own = own_content(direction, kind, content)
    text = next((own[name] for name in ("body", "caption") if isinstance(own.get(name), str)), None)
    if text is None:
        return None
    line = " ".join(text.split())
    return line if len(line) <= PREVIEW_LENGTH else line[: PREVIEW_LENGTH - 1] + "…"


def _file(row: Mapping[str, Any]) -> MessageFile | None:
    if row["file_state"] is None:
        return None
    return MessageFile(state=row["file_state"], media_id=row["file_media_id"], error=row["file_error"])


def _reply_to(direction: str, content: Mapping[str, Any]) -> str | None:
    if direction == Direction.OUTBOUND:
        return content.get("reply_to")
    context = content.get("context")
    wamid = context.get("id") if isinstance(context, dict) else None
    return wamid if isinstance(wamid, str) else None


_AS_STORED = (
    "id",
    "direction",
    "type",
    "conversation_id",
    "contact_id",
    "source",
    "client_reference",
    "wamid",
    "on_ambiguous",
    "created_at",
    "send_at",
    "expires_at",
    "attempts",
    "error",
    "pricing",
)
"""Columns that are shown as they are."""

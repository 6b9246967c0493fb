"""The tenant's feed. Events are written in the transaction of what they tell."""

from collections.abc import Sequence
from typing import TYPE_CHECKING, Any, NamedTuple
from uuid import UUID

import msgspec
from msgspec import Struct

from server.core.ids import new_id
from server.repositories.statements import load

if TYPE_CHECKING:
    from server.core.db import Connection


class Appended(NamedTuple):
    """An event that was written: what happened to `subject_id`."""

    workspace_id: UUID
    subject_id: UUID
    type: str


class NewEvent(Struct, frozen=True):
    """Something that happened to `subject_id` (a message or a conversation)."""

    workspace_id: UUID
    type: str
    subject_id: UUID
    data: dict[str, Any]


async def append(connection: "Connection", events: Sequence[NewEvent]) -> list[Appended]:
    """Writes them in the order given, in one statement."""
    if not events:
        return []
    await connection.execute(
        load("append_events"),
        [event.workspace_id for event in events],
        [new_id() for _ in events],
        [event.type for event in events],
        [event.subject_id for event in events],
        [msgspec.json.encode(event.data).decode() for event in events],
    )
    return [Appended(event.workspace_id, event.subject_id, event.type) for event in events]

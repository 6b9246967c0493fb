"""The tenant's feed. Events are written in the transaction of what they tell."""

from collections.abc import Sequence
from typing import TYPE_CHECKING, Any
from uuid import UUID

import msgspec
from msgspec import Struct

from server.core.ids import new_id
from server.repositories.statements import load

if TYPE_CHECKING:
    from server.core.db import Connection


class NewEvent(Struct, frozen=True):
    """Something that happened to `subject_id` (a message or a conversation)."""

    workspace_id: UUID
    type: str
    subject_id: UUID
    data: dict[str, Any]


async def append(connection: "Connection", events: Sequence[NewEvent]) -> None:
    """Writes them in the order given, in one statement."""
    if not events:
        return
    await connection.execute(
        load("append_events"),
        [event.workspace_id for event in events],
        [new_id() for _ in events],
        [event.type for event in events],
        [event.subject_id for event in events],
        [msgspec.json.encode(event.data).decode() for event in events],
    )

"""Conversations: one a number and contact. The service window follows from `last_inbound_at`."""

from collections.abc import Collection
from dataclasses import dataclass
from datetime import datetime
from typing import TYPE_CHECKING, Any
from uuid import UUID

import msgspec

from server.core.ids import new_id
from server.domain.enums import Direction
from server.repositories.statements import load

if TYPE_CHECKING:
    from server.core.db import Connection

_FIND = """
SELECT c.id, c.phone_number_id, c.contact_id
FROM conversations c
JOIN unnest($2::uuid[], $3::uuid[]) AS wanted (phone_number_id, contact_id) USING (phone_number_id, contact_id)
WHERE c.workspace_id = $1
"""
_PAGE = """
WHERE c.workspace_id = $1
  AND c.last_message_minute <= coalesce($2::timestamptz, 'infinity')
  AND (c.last_message_at, c.id)
      < (coalesce($2::timestamptz, 'infinity'), coalesce($3::uuid, 'ffffffff-ffff-ffff-ffff-ffffffffffff'))
ORDER BY c.last_message_minute DESC, c.last_message_at DESC, c.id DESC
LIMIT $4
"""
_ONE = "WHERE c.workspace_id = $1 AND c.id = $2"

Pair = tuple[UUID, UUID]
"""Our ids of a number and of a contact."""


@dataclass(frozen=True, slots=True)
class LastMessage:
    """The newest message of a conversation."""

    id: UUID
    direction: Direction
    type: str
    content: dict[str, Any]
    at: datetime


@dataclass(frozen=True, slots=True)
class ConversationRow:
    """A conversation with its number, its contact's name and its newest message."""

    id: UUID
    last_message_at: datetime
    last_inbound_at: datetime | None
    created_at: datetime
    contact_id: UUID
    contact_name: str | None
    number_id: UUID
    phone_number_id: str
    display_phone_number: str
    verified_name: str | None
    last: LastMessage | None


async def ensure(connection: "Connection", workspace_id: UUID, pairs: Collection[Pair]) -> dict[Pair, UUID]:
    """The conversation of each pair, made where there is none, once whoever else asks at the same time.

    Waits for a rival that makes the same; raises asyncpg.LockNotAvailableError when that takes too long.
    """
    wanted = sorted(set(pairs))
    ids = [new_id() for _ in wanted]
    made = await connection.fetch(load("ensure_conversations"), workspace_id, ids, *_columns(wanted))
    found = {(row["phone_number_id"], row["contact_id"]): row["id"] for row in made}
    missed = [pair for pair in wanted if pair not in found]
    if missed:  # a new statement sees what a rival has just committed
        rows = await connection.fetch(_FIND, workspace_id, *_columns(missed))
        found.update({(row["phone_number_id"], row["contact_id"]): row["id"] for row in rows})
    return found


async def page(
    connection: "Connection", workspace_id: UUID, *, below: tuple[datetime, UUID] | None, limit: int
) -> list[ConversationRow]:
    """The last active first, from below a position (last_message_at, id)."""
    at, conversation_id = below or (None, None)
    rows = await connection.fetch(load("select_conversations") + _PAGE, workspace_id, at, conversation_id, limit)
    return [_row(row) for row in rows]


async def find(connection: "Connection", workspace_id: UUID, conversation_id: UUID) -> ConversationRow | None:
    """One conversation."""
    row = await connection.fetchrow(load("select_conversations") + _ONE, workspace_id, conversation_id)
    return None if row is None else _row(row)


def _columns(pairs: list[Pair]) -> tuple[list[UUID], list[UUID]]:
    return [number_id for number_id, _ in pairs], [contact_id for _, contact_id in pairs]


def _row(row: Any) -> ConversationRow:
    values = dict(row)
    last = [values.pop(f"last_{name}") for name in ("id", "direction", "type", "content", "at")]
    return ConversationRow(**values, last=None if last[0] is None else _last(*last))


def _last(message_id: UUID, direction: str, kind: str, content: str, at: datetime) -> LastMessage:
    return LastMessage(message_id, Direction(direction), kind, msgspec.json.decode(content), at)

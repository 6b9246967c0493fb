"""Messages that end, or begin, by time or by their sender's wish: expired, released from a schedule, cancelled.

Functions take an asyncpg connection inside a transaction. Outbox rows are locked before messages.
"""

from typing import TYPE_CHECKING
from uuid import UUID

from asyncpg import Record

from server.repositories.statements import load

if TYPE_CHECKING:
    from server.core.db import Connection


async def expire(connection: "Connection", *, limit: int, hold_reason: str) -> list[Record]:
    """What has expired and, without expired_at, what is held because an earlier try may have reached Meta."""
    return await connection.fetch(load("expire"), limit, hold_reason)


async def release_scheduled(connection: "Connection", *, limit: int) -> list[UUID]:
    """The number of each message whose time has come."""
    return [row["phone_number_id"] for row in await connection.fetch(load("release_scheduled"), limit)]


async def cancel(connection: "Connection", workspace_id: UUID, message_id: UUID) -> Record | None:
    """The message, cancelled; None when it cannot be."""
    return await connection.fetchrow(load("cancel"), workspace_id, message_id)

"""What waits on a number: how much, since when, and what stands before a message. Read only."""

from typing import TYPE_CHECKING
from uuid import UUID

from asyncpg import Record

from server.domain.enums import Lane
from server.repositories.statements import load

if TYPE_CHECKING:
    from server.core.db import Connection


async def ahead(connection: "Connection", number_id: UUID, lane: Lane) -> int:
    """Messages of a number that leave before a new one of this lane, as far as one cares to count."""
    count: int = await connection.fetchval(load("count_ahead"), number_id, lane)
    return count


async def depths(connection: "Connection", workspace_id: UUID) -> list[Record]:
    """Of each number of a workspace and each lane and state that has messages: how many, and since when."""
    return await connection.fetch(load("queue_depths"), workspace_id)

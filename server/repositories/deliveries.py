"""Messages that Meta took and nobody got. The Timekeeper calls it inside a transaction of the worker role."""

from collections.abc import Sequence
from datetime import datetime
from typing import TYPE_CHECKING
from uuid import UUID

from asyncpg import Record

from server.repositories.statements import load

if TYPE_CHECKING:
    from server.core.db import Connection

Key = tuple[UUID, UUID]
"""(workspace, message)."""
FIRST: Key = (UUID(int=0), UUID(int=0))


async def clock(connection: "Connection") -> datetime:
    """The database's, by which `accepted_at` is written."""
    at: datetime = await connection.fetchval("SELECT now()")
    return at


async def take_due(connection: "Connection", *, limit: int) -> list[Key]:
    """Messages whose own deadline has passed; the deadlines go."""
    rows = await connection.fetch(load("take_due_deadlines"), limit)
    return [(row["workspace_id"], row["message_id"]) for row in rows]


async def of_the_time(
    connection: "Connection", *, created_from: datetime, accepted_until: datetime, after: Key, limit: int
) -> tuple[list[Key], Key | None]:
    """Those that nobody got, of a page of the messages of a time behind `after`; and its end, None at the last page."""
    rows = await connection.fetch(load("undelivered_of_the_time"), created_from, accepted_until, *after, limit)
    found = [(row["workspace_id"], row["id"]) for row in rows if row["is_undelivered"]]
    return found, (rows[-1]["workspace_id"], rows[-1]["id"]) if len(rows) == limit else None


async def undeliver(connection: "Connection", messages: Sequence[Key]) -> list[Record]:
    """Those of which nothing has come since become undelivered; gives them."""
    if not messages:
        return []
    return await connection.fetch(
        load("undeliver"), [workspace for workspace, _ in messages], [message for _, message in messages]
    )

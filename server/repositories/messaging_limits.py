"""Whom portfolios have written to outside a window, and how many in which minute. The service of that name calls it.

Every function takes an asyncpg connection inside a transaction of the worker role, and all that write but `prune` want
the lock on the portfolios, which comes after those on outbox rows and before those on messages.
"""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import TYPE_CHECKING
from uuid import UUID

from asyncpg import Record

from server.domain.messaging_limit import Minute
from server.repositories.statements import load

if TYPE_CHECKING:
    from server.core.db import Connection

Message = tuple[UUID, UUID]
"""(workspace, message)."""


@dataclass(frozen=True, slots=True)
class StartRow:
    """A message that reaches a person now. `previous`: when that person was reached before, if that still counts."""

    workspace_id: UUID
    portfolio_id: UUID
    contact_id: UUID
    message_id: UUID
    minute: datetime
    previous: datetime | None


async def lock(connection: "Connection", portfolios: Iterable[UUID]) -> list[Record]:
    """Those that have a limit: workspace_id, id, messaging_limit."""
    return await connection.fetch(load("lock_portfolios"), sorted(portfolios))


async def clock(connection: "Connection") -> datetime:
    """The database's: workers' own clocks differ. To be asked under the lock."""
    at: datetime = await connection.fetchval("SELECT clock_timestamp()")
    return at


async def minutes(connection: "Connection", portfolios: Sequence[UUID], *, since: datetime) -> list[Record]:
    """portfolio_id, minute, people, promised of all minutes after one."""
    return await connection.fetch(
        """SELECT portfolio_id, minute, people, promised FROM messaging_minutes
           WHERE portfolio_id = ANY ($1::uuid[]) AND minute > $2""",
        list(portfolios),
        since,
    )


async def people(connection: "Connection", portfolios: Sequence[UUID], contacts: Sequence[UUID]) -> list[Record]:
    """portfolio_id, contact_id, minute of those among these people who were reached."""
    return await connection.fetch(
        """SELECT portfolio_id, contact_id, minute FROM messaging_starts
           WHERE portfolio_id = ANY ($1::uuid[]) AND contact_id = ANY ($2::uuid[])""",
        list(portfolios),
        list(contacts),
    )


async def record(connection: "Connection", starts: Sequence[StartRow]) -> None:
    """These people are reached now. Of several messages to a person the last counts."""
    last = {(row.workspace_id, row.portfolio_id, row.contact_id): row for row in starts}
    rows = [last[key] for key in sorted(last)]
    await connection.execute(
        load("record_starts"),
        [row.workspace_id for row in rows],
        [row.portfolio_id for row in rows],
        [row.contact_id for row in rows],
        [row.message_id for row in rows],
        [row.minute for row in rows],
        [row.previous for row in rows],
    )


async def put_minutes(
    connection: "Connection", workspace_id: UUID, portfolio_id: UUID, changed: dict[datetime, Minute]
) -> None:
    """What minutes hold from now on."""
    await connection.execute(
        load("put_minutes"),
        workspace_id,
        portfolio_id,
        list(changed),
        [minute.people for minute in changed.values()],
        [minute.promised for minute in changed.values()],
    )


async def portfolios_of(connection: "Connection", messages: Sequence[Message]) -> list[UUID]:
    """The portfolios in which these messages have reached somebody. Needs no lock."""
    rows = await connection.fetch(load("portfolios_of_starts"), *_columns(messages))
    return [row["portfolio_id"] for row in rows]


async def release(connection: "Connection", messages: Sequence[Message]) -> None:
    """These messages have reached nobody after all: their people are counted as before."""
    await connection.execute(load("release_starts"), *_columns(messages))


async def prune(connection: "Connection", *, before: datetime) -> None:
    """Forgets what does not count any more. Takes no lock that others hold."""
    await connection.execute(load("prune_starts"), before)


def _columns(messages: Sequence[Message]) -> tuple[list[UUID], list[UUID]]:
    return [workspace for workspace, _ in messages], [message for _, message in messages]

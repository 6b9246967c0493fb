"""Files that people sent, to be fetched from Meta: of each message one. The media worker and the command line call it.

Functions take an asyncpg connection inside a transaction. What ends a try names the try: who comes late, after its
lease and another's try, changes nothing.
"""

from collections.abc import Collection
from dataclasses import dataclass
from typing import TYPE_CHECKING
from uuid import UUID

from asyncpg import Record

from server.repositories.statements import load

if TYPE_CHECKING:
    from server.core.db import Connection


@dataclass(frozen=True, slots=True)
class Try:
    """A try to fetch the file of a message; `attempt` counts from 1."""

    workspace_id: UUID
    message_id: UUID
    attempt: int


async def lease(connection: "Connection", *, seconds: float, besides: Collection[UUID]) -> Record | None:
    """A file that is due, of any number but those, with what fetching it needs; nobody else takes it for so long."""
    return await connection.fetchrow(load("lease_inbound_media"), seconds, list(besides))


async def renew(connection: "Connection", this: Try, *, seconds: float) -> None:
    """The try goes on; nobody else takes the file for so long from now."""
    await connection.execute(
        """UPDATE inbound_media SET next_at = clock_timestamp() + make_interval(secs => $4)
           WHERE workspace_id = $1 AND message_id = $2 AND attempts = $3 AND state = 'due'""",
        this.workspace_id,
        this.message_id,
        this.attempt,
        seconds,
    )


async def stored(connection: "Connection", this: Try, media_id: UUID, size: int) -> bool:
    """It is a medium now. False when it was one before: then nothing is changed."""
    done = await connection.fetchval(
        """UPDATE inbound_media SET state = 'stored', media_id = $3, size = $4, error = NULL
           WHERE workspace_id = $1 AND message_id = $2 AND state <> 'stored' RETURNING true""",
        this.workspace_id,
        this.message_id,
        media_id,
        size,
    )
    return done is not None


async def put_off(connection: "Connection", this: Try, *, wait_s: float, doubts: int, error: str) -> None:
    """The try came to nothing; there will be another."""
    await connection.execute(
        """UPDATE inbound_media
           SET next_at = clock_timestamp() + make_interval(secs => $4), doubts = $5, error = $6
           WHERE workspace_id = $1 AND message_id = $2 AND attempts = $3 AND state = 'due'""",
        this.workspace_id,
        this.message_id,
        this.attempt,
        wait_s,
        doubts,
        error,
    )


async def give_up(connection: "Connection", this: Try, *, doubts: int, error: str) -> bool:
    """There will be no other try by itself. False when this one does not count any more."""
    done = await connection.fetchval(
        """UPDATE inbound_media SET state = 'dead', doubts = $4, error = $5
           WHERE workspace_id = $1 AND message_id = $2 AND attempts = $3 AND state = 'due' RETURNING true""",
        this.workspace_id,
        this.message_id,
        this.attempt,
        doubts,
        error,
    )
    return done is not None


async def dead(connection: "Connection", *, limit: int) -> list[Record]:
    """What was given up, the newest first."""
    return await connection.fetch(
        """SELECT workspace_id, message_id, error, created_at FROM inbound_media WHERE state = 'dead'
           ORDER BY created_at DESC, message_id LIMIT $1""",
        limit,
    )


async def replay(
    connection: "Connection", message_ids: Collection[UUID], *, workspace_id: UUID | None = None
) -> set[UUID]:
    """Those of the messages, of all workspaces or of one, whose files were dead and are due now."""
    rows = await connection.fetch(
        """UPDATE inbound_media SET state = 'due', doubts = 0, next_at = now(), error = NULL
           WHERE state = 'dead' AND message_id = ANY ($1::uuid[]) AND ($2::uuid IS NULL OR workspace_id = $2)
           RETURNING message_id""",
        list(message_ids),
        workspace_id,
    )
    return {row["message_id"] for row in rows}

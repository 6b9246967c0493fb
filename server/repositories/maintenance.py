"""Housekeeping queries: heartbeats, partitions, keys that have had their time."""

from datetime import datetime, timedelta
from typing import TYPE_CHECKING
from uuid import UUID

from server.domain.messaging_limit import counted_since
from server.repositories import messaging_limits

if TYPE_CHECKING:
    from server.core.db import Connection


async def beat(
    connection: "Connection", *, worker_id: UUID, role: str, host: str, pid: int, started_at: datetime, state: str
) -> None:
    """Says that a worker lives."""
    await connection.execute(
        """INSERT INTO worker_heartbeats (worker_id, role, host, pid, started_at, beat_at, state)
           VALUES ($1, $2, $3, $4, $5, clock_timestamp(), $6)
           ON CONFLICT (worker_id) DO UPDATE SET beat_at = excluded.beat_at, state = excluded.state""",
        worker_id,
        role,
        host,
        pid,
        started_at,
        state,
    )


async def ensure_partitions(connection: "Connection", *, weeks_ahead: int) -> int:
    """How many partitions it made."""
    made: int = await connection.fetchval("SELECT ensure_partitions($1)", weeks_ahead)
    return made


async def prune_webhooks(connection: "Connection", *, keep: timedelta) -> int:
    """Drops the weeks of raw webhooks that are older, but for those of which something is not applied. How many."""
    dropped: int = await connection.fetchval("SELECT prune_webhooks(now() - $1::interval)", keep)
    return dropped


async def prune(connection: "Connection", *, keep_changes: timedelta) -> None:
    """Idempotency keys are kept for 72 hours, heartbeats of gone workers for one, people reached while they count.

    `keep_changes`: how long it is known what was applied of all that has no wamid.
    """
    await connection.execute("DELETE FROM idempotency_keys WHERE created_at < now() - interval '72 hours'")
    await connection.execute("DELETE FROM worker_heartbeats WHERE beat_at < now() - interval '1 hour'")
    await connection.execute("DELETE FROM applied_changes WHERE applied_at < now() - $1::interval", keep_changes)
    at = await messaging_limits.clock(connection)
    await messaging_limits.prune(connection, before=counted_since(at) - timedelta(hours=1))

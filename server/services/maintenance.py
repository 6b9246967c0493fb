"""Healing and housekeeping: rescues, rings, partitions, heartbeats. Every step is idempotent and may run twice."""

import os
import socket
from datetime import timedelta
from uuid import UUID

from server.core import telemetry
from server.core.clock import now
from server.core.db import Database
from server.core.failpoints import fp
from server.core.log import get_logger
from server.domain import budget
from server.queue.outbound import OutboundQueue, Ring
from server.repositories import dispatch as dispatch_rows
from server.repositories import events, maintenance
from server.services.settlement import unknown_event

log = get_logger(__name__)

RESCUES_A_STEP = 500
WEEKS_AHEAD = 4
A_WEEK = timedelta(weeks=1)


class Maintenance:
    """What the maintenance worker calls, one method a verb."""

    def __init__(
        self, db: Database, queue: OutboundQueue, *, stale_after_s: float, webhook_retention: timedelta
    ) -> None:
        self._db = db
        self._queue = queue
        self._stale_after_s = stale_after_s
        self._webhook_retention = webhook_retention

    async def rescue(self) -> int:
        """Moves messages whose sender is gone from `sending` to `unknown`, never back to `queued`."""
        async with self._db.hot() as connection:
            rescued = await dispatch_rows.rescue(connection, older_than_s=self._stale_after_s, limit=RESCUES_A_STEP)
            if rescued:
                fp("rp.unknown_marked")
            await events.append(connection, [unknown_event(row) for row in rescued])
        if rescued:
            telemetry.rescued.inc(len(rescued))
            log.warning("messages_rescued", count=len(rescued))
        return len(rescued)

    async def sweep(self) -> int:
        """Rings every number that has something due, in case its ring was lost."""
        async with self._db.hot() as connection:
            busy = await dispatch_rows.numbers_with_work(connection, None)
        await self._queue.ring([Ring(number, budget.rate(throughput)) for number, throughput in busy])
        return len(busy)

    async def prepare_partitions(self) -> int:
        """Makes the partitions of the coming weeks."""
        async with self._db.hot() as connection:
            return await maintenance.ensure_partitions(connection, weeks_ahead=WEEKS_AHEAD)

    async def prune(self) -> None:
        """Forgets what has had its time."""
        async with self._db.hot() as connection:
            # A body that is applied again must find what was applied, and a week goes when all of it is old.
            await maintenance.prune(connection, keep_changes=self._webhook_retention + A_WEEK)

    async def prune_webhooks(self) -> int:
        """Drops raw webhooks that have had their time. Returns how many weeks of them."""
        async with self._db.hot() as connection:
            dropped = await maintenance.prune_webhooks(connection, keep=self._webhook_retention)
        if dropped:
            log.info("webhooks_pruned", weeks=dropped)
        return dropped


class Heartbeat:
    """One worker's sign of life; doctor and console read it."""

    def __init__(self, db: Database, *, worker_id: UUID, role: str) -> None:
        self._db = db
        self._worker_id = worker_id
        self._role = role
        self._started_at = now()

    async def beat(self, state: str) -> None:
        """Raises one of core.db.UNREACHABLE."""
        async with self._db.hot() as connection:
            await maintenance.beat(
                connection,
                worker_id=self._worker_id,
                role=self._role,
                host=socket.gethostname(),
                pid=os.getpid(),
                started_at=self._started_at,
                state=state,
            )

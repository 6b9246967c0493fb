"""The webhook worker: hears of inbox ids, claims their jobs, applies them. Any number of them may run.

Its other actors heal: they release what waited for a number or an account, adopt statuses that came before their
message, and merge contacts that turned out to be one person. Nothing is held in memory that PostgreSQL does not have.
"""

import asyncio
from collections.abc import Awaitable, Callable

from server.core.clock import monotonic
from server.queue.webhooks import WebhookQueue
from server.services.webhooks import Job, Webhooks
from server.workers.loop import Actor, Stopping, repeat

HANDS = 3
"""Batches that are applied at once: while some wait for PostgreSQL, another is parsed."""
LISTEN_S = 0.5
"""How long one call waits for the queue: below the time-out of Valkey's client."""
SWEEP_EVERY_S = 1.0
HEAL_EVERY_S = 2.0
RECENT_S = 300.0
"""A status may overtake the commit that names its message by this much without waiting for the tidying."""
TIDY_EVERY_S = 3600.0
IDLE_S = 0.1
"""The pause when there is nothing to do and the queue is away, so that it could not make us wait."""


class WebhookWorker:
    """Applies webhooks until it is told to stop; what it has begun it finishes."""

    def __init__(self, webhooks: Webhooks, queue: WebhookQueue, *, batch: int) -> None:
        self._webhooks = webhooks
        self._queue = queue
        self._batch = batch
        self._sweep_at = 0.0
        self._is_busy = True
        self._turn = asyncio.Lock()
        self._under_way: set[asyncio.Future[None]] = set()

    def actors(self) -> list[Actor]:
        """What the worker loop runs."""
        return [
            *(self.apply for _ in range(HANDS)),
            _every(HEAL_EVERY_S, self._webhooks.release_parked),
            _every(HEAL_EVERY_S, self._adopt_recent),
            _every(HEAL_EVERY_S, self._webhooks.merge_contacts),
            _every(TIDY_EVERY_S, self._tidy),
        ]

    async def apply(self, stopping: Stopping) -> None:
        """Applies what comes, until stopping."""
        await repeat(self._apply_once, stopping, idle_s=IDLE_S)

    async def _apply_once(self) -> bool:
        async with self._turn:
            jobs = await self._take()
            if not all(job.is_fresh for job in jobs):
                # One that was tried before may end this worker, so nothing else is claimed until it is done.
                if self._under_way:
                    await asyncio.wait(self._under_way)
                await self._webhooks.process(jobs)
                return True
            batch = self._begin()
        try:
            await self._webhooks.process(jobs)
        finally:
            batch.set_result(None)
            self._under_way.discard(batch)
        return bool(jobs)

    def _begin(self) -> "asyncio.Future[None]":
        batch: asyncio.Future[None] = asyncio.get_running_loop().create_future()
        self._under_way.add(batch)
        return batch

    async def _take(self) -> list[Job]:
        """Claims what the queue names; from time to time, and when that is nothing, whatever is due."""
        # While there is work in PostgreSQL, an empty queue must not make it wait.
        ids = await self._queue.pop(self._batch, 0 if self._is_busy else LISTEN_S)
        jobs = await self._webhooks.claim(ids)
        if not jobs or monotonic() >= self._sweep_at:
            self._sweep_at = monotonic() + SWEEP_EVERY_S
            jobs += await self._webhooks.sweep(self._batch)
        self._is_busy = bool(jobs)
        return jobs

    async def _adopt_recent(self) -> int:
        return await self._webhooks.adopt_orphans(within_s=RECENT_S)

    async def _tidy(self) -> int:
        """Everything that was missed in an outage; then what is too old."""
        adopted = await self._webhooks.adopt_orphans()
        if not adopted:
            await self._webhooks.forget_orphans()
        return adopted


def _every(seconds: float, verb: Callable[[], Awaitable[int]]) -> Actor:
    async def step() -> bool:
        return await verb() > 0

    async def actor(stopping: Stopping) -> None:
        await repeat(step, stopping, idle_s=seconds)

    return actor

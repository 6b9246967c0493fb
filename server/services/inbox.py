"""Takes signed webhook bodies in: concurrent requests share a transaction, and each returns after its commit.

Called by the webhook endpoint. Bodies are stored as they came, never parsed here. Ids go to the queue after the answer;
whether that works changes nothing.
"""

import asyncio
from contextvars import Context
from dataclasses import dataclass
from uuid import UUID

from server.core.crypto import Keyring
from server.core.db import Database
from server.core.failpoints import fp
from server.core.ids import new_id
from server.core.log import get_logger
from server.queue.webhooks import WebhookQueue
from server.repositories import webhooks as rows
from server.services.outages import is_outage
from server.services.signing_apps import SigningApps

log = get_logger(__name__)

COMMITS_IN_FLIGHT = 2
BODIES_A_COMMIT = 500
BYTES_A_COMMIT = 8 * 1024 * 1024
BYTES_WAITING = 32 * 1024 * 1024
IDS_WAITING = 10_000
TOLD_EVERY_S = 0.02
"""A call to Valkey costs as much as ten webhooks, so the ids of many commits share one when there are many."""


class NotCommitted(Exception):
    """Nobody knows that the body is stored; Meta must send it again."""


@dataclass(slots=True, eq=False)
class _Waiting:
    """A body whose request waits for the commit."""

    id: UUID
    app_id: UUID
    body: bytes
    committed: asyncio.Future[None]

    def give_up(self) -> None:
        """The time is over."""
        if not self.committed.done():
            self.committed.set_exception(NotCommitted("the commit was not confirmed in time"))


class Inbox:
    """The durable inbox. Committers start when there is something to commit and end when there is not."""

    def __init__(self, db: Database, queue: WebhookQueue, keyring: Keyring, commit_timeout_s: float) -> None:
        self.apps = SigningApps(db, keyring)
        self.commit_timeout_s = commit_timeout_s
        self._db = db
        self._queue = queue
        self._waiting: dict[UUID, _Waiting] = {}
        self._bytes_waiting = 0
        self._committers: set[asyncio.Task[None]] = set()
        self._unheard: list[UUID] = []
        self._telling: asyncio.Task[None] | None = None

    async def store(self, app_id: UUID, body: bytes) -> UUID:
        """Returns the id once the body is committed. Raises NotCommitted, at the latest after the commit time-out."""
        if self._bytes_waiting + len(body) > BYTES_WAITING:
            raise NotCommitted("too many bodies wait for the database")
        loop = asyncio.get_running_loop()
        mine = _Waiting(new_id(), app_id, body, loop.create_future())
        self._waiting[mine.id] = mine
        self._bytes_waiting += len(body)
        self._start_committer()
        # At less than half the cost of asyncio.timeout, which every webhook would pay.
        deadline = loop.call_later(self.commit_timeout_s, mine.give_up)
        try:
            await mine.committed
        finally:
            deadline.cancel()
            self._take(mine.id)
        return mine.id

    async def close(self) -> None:
        """Waits for the commits under way and tells the queue of them."""
        if self._committers:
            await asyncio.wait(self._committers)
        if self._telling is not None:
            await self._telling

    def _start_committer(self) -> None:
        if len(self._committers) >= COMMITS_IN_FLIGHT:
            return
        # Of many requests, so it must not log as the one that started it.
        task = asyncio.create_task(self._commit_all(), context=Context())
        self._committers.add(task)
        task.add_done_callback(self._committers.discard)

    async def _commit_all(self) -> None:
        # Requests that came in the same moment get a chance to join.
        await asyncio.sleep(0)
        while batch := self._next_batch():
            await self._commit(batch)

    def _next_batch(self) -> list[_Waiting]:
        batch: list[_Waiting] = []
        size = 0
        for item in list(self._waiting.values())[:BODIES_A_COMMIT]:
            if batch and size + len(item.body) > BYTES_A_COMMIT:
                break
            self._take(item.id)
            size += len(item.body)
            batch.append(item)
        return batch

    def _take(self, identifier: UUID) -> None:
        """A request that gave up while it waited leaves nothing to commit."""
        item = self._waiting.pop(identifier, None)
        if item is not None:
            self._bytes_waiting -= len(item.body)

    async def _commit(self, batch: list[_Waiting]) -> None:
        try:
            fp("wh.before_commit")
            # Nobody would hear of a commit that takes longer.
            async with asyncio.timeout(self.commit_timeout_s), self._db.pool.acquire() as connection:
                await rows.store(
                    connection,
                    [item.id for item in batch],
                    [item.app_id for item in batch],
                    [item.body for item in batch],
                    timeout_s=self.commit_timeout_s,
                )
        except Exception as failure:  # every request hears of it, and Meta keeps the bodies
            self._refuse(batch, failure)
            return
        fp("wh.committed")
        for item in batch:
            if not item.committed.done():
                item.committed.set_result(None)
        self._tell([item.id for item in batch])

    def _refuse(self, batch: list[_Waiting], failure: Exception) -> None:
        name = type(failure).__name__
        log_it = log.warning if is_outage(failure) else log.error
        log_it("webhooks_not_committed", count=len(batch), error=name)
        for item in batch:
            if not item.committed.done():
                item.committed.set_exception(NotCommitted(name))

    def _tell(self, ids: list[UUID]) -> None:
        """The workers find in PostgreSQL what does not reach the queue."""
        self._unheard = (self._unheard + ids)[-IDS_WAITING:]
        if self._telling is None or self._telling.done():
            self._telling = asyncio.create_task(self._tell_all())

    async def _tell_all(self) -> None:
        while self._unheard:
            ids, self._unheard = self._unheard, []
            fp("wh.acked")
            await self._queue.enqueue(ids)
            await asyncio.sleep(TOLD_EVERY_S)

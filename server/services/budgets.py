"""How much may be sent now: shared by all workers through Valkey or, while that is away, each worker's static share.

A worker that cannot reach Valkey takes its part of every number's rate, by the number of outbound workers that beat,
and asks PostgreSQL which numbers have work. It goes back to the shared budgets as soon as Valkey answers.
"""

import asyncio
from collections.abc import Sequence
from uuid import UUID

from server.core.clock import boottime
from server.core.db import Database
from server.core.log import get_logger
from server.core.valkey import UNREACHABLE
from server.domain import budget
from server.domain.limiter import Limiter
from server.queue.outbound import PAIR_INTERVAL_S, Grant, Lease, OutboundQueue, Return
from server.repositories import dispatch as rows
from server.repositories import maintenance

log = get_logger(__name__)

PROBE_EVERY_S = 0.5
POLL_EVERY_S = 0.05
COUNT_EVERY_S = 1.0
_PAIRS_KEPT = 100_000


class Budgets:
    """The same three verbs whether Valkey is there or not."""

    def __init__(self, queue: OutboundQueue, db: Database) -> None:
        self._queue = queue
        self._share = StaticShare(db)
        self._probe: asyncio.Task[None] | None = None

    async def lease(self, *, numbers: int, messages: int) -> Lease:
        """Raises one of core.db.UNREACHABLE when both servers are away."""
        if self._probe is None:
            try:
                return await self._queue.lease(numbers=numbers, messages=messages)
            except UNREACHABLE as failure:
                self._go_alone(failure)
        return await self._share.lease(messages=messages)

    async def take_pairs(self, pairs: Sequence[tuple[UUID, UUID]]) -> list[float]:
        """Raises one of core.valkey.UNREACHABLE once; the next lease is a static one."""
        if self._probe is not None:
            return self._share.take_pairs(pairs)
        try:
            return await self._queue.take_pairs(pairs)
        except UNREACHABLE as failure:
            self._go_alone(failure)
            raise

    async def give_back(self, returns: Sequence[Return]) -> None:
        """Never raises: a budget that is not given back only grows again by itself."""
        if self._probe is not None:
            self._share.give_back(returns)
            return
        try:
            await self._queue.give_back(returns)
        except UNREACHABLE as failure:
            self._go_alone(failure)

    async def close(self) -> None:
        """Ends the search for Valkey."""
        if self._probe is not None:
            self._probe.cancel()

    def _go_alone(self, failure: Exception) -> None:
        log.warning("valkey_away", error=type(failure).__name__)
        self._share.start()
        self._probe = asyncio.create_task(self._until_it_answers())

    async def _until_it_answers(self) -> None:
        while not await self._queue.answers():  # noqa: ASYNC110 - a server that is away sends no event
            await asyncio.sleep(PROBE_EVERY_S)
        log.info("valkey_is_back")
        self._probe = None


class StaticShare:
    """This worker's part of each number's rate, from its own clock and memory."""

    def __init__(self, db: Database) -> None:
        self._db = db
        self._workers = 1
        self._counted_at = float("-inf")
        self._limiters: dict[UUID, Limiter] = {}
        self._pairs: dict[tuple[UUID, UUID], float] = {}

    def start(self) -> None:
        """Limiters start empty: nobody knows what was just sent."""
        self._limiters.clear()
        self._counted_at = float("-inf")

    async def lease(self, *, messages: int) -> Lease:
        """Raises one of core.db.UNREACHABLE."""
        async with self._db.pool.acquire(timeout=5) as connection:
            if boottime() - self._counted_at > COUNT_EVERY_S:
                self._workers = max(1, await maintenance.count_outbound_workers(connection))
                self._counted_at = boottime()
            busy = await rows.numbers_with_work(connection, None)
        at, grants = boottime(), []
        for number, throughput in busy:
            granted = self._limiter(number, throughput).take(at, messages)
            messages -= granted
            if granted:
                grants.append(Grant(number, 0, granted))
        return Lease(tuple(grants), POLL_EVERY_S if busy else None)

    def take_pairs(self, pairs: Sequence[tuple[UUID, UUID]]) -> list[float]:
        """One message a pair and interval, divided among the workers; no burst is borrowed.

        However long its turn takes, a pair is to ask again after an interval: Valkey may be back by then.
        """
        at, interval = boottime(), PAIR_INTERVAL_S * self._workers
        if len(self._pairs) > _PAIRS_KEPT:
            self._pairs = {pair: free_at for pair, free_at in self._pairs.items() if free_at > at}
        waits = []
        for pair in pairs:
            wait = max(0.0, self._pairs.get(pair, at) - at)
            waits.append(min(wait, PAIR_INTERVAL_S))
            if wait == 0:
                self._pairs[pair] = at + interval
        return waits

    def give_back(self, returns: Sequence[Return]) -> None:
        for item in returns:
            limiter = self._limiters.get(item.grant.number_id)
            if limiter is not None:
                limiter.give_back(item.unused)

    def _limiter(self, number: UUID, throughput: int) -> Limiter:
        rate = budget.rate(throughput) / self._workers
        limiter = self._limiters.get(number)
        if limiter is None or limiter.rate != rate:
            limiter = Limiter(rate, budget.BURST_S, None if limiter is None else limiter.arrival)
            self._limiters[number] = limiter
        return limiter

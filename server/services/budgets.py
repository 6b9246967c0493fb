"""How much may be sent now: shared by all workers through Valkey or, while that is away, counted in PostgreSQL.

Every try is a row there, so a worker that cannot reach Valkey counts what began lately, its own tries and all others',
under the number's lock. It goes back to the shared budgets as soon as Valkey answers.
"""

import asyncio
import random
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING
from uuid import UUID

from server.core.clock import boottime
from server.core.db import Database
from server.core.log import get_logger
from server.core.valkey import UNREACHABLE
from server.domain import budget, pair_rate
from server.domain.pair_rate import Debt
from server.queue.outbound import Grant, Lease, OutboundQueue, Spending
from server.repositories import dispatch as rows

if TYPE_CHECKING:
    from server.core.db import Connection

log = get_logger(__name__)

PROBE_EVERY_S = 0.5
POLL_EVERY_S = 0.05
COUNTS_ON_S = 5.0
"""For so long after Valkey is back tries are counted all the same: other workers may not have noticed yet."""
WAITS_S = 1.0
"""For so long after Valkey has gone nothing leaves: what it let go last may have been counted as begun long before."""
_COUNTED = -1
"""The generation of grants that Valkey has not given, and knows nothing of."""


@dataclass(frozen=True, slots=True)
class Leave:
    """So many of a turn's messages may leave. Their budget was asked for at `spent_at` of `core.clock.boottime`; None
    where PostgreSQL counts them, which it does from when they became `sending`.
    """

    messages: int
    spent_at: float | None


class Budgets:
    """The same verbs whether Valkey is there or not."""

    def __init__(self, queue: OutboundQueue, db: Database) -> None:
        self._queue = queue
        self._poll = Poll(db)
        self._probe: asyncio.Task[None] | None = None
        self._counts_until = float("-inf")

    async def lease(self, *, numbers: int, messages: int) -> Lease:
        """Raises one of core.db.UNREACHABLE when both servers are away."""
        if self._probe is None:
            try:
                return await self._queue.lease(numbers=numbers, messages=messages)
            except UNREACHABLE as failure:
                self._go_alone(failure)
        return await self._poll.lease(numbers=numbers, messages=messages)

    @property
    def counts(self) -> bool:
        """Whether tries are counted in PostgreSQL, which knows of each when it became `sending`."""
        return self._probe is not None or boottime() <= self._counts_until

    async def allowed(
        self, connection: "Connection", granted: Mapping[UUID, int], throughputs_mps: Mapping[UUID, int]
    ) -> dict[UUID, int]:
        """How much of what was granted may go.

        To be asked under the numbers' locks, so that what the claims before let go is seen.
        """
        if not self.counts:
            return dict(granted)
        tried = await rows.recent_tries(connection, list(granted), lately_s=budget.COUNTED_S, just_now_s=budget.SLICE_S)
        return {
            number: min(messages, budget.allowance(throughputs_mps[number], lately=lately, just_now=just_now))
            for number, messages in granted.items()
            for lately, just_now in [tried[number]]
        }

    async def take_pairs(self, connection: "Connection", pairs: Sequence[tuple[UUID, UUID]]) -> list[float]:
        """The seconds that each (number, contact) pair must wait; 0 where it may go, and is charged.

        Under the numbers' locks. Raises one of core.valkey.UNREACHABLE once; the next lease is counted.
        """
        if self._probe is not None:
            debts = await self._debts(connection, pairs)
            return [pair_rate.wait(debt, 0.0) for debt in debts]
        waits = await self._charge(pairs)
        forgotten = [pair for pair, wait in waits.items() if wait is None]
        if forgotten:
            waits |= await self._charge(forgotten, await self._debts(connection, forgotten))
        return [wait or 0.0 for wait in waits.values()]

    async def _charge(
        self, pairs: Sequence[tuple[UUID, UUID]], debts: Sequence[Debt | None] | None = None
    ) -> dict[tuple[UUID, UUID], float | None]:
        try:
            return dict(zip(pairs, await self._queue.take_pairs(pairs, debts), strict=True))
        except UNREACHABLE as failure:
            self._go_alone(failure)
            raise

    async def _debts(self, connection: "Connection", pairs: Sequence[tuple[UUID, UUID]]) -> list[Debt | None]:
        """What each pair owes by what PostgreSQL has of it, in seconds from now."""
        ago_s = await rows.pair_tries(connection, pairs, within_s=pair_rate.MEMORY_S)
        return [pair_rate.owed(-ago for ago in ago_s.get(pair, ())) for pair in pairs]

    async def spend(self, spendings: Sequence[Spending]) -> list[Leave]:
        """Ends turns, with the messages that are about to leave; what of each may. Never raises."""
        asked_at = boottime()
        shared = [item for item in spendings if item.grant.generation != _COUNTED]
        try:
            spent = iter(await self._queue.spend(shared) if self._probe is None else [0] * len(shared))
        except UNREACHABLE as failure:
            self._go_alone(failure)
            spent = iter([0] * len(shared))
        return [
            Leave(item.messages, None) if item.grant.generation == _COUNTED else Leave(next(spent), asked_at)
            for item in spendings
        ]

    async def close(self) -> None:
        """Ends the search for Valkey."""
        if self._probe is not None:
            self._probe.cancel()

    def _go_alone(self, failure: Exception) -> None:
        if self._probe is not None:  # another claim has found out before
            return
        log.warning("valkey_away", error=type(failure).__name__)
        self._poll.wait(WAITS_S)
        self._probe = asyncio.create_task(self._until_it_answers())

    async def _until_it_answers(self) -> None:
        while not await self._queue.answers():  # noqa: ASYNC110 - a server that is away sends no event
            await asyncio.sleep(PROBE_EVERY_S)
        log.info("valkey_is_back")
        self._counts_until = boottime() + COUNTS_ON_S
        self._probe = None


class Poll:
    """Turns without the queue: PostgreSQL is asked, now and then, which numbers have work."""

    def __init__(self, db: Database) -> None:
        self._db = db
        self._next_at = float("-inf")

    def wait(self, seconds: float) -> None:
        """Gives no turn before."""
        self._next_at = boottime() + seconds

    async def lease(self, *, numbers: int, messages: int) -> Lease:
        """Turns of at most so many numbers, a slice each; `Budgets.allowed` says how much of it may go.

        Raises one of core.db.UNREACHABLE.
        """
        at = boottime()
        if at < self._next_at:
            return Lease((), self._next_at - at)
        async with self._db.pool.acquire(timeout=5) as connection:
            busy = await rows.numbers_with_work(connection, None)
        self._next_at = boottime() + POLL_EVERY_S
        grants = []
        # By lot: workers have no common order, and no number is to be the last every time.
        for number, throughput in random.sample(busy, min(numbers, len(busy))):
            granted = min(budget.a_slice(throughput), messages)
            messages -= granted
            if granted:
                grants.append(Grant(number, _COUNTED, granted))
        return Lease(tuple(grants), POLL_EVERY_S if busy else None)

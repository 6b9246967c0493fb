"""What Meta's answers and webhooks teach about how fast to send, shared by all workers through Valkey.

The outbound worker calls it with the results of a tick, before they are settled; the webhook worker with what it has
applied. Nothing here is work: without Valkey what was learnt is lost, the refused messages wait all the same, and
nobody gets more than the number's own budget.
"""

from collections import defaultdict
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import TYPE_CHECKING
from uuid import UUID

from server.core.clock import boottime, now
from server.core.db import Database
from server.core.log import get_logger
from server.core.valkey import UNREACHABLE
from server.queue.outbound import OutboundQueue, Refusal
from server.repositories import phone_numbers as rows
from server.services.settlement import Result
from server.whatsapp.errors import LimitScope, Throttled
from server.whatsapp.usage import Usage

if TYPE_CHECKING:
    from asyncpg import Record

log = get_logger(__name__)

NEARLY_USED = 90.0
"""Percent of Meta's calls from which on an app or an account slows down by itself."""
ALL_USED = 100.0
REGAIN_S = 60.0
"""How long to rest when all is used and Meta does not say for how long."""
USAGE_EVERY_S = 60.0
"""Meta counts calls over an hour and tells how many with every answer: it is heeded at most so often."""
HEARD_WITHIN_S = 60.0
"""What Meta refused longer ago than this, by the time of its webhook, says nothing about how fast to send now."""
_HELD_BACK = (LimitScope.NUMBER, LimitScope.ACCOUNT, LimitScope.APP)


@dataclass(frozen=True, slots=True)
class _Lesson:
    """What one answer teaches about a scope around a number. `spent_at` is set where the rate is too high."""

    number_id: UUID
    scope: LimitScope
    rest_s: float
    spent_at: float | None


@dataclass(frozen=True, slots=True)
class Heard:
    """What webhooks have just told of numbers: how many messages people wrote, and what Meta refused after it took it.

    `refused`: the number, when Meta refused, and what that means.
    """

    written: Mapping[UUID, int]
    refused: Sequence[tuple[UUID, datetime, Throttled]]


class Congestion:
    """Slows numbers down; they recover by themselves (see `queue/scripts/lease.lua`)."""

    def __init__(self, db: Database, queue: OutboundQueue) -> None:
        self._db = db
        self._queue = queue

    async def heed(self, results: Sequence[Result]) -> None:
        """Lets rest and slows what Meta has refused. Raises one of core.db.UNREACHABLE; harmless to repeat."""
        await self._learn([lesson for result in results for lesson in _lessons(result)])

    async def hear(self, heard: Heard) -> None:
        """The same of what webhooks told; and what people wrote is paid for. Raises one of core.db.UNREACHABLE."""
        await self._learn([lesson for refused in heard.refused for lesson in _lessons_of(*refused)])
        if heard.written:
            try:
                await self._queue.came_in(heard.written)
            except UNREACHABLE as failure:
                log.warning("inbound_not_counted", error=type(failure).__name__)

    async def _learn(self, lessons: Sequence[_Lesson]) -> None:
        if not lessons:
            return
        refusals = _together(await self._around(lessons))
        try:
            halved = await self._queue.slow_down(refusals)
        except UNREACHABLE as failure:
            log.warning("slowness_not_kept", error=type(failure).__name__)
            return
        for number in halved:
            log.warning("number_slowed", number_id=str(number))

    async def _around(self, lessons: Sequence[_Lesson]) -> list[Refusal]:
        """Each lesson for every number that it is about."""
        wide = {(one.number_id, one.scope) for one in lessons if one.scope is not LimitScope.NUMBER}
        held_back: dict[tuple[UUID, LimitScope], set[UUID]] = defaultdict(set)
        for row in await self._siblings({number for number, _ in wide}):
            held_back[row["id"], LimitScope.APP].add(row["sibling_id"])
            if row["same_account"]:
                held_back[row["id"], LimitScope.ACCOUNT].add(row["sibling_id"])
        at = boottime()
        return [
            Refusal(number, lesson.rest_s, None if lesson.spent_at is None else max(0.0, at - lesson.spent_at))
            for lesson in lessons
            for number in {lesson.number_id} | held_back[lesson.number_id, lesson.scope]
        ]

    async def _siblings(self, numbers: set[UUID]) -> "list[Record]":
        if not numbers:
            return []
        async with self._db.pool.acquire(timeout=5) as connection:
            return await rows.siblings(connection, list(numbers))


def _lessons(result: Result) -> Iterator[_Lesson]:
    outcome, number = result.tried.outcome, result.number_id
    spent_at = boottime() if result.spent_at is None else result.spent_at
    if isinstance(outcome, Throttled) and outcome.scope in _HELD_BACK:
        yield _Lesson(number, outcome.scope, outcome.retry_after_s, spent_at if outcome.too_fast else None)
    for usage in result.tried.usages:
        if usage.percent >= NEARLY_USED or usage.regain_s:
            yield _Lesson(number, usage.scope, _rest_s(usage), spent_at - USAGE_EVERY_S)


def _lessons_of(number: UUID, at: datetime, outcome: Throttled) -> Iterator[_Lesson]:
    ago_s = max(0.0, (now() - at).total_seconds())
    if outcome.scope in _HELD_BACK and ago_s < HEARD_WITHIN_S:
        yield _Lesson(number, outcome.scope, outcome.retry_after_s, boottime() - ago_s if outcome.too_fast else None)


def _rest_s(usage: Usage) -> float:
    return usage.regain_s or (REGAIN_S if usage.percent >= ALL_USED else 0.0)


def _together(refusals: Iterable[Refusal]) -> list[Refusal]:
    """Of each number the longest rest, and the newest of what was too fast."""
    by_number: dict[UUID, Refusal] = {}
    for one in refusals:
        other = by_number.get(one.number_id, one)
        ages = [age for age in (one.spent_ago_s, other.spent_ago_s) if age is not None]
        by_number[one.number_id] = Refusal(one.number_id, max(one.rest_s, other.rest_s), min(ages, default=None))
    return list(by_number.values())

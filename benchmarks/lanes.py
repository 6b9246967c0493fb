"""How long one-time passwords wait while very many campaign messages wait on the same number.

The reference is their wait with nothing else waiting.
"""

import asyncio
import statistics
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass
from uuid import UUID

from benchmarks.harness import Part, Waits
from benchmarks.outbound import Sender, sending
from benchmarks.product import analyse
from server.domain import budget
from server.domain.enums import Lane
from server.queue.outbound import Ring

BACKLOG = 50_000
MPS = 80
PASSWORDS = 60
EVERY_S = 0.1
_MOST_MS = 2000.0
_LEAVE_WITHIN_S = 60.0
_STARTED = """
SELECT 1000 * extract(epoch FROM a.started_at - m.created_at)::float8 AS ms
FROM messages m JOIN message_attempts a ON a.workspace_id = m.workspace_id AND a.message_id = m.id
WHERE m.phone_number_id = $1 AND m.lane = 0 AND a.attempt = (
  SELECT max(attempt) FROM message_attempts l WHERE l.workspace_id = a.workspace_id AND l.message_id = a.message_id)
ORDER BY m.id DESC LIMIT $2
"""


@dataclass(frozen=True, slots=True)
class Passwords:
    """Sent over one number, one every tenth of a second."""

    sender: Sender
    number: UUID

    async def p99_ms(self) -> float:
        product = self.sender.product
        ring = [Ring(self.number, budget.rate(MPS))]
        await self.sender.queue.ring(ring)
        for _ in range(PASSWORDS):
            await product.backlog([self.number], 1, lane=Lane.P0)
            await self.sender.queue.ring(ring)
            await asyncio.sleep(EVERY_S)
        async with asyncio.timeout(_LEAVE_WITHIN_S):
            waiting = "SELECT EXISTS (SELECT FROM outbox WHERE phone_number_id = $1 AND lane = 0)"
            while await product.owner.fetchval(waiting, self.number):  # noqa: ASYNC110 - it is another process that sends
                await asyncio.sleep(0.02)
        waits: list[float] = [row["ms"] for row in await product.owner.fetch(_STARTED, self.number, PASSWORDS)]
        return statistics.quantiles(waits, n=100, method="inclusive")[98]


@asynccontextmanager
async def lanes() -> AsyncIterator[list[Part]]:
    """Beside a campaign, and alone."""
    async with sending() as (sender, _):
        busy, idle = [await sender.product.number(throughput_mps=MPS) for _ in range(2)]
        await sender.product.backlog([busy], BACKLOG, lane=Lane.P2)
        await analyse(sender.product.owner, ("messages", "outbox", "conversations", "contacts"))
        beside, alone = Passwords(sender, busy), Passwords(sender, idle)
        yield [Waits("p99", "ms", beside.p99_ms, alone.p99_ms, most=_MOST_MS)]

"""Whether busy numbers get all of their budget, and no second more than Meta allows, as the local Graph counts.

Twenty numbers of 80 messages a second, and one of 1,000; a backlog waits for each, and statuses are not returned.
"""

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from uuid import UUID

from benchmarks.harness import Comparison, Measured, Part, Reading
from benchmarks.outbound import Sender, counts, sending
from benchmarks.processes import Running
from server.domain import budget

SECONDS = 5.0
"""How long the backlog of a number lasts."""
CASES = {"20x80": (20, 80), "1x1000": (1, 1000)}


@dataclass
class Pace:
    """Numbers of one speed. `fullest`: the most messages of one of them that any second has seen."""

    sender: Sender
    graph: Running
    numbers: list[UUID]
    mps: int
    fullest: float = field(default=0.0)

    async def run(self) -> Measured:
        """What all of them have sent, in the time of one."""
        await counts(self.graph)
        each = round(budget.rate(self.mps) * SECONDS)
        sent = await self.sender.send(self.numbers, each * len(self.numbers), self.mps)
        seen = (await counts(self.graph)).values()
        self.fullest = max(self.fullest, *(number["fullest_second"] for number in seen))
        rates = [(number["messages"] - 1) / number["seconds"] for number in seen]
        return Measured(sent.items, sent.items / sum(rates), sent.cpu_s)

    async def budget(self) -> Measured:
        items = 1000
        return Measured(items, items / (budget.rate(self.mps) * len(self.numbers)))

    async def take_fullest(self) -> float:
        return self.fullest


@asynccontextmanager
async def paced() -> AsyncIterator[list[Part]]:
    """Against the numbers' budgets."""
    async with sending() as (sender, graph):
        parts: list[Part] = []
        for name, (numbers, mps) in CASES.items():
            made = [await sender.product.number(throughput_mps=mps) for _ in range(numbers)]
            pace = Pace(sender, graph, made, mps)
            parts.append(Comparison(name, "messages/s", pace.run, pace.budget, bar=0.95))
            parts.append(Reading(f"{name} second", "messages", pace.take_fullest, most=float(mps)))
        yield parts

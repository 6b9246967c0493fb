"""How long Meta waits for its answers at 300 webhooks a second, and at 2,000 at once, with Valkey and without.

Requests leave by the clock, whatever became of those before, so a server that falls behind is seen to.
"""

import asyncio
import statistics
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager
from dataclasses import dataclass, field

from aiohttp import ClientSession

from benchmarks.customers import clock, new_session
from benchmarks.harness import Part, Reading
from benchmarks.ingest import PATH, PHONES, SECRET, add_app
from benchmarks.processes import Running
from benchmarks.product import installed
from benchmarks.traffic import EVENTS_A_MESSAGE, Traffic, signature
from benchmarks.webhooks import NO_VALKEY

RATE = 300
SECONDS = 30
BURST = 2000
AT_ONCE = float("inf")
_FIRST = 25
"""Messages that a server hears about before it is measured."""
MOST_MEDIAN_MS, MOST_P99_MS, MOST_MS = 50.0, 500.0, 2000.0


@dataclass
class Waiting:
    """One run against a server, made when the first figure of it is asked for. `rate`: a second. Milliseconds."""

    session: ClientSession
    server: Running
    name: str
    count: int = RATE * SECONDS
    rate: float = RATE
    _taken: list[float] = field(default_factory=list)

    def reading(self, what: str, of: Callable[[list[float]], float], most: float) -> Reading:
        async def take() -> float:
            if not self._taken:
                await self._run()
            return of(self._taken)

        return Reading(f"{what}_{self.name}", "ms", take, most)

    async def warm_up(self) -> None:
        """Until the process, which may only have begun to start, answers."""
        for body in Traffic("700000000000001", "300000000000001", f"{self.name}-first", PHONES, _FIRST).bodies():
            await self._post(body, clock())
        self._taken.clear()

    async def _run(self) -> None:
        messages = self.count // EVENTS_A_MESSAGE
        bodies = Traffic("700000000000001", "300000000000001", self.name, PHONES, messages).bodies()
        began = clock()
        async with asyncio.TaskGroup() as posting:
            for place, body in enumerate(bodies):
                due = began + place / self.rate
                await asyncio.sleep(max(0.0, due - clock()))
                posting.create_task(self._post(body, due))

    async def _post(self, body: bytes, due: float) -> None:
        headers = {"X-Hub-Signature-256": signature(SECRET, body)}
        async with self.session.post(f"{self.server.url}{PATH}", data=body, headers=headers) as answer:
            await answer.read()
            assert answer.status == 200, answer.status
        self._taken.append((clock() - due) * 1000)


@asynccontextmanager
async def answers() -> AsyncIterator[list[Part]]:
    async with installed() as product, new_session() as session:
        await add_app(product)
        async with product.role("api") as api, product.role("api", valkey_url=NO_VALKEY) as alone:
            runs = Waiting(session, api, "with"), Waiting(session, alone, "without")
            for run in runs:  # both, or the start of the other would be measured
                await run.warm_up()
            bursts = [Waiting(session, run.server, f"burst_{run.name}", BURST, AT_ONCE) for run in runs]
            yield [
                *(
                    reading
                    for run in runs
                    for reading in (
                        run.reading("median", statistics.median, MOST_MEDIAN_MS),
                        run.reading("p99", _p99, MOST_P99_MS),
                        run.reading("longest", max, MOST_MS),
                    )
                ),
                *(burst.reading("longest", max, MOST_MS) for burst in bursts),
            ]


def _p99(taken: list[float]) -> float:
    return statistics.quantiles(taken, n=100)[-1]

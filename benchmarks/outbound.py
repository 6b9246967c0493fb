"""How many messages a second one outbound worker sends to a local Graph, as fast as it can and at a number's own rate.

The reference is a bare aiohttp loop that posts the same bodies, as many at a time; and the number's budget.
"""

import asyncio
import json
import sys
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass
from uuid import UUID

from aiohttp import ClientSession

from benchmarks.customers import clock
from benchmarks.harness import Comparison, Measured, Part
from benchmarks.processes import ROOT, Running, serving
from benchmarks.product import Installation, analyse, installed
from server.core import valkey
from server.domain import budget
from server.domain.enums import Lane
from server.queue import keys
from server.queue.outbound import OutboundQueue, Ring

IN_FLIGHT = 1000
MESSAGES = 6000
NUMBERS = 10
UNTHROTTLED_MPS = 1_000_000
TABLES = ("contacts", "conversations", "messages", "outbox", "message_attempts", "events", "wamids")
_FINISHES_WITHIN_S = 300.0
_WAITING = "SELECT EXISTS (SELECT FROM outbox)"


@dataclass(frozen=True, slots=True)
class Sender:
    """The product's worker, and what it is given to send."""

    product: Installation
    queue: OutboundQueue
    worker: Running

    async def send(self, numbers: list[UUID], messages: int, mps: int) -> Measured:
        """Until each is settled."""
        await self.product.backlog(numbers, messages, lane=Lane.P1)
        await analyse(self.product.owner, TABLES)
        await self.product.owner.execute("CHECKPOINT")
        began, used = clock(), self.worker.cpu_s()
        await self.queue.ring([Ring(number, budget.rate(mps)) for number in numbers])
        async with asyncio.timeout(_FINISHES_WITHIN_S):
            while await self.product.owner.fetchval(_WAITING):  # noqa: ASYNC110 - it is another process that sends
                await asyncio.sleep(0.02)
        return Measured(messages, clock() - began, self.worker.cpu_s() - used)


async def _bare(graph: Running, messages: int) -> Measured:
    arguments = ("--graph", graph.url, "--messages", str(messages), "--in-flight", str(IN_FLIGHT))
    process = await asyncio.create_subprocess_exec(
        *(sys.executable, "-m", "benchmarks.references.sender", *arguments), cwd=ROOT, stdout=asyncio.subprocess.PIPE
    )
    told, _ = await process.communicate()
    took = json.loads(told)
    return Measured(messages, took["seconds"], took["cpu_s"])


@asynccontextmanager
async def sending() -> AsyncIterator[tuple[Sender, Running]]:
    """A worker before a local Graph."""
    async with serving("benchmarks.local_graph") as graph, installed(graph.url) as product:
        client = valkey.connect(product.environment["TREEEX_VALKEY_URL"])
        await client.set(keys.PAIRS_SINCE, 1)  # as one that has run for five minutes: it knows every pair
        async with product.role("worker", "outbound", sends_in_flight=IN_FLIGHT) as worker:
            yield Sender(product, OutboundQueue(client), worker), graph
        await client.aclose()


@asynccontextmanager
async def outbound() -> AsyncIterator[list[Part]]:
    """Against a bare aiohttp loop."""
    async with sending() as (sender, graph):
        numbers = [await sender.product.number(throughput_mps=UNTHROTTLED_MPS) for _ in range(NUMBERS)]
        yield [
            Comparison(
                "vs_reference",
                "messages/s",
                lambda: sender.send(numbers, MESSAGES, UNTHROTTLED_MPS),
                lambda: _bare(graph, MESSAGES),
                bar=0.65,
                most_cpu_us=300.0,
            )
        ]


async def counts(graph: Running) -> dict[str, dict[str, float]]:
    """What the local Graph saw since the last time, by the number's path."""
    async with ClientSession() as session, session.get(f"{graph.url}/counts") as answer:
        told: dict[str, dict[str, float]] = json.loads(await answer.read())
        return told

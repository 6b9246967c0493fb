"""How many messages a second the API accepts: one by one, and by batches of a thousand."""

import itertools
import json
from collections.abc import AsyncIterator, Iterator, Sequence
from contextlib import asynccontextmanager
from dataclasses import dataclass
from uuid import UUID, uuid4

from benchmarks.customers import CONNECTIONS, clock
from benchmarks.harness import Comparison, Measured, Part
from benchmarks.posting import Posted, post_all
from benchmarks.processes import Running, serving
from benchmarks.product import Person, installed

REQUESTS = 2000
A_BATCH = 1000
BATCHES = 10
PEOPLE = 500


@dataclass(frozen=True, slots=True)
class Customer:
    """Sends requests to an API over many connections, each with an Idempotency-Key of its own."""

    api: Running
    token: str
    number: UUID
    people: Sequence[Person]

    async def one_by_one(self) -> Measured:
        return await self._measure("/v1/messages", (json.dumps(one).encode() for one in self._commands(REQUESTS)), 1)

    async def in_batches(self) -> Measured:
        batches = (list(itertools.islice(self._commands(A_BATCH), A_BATCH)) for _ in range(BATCHES))
        bodies = (json.dumps({"messages": batch}).encode() for batch in batches)
        return await self._measure("/v1/messages/batch", bodies, A_BATCH)

    async def _measure(self, path: str, bodies: Iterator[bytes], messages: int) -> Measured:
        key = f"Bearer {self.token}"
        requests = [Posted.make(path, body, Authorization=key, Idempotency_Key=str(uuid4())) for body in bodies]
        began, used = clock(), self.api.cpu_s()
        await post_all(self.api.url, requests, connections=CONNECTIONS, expected=202)
        return Measured(len(requests) * messages, clock() - began, self.api.cpu_s() - used)

    def _commands(self, count: int) -> Iterator[dict[str, object]]:
        for place, person in zip(range(count), itertools.cycle(self.people), strict=False):
            text = {"body": f"Your order {place} is on its way"}
            yield {"from": str(self.number), "to": f"+{person.phone}", "type": "text", "text": text}


@asynccontextmanager
async def _customers() -> AsyncIterator[tuple[Customer, Customer]]:
    """Of the product, and of the plain API on the same PostgreSQL."""
    async with installed() as product, product.role("api") as api:
        number = await product.number(throughput_mps=80)
        people = await product.people(number, PEOPLE)
        ours = Customer(api, product.token, number, people)
        async with serving("benchmarks.references.plain_api", "--database", product.owner_url) as plain:
            yield ours, Customer(plain, "", number, people)


@asynccontextmanager
async def accept() -> AsyncIterator[list[Part]]:
    """Against a plain FastAPI route with one INSERT a request."""
    async with _customers() as (ours, plain):
        yield [Comparison("vs_reference", "messages/s", ours.one_by_one, plain.one_by_one, bar=1.5)]


@asynccontextmanager
async def batch() -> AsyncIterator[list[Part]]:
    """Against one by one."""
    async with _customers() as (ours, _):
        yield [Comparison("vs_reference", "messages/s", ours.in_batches, ours.one_by_one, bar=10.0)]

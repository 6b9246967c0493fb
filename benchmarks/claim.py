"""How many messages a second the whole claim takes from a long backlog: over many numbers, over one, and while somebody
has forgotten an open transaction.

The reference is the bare statement that selects and marks the rows of a fresh table.
"""

import time
from collections.abc import AsyncIterator
from contextlib import AsyncExitStack, asynccontextmanager
from dataclasses import dataclass, field
from pathlib import Path
from uuid import UUID

import asyncpg

from benchmarks.customers import clock
from benchmarks.harness import Comparison, Measured, Part
from benchmarks.outbound import TABLES, UNTHROTTLED_MPS
from benchmarks.product import Installation, analyse, installed
from server.core import valkey
from server.core.db import Database, Limits
from server.core.ids import new_id
from server.domain import budget
from server.domain.bite import MOST
from server.domain.enums import Lane
from server.queue import keys
from server.queue.outbound import OutboundQueue, Ring
from server.services.dispatch import Dispatch

BACKLOG = 1_000_000
QUICK = 100_000
MANY, USUAL_MPS = 500, 80
MESSAGES = 3000
_A_STEP = 100_000
_LIMITS = Limits(statement_ms=60_000, idle_in_transaction_ms=60_000, lock_ms=30_000, pool_size=4)
_BARE = """
CREATE TABLE {name} (id uuid PRIMARY KEY, number_id uuid NOT NULL, lane smallint NOT NULL,
  due_at timestamptz NOT NULL, state text NOT NULL) WITH (fillfactor = 70);
INSERT INTO {name} SELECT message_id, phone_number_id, lane, due_at, 'queued' FROM outbox
  WHERE phone_number_id = ANY (ARRAY[{numbers}]::uuid[]);
CREATE INDEX ON {name} (number_id, lane, due_at, id) WHERE state = 'queued';
ANALYZE {name};
"""
_PINNED = {"enable_sort": "off", "enable_seqscan": "off", "enable_bitmapscan": "off"}
"""The reference reads its index in order, whatever the planner thinks of the limit."""
_STATEMENT = Path(__file__).with_name("references").joinpath("claim.sql").read_text("utf-8")


@dataclass
class Backlog:
    """Numbers for which very many messages wait, and both ways to claim them. `each`: what a turn may take.

    `pinned`: a connection that the planner does not surprise.
    """

    product: Installation
    pinned: asyncpg.Connection
    dispatch: Dispatch
    queue: OutboundQueue
    numbers: list[UUID]
    mps: int
    each: int
    name: str
    _next: int = field(default=0)

    async def fill(self, messages: int) -> None:
        for _ in range(0, messages, _A_STEP):
            await self.product.backlog(self.numbers, min(messages, _A_STEP), lane=Lane.P2)
        await analyse(self.product.owner, TABLES)
        numbers = ", ".join(f"'{number}'" for number in self.numbers)
        await self.product.owner.execute(_BARE.format(name=self.name, numbers=numbers), timeout=600)

    async def whole(self) -> Measured:
        """Lease, claim and spending, as the worker does it; nothing is written to Meta."""
        await self.queue.ring([Ring(number, budget.rate(self.mps)) for number in self.numbers])
        claimed, began, used = 0, clock(), time.process_time()
        while claimed < MESSAGES:
            claim = await self.dispatch.claim(room=MOST)
            claimed += len(claim.departures)
        return Measured(claimed, clock() - began, time.process_time() - used)

    async def bare(self) -> Measured:
        claimed, began, used = 0, clock(), time.process_time()
        statement = _STATEMENT.replace("bare_outbox", self.name)
        turns = -(-MOST // self.each)
        while claimed < MESSAGES:
            numbers = [self.numbers[(self._next + place) % len(self.numbers)] for place in range(turns)]
            self._next += turns
            rows = await self.pinned.fetch(statement, numbers, [self.each] * turns)
            claimed += len(rows)
        return Measured(claimed, clock() - began, time.process_time() - used)


@asynccontextmanager
async def claim(messages: int = BACKLOG) -> AsyncIterator[list[Part]]:
    """Against the bare statement."""
    async with AsyncExitStack() as stack:
        product = await stack.enter_async_context(installed())
        environment = product.environment
        db = await Database.connect(environment["TREEEX_WORKER_DATABASE_URL"], _LIMITS, "bench")
        stack.push_async_callback(db.close)
        client = valkey.connect(environment["TREEEX_VALKEY_URL"], timeout_s=30)
        stack.push_async_callback(client.aclose)
        await client.set(keys.PAIRS_SINCE, 1)
        queue = OutboundQueue(client)
        times = {"grant_to_wire_s": 60.0, "sending_to_wire_s": 60.0}
        dispatch = Dispatch(db, queue, product.keyring, worker_id=new_id(), **times)
        pinned = await asyncpg.connect(product.owner_url, server_settings=_PINNED)
        stack.push_async_callback(pinned.close)
        parts: list[Part] = []
        for name, count, mps in (("over_500", MANY, USUAL_MPS), ("over_1", 1, UNTHROTTLED_MPS)):
            numbers = [await product.number(throughput_mps=mps) for _ in range(count)]
            each = min(MOST, int(budget.rate(mps) * budget.BURST_S))
            backlog = Backlog(product, pinned, dispatch, queue, numbers, mps, each, f"bare_{name}")
            await backlog.fill(messages)
            parts.append(Comparison(name, "messages/s", backlog.whole, backlog.bare, bar=0.3))
        forgotten = Forgotten(backlog, await asyncpg.connect(product.owner_url))
        stack.push_async_callback(forgotten.connection.close)
        parts.append(Comparison("old_snapshot", "messages/s", forgotten.whole, backlog.bare, bar=0.3))
        yield parts


@dataclass
class Forgotten:
    """The same while a transaction stays open, from the first claim on: what is claimed cannot be vacuumed."""

    backlog: Backlog
    connection: asyncpg.Connection

    async def whole(self) -> Measured:
        if not self.connection.is_in_transaction():
            await self.connection.execute("BEGIN ISOLATION LEVEL REPEATABLE READ")
            await self.connection.fetchval("SELECT count(*) FROM workspaces")
        return await self.backlog.whole()

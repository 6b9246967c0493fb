"""How many events a second one webhook worker applies: from the inbox to committed effects.

Beside it: SQLAlchemy's ORM with a transaction an event on the same tables, COPY of as many messages, and the worker
itself without Valkey. What the worker's batches leave is first held against one body at a time, and against the ORM.
"""

import asyncio
from collections.abc import AsyncIterator, Sequence
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from datetime import UTC, datetime
from itertools import count
from typing import Any
from uuid import UUID

import redis.asyncio

from benchmarks.customers import clock
from benchmarks.harness import Comparison, Measured, Part
from benchmarks.processes import Running
from benchmarks.product import Installation, Person, analyse, installed
from benchmarks.references.orm_worker import OrmWorker
from benchmarks.traffic import EVENTS_A_MESSAGE, Traffic
from server.core.ids import new_id
from server.queue import keys

EVENTS = 16_000
EVENTS_OF_ORM = 240
EVENTS_OF_CHECK = 400
PEOPLE = 500
NO_VALKEY = "redis://127.0.0.1:1"
_TABLES = ("messages", "wamids", "contacts", "contact_identities", "conversations", "events", "webhook_inbox")
_FINISHES_WITHIN_S = 120.0


@dataclass(frozen=True, slots=True)
class Line:
    """A number whose people have been written to, and everything that Meta says about it."""

    product: Installation
    number: UUID
    meta_number: str
    people: Sequence[Person]
    app: UUID = field(default_factory=new_id)
    names: "count[int]" = field(default_factory=count)

    @classmethod
    async def open(cls, product: Installation, people: int) -> "Line":
        number = await product.number(throughput_mps=1000)
        meta = await product.owner.fetchval("SELECT phone_number_id FROM phone_numbers WHERE id = $1", number)
        return cls(product, number, meta, await product.people(number, people))

    async def traffic(self, events: int) -> Traffic:
        """Of messages that were sent just now."""
        phones = [person.phone for person in self.people]
        name = f"n{next(self.names):04}"
        traffic = Traffic("700000000000001", self.meta_number, name, phones, events // EVENTS_A_MESSAGE)
        await self._send(traffic)
        return traffic

    async def take_in(self, bodies: Sequence[bytes]) -> list[UUID]:
        """Bodies and jobs, as if they had all come at once."""
        ids = [new_id() for _ in bodies]
        owner = self.product.owner
        async with owner.transaction():
            rows = [(id_, self.app, body) for id_, body in zip(ids, bodies, strict=True)]
            await owner.copy_records_to_table("webhook_inbox", records=rows, columns=["id", "app_id", "body"])
            await owner.copy_records_to_table("webhook_jobs", records=[(id_,) for id_ in ids], columns=["inbox_id"])
        return ids

    async def copy(self, events: int) -> Measured:
        """As many messages, by the fastest way into the table that there is."""
        columns = ["workspace_id", "id", "direction", "phone_number_id", "contact_id", "conversation_id", "type"]
        at, said = datetime.now(UTC), '{"body":"Thank you, order 1 has arrived. See you again soon!"}'
        rows: list[tuple[Any, ...]] = []
        for place in range(events):
            person = self.people[place % len(self.people)]
            pair = self.number, person.contact, person.conversation
            rows.append((self.product.workspace, new_id(), "inbound", *pair, "text", said, f"copy{place}", at))
        began = clock()
        await self.product.owner.copy_records_to_table(
            "messages", records=rows, columns=[*columns, "content", "wamid", "received_at"]
        )
        return Measured(events, clock() - began)

    async def left(self, traffic: Traffic) -> list[tuple[Any, ...]]:
        """What applying has left, but for ids: messages and events, then conversations; people by last digits."""
        owner = self.product.owner
        messages = await owner.fetch(
            """SELECT replace(m.wamid, $2, '') AS named, m.direction, m.type, m.content, m.received_at, m.sent_at,
                 m.delivered_at, m.read_at, m.pricing, c.name, right(i.value, 4),
                 (SELECT array_agg(e.type ORDER BY e.type) FROM events e WHERE e.subject_id = m.id)
               FROM messages m
               JOIN contacts c ON c.workspace_id = m.workspace_id AND c.id = m.contact_id
               LEFT JOIN contact_identities i ON i.contact_id = c.id AND i.kind = 'wa_id'
               WHERE m.phone_number_id = $1 AND m.wamid LIKE '%' || $2 || '%' ORDER BY named""",
            *(self.number, traffic.name),
        )
        conversations = await owner.fetch(
            """SELECT right(i.value, 4) AS person, date_trunc('day', v.last_inbound_at)
               FROM conversations v JOIN contact_identities i ON i.contact_id = v.contact_id AND i.kind = 'wa_id'
               WHERE v.phone_number_id = $1 ORDER BY person""",
            self.number,
        )
        return [tuple(row) for row in (*messages, *conversations)]

    async def _send(self, traffic: Traffic) -> None:
        ids = [new_id() for _ in traffic.wamids]
        people = [self.people[place % len(self.people)] for place in range(traffic.messages)]
        owner, workspace = self.product.owner, self.product.workspace
        await owner.execute(
            """INSERT INTO messages (workspace_id, id, direction, phone_number_id, contact_id, conversation_id, type,
                 content, wamid, accepted_at)
               SELECT $1, id, 'outbound', $2, contact, conversation, 'text', '{"text":{"body":"Your order is here"}}',
                 wamid, '2026-03-02T11:59:00Z'
               FROM unnest($3::uuid[], $4::uuid[], $5::uuid[], $6::text[]) AS m (id, contact, conversation, wamid)""",
            *(workspace, self.number, ids, [one.contact for one in people], [one.conversation for one in people]),
            traffic.wamids,
        )
        await owner.execute(
            """INSERT INTO wamids (phone_number_id, wamid, workspace_id, message_id)
               SELECT $1, wamid, $2, id FROM unnest($3::text[], $4::uuid[]) AS w (wamid, id)""",
            *(self.number, workspace, traffic.wamids, ids),
        )


async def by_worker(line: Line, traffic: Traffic, **settings: str) -> Measured:
    """One worker, from the moment at which everything is in the inbox until the last job is done."""
    owner = line.product.owner
    async with line.product.role("worker", "webhook", **settings) as worker:
        await _working(line.product)
        bodies = traffic.bodies()
        used = worker.cpu_s()
        ids = await line.take_in(bodies)
        began = clock()
        if settings.get("valkey_url") != NO_VALKEY:
            await _tell(line.product, ids)
        async with asyncio.timeout(_FINISHES_WITHIN_S):
            while await owner.fetchval("SELECT pg_sleep(0.005) IS NOT NULL AND EXISTS (SELECT FROM webhook_jobs)"):
                pass
        return _applied(len(bodies), began, used, worker)


def _applied(events: int, began: float, used: float, worker: Running) -> Measured:
    return Measured(events, clock() - began, worker.cpu_s() - used)


@asynccontextmanager
async def webhooks() -> AsyncIterator[list[Part]]:
    """Against the ORM and COPY."""
    async with installed() as product:
        line = await Line.open(product, PEOPLE)
        async with OrmWorker.on(product.owner_url) as orm:
            await _check(product, orm)
            await analyse(product.owner, _TABLES)

            async def ours() -> Measured:
                return await by_worker(line, await line.traffic(EVENTS))

            async def by_orm() -> Measured:
                await line.take_in((await line.traffic(EVENTS_OF_ORM)).bodies())
                began = clock()
                return Measured(await orm.apply_all(), clock() - began)

            yield [
                Comparison("vs_orm", "events/s", ours, by_orm, bar=40.0),
                Comparison("vs_copy", "events/s", ours, lambda: line.copy(EVENTS), bar=0.15),
            ]


@asynccontextmanager
async def webhooks_without_redis() -> AsyncIterator[list[Part]]:
    """Against the same with Valkey."""
    async with installed() as product:
        line = await Line.open(product, PEOPLE)

        async def with_valkey() -> Measured:
            return await by_worker(line, await line.traffic(EVENTS))

        async def without() -> Measured:
            return await by_worker(line, await line.traffic(EVENTS), valkey_url=NO_VALKEY)

        await with_valkey()
        await analyse(product.owner, _TABLES)
        yield [Comparison("vs_reference", "events/s", without, with_valkey, bar=0.5)]


async def _check(product: Installation, orm: OrmWorker) -> None:
    """Batches, one body at a time and the ORM leave the same. Raises AssertionError."""
    found = []
    for way in ({}, {"webhook_batch": "1"}, None):
        line = await Line.open(product, EVENTS_OF_CHECK // EVENTS_A_MESSAGE)
        traffic = await line.traffic(EVENTS_OF_CHECK)
        if way is None:
            await line.take_in(traffic.bodies())
            await orm.apply_all()
        else:
            await by_worker(line, traffic, **way)
        found.append(await line.left(traffic))
    batches, singly, by_orm = found
    assert batches, "nothing was applied"
    assert batches == singly, "batches leave something else than one body at a time"
    assert batches == by_orm, "the reference leaves something else"


async def _working(product: Installation) -> None:
    """Until a worker beats that was not there before."""
    began = await product.owner.fetchval("SELECT clock_timestamp()")
    async with asyncio.timeout(30):
        while not await product.owner.fetchval(
            """SELECT pg_sleep(0.05) IS NOT NULL AND EXISTS (
                 SELECT FROM worker_heartbeats WHERE role = 'webhook' AND state = 'running' AND beat_at >= $1)""",
            began,
        ):
            pass


async def _tell(product: Installation, ids: Sequence[UUID]) -> None:
    assert product.settings.valkey_url is not None
    client = redis.asyncio.from_url(product.settings.valkey_url.get_secret_value())
    await client.rpush(keys.WEBHOOKS, *[id_.bytes for id_ in ids])
    await client.aclose()

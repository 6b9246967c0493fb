"""A workspace with numbers, people and queued messages, and the services that dispatch them."""

import asyncio
import json
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from uuid import UUID

import asyncpg
import pytest

from server.core.crypto import DataKey, Keyring
from server.core.ids import new_id
from server.domain import budget
from server.queue.outbound import OutboundQueue, Ring
from server.services.congestion import Congestion
from server.services.dispatch import Dispatch
from server.services.maintenance import Maintenance
from server.services.settlement import Settlement
from server.services.tokens import access_token_place, data_key_place
from server.services.webhooks import Webhooks
from server.whatsapp.opaque_id import OpaqueIds
from tests.integration.webhooks.payloads import body, change

TOKEN = "a-token-of-meta"


@dataclass
class World:
    """Seeds rows past all services, so that a test starts where it wants."""

    admin: asyncpg.Connection
    keyring: Keyring
    workspace: UUID = field(default_factory=new_id)
    data_key: DataKey = field(default_factory=DataKey.new)
    waba: UUID = field(default_factory=new_id)

    async def create(self) -> "World":
        sealed = self.keyring.seal(self.data_key.key, data_key_place(self.workspace))
        await self.admin.execute(
            "INSERT INTO workspaces (id, name, data_key) VALUES ($1, 'W', $2)", self.workspace, sealed
        )
        await self.admin.execute(
            "INSERT INTO wabas (workspace_id, id, waba_id) VALUES ($1, $2, $3)",
            self.workspace,
            self.waba,
            str(self.waba.int)[:15],
        )
        return self

    async def number(self, *, throughput: int = 1000) -> UUID:
        number = new_id()
        token = self.data_key.encrypt(TOKEN.encode(), access_token_place(self.workspace, number))
        await self.admin.execute(
            """INSERT INTO phone_numbers (workspace_id, id, waba_id, phone_number_id, display_phone_number,
                 access_token, throughput_mps)
               VALUES ($1, $2, $3, $4, '+1 555 0100', $5, $6)""",
            self.workspace,
            number,
            self.waba,
            str(number.int)[-15:],
            token,
            throughput,
        )
        return number

    async def person(self, number: UUID, *, wrote: timedelta | None = timedelta(minutes=1)) -> UUID:
        """A contact with a conversation; `wrote` ago, or never."""
        contact = new_id()
        await self.admin.execute("INSERT INTO contacts (workspace_id, id) VALUES ($1, $2)", self.workspace, contact)
        await self.admin.execute(
            """INSERT INTO conversations (workspace_id, id, phone_number_id, contact_id, last_inbound_at,
                 last_message_at)
               VALUES ($1, $2, $3, $4, $5, now())""",
            self.workspace,
            new_id(),
            number,
            contact,
            None if wrote is None else datetime.now(UTC) - wrote,
        )
        return contact

    async def message(self, number: UUID, contact: UUID, *, lane: int = 1, body: str = "hello") -> UUID:
        message = new_id()
        conversation = await self.admin.fetchval("SELECT id FROM conversations WHERE contact_id = $1", contact)
        content = json.dumps({"type": "text", "text": {"body": body, "preview_url": False}})
        await self.admin.execute(
            """INSERT INTO messages (workspace_id, id, direction, phone_number_id, contact_id, conversation_id, type,
                 content, recipient, client_reference, on_ambiguous)
               VALUES ($1, $2, 'outbound', $3, $4, $5, 'text', $6, '+15550101', 'ref', 'retry')""",
            self.workspace,
            message,
            number,
            contact,
            conversation,
            content,
        )
        await self.admin.execute(
            """INSERT INTO outbox (workspace_id, message_id, phone_number_id, contact_id, lane)
               VALUES ($1, $2, $3, $4, $5)""",
            self.workspace,
            message,
            number,
            contact,
            lane,
        )
        return message

    async def tried(self, number: UUID, contact: UUID, count: int, *, ago: str, outcome: str) -> None:
        """So many messages of the pair have had a try, so long ago, and are settled."""
        for _ in range(count):
            message = await self.message(number, contact)
            await self.admin.execute(
                """INSERT INTO message_attempts (workspace_id, message_id, attempt, phone_number_id, started_at,
                     outcome)
                   VALUES ($1, $2, 1, $3, now() - $4::text::interval, $5)""",
                self.workspace,
                message,
                number,
                ago,
                outcome,
            )
            await self.admin.execute("DELETE FROM outbox WHERE message_id = $1", message)

    async def row(self, message: UUID) -> asyncpg.Record | None:
        return await self.admin.fetchrow("SELECT * FROM outbox WHERE message_id = $1", message)

    async def facts(self, message: UUID) -> asyncpg.Record:
        return await self.admin.fetchrow("SELECT * FROM messages WHERE id = $1", message)

    async def events(self, message: UUID) -> list[str]:
        rows = await self.admin.fetch("SELECT type FROM events WHERE subject_id = $1 ORDER BY id", message)
        return [row["type"] for row in rows]


@pytest.fixture
async def world(admin, keyring) -> World:
    return await World(admin, keyring).create()


@pytest.fixture
def queue(valkey) -> OutboundQueue:
    return OutboundQueue(valkey)


@pytest.fixture
def make_dispatch(worker_db, queue, keyring):
    """A dispatch service of a worker of its own."""

    def make(*, grant_to_wire_s: float = 60.0, sending_to_wire_s: float = 60.0) -> Dispatch:
        return Dispatch(
            worker_db,
            queue,
            keyring,
            worker_id=new_id(),
            grant_to_wire_s=grant_to_wire_s,
            sending_to_wire_s=sending_to_wire_s,
        )

    return make


@pytest.fixture
def settlement(worker_db) -> Settlement:
    return Settlement(worker_db, worker_id=new_id())


@pytest.fixture
def congestion(worker_db, queue) -> Congestion:
    return Congestion(worker_db, queue)


@pytest.fixture
def maintenance(worker_db, queue) -> Maintenance:
    return Maintenance(worker_db, queue, stale_after_s=0.0, webhook_retention=timedelta(days=90))


@pytest.fixture
def claim_all(queue):
    """Rings the numbers and claims until `count` messages have departed or nothing is due any more."""

    async def claim(dispatch: Dispatch, *numbers: UUID, count: int, room: int = 1000, turns: int = 40):
        await queue.ring([Ring(number, budget.rate(1000)) for number in numbers])
        departures = []
        for _ in range(turns):
            claim = await dispatch.claim(room=room)
            departures += claim.departures
            if len(departures) >= count or claim.next_in_s is None:
                break
            await asyncio.sleep(claim.next_in_s)  # until the next turn, as the queue said
        return departures

    return claim


@pytest.fixture
def opaque_ids(keyring) -> OpaqueIds:
    return OpaqueIds(keyring)


@pytest.fixture
def webhooks(worker_db, opaque_ids) -> Webhooks:
    return Webhooks(worker_db, opaque_ids, lease_s=60.0)


@pytest.fixture
def receive(world, webhooks):
    """Lets a webhook with these statuses of a number come in, and applies it."""

    async def statuses(number: UUID, *payloads: dict) -> None:
        meta = await world.admin.fetchval("SELECT phone_number_id FROM phone_numbers WHERE id = $1", number)
        inbox_id, raw = new_id(), body(change(meta, statuses=list(payloads)))
        await world.admin.execute("INSERT INTO webhook_inbox (id, app_id, body) VALUES ($1, $1, $2)", inbox_id, raw)
        await world.admin.execute("INSERT INTO webhook_jobs (inbox_id) VALUES ($1)", inbox_id)
        await webhooks.process(await webhooks.claim([inbox_id]))
        assert await world.admin.fetch("SELECT error FROM webhook_failures WHERE inbox_id = $1", inbox_id) == []

    return statuses

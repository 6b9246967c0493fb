"""A workspace with numbers and sent messages, and the services that receive webhooks."""

import asyncio
import hashlib
import hmac
import json
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from typing import Any
from uuid import UUID

import aiohttp
import asyncpg
import pytest

from server.core.config import Settings
from server.core.crypto import Keyring
from server.core.db import Database
from server.core.ids import new_id
from server.main import create_app
from server.queue.webhooks import WebhookQueue
from server.services.apps import AppInfo, Apps
from server.services.inbox import Inbox
from server.services.webhooks import Webhooks
from server.whatsapp.opaque_id import OpaqueIds
from tests.integration.api.conftest import serving

SECRET = "app-secret-of-the-tests"
WEBHOOK_PATH = "/webhooks/whatsapp"
VERIFY_TOKEN = "verify-token-of-the-tests"
DEADLINE_S = 120


@dataclass
class World:
    """Seeds rows past all services, and looks at what is really stored."""

    admin: asyncpg.Connection
    opaque_ids: OpaqueIds
    workspace: UUID = field(default_factory=new_id)
    waba: UUID = field(default_factory=new_id)

    async def create(self) -> "World":
        await self.admin.execute("INSERT INTO workspaces (id, name, data_key) VALUES ($1, 'W', '')", self.workspace)
        await self.admin.execute(
            "INSERT INTO wabas (workspace_id, id, waba_id) VALUES ($1, $2, $3)",
            self.workspace,
            self.waba,
            str(self.waba.int)[-15:],
        )
        return self

    async def account(self, meta_id: str) -> UUID:
        """Our id of another account."""
        account = new_id()
        await self.admin.execute(
            "INSERT INTO wabas (workspace_id, id, waba_id) VALUES ($1, $2, $3)", self.workspace, account, meta_id
        )
        return account

    async def number(self, meta_id: str | None = None) -> tuple[UUID, str]:
        """Our id of a new number, and Meta's."""
        number = new_id()
        meta = meta_id or str(number.int)[-15:]
        await self.admin.execute(
            """INSERT INTO phone_numbers (workspace_id, id, waba_id, phone_number_id, display_phone_number,
                 access_token)
               VALUES ($1, $2, $3, $4, '+1 555 0100', '')""",
            self.workspace,
            number,
            self.waba,
            meta,
        )
        return number, meta

    async def sent_message(self, number: UUID, *, wamid: str | None = None, state: str | None = "sending") -> UUID:
        """A message that is on its way: `state` of its outbox row, or None when it is settled as accepted."""
        message, contact = new_id(), new_id()
        await self.admin.execute(
            """INSERT INTO messages (workspace_id, id, direction, phone_number_id, contact_id, conversation_id, type,
                 content, client_reference, wamid, accepted_at)
               VALUES ($1, $2, 'outbound', $3, $4, $5, 'text', '{}', 'ref', $6, CASE WHEN $7 THEN now() END)""",
            self.workspace,
            message,
            number,
            contact,
            new_id(),
            wamid,
            state is None,
        )
        if state is not None:
            await self.admin.execute(
                """INSERT INTO outbox (workspace_id, message_id, phone_number_id, contact_id, lane, state, attempt)
                   VALUES ($1, $2, $3, $4, 1, $5, 1)""",
                self.workspace,
                message,
                number,
                contact,
                state,
            )
        if wamid is not None:
            await self.admin.execute(
                "INSERT INTO wamids VALUES ($1, $2, $3, $4)", number, wamid, self.workspace, message
            )
        return message

    def opaque(self, message: UUID, attempt: int = 1) -> str:
        return self.opaque_ids.make(message, attempt)

    async def message(self, message: UUID) -> asyncpg.Record:
        return await self.admin.fetchrow("SELECT * FROM messages WHERE id = $1", message)

    async def inbound(self, number: UUID) -> list[asyncpg.Record]:
        return await self.admin.fetch(
            "SELECT * FROM messages WHERE phone_number_id = $1 AND direction = 'inbound' ORDER BY id", number
        )

    async def events(self, subject: UUID) -> list[tuple[str, dict]]:
        rows = await self.admin.fetch("SELECT type, data FROM events WHERE subject_id = $1 ORDER BY id", subject)
        return [(row["type"], json.loads(row["data"])) for row in rows]

    async def event_types(self, subject: UUID) -> list[str]:
        return [kind for kind, _ in await self.events(subject)]

    async def failures(self, inbox_id: UUID) -> list[asyncpg.Record]:
        return await self.admin.fetch(
            "SELECT * FROM webhook_failures WHERE inbox_id = $1 ORDER BY change_index", inbox_id
        )

    async def jobs(self) -> int:
        return await self.admin.fetchval("SELECT count(*) FROM webhook_jobs")

    async def due_now(self) -> None:
        """Ends every lease and every pause, as time would."""
        await self.admin.execute("UPDATE webhook_jobs SET available_at = now()")


@pytest.fixture
async def world(admin: asyncpg.Connection, keyring: Keyring) -> World:
    return await World(admin, OpaqueIds(keyring)).create()


@pytest.fixture
async def app(api_db: Database, keyring: Keyring, admin: asyncpg.Connection) -> AppInfo:
    """The app `default`, alone, and an empty inbox."""
    await admin.execute("DELETE FROM apps")
    await admin.execute("TRUNCATE webhook_inbox, webhook_jobs, webhook_failures, orphan_statuses")
    return await Apps(api_db, keyring).create(slug="default", app_secret=SECRET, verify_token=VERIFY_TOKEN)


@pytest.fixture
async def inbox(api_db: Database, valkey, keyring: Keyring, app: AppInfo) -> AsyncIterator[Inbox]:
    inbox = Inbox(api_db, WebhookQueue(valkey), keyring, 5.0)
    yield inbox
    await inbox.close()


@pytest.fixture
def webhooks(worker_db: Database, keyring: Keyring) -> Webhooks:
    return Webhooks(worker_db, OpaqueIds(keyring), lease_s=5.0)


@dataclass(frozen=True)
class Receiver:
    """Takes bodies in and applies them."""

    inbox: Inbox
    webhooks: Webhooks
    app: AppInfo

    async def take_in(self, *bodies: bytes) -> list[UUID]:
        return list(await asyncio.gather(*(self.inbox.store(self.app.id, body) for body in bodies)))

    async def apply(self) -> None:
        """Applies until nothing is due."""
        while jobs := await self.webhooks.sweep(200):
            await self.webhooks.process(jobs)

    async def receive(self, *bodies: bytes) -> list[UUID]:
        """Each body in a batch of its own, in this order."""
        ids = []
        for body in bodies:
            ids += await self.take_in(body)
            await self.apply()
        return ids


@pytest.fixture
def receiver(inbox: Inbox, webhooks: Webhooks, app: AppInfo) -> Receiver:
    return Receiver(inbox, webhooks, app)


@pytest.fixture
async def url(settings: Settings, keyring, inbox, api_db) -> AsyncIterator[str]:
    """The whole application, with this test's inbox."""

    @asynccontextmanager
    async def runtime(_settings: Settings) -> AsyncIterator[Any]:
        yield type("Services", (), {"inbox": inbox})()

    async with serving(create_app(settings, runtime)) as base_url:
        yield base_url


@pytest.fixture
async def session() -> AsyncIterator[aiohttp.ClientSession]:
    async with aiohttp.ClientSession() as session:
        yield session


@pytest.fixture
def post(url: str, session: aiohttp.ClientSession):
    async def call(raw: bytes, *signatures: str, path: str = WEBHOOK_PATH) -> tuple[int, str]:
        headers = [("Content-Type", "application/json"), *(("X-Hub-Signature-256", one) for one in signatures)]
        async with session.post(url + path, data=raw, headers=headers) as response:
            return response.status, await response.text()

    return call


@pytest.fixture
def stored(admin):
    async def bodies() -> list[bytes]:
        return [row["body"] for row in await admin.fetch("SELECT body FROM webhook_inbox ORDER BY id")]

    return bodies


def signed(raw: bytes, secret: str = SECRET) -> str:
    """The header that Meta sends along."""
    return "sha256=" + hmac.new(secret.encode(), raw, hashlib.sha256).hexdigest()


async def until(condition: Callable[[], object]) -> None:
    """Polls a condition, which may be a coroutine function, with a generous deadline."""
    async with asyncio.timeout(DEADLINE_S):
        while True:
            found = condition()
            if await found if asyncio.iscoroutine(found) else found:
                return
            await asyncio.sleep(0.01)

"""The composition root: the only place that wires things. Called by `server.main` and by the command line.

A runtime connects to what a role needs, checks the schema, and closes everything in reverse order. CannotStart says in
one sentence what is missing and how to mend it.
"""

from collections.abc import AsyncIterator
from contextlib import AsyncExitStack, asynccontextmanager
from dataclasses import dataclass
from pathlib import Path
from uuid import UUID

import asyncpg

from server.core import valkey
from server.core.config import Settings
from server.core.crypto import Keyring, KeyringInvalid, parse_keyring
from server.core.db import UNREACHABLE, Database, Limits
from server.core.ids import new_id
from server.core.valkey import Valkey
from server.embedded import default_data_dir
from server.migrations import runner
from server.queue.outbound import OutboundQueue
from server.services.api_keys import ApiKeys
from server.services.apps import Apps
from server.services.bundle import Services
from server.services.dispatch import Dispatch
from server.services.health import Health
from server.services.maintenance import Heartbeat, Maintenance
from server.services.phone_numbers import PhoneNumbers
from server.services.settlement import Settlement
from server.services.workspaces import Workspaces
from server.whatsapp.assets import Assets
from server.whatsapp.graph import GraphClient
from server.whatsapp.outbound import OutboundClient
from server.workers import maintenance
from server.workers.loop import Actor, Beat
from server.workers.outbound import OutboundWorker

ROLES = ("outbound", "webhook", "maintenance", "all")
KEYRING_NAME = "keyring.json"
_WORKER_PATIENCE = 6
_ASK_TIMEOUT_S = 15.0
_ASK_CONNECTIONS = 20


class CannotStart(Exception):
    """Something that this process needs is missing or does not answer; one sentence, with its mend."""


class NotConfigured(CannotStart):
    """No servers are named, and none of `treeex up` were found."""


@dataclass(frozen=True, slots=True)
class Worker:
    """What `workers.loop.run` needs."""

    actors: list[Actor]
    beat: Beat


@asynccontextmanager
async def api_runtime(settings: Settings) -> AsyncIterator[Services]:
    """What the API's routes call. Raises CannotStart, KeyringInvalid or SchemaBehind."""
    async with AsyncExitStack() as stack:
        db = await _connect(stack, settings, "database_url", "treeex api")
        await runner.check(db.pool)
        yield await _services(stack, settings, db, everywhere=None)


@asynccontextmanager
async def admin_runtime(settings: Settings) -> AsyncIterator[Services]:
    """The same for the command line, which may also look across workspaces."""
    async with AsyncExitStack() as stack:
        db = await _connect(stack, settings, "database_url", "treeex cli")
        await runner.check(db.pool)
        everywhere = None
        if settings.worker_database_url is not None:
            everywhere = await _connect(stack, settings, "worker_database_url", "treeex cli")
        yield await _services(stack, settings, db, everywhere)


@asynccontextmanager
async def worker_runtime(settings: Settings, role: str) -> AsyncIterator[Worker]:
    """The actors of one role, or of all. Raises like `api_runtime`."""
    worker_id = new_id()
    async with AsyncExitStack() as stack:
        db = await _connect(stack, settings, "worker_database_url", f"treeex worker {role}")
        await runner.check(db.pool)
        queue = OutboundQueue(await _valkey(stack, settings))
        actors: list[Actor] = []
        if role in ("outbound", "all"):
            actors += await _outbound(stack, settings, db, queue, worker_id)
        if role in ("maintenance", "all"):
            stale_after_s = settings.send_timeout_s + settings.rescue_margin_s
            actors += maintenance.actors(Maintenance(db, queue, stale_after_s=stale_after_s))
        yield Worker(actors, Heartbeat(db, worker_id=worker_id, role=role).beat)


async def _outbound(
    stack: AsyncExitStack, settings: Settings, db: Database, queue: OutboundQueue, worker_id: UUID
) -> list[Actor]:
    graph = await _graph(stack, settings, timeout_s=settings.send_timeout_s, connections=settings.sends_in_flight)
    dispatch = Dispatch(
        db, queue, load_keyring(settings), worker_id=worker_id, grant_to_wire_s=settings.grant_to_wire_ms / 1000
    )
    worker = OutboundWorker(
        dispatch,
        Settlement(db, worker_id=worker_id),
        OutboundClient(graph),
        sends_in_flight=settings.sends_in_flight,
    )
    return worker.actors()


async def _services(stack: AsyncExitStack, settings: Settings, db: Database, everywhere: Database | None) -> Services:
    keyring = load_keyring(settings)
    client = await _valkey(stack, settings)
    graph = await _graph(stack, settings, timeout_s=_ASK_TIMEOUT_S, connections=_ASK_CONNECTIONS)
    return Services(
        workspaces=Workspaces(db, everywhere, keyring),
        api_keys=ApiKeys(db, keyring),
        apps=Apps(db, keyring),
        phone_numbers=PhoneNumbers(db, keyring, Assets(graph)),
        health=Health(db, client),
    )


def load_keyring(settings: Settings) -> Keyring:
    """From the setting, else from the file, else from the data directory. Raises KeyringInvalid."""
    if settings.keyring is not None:
        return parse_keyring(settings.keyring.get_secret_value())
    path = settings.keyring_file or data_dir(settings) / KEYRING_NAME
    try:
        return parse_keyring(path.read_text("utf-8"))
    except FileNotFoundError:
        raise KeyringInvalid(
            f"there is no keyring at {path}; name yours in TREEEX_KEYRING_FILE, or make one with `treeex keyring`"
        ) from None
    except (OSError, UnicodeDecodeError) as error:
        raise KeyringInvalid(f"the keyring {path} cannot be read ({type(error).__name__}); correct its file") from None


def data_dir(settings: Settings) -> Path:
    """Where the embedded servers live."""
    return settings.data_dir or default_data_dir()


async def _connect(stack: AsyncExitStack, settings: Settings, name: str, application: str) -> Database:
    url = getattr(settings, name)
    variable = f"TREEEX_{name.upper()}"
    if url is None:
        raise NotConfigured(f"no database is known; start `treeex up`, or set {variable}")
    try:
        database = await Database.connect(url.get_secret_value(), _limits(settings, name), application)
    except asyncpg.PostgresError as error:
        raise CannotStart(f"PostgreSQL refuses the connection of {variable}: {error}; correct it") from None
    except UNREACHABLE as error:
        raise CannotStart(
            f"PostgreSQL does not answer at {variable} ({type(error).__name__}); check the address and that it runs"
        ) from None
    except ValueError:
        raise CannotStart(f"{variable} is not like postgresql://user:password@host/database; correct it") from None
    stack.push_async_callback(database.close)
    return database


def _limits(settings: Settings, name: str) -> Limits:
    patience = 1 if name == "database_url" else _WORKER_PATIENCE
    return Limits(
        statement_ms=settings.statement_timeout_ms * patience,
        idle_in_transaction_ms=settings.idle_in_transaction_timeout_ms * patience,
        lock_ms=settings.statement_timeout_ms * patience // 2,
        pool_size=settings.pool_size,
    )


async def _valkey(stack: AsyncExitStack, settings: Settings) -> Valkey:
    if settings.valkey_url is None:
        raise NotConfigured("no Valkey is known; start `treeex up`, or set TREEEX_VALKEY_URL")
    try:
        client = valkey.connect(settings.valkey_url.get_secret_value())
    except ValueError:
        raise CannotStart("TREEEX_VALKEY_URL is not like redis://host:6379 or unix:///path; correct it") from None
    stack.push_async_callback(client.aclose)
    return client


async def _graph(stack: AsyncExitStack, settings: Settings, *, timeout_s: float, connections: int) -> GraphClient:
    client = GraphClient(settings.graph_url, settings.graph_version, timeout_s=timeout_s, connections=connections)
    stack.push_async_callback(client.close)
    return client

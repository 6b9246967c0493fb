"""A running API on real servers, with the simulator as Meta, and a client that speaks to it over a socket."""

import asyncio
import contextlib
import socket
from collections.abc import AsyncIterator, Iterator, Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any
from uuid import UUID

import aiohttp
import pytest
import pytest_asyncio
import uvicorn
from aiohttp import web
from fastapi import FastAPI

from server.bootstrap import admin_runtime
from server.core.config import Settings
from server.core.crypto import new_keyring
from server.domain.enums import Scope
from server.main import create_app
from server.services.bundle import Services
from simulator import app as simulator_app
from simulator.state import App, Number, Token, Waba
from simulator.world import World
from tests.conftest import Servers, Urls

META_TOKEN = "EAAtestTokenOfTheSimulatorNothingElse"
META_APP_ID = "900000000000001"
WABA_ID = "900000000000002"
NUMBER_IDS = ("900000000000010", "900000000000011", "900000000000012")


@dataclass(frozen=True)
class Meta:
    """The simulator, in this loop."""

    url: str
    world: World


@dataclass(frozen=True)
class Answer:
    """What came back, read to the end."""

    status: int
    headers: Mapping[str, str]
    raw: bytes
    body: Any

    @property
    def code(self) -> str:
        """The code of a problem; fails the test when the answer is none."""
        assert self.headers["Content-Type"] == "application/problem+json", (self.status, self.raw[:500])
        assert self.body["status"] == self.status
        assert self.body["type"] == f"urn:treeex:problem:{self.body['code']}"
        assert self.body["trace_id"] == self.headers["X-Request-Id"]
        assert self.body["title"]
        assert self.body["detail"]
        assert self.body["mend"]
        return str(self.body["code"])

    @property
    def fields(self) -> dict[str, str]:
        """Path → code of the fields in a problem; each entry says what and how to mend it."""
        assert all(entry["message"] and entry["mend"] for entry in self.body["errors"])
        return {entry["path"]: entry["code"] for entry in self.body["errors"]}


@dataclass
class Client:
    """One caller."""

    base_url: str
    session: aiohttp.ClientSession
    headers: dict[str, str] = field(default_factory=dict)

    def with_key(self, token: str) -> "Client":
        return Client(self.base_url, self.session, {"Authorization": f"Bearer {token}"})

    async def __call__(self, method: str, path: str, **options: Any) -> Answer:
        headers = {**self.headers, **options.pop("headers", {})}
        async with self.session.request(method, self.base_url + path, headers=headers, **options) as response:
            raw = await response.read()
            parsed = await response.json(content_type=None) if "json" in response.content_type else None
            return Answer(response.status, response.headers, raw, parsed)

    async def get(self, path: str, **options: Any) -> Answer:
        return await self("GET", path, **options)

    async def post(self, path: str, **options: Any) -> Answer:
        return await self("POST", path, **options)


@dataclass(frozen=True)
class Tenant:
    """A workspace, a key of it with all scopes, and a client that uses it."""

    workspace_id: UUID
    key_id: str
    token: str
    client: Client


class Server(uvicorn.Server):
    """uvicorn without its signal handlers: the test runner keeps its own."""

    @contextlib.contextmanager
    def capture_signals(self) -> Iterator[None]:
        yield


@contextlib.asynccontextmanager
async def serving(app: FastAPI) -> AsyncIterator[str]:
    """Serves the application on a free port, as `treeex api` does."""
    listener = socket.create_server(("127.0.0.1", 0), backlog=128)
    config = uvicorn.Config(
        app, http="httptools", ws="none", lifespan="on", log_config=None, access_log=False, server_header=False
    )
    server = Server(config)
    task = asyncio.create_task(server.serve(sockets=[listener]))
    async with asyncio.timeout(30):
        while not server.started:
            assert not task.done(), app.state.failure
            await asyncio.sleep(0.01)
    try:
        yield f"http://127.0.0.1:{listener.getsockname()[1]}"
    finally:
        server.should_exit = True
        await task


@pytest_asyncio.fixture(scope="module", loop_scope="session")
async def meta() -> AsyncIterator[Meta]:
    world = World.create()
    store = world.store
    store.put(App(META_APP_ID, "Test app", "app-secret"))
    store.put(Waba(WABA_ID, "Test account", "900000000000003"))
    for index, number_id in enumerate(NUMBER_IDS):
        store.put(Number(number_id, WABA_ID, f"+1 555-010-{index}", f"Test {index}"))
    store.put(Token(META_TOKEN, META_APP_ID, [WABA_ID]))
    runner = web.AppRunner(simulator_app.create_app(world), access_log=None)
    await runner.setup()
    site = web.TCPSite(runner, "127.0.0.1", 0)
    await site.start()
    yield Meta(f"http://127.0.0.1:{runner.addresses[0][1]}", world)
    await runner.cleanup()


@pytest.fixture(scope="module")
def module_settings(servers: Servers, urls: Urls, meta: Meta, tmp_path_factory: pytest.TempPathFactory) -> Settings:
    keyring_file: Path = tmp_path_factory.mktemp("keyring") / "keyring.json"
    keyring_file.write_text(new_keyring())
    return Settings.model_validate(
        {
            "database_url": urls.api,
            "worker_database_url": urls.worker,
            "admin_database_url": urls.admin,
            "valkey_url": servers.valkey.url,
            "keyring_file": keyring_file,
            "graph_url": meta.url,
            "request_max_bytes": 65_536,
            "port": 0,
        }
    )


@pytest_asyncio.fixture(scope="module", loop_scope="session")
async def services(module_settings: Settings) -> AsyncIterator[Services]:
    """What the command line has."""
    async with admin_runtime(module_settings) as found:
        yield found


@pytest_asyncio.fixture(scope="module", loop_scope="session")
async def api(module_settings: Settings) -> AsyncIterator[Client]:
    """A caller without a key."""
    async with aiohttp.ClientSession() as session, serving(create_app(module_settings)) as base_url:
        yield Client(base_url, session)


@pytest_asyncio.fixture(scope="module", loop_scope="session")
async def tenant(api: Client, services: Services) -> Tenant:
    return await new_tenant(api, services, "First")


@pytest_asyncio.fixture(scope="module", loop_scope="session")
async def other_tenant(api: Client, services: Services) -> Tenant:
    return await new_tenant(api, services, "Second")


async def new_tenant(api: Client, services: Services, name: str) -> Tenant:
    workspace = await services.workspaces.create(name)
    key = await services.api_keys.create(workspace.id, name="all", scopes=frozenset(Scope))
    return Tenant(workspace.id, key.info.key_id, key.token, api.with_key(key.token))

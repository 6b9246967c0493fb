"""A running API on real servers, with the simulator as Meta, and a client that speaks to it over a socket."""

import asyncio
import contextlib
import socket
from collections.abc import AsyncIterator, Iterator, Mapping
from dataclasses import dataclass, field
from typing import Any
from uuid import UUID

import aiohttp
import pytest_asyncio
import uvicorn
from fastapi import FastAPI

from server.cli.api import served
from server.core.config import Settings
from server.domain.enums import Scope
from server.main import create_app
from server.services.bundle import Services


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
    server = Server(served(app, drain_timeout_s=30))
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

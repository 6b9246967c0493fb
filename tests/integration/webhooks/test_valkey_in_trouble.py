"""Whatever is wrong with Valkey: webhooks are answered 200 and applied, and after its return the queue works again."""

import asyncio
import os
import signal
from collections.abc import AsyncIterator, Callable
from contextlib import AbstractAsyncContextManager, aclosing, asynccontextmanager

import pytest

from server.core import valkey as core_valkey
from server.core.valkey import Valkey
from server.queue.webhooks import WebhookQueue
from server.services.inbox import Inbox
from server.services.webhooks import Webhooks
from server.workers.webhook import WebhookWorker
from tests.conftest import Servers
from tests.harness.proxied import proxy_of_valkey
from tests.harness.proxy import Proxy
from tests.integration.webhooks.conftest import World, signed
from tests.integration.webhooks.payloads import body, change, text
from tests.integration.webhooks.test_the_worker import run_until

BODIES = 10
LATE_S = 3.0
HEALED_WITHIN_S = 20.0

Trouble = Callable[[Servers, Proxy, Valkey], AbstractAsyncContextManager[None]]


@asynccontextmanager
async def refused(_servers: Servers, proxy: Proxy, _valkey: Valkey) -> AsyncIterator[None]:
    proxy.refuse()
    proxy.end_all()
    yield
    await proxy.heal()


@asynccontextmanager
async def blackholed(_servers: Servers, proxy: Proxy, _valkey: Valkey) -> AsyncIterator[None]:
    proxy.blackhole()
    yield
    await proxy.heal()


@asynccontextmanager
async def late(_servers: Servers, proxy: Proxy, _valkey: Valkey) -> AsyncIterator[None]:
    proxy.change("down", latency_s=LATE_S)
    yield
    await proxy.heal()


@asynccontextmanager
async def frozen(servers: Servers, _proxy: Proxy, _valkey: Valkey) -> AsyncIterator[None]:
    os.kill(servers.valkey.pid, signal.SIGSTOP)
    try:
        yield
    finally:
        os.kill(servers.valkey.pid, signal.SIGCONT)


@asynccontextmanager
async def full(_servers: Servers, _proxy: Proxy, valkey: Valkey) -> AsyncIterator[None]:
    before = (await valkey.config_get("maxmemory"))["maxmemory"]
    await valkey.config_set("maxmemory", "1")
    try:
        yield
    finally:
        await valkey.config_set("maxmemory", before)


@asynccontextmanager
async def read_only(_servers: Servers, _proxy: Proxy, valkey: Valkey) -> AsyncIterator[None]:
    """A replica of nobody: what a failover leaves for a while."""
    await valkey.execute_command("REPLICAOF", "127.0.0.1", "1")
    try:
        yield
    finally:
        await valkey.execute_command("REPLICAOF", "NO", "ONE")


@asynccontextmanager
async def emptied(_servers: Servers, _proxy: Proxy, valkey: Valkey) -> AsyncIterator[None]:
    over = asyncio.Event()

    async def empty() -> None:
        while not over.is_set():  # and is not cancelled, since the client may take that for a failure of its connection
            await valkey.flushall()
            await asyncio.sleep(0.001)

    emptying = asyncio.create_task(empty())
    try:
        yield
    finally:
        over.set()
        await emptying


async def says_loading(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
    """A server that reads its data in answers every command so."""
    async with aclosing(_pieces(reader)) as pieces:
        async for piece in pieces:
            writer.write(b"-LOADING Valkey is loading the dataset in memory\r\n" * max(1, piece.count(b"*")))
    writer.close()


async def _pieces(reader: asyncio.StreamReader) -> AsyncIterator[bytes]:
    while piece := await reader.read(65_536):
        yield piece


@asynccontextmanager
async def loading(_servers: Servers, proxy: Proxy, _valkey: Valkey) -> AsyncIterator[None]:
    proxy.refuse()
    proxy.end_all()
    server = await asyncio.start_server(says_loading, "127.0.0.1", proxy.port)
    yield
    server.close()
    await proxy.heal()


@pytest.mark.proves("G11", "C2", "C4")
@pytest.mark.parametrize("trouble", [refused, blackholed, late, frozen, full, read_only, emptied, loading])
async def test_answers_are_the_same_and_all_is_applied(
    post, servers: Servers, valkey: Valkey, inbox: Inbox, webhooks: Webhooks, world: World, trouble: Trouble
) -> None:
    number, meta = await world.number()
    async with proxy_of_valkey(servers.valkey.url) as proxy:
        client = core_valkey.connect(f"redis://127.0.0.1:{proxy.port}")
        inbox._queue = queue = WebhookQueue(client)
        worker = WebhookWorker(webhooks, WebhookQueue(client), batch=5)

        async def come(name: str) -> None:
            bodies = [body(change(meta, messages=[text(f"wamid.{name}{place}")])) for place in range(BODIES)]
            answers = await asyncio.gather(*(post(raw, signed(raw)) for raw in bodies))
            assert {status for status, _ in answers} == {200}

        async def applied(count: int) -> bool:
            return len(await world.inbound(number)) == count and await world.jobs() == 0

        async with trouble(servers, proxy, valkey):
            await come("during")
            await run_until(worker, lambda: applied(BODIES))
        async with asyncio.timeout(HEALED_WITHIN_S):
            while not await queue.enqueue([world.workspace]):  # an id that means nothing
                await asyncio.sleep(0.05)
        await come("after")
        await inbox.close()
        assert await valkey.llen("queue:webhooks") == BODIES + 1
        await run_until(worker, lambda: applied(2 * BODIES))
        await client.aclose()

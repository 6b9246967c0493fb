"""PostgreSQL is slow, or has no connection left: what is not committed in time is answered 503, and no 200 is a lie."""

import asyncio
import hashlib
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import AsyncExitStack

import asyncpg
import pytest

from server.core.clock import monotonic
from server.core.db import Database, Limits
from server.services.inbox import Inbox
from tests.conftest import Servers, Urls
from tests.harness.proxied import proxy_of_postgres, url_through
from tests.harness.proxy import Proxy
from tests.integration.webhooks.conftest import signed

BODIES = 6
POOL = 3
COMMIT_TIMEOUT_S = 2.0
LOCKED_S = 10.0

Stored = Callable[[], Awaitable[list[bytes]]]


@pytest.fixture
async def proxy(servers: Servers) -> AsyncIterator[Proxy]:
    async with proxy_of_postgres(servers.postgres.address) as made:
        yield made


@pytest.fixture
async def behind(proxy: Proxy, urls: Urls, inbox: Inbox) -> AsyncIterator[Database]:
    """The inbox's database, as it is reached through the proxy; the inbox knows its apps already."""
    limits = Limits(statement_ms=5000, idle_in_transaction_ms=5000, lock_ms=5000, pool_size=POOL)
    db = await Database.connect(url_through(proxy, urls.api), limits, "tests behind a proxy")
    await inbox.apps.find("default")
    inbox._db, inbox.commit_timeout_s = db, COMMIT_TIMEOUT_S
    yield db
    await proxy.heal()
    await inbox.close()
    await db.close()


async def answers(post, round_: str) -> dict[bytes, int]:
    bodies = [hashlib.sha256(f"{round_}{place}".encode()).hexdigest().encode() for place in range(BODIES)]
    said = await asyncio.gather(*(post(raw, signed(raw)) for raw in bodies))
    return {raw: status for raw, (status, _) in zip(bodies, said, strict=True)}


async def assert_honest(found: dict[bytes, int], stored: Stored) -> None:
    kept = set(await stored())
    assert set(found.values()) <= {200, 503}
    assert {raw for raw, status in found.items() if status == 200} <= kept


@pytest.mark.proves("G3", "C7")
@pytest.mark.parametrize(("latency_s", "statuses"), [(0.2, {200}), (0.8, {200, 503}), (3.0, {503})])
async def test_slow(post, stored: Stored, proxy: Proxy, behind: Database, latency_s: float, statuses: set[int]) -> None:
    assert set((await answers(post, "before")).values()) == {200}
    proxy.change("down", latency_s=latency_s)
    during = await answers(post, "during")
    await assert_honest(during, stored)
    assert set(during.values()) <= statuses
    await proxy.heal()
    after: dict[bytes, int] = {}
    while set(after.values()) != {200}:  # connections that were given up are made anew
        after = await answers(post, "after")
        await assert_honest(after, stored)


@pytest.mark.proves("G3", "C7")
async def test_while_somebody_locks_the_inbox(
    post, stored: Stored, admin: asyncpg.Connection, behind: Database
) -> None:
    async with admin.transaction():
        await admin.execute("LOCK TABLE webhook_inbox IN ACCESS EXCLUSIVE MODE")
        began = monotonic()
        during = await answers(post, "during")
        assert set(during.values()) == {503}
        assert monotonic() - began < LOCKED_S  # Meta is not left waiting for as long as the lock
    after = await answers(post, "after")
    assert set(after.values()) == {200}
    await assert_honest(during | after, stored)


@pytest.mark.proves("G3", "C7")
async def test_without_a_free_connection(post, stored: Stored, behind: Database) -> None:
    async with AsyncExitStack() as held:
        for _ in range(POOL):
            await held.enter_async_context(behind.pool.acquire())
        during = await answers(post, "during")
        assert set(during.values()) == {503}
        assert await stored() == []
    after = await answers(post, "after")
    assert set(after.values()) == {200}
    await assert_honest(after, stored)

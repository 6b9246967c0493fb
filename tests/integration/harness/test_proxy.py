"""The proxy before the real PostgreSQL and Valkey, used by their real clients: each of its faults is seen by them."""

import asyncio
from collections.abc import AsyncIterator
from urllib.parse import unquote, urlsplit

import asyncpg
import pytest
import redis.asyncio
import redis.exceptions

from server.core.db import UNREACHABLE
from tests.conftest import API_PASSWORD, Servers
from tests.harness.proxied import proxy_of_postgres, proxy_of_valkey, url_through
from tests.harness.proxy import Proxy
from tests.harness.waiting import until

SOON_S = 0.3
"""So long nothing comes through when nothing is to."""


@pytest.fixture
async def proxy(servers: Servers) -> AsyncIterator[Proxy]:
    async with proxy_of_postgres(servers.postgres.address) as made:
        yield made


@pytest.fixture
async def client(proxy: Proxy, urls) -> AsyncIterator[asyncpg.Connection]:
    connection = await asyncpg.connect(url_through(proxy, urls.admin))
    await connection.execute("CREATE TABLE IF NOT EXISTS notes (text text)")
    await connection.execute("TRUNCATE notes")
    yield connection
    await proxy.heal()
    connection.terminate()


async def is_stuck(doing) -> asyncio.Task:
    task = asyncio.ensure_future(doing)
    await asyncio.wait({task}, timeout=SOON_S)
    assert not task.done()
    return task


async def test_nothing_is_changed_while_nothing_is_wrong(client, proxy):
    assert await client.fetchval("SELECT length($1::text)", "x" * 500_000) == 500_000
    assert proxy.open == 1


async def test_a_commit_happens_though_its_reply_is_lost(client, proxy, admin):
    proxy.drop_replies_to(b"COMMIT", times=1)
    transaction = client.transaction()
    await transaction.start()
    await client.execute("INSERT INTO notes VALUES ('kept')")
    with pytest.raises(UNREACHABLE):
        await transaction.commit()
    assert proxy.dropped == 1
    assert await admin.fetchval("SELECT text FROM notes") == "kept"
    await until(lambda: _is(proxy.open == 0), "the connection has ended")


async def test_only_so_many_replies_are_lost(proxy, urls, client):
    proxy.drop_replies_to(b"SELECT 7", times=1, ending="reset")
    with pytest.raises(UNREACHABLE):
        await client.fetchval("SELECT 7")
    again = await asyncpg.connect(url_through(proxy, urls.admin))
    assert await again.fetchval("SELECT 7") == 7
    await again.close()


@pytest.mark.parametrize("ending", ["close", "reset"])
@pytest.mark.parametrize("way", ["up", "down"])
async def test_a_connection_ends_after_so_many_bytes_on_either_way(client, proxy, way, ending, admin):
    before = await admin.fetchval("SELECT count(*) FROM notes")
    passed = next(iter(proxy._connections)).passed[way]
    proxy.change(way, cut_after=passed + 20, ending=ending)
    with pytest.raises(UNREACHABLE):
        await client.fetchval("SELECT repeat('x', 1000) || $1", "y" * 1000)
    assert await admin.fetchval("SELECT count(*) FROM notes") == before


async def test_what_a_blackhole_holds_back_arrives_when_it_is_gone(client, proxy):
    proxy.blackhole()
    asking = await is_stuck(client.fetchval("SELECT 42"))
    await proxy.heal()
    assert await asyncio.wait_for(asking, 30) == 42


async def test_a_one_way_street_lets_requests_through_and_no_replies(client, proxy, admin):
    proxy.change("down", stalled=True)
    asking = await is_stuck(client.execute("INSERT INTO notes VALUES ('one way')"))
    assert await admin.fetchval("SELECT text FROM notes") == "one way"
    await proxy.heal()
    await asyncio.wait_for(asking, 30)


async def test_nobody_new_is_let_in_while_it_refuses(client, proxy, urls):
    proxy.refuse()
    with pytest.raises(OSError, match=r"refused|Connect call failed"):
        await asyncpg.connect(url_through(proxy, urls.admin))
    assert await client.fetchval("SELECT 1") == 1
    await proxy.heal()
    await (await asyncpg.connect(url_through(proxy, urls.admin))).close()


async def test_all_connections_end_at_once(client, proxy):
    asking = asyncio.ensure_future(client.fetchval("SELECT 1 FROM pg_sleep(60)"))
    await asyncio.wait({asking}, timeout=SOON_S)
    proxy.end_all("reset")
    with pytest.raises(UNREACHABLE):
        await asking


async def test_a_half_open_connection_looks_alive_and_says_nothing(client, proxy, admin):
    pid = client.get_server_pid()
    proxy.orphan_all()

    async def backend_is_gone() -> bool:
        return bool(await admin.fetchval("SELECT count(*) FROM pg_stat_activity WHERE pid = $1", pid) == 0)

    await until(backend_is_gone, "the server has heard of the end")
    asking = await is_stuck(client.fetchval("SELECT 1"))
    asking.cancel()
    assert not client.is_closed()
    client.terminate()
    await until(lambda: _is(proxy.open == 0), "the proxy has heard of the client's end")


async def test_latency_jitter_and_bandwidth_take_their_time(client, proxy):
    loop = asyncio.get_running_loop()
    proxy.change("down", latency_s=0.2, jitter_s=0.05)
    began = loop.time()
    await client.fetchval("SELECT 1")
    assert loop.time() - began >= 0.2
    await proxy.heal()
    proxy.change("down", bytes_per_s=100_000)
    began = loop.time()
    await client.fetchval("SELECT repeat('x', 30000)")
    assert loop.time() - began >= 0.3


async def test_a_server_that_is_away_is_a_closed_connection(tmp_path):
    async with Proxy(tmp_path / "nobody") as proxy:
        reader, writer = await asyncio.open_connection("127.0.0.1", proxy.port)
        assert await reader.read() == b""
        writer.close()


async def test_valkey_is_reached_through_it_and_cut_off(servers: Servers):
    async with proxy_of_valkey(servers.valkey.url) as proxy:
        client = redis.asyncio.Redis(host="127.0.0.1", port=proxy.port, retry=None)
        await client.set("note", "kept")
        proxy.drop_replies_to(b"APPEND", times=1)
        with pytest.raises(redis.exceptions.ConnectionError):
            await client.append("note", " twice")
        assert await client.get("note") == b"kept twice"
        proxy.refuse()
        proxy.end_all("reset")
        with pytest.raises(redis.exceptions.ConnectionError):
            await client.get("note")
        await client.aclose()


def test_an_address_through_the_proxy_keeps_all_but_the_place(urls):
    proxy = Proxy(("127.0.0.1", 1))
    proxy.port = 5999
    through, direct = urlsplit(url_through(proxy, urls.api)), urlsplit(urls.api)
    assert (through.hostname, through.port, through.query) == ("127.0.0.1", 5999, "")
    assert (through.username, through.path) == (direct.username, direct.path)
    assert unquote(through.password) == API_PASSWORD


async def _is(fact: bool) -> bool:
    return fact

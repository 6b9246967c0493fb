"""The customer's endpoint, asked by a real client: it records everything and behaves as it was told."""

import asyncio
from collections.abc import AsyncIterator

import aiohttp
import pytest

from tests.harness import endpoint as behaviours
from tests.harness.endpoint import Endpoint


@pytest.fixture
async def endpoint() -> AsyncIterator[Endpoint]:
    async with Endpoint() as made:
        yield made


@pytest.fixture
async def client() -> AsyncIterator[aiohttp.ClientSession]:
    async with aiohttp.ClientSession() as session:
        yield session


async def test_it_records_what_it_gets_and_is_fine(endpoint, client):
    async with client.post(f"{endpoint.url}hooks?tenant=1", data=b"{}", headers={"webhook-id": "1"}) as answer:
        assert answer.status == 200
    await endpoint.has_received(1)
    (received,) = endpoint.received
    assert (received.method, received.path, received.body) == ("POST", "/hooks?tenant=1", b"{}")
    assert received.headers["webhook-id"] == "1"


async def test_it_answers_as_planned_and_is_fine_again(endpoint, client):
    endpoint.plan(
        behaviours.fails(503),
        behaviours.GONE,
        behaviours.throttles("7"),
        behaviours.redirects("http://127.0.0.1:1/elsewhere", 307),
    )
    answers = []
    for _ in range(5):
        async with client.post(endpoint.url, allow_redirects=False) as answer:
            answers.append((answer.status, answer.headers.get("Retry-After"), answer.headers.get("Location")))
    assert answers == [
        (503, None, None),
        (410, None, None),
        (429, "7", None),
        (307, None, "http://127.0.0.1:1/elsewhere"),
        (200, None, None),
    ]
    assert [received.behaviour.status for received in endpoint.received] == [503, 410, 429, 307, 200]


async def test_it_hangs_without_an_answer_and_still_can_be_left(client):
    async with Endpoint() as endpoint:
        endpoint.otherwise = behaviours.HANGS
        waiting = asyncio.create_task(client.post(endpoint.url))
        await endpoint.has_received(1)
        assert not waiting.done()
        waiting.cancel()


async def test_it_cuts_the_connection_without_an_answer(endpoint, client):
    endpoint.plan(behaviours.CUTS)
    with pytest.raises(aiohttp.ClientError):
        await client.post(endpoint.url)
    assert len(endpoint.received) == 1


async def test_a_drip_comes_in_pieces_and_is_whole_in_the_end(endpoint, client):
    endpoint.plan(behaviours.drips(0.2, b"0123456789" * 10))
    async with client.post(endpoint.url) as answer:
        first = await answer.content.readany()
        rest = await answer.content.read()
    assert len(first) < 100
    assert first + rest == b"0123456789" * 10


async def test_a_huge_answer_need_not_be_read_to_its_end(endpoint, client):
    endpoint.plan(behaviours.huge(50_000_000), behaviours.huge(3_000_000))
    async with client.post(endpoint.url) as answer:
        assert answer.content_length == 50_000_000
        await answer.content.readexactly(1000)
    async with client.post(endpoint.url) as answer:
        assert len(await answer.read()) == 3_000_000


async def test_a_slow_answer_comes_after_its_time(endpoint, client):
    endpoint.plan(behaviours.slow(0.2))
    began = asyncio.get_running_loop().time()
    async with client.post(endpoint.url) as answer:
        assert answer.status == 200
    assert asyncio.get_running_loop().time() - began >= 0.2

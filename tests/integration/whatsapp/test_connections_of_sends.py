"""Connections that the server closes between requests: nothing is sent twice, and nothing counts as surely not sent."""

import asyncio
from collections import Counter

import pytest

from server.whatsapp.errors import (
    Accepted,
    Ambiguous,
    NotSent,
    Outcome,
    Throttled,
)
from server.whatsapp.outbound import OutboundClient
from tests.integration.whatsapp.local_graph import Behaviour, Connection, LocalGraph, Request, answer, says
from tests.integration.whatsapp.sending import (
    DEADLINE_S,
    WHOLE,
    Clients,
    closes,
    envelope,
    idle,
    resets,
    send,
)


async def sent_one_by_one(graph: LocalGraph, client: OutboundClient, count: int) -> Counter[type[Outcome]]:
    """Checks after every send that the server's count and the outcome agree."""
    seen: Counter[type[Outcome]] = Counter()
    for number in range(count):
        tried = await send(client, f"m{number}")
        arrived = sum(request.opaque_id == f"m{number}" for request in graph.requests)
        seen[type(tried.outcome)] += 1
        match tried.outcome:
            case Accepted():
                assert arrived == 1
            case NotSent():
                assert arrived == 0
            case _:
                assert isinstance(tried.outcome, Ambiguous)
                assert arrived <= 1
    return seen


@pytest.mark.proves("G7")
async def test_a_connection_is_used_again(clients: Clients) -> None:
    async with LocalGraph(says(WHOLE)) as graph:
        assert await sent_one_by_one(graph, clients(graph.url), 10) == {Accepted: 10}
        assert graph.connections == 1


@pytest.mark.proves("G7", "C14")
async def test_nothing_is_sent_twice_when_the_server_closes_after_each_answer(clients: Clients) -> None:
    """It does not announce it, so the client may write into a connection that is just being closed."""
    async with LocalGraph(says(WHOLE, keep=False)) as graph:
        seen = await sent_one_by_one(graph, clients(graph.url), 200)
    assert seen[Accepted] > 0


@pytest.mark.proves("G7", "C14")
@pytest.mark.parametrize("end", [closes, resets])
async def test_a_post_on_a_used_connection_is_never_repeated(clients: Clients, end: Behaviour) -> None:
    """The server takes the second request of each connection and closes: whether it acted on it, nobody knows.

    An HTTP client that repeats requests on stale connections by itself would send this message twice.
    """

    async def behave(connection: Connection, request: Request) -> bool:
        if connection.served > 1:
            return await end(connection, request)
        await connection.say(WHOLE)
        return True

    async with LocalGraph(behave) as graph:
        assert await sent_one_by_one(graph, clients(graph.url), 20) == {Accepted: 10, Ambiguous: 10}
        assert (len(graph.requests), graph.connections) == (20, 10)


@pytest.mark.proves("G7", "C14")
async def test_a_connection_that_was_closed_while_idle_is_not_used(clients: Clients) -> None:
    async with LocalGraph(says(WHOLE, keep=False)) as graph:
        client = clients(graph.url)
        for number in range(5):
            assert isinstance((await send(client, f"m{number}")).outcome, Accepted)
            await nothing_connected(client)
        assert (len(graph.requests), graph.connections) == (5, 5)


async def nothing_connected(client: OutboundClient) -> None:
    """Until the client has seen that the server closed; its pool tells nobody."""
    async with asyncio.timeout(DEADLINE_S):
        while idle(client):
            await asyncio.sleep(0.001)


@pytest.mark.proves("G7")
async def test_many_at_once_are_each_sent_once(clients: Clients) -> None:
    """Every third request is answered, every third broken off, every third refused."""

    async def behave(connection: Connection, request: Request) -> bool:
        kind = int(request.opaque_id[1:]) % 3
        await asyncio.sleep(0)
        if kind == 0:
            await connection.say(WHOLE)
        elif kind == 1:
            await connection.say(answer(envelope(130429), status="400 Bad Request"))
        return kind != 2

    async with LocalGraph(behave) as graph:
        client = clients(graph.url, connections=16)
        tried = await asyncio.gather(*(send(client, f"m{number}") for number in range(150)))
        arrived = Counter(request.opaque_id for request in graph.requests)
    assert [type(one.outcome) for one in tried] == [Accepted, Throttled, Ambiguous] * 50
    assert arrived == {f"m{number}": 1 for number in range(150)}

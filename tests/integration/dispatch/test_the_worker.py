"""The outbound worker as a whole, against a server that plays Meta."""

import asyncio
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import asynccontextmanager
from uuid import UUID

import pytest

from server.services.congestion import Congestion
from server.services.dispatch import Dispatch
from server.services.settlement import Settlement
from server.whatsapp.graph import GraphClient
from server.whatsapp.outbound import OutboundClient
from server.workers.loop import Stopping
from server.workers.outbound import OutboundWorker
from tests.integration.whatsapp.local_graph import LocalGraph, answer, says

DEADLINE_S = 30
TAKEN = answer({"messages": [{"id": "wamid.of-the-worker"}]})


@asynccontextmanager
async def working(dispatch: Dispatch, settlement: Settlement, congestion: Congestion, url: str) -> AsyncIterator[None]:
    graph, stopping = GraphClient(url, "v26.0", timeout_s=20, connections=10), Stopping()
    worker = OutboundWorker(dispatch, settlement, congestion, OutboundClient(graph), sends_in_flight=10)
    actors = [asyncio.create_task(actor(stopping)) for actor in worker.actors()]
    try:
        yield
    finally:
        stopping.set()
        await asyncio.gather(*actors)
        await graph.close()


async def until(condition: Callable[[], Awaitable[bool]]) -> None:
    async with asyncio.timeout(DEADLINE_S):
        while not await condition():
            await asyncio.sleep(0.01)


@pytest.mark.proves("G7", "G8", "G13")
async def test_what_a_worker_may_not_write_any_more_is_sent_by_the_next(
    world, make_dispatch, settlement, congestion, maintenance
) -> None:
    number = await world.number()
    message: UUID = await world.message(number, await world.person(number))

    async def was_late() -> bool:
        assert not await world.admin.fetchval("SELECT count(*) FROM message_attempts WHERE message_id = $1", message)
        row = await world.row(message)
        return row["state"] == "queued" and row["attempt"] > 1

    async def is_settled() -> bool:
        return await world.row(message) is None

    async with LocalGraph(says(TAKEN)) as graph:
        await maintenance.sweep()
        async with working(make_dispatch(grant_to_wire_s=0.0), settlement, congestion, graph.url):
            await until(was_late)
        row = await world.row(message)
        assert (row["state"], row["wait_reason"], graph.requests) == ("queued", None, [])
        await maintenance.sweep()
        async with working(make_dispatch(), settlement, congestion, graph.url):
            await until(is_settled)
        assert [request.opaque_id.split(".")[1] for request in graph.requests] == [message.hex]

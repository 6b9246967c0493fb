"""Where everything takes long, sending is slow, and goes on: what is claimed is sent, and not thrown back."""

from collections.abc import AsyncIterator

import pytest

from server.core.db import Database
from server.core.ids import new_id
from server.services.dispatch import Dispatch
from tests.conftest import LIMITS, Servers, Urls
from tests.harness.proxied import proxy_of_postgres, url_through
from tests.integration.dispatch.test_the_worker import TAKEN, until, working
from tests.integration.whatsapp.local_graph import LocalGraph, says

DELAY_S = 0.04
"""Of every request to PostgreSQL. A claim makes ten."""
GRANT_TO_WIRE_S = 0.1
MESSAGES = 12


@pytest.fixture
async def slow_db(servers: Servers, urls: Urls) -> AsyncIterator[Database]:
    async with proxy_of_postgres(servers.postgres.address) as proxy:
        proxy.change("up", latency_s=DELAY_S)
        db = await Database.connect(url_through(proxy, urls.worker), LIMITS, "slow")
        yield db
        await db.close()


@pytest.mark.proves("G8", "G13")
async def test_a_claim_that_takes_longer_than_a_grant_lasts_is_sent_all_the_same(
    world, slow_db, queue, keyring, settlement, congestion, maintenance
) -> None:
    number = await world.number(throughput=1000)
    messages = [await world.message(number, await world.person(number)) for _ in range(MESSAGES)]
    times = {"grant_to_wire_s": GRANT_TO_WIRE_S, "sending_to_wire_s": 60.0}
    dispatch = Dispatch(slow_db, queue, keyring, worker_id=new_id(), **times)

    async def all_are_accepted() -> bool:
        accepted = await world.admin.fetchval(
            "SELECT count(*) FROM messages WHERE id = ANY ($1) AND accepted_at IS NOT NULL", messages
        )
        return accepted == MESSAGES

    async with LocalGraph(says(TAKEN)) as graph:
        await maintenance.sweep()
        async with working(dispatch, settlement, congestion, graph.url):
            await until(all_are_accepted)
        assert len(graph.requests) == MESSAGES
    tries = await world.admin.fetch("SELECT attempt FROM message_attempts WHERE message_id = ANY ($1)", messages)
    assert sum(row["attempt"] for row in tries) < 3 * MESSAGES  # few were late, even on a machine that is busy

"""Without Valkey messages still go, each worker at its static share of every number's rate."""

import asyncio

import pytest

from server.core import valkey as core_valkey
from server.core.ids import new_id
from server.queue.outbound import OutboundQueue, Ring
from server.services.budgets import Budgets, StaticShare
from server.services.dispatch import Dispatch
from server.services.maintenance import Heartbeat


@pytest.fixture
async def nowhere():
    """A queue whose server is away."""
    client = core_valkey.connect("redis://127.0.0.1:1", timeout_s=0.2)
    yield OutboundQueue(client)
    await client.aclose()


@pytest.fixture
async def quiet_outbox(admin) -> None:
    """Other tests' leftovers would be claimed here too: without Valkey every number is asked."""
    await admin.execute("DELETE FROM outbox")
    await admin.execute("DELETE FROM worker_heartbeats")


@pytest.mark.proves("G11", "C18")
async def test_messages_go_without_valkey(world, worker_db, keyring, nowhere, quiet_outbox) -> None:
    number = await world.number()
    messages = {await world.message(number, await world.person(number)) for _ in range(5)}
    dispatch = Dispatch(worker_db, nowhere, keyring, worker_id=new_id(), grant_to_wire_s=5.0)
    gone = set()
    async with asyncio.timeout(20):
        while gone != messages:
            claim = await dispatch.claim(room=100)
            gone |= {departure.key.message_id for departure in claim.departures}
            await dispatch.give_back(claim.returns)
            await asyncio.sleep(claim.next_in_s or 0.01)
    await dispatch.close()


@pytest.mark.proves("G11", "G13")
async def test_the_share_shrinks_with_the_number_of_workers(world, worker_db, quiet_outbox) -> None:
    number = await world.number(throughput=1000)
    await world.message(number, await world.person(number))

    async def granted_in_one_burst() -> int:
        share = StaticShare(worker_db)
        share.start()
        await share.lease(messages=10_000)  # a new limiter is empty
        await asyncio.sleep(0.2)  # more than a burst's time, so that it is full
        return sum(grant.messages for grant in (await share.lease(messages=10_000)).grants)

    alone = await granted_in_one_burst()
    for _ in range(4):
        await Heartbeat(worker_db, worker_id=new_id(), role="outbound").beat("running")
    among_four = await granted_in_one_burst()
    assert among_four <= alone / 4 + 1
    assert among_four >= 1


@pytest.mark.proves("G13")
async def test_a_pair_gets_one_message_an_interval_and_borrows_nothing(worker_db) -> None:
    share = StaticShare(worker_db)
    pair = (new_id(), new_id())
    assert share.take_pairs([pair]) == [0.0]
    [wait] = share.take_pairs([pair])
    assert 5 < wait <= 6


async def test_a_pair_is_asked_again_soon_since_valkey_may_be_back_by_then(worker_db) -> None:
    share = StaticShare(worker_db)
    share._workers = 8
    pair = (new_id(), new_id())
    assert share.take_pairs([pair]) == [0.0]
    for _ in range(2):
        [wait] = share.take_pairs([pair])
        assert 5 < wait <= 6  # not its whole turn among eight: the shared budgets would let it go long before


@pytest.mark.proves("G11", "C4")
async def test_the_shared_budgets_come_back_with_valkey(servers, valkey, worker_db) -> None:
    client = core_valkey.connect(servers.valkey.url)
    await OutboundQueue(client).ring([Ring(new_id(), 1.0)])
    await client.config_set("maxmemory", "1")  # a full server refuses writes, as one that is read-only does
    queue = OutboundQueue(client)
    budgets = Budgets(queue, worker_db)
    try:
        await budgets.lease(numbers=1, messages=1)
        assert budgets._probe is not None
    finally:
        await client.config_set("maxmemory", "256mb")
    async with asyncio.timeout(20):
        while budgets._probe is not None:
            await asyncio.sleep(0.05)
    assert await queue.answers()
    await client.aclose()

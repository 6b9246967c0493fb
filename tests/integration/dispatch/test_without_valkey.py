"""Without Valkey messages still go, and all workers together stay within Meta's limits: PostgreSQL knows every try."""

import asyncio
from collections.abc import Callable
from datetime import timedelta
from uuid import UUID

import pytest

from server.core import valkey as core_valkey
from server.core.ids import new_id
from server.domain import budget
from server.queue import keys
from server.queue.outbound import LEAVE, OutboundQueue, Ring, Spending
from server.repositories import dispatch as rows
from server.services.budgets import Budgets, Poll
from server.services.dispatch import Departure, Dispatch
from server.services.settlement import Result
from server.whatsapp.errors import Accepted, Ambiguous, Late, NotSent, Outcome, Rejected
from server.whatsapp.graph import GraphError
from server.whatsapp.outbound import Tried
from tests.conftest import PATIENCE_S

DEADLINE_S = 40


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


@pytest.fixture
async def alone(worker_db, keyring, nowhere, quiet_outbox):
    """Makes workers that have no Valkey."""
    made: list[Dispatch] = []

    def make() -> Dispatch:
        made.append(
            Dispatch(worker_db, nowhere, keyring, worker_id=new_id(), grant_to_wire_s=60.0, sending_to_wire_s=60.0)
        )
        return made[-1]

    yield make
    for dispatch in made:
        await dispatch.close()


async def work(dispatch: Dispatch, gone: list[Departure], enough: Callable[[], bool]) -> None:
    """Claims as a worker does, until it is enough."""
    while not enough():
        claim = await dispatch.claim(room=100)
        gone += claim.departures
        await asyncio.sleep(claim.next_in_s or 0.01)


@pytest.mark.proves("G11", "C18")
async def test_messages_go_without_valkey(world, alone) -> None:
    number = await world.number()
    messages = {await world.message(number, await world.person(number)) for _ in range(5)}
    gone: list[Departure] = []
    async with asyncio.timeout(DEADLINE_S):
        await work(alone(), gone, lambda: len(gone) == len(messages))
    assert {departure.key.message_id for departure in gone} == messages


@pytest.mark.proves("G11", "G13")
async def test_workers_that_start_one_after_the_other_stay_within_metas_rate_together(world, alone) -> None:
    throughput, count = 30, 80
    number = await world.number(throughput=throughput)
    for _ in range(count):
        await world.message(number, await world.person(number))
    gone: list[Departure] = []

    async def start(place: int) -> None:
        await asyncio.sleep(place * 0.17)  # the moment when a worker starts is the test's choice
        await work(alone(), gone, lambda: len(gone) >= count)

    async with asyncio.timeout(DEADLINE_S), asyncio.TaskGroup() as workers:
        for place in range(6):
            workers.create_task(start(place))
    began = sorted(departure.started_at for departure in gone)
    assert len({departure.key.message_id for departure in gone}) == count
    window = timedelta(seconds=budget.COUNTED_S)  # within it what began can reach Meta in one second
    fullest = max(sum(at <= later < at + window for later in began) for at in began)
    assert fullest <= throughput


@pytest.mark.proves("G13")
async def test_what_may_have_been_written_lately_is_counted_by_every_worker(
    world, worker_db, make_dispatch, settlement, claim_all, valkey
) -> None:
    """With Valkey or without, on the wire or with a result."""
    number, other = await world.number(), await world.number()
    outcomes = [None, Accepted("wamid.count"), Ambiguous("reset"), Rejected(GraphError(100)), Late("x"), NotSent("x")]
    for _ in outcomes:
        await world.message(number, await world.person(number))
    departures = await claim_all(make_dispatch(), number, count=len(outcomes))
    for departure, outcome in zip(departures, outcomes, strict=True):
        if outcome is not None:
            await settlement.settle([Result(departure.key, number, departure.started_at, Tried(outcome))])

    async def counted(lately_s: float, just_now_s: float) -> dict[UUID, tuple[int, int]]:
        async with worker_db.hot() as connection:
            return await rows.recent_tries(connection, [number, other], lately_s=lately_s, just_now_s=just_now_s)

    assert await counted(3600, 1800) == {number: (4, 4), other: (0, 0)}
    await world.admin.execute("UPDATE outbox SET state_since = now() - interval '45 min' WHERE state = 'sending'")
    assert await counted(3600, 1800) == {number: (4, 3), other: (0, 0)}
    assert await counted(0, 0) == {number: (0, 0), other: (0, 0)}


@pytest.fixture
def once(world, alone, settlement):
    """Lets a new worker claim one message of a number, and come to an outcome."""

    async def go(number: UUID, outcome: Outcome) -> UUID:
        gone: list[Departure] = []
        async with asyncio.timeout(DEADLINE_S):
            await work(alone(), gone, lambda: bool(gone))
        [departure] = gone
        await settlement.settle([Result(departure.key, number, departure.started_at, Tried(outcome))])
        return departure.key.message_id

    return go


@pytest.mark.proves("G11", "G13")
@pytest.mark.parametrize("outcome", ["accepted", "ambiguous", "rejected", "throttled"])
async def test_a_pair_waits_until_its_burst_is_paid_whichever_worker_comes(world, alone, once, outcome) -> None:
    number = await world.number()
    person = await world.person(number)
    await world.tried(number, person, 4, ago="10 s", outcome=outcome)
    message = await world.message(number, person)
    for worker in (alone(), alone()):
        await world.admin.execute("UPDATE outbox SET due_at = now(), wait_reason = NULL")
        async with asyncio.timeout(DEADLINE_S):
            while (row := await world.row(message))["wait_reason"] is None:
                assert (await worker.claim(room=10)).departures == ()
        assert row["wait_reason"] == "pair_rate"
        assert await world.admin.fetchval("SELECT $1 - now() BETWEEN '0 s' AND '14.5 s'", row["due_at"])
    await world.admin.execute("UPDATE message_attempts SET started_at = started_at - interval '15 s'")
    await world.admin.execute("UPDATE outbox SET due_at = now()")
    assert await once(number, Accepted("wamid.pair")) == message


@pytest.mark.parametrize("outcome", [Late("late"), NotSent("refused")])
async def test_what_was_not_written_makes_its_pair_wait_for_nothing(world, once, outcome) -> None:
    number = await world.number()
    message = await world.message(number, await world.person(number))
    for _ in range(3):
        assert await once(number, outcome) == message
        row = await world.row(message)
        assert row["wait_reason"] != "pair_rate"
        await world.admin.execute("UPDATE outbox SET due_at = now() WHERE message_id = $1", message)


@pytest.mark.proves("G11", "G13", "C4")
async def test_tries_are_counted_until_every_worker_has_noticed_that_valkey_is_back(
    world, servers, valkey, worker_db
) -> None:
    client = core_valkey.connect(servers.valkey.url, timeout_s=PATIENCE_S)
    queue = OutboundQueue(client)
    assert await queue.ring([Ring(new_id(), 1.0)])
    await client.config_set("maxmemory", "1")  # a full server refuses writes, as one that is read-only does
    budgets = Budgets(queue, worker_db)
    number = await world.number(throughput=10)
    for _ in range(9):
        await world.message(number, await world.person(number))
    await world.admin.execute("UPDATE outbox SET state = 'sending' WHERE phone_number_id = $1", number)

    async def allowed() -> int:
        await world.admin.execute("UPDATE outbox SET state_since = now() WHERE phone_number_id = $1", number)
        async with worker_db.hot() as connection:
            return (await budgets.allowed(connection, {number: 5}, {number: 10}))[number]

    assert await allowed() == 5
    try:
        await budgets.lease(numbers=1, messages=1)
        assert await allowed() == 0
    finally:
        await client.config_set("maxmemory", "256mb")
    async with asyncio.timeout(DEADLINE_S):
        while budgets._probe is not None:
            await asyncio.sleep(0.05)
    assert await queue.answers()
    assert await allowed() == 0  # what others still send without Valkey
    budgets._counts_until = 0.0
    assert await allowed() == 5
    await client.aclose()


@pytest.mark.proves("G13")
async def test_valkey_hears_nothing_of_turns_that_it_has_not_given(world, valkey, queue, worker_db, alone) -> None:
    number = await world.number(throughput=10)
    await world.message(number, await world.person(number))
    async with asyncio.timeout(DEADLINE_S):
        while not (lease := await Poll(worker_db).lease(numbers=10, messages=10)).grants:
            await asyncio.sleep(0.05)
    await queue.ring([Ring(number, 10.0)])
    await queue.lease(numbers=1, messages=1)  # the limiter is empty now
    before = await valkey.hgetall(keys.OUTBOUND_ARRIVALS)
    ends = [Spending(grant, grant.messages, LEAVE) for grant in lease.grants]
    leaves = await Budgets(queue, worker_db).spend(ends)
    assert [(leave.messages, leave.spent_at) for leave in leaves] == [(end.messages, None) for end in ends]
    assert await valkey.hgetall(keys.OUTBOUND_ARRIVALS) == before
    assert await valkey.zcard(keys.OUTBOUND) == 1

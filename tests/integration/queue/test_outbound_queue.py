"""The verbs of queue:outbound against a real Valkey, on its own clock."""

import asyncio
import time
from uuid import UUID, uuid4

import pytest

from server.core import valkey as core_valkey
from server.domain import pair_rate
from server.domain.pair_rate import Debt
from server.queue import keys
from server.queue.outbound import KEEP_TURN, LEAVE, TURN_S, OutboundQueue, Ring, Spending

FAST = 1000.0
SLOW = 0.5
"""A message in two seconds: no test is so slow that a second one would be due by itself."""


@pytest.fixture
def queue(valkey) -> OutboundQueue:
    return OutboundQueue(valkey)


async def lease_until_granted(queue: OutboundQueue, *, messages: int = 1000):
    """A new limiter starts empty, so the first turns grant nothing."""
    async with asyncio.timeout(10):
        while not (lease := await queue.lease(numbers=10, messages=messages)).grants:
            await asyncio.sleep(lease.next_in_s or 0.001)
    return lease


async def test_a_rung_number_is_granted_one_burst_and_goes_to_the_back(queue: OutboundQueue) -> None:
    number = uuid4()
    assert await queue.ring([Ring(number, FAST)])
    lease = await lease_until_granted(queue)
    [grant] = lease.grants
    assert grant.number_id == number
    assert 1 <= grant.messages <= 50  # 50 ms of 1,000 a second
    assert lease.next_in_s is not None
    assert lease.next_in_s <= TURN_S


@pytest.mark.proves("G13", "C21")
async def test_the_first_turn_after_the_limiter_was_lost_grants_nothing(queue: OutboundQueue, valkey) -> None:
    number = uuid4()
    await queue.ring([Ring(number, FAST)])
    await lease_until_granted(queue)
    await valkey.flushall()
    await queue.ring([Ring(number, FAST)])
    assert (await queue.lease(numbers=10, messages=1000)).grants == ()


@pytest.mark.proves("G13")
async def test_spendings_over_time_never_exceed_rate_and_one_burst(queue: OutboundQueue) -> None:
    number, rate = uuid4(), 400.0
    await queue.ring([Ring(number, rate)])
    began, spent = time.monotonic(), 0
    while time.monotonic() - began < 1.0:
        lease = await queue.lease(numbers=10, messages=1000)
        for _ in range(2):  # the second time its turn is over, but not its budget
            spent += sum(await queue.spend([Spending(grant, 15, KEEP_TURN) for grant in lease.grants]))
        await asyncio.sleep(0.003)
    elapsed = time.monotonic() - began
    assert 0 < spent <= rate * (elapsed + 0.05) + 1


@pytest.mark.proves("G13")
async def test_nobody_else_has_a_number_during_its_turn_whoever_rings(queue: OutboundQueue) -> None:
    number = uuid4()
    await queue.ring([Ring(number, FAST)])
    [grant] = (await lease_until_granted(queue)).grants
    await queue.ring([Ring(number, FAST)])
    assert (await queue.lease(numbers=10, messages=1000)).grants == ()
    assert await queue.spend([Spending(grant, 1, LEAVE)]) == [1]
    assert (await lease_until_granted(queue)).grants[0].number_id == number


@pytest.mark.proves("G11", "G13")
async def test_a_turn_that_takes_too_long_is_over(queue: OutboundQueue) -> None:
    """Its worker may have died. Should it come back, it takes its successor's turn from nobody, and no budget twice."""
    number = uuid4()
    await queue.ring([Ring(number, 1.0)])
    [stale] = (await lease_until_granted(queue)).grants
    began = time.monotonic()
    [grant] = (await lease_until_granted(queue)).grants
    assert time.monotonic() - began > 0.9 * TURN_S
    assert await queue.spend([Spending(stale, 1, LEAVE)]) == [1]
    await queue.ring([Ring(number, 1.0)])
    assert (await queue.lease(numbers=10, messages=10)).grants == ()
    assert await queue.spend([Spending(grant, 1, LEAVE)]) == [0]


async def test_a_slow_number_still_gets_one_message(queue: OutboundQueue) -> None:
    await queue.ring([Ring(uuid4(), 4.0)])
    lease = await lease_until_granted(queue)
    assert lease.grants[0].messages == 1


async def test_a_number_leaves_only_if_it_was_not_rung_since_its_lease(queue: OutboundQueue, valkey) -> None:
    number = uuid4()
    await queue.ring([Ring(number, FAST)])
    [grant] = (await lease_until_granted(queue)).grants
    await queue.ring([Ring(number, FAST)])
    await queue.spend([Spending(grant, 0, LEAVE)])
    assert await valkey.zcard(keys.OUTBOUND) == 1  # the ring was not lost
    [grant] = (await lease_until_granted(queue)).grants
    await queue.spend([Spending(grant, 0, LEAVE)])
    assert await valkey.zcard(keys.OUTBOUND) == 0
    assert (await queue.lease(numbers=10, messages=10)).next_in_s is None


async def test_budget_that_is_not_spent_stays(queue: OutboundQueue) -> None:
    number = uuid4()
    await queue.ring([Ring(number, SLOW)])
    [grant] = (await lease_until_granted(queue)).grants
    await queue.ring([Ring(number, SLOW)])
    assert await queue.spend([Spending(grant, 0, KEEP_TURN)]) == [0]
    await queue.ring([Ring(number, SLOW)])
    assert (await queue.lease(numbers=10, messages=10)).grants[0].number_id == number


async def test_the_worker_takes_no_more_than_it_has_room_for(queue: OutboundQueue) -> None:
    await queue.ring([Ring(uuid4(), FAST) for _ in range(5)])
    await asyncio.sleep(0)
    lease = await lease_until_granted(queue, messages=3)
    assert sum(grant.messages for grant in lease.grants) <= 3


async def test_a_later_ring_does_not_delay_an_earlier_one(queue: OutboundQueue, valkey) -> None:
    number = uuid4()
    await queue.ring([Ring(number, FAST)])
    first = await valkey.zscore(keys.OUTBOUND, number.bytes)
    await queue.ring([Ring(number, FAST, in_ms=60_000)])
    assert await valkey.zscore(keys.OUTBOUND, number.bytes) == first


@pytest.mark.proves("G13")
async def test_a_pair_may_borrow_45_messages_and_then_waits_until_they_are_paid(queue: OutboundQueue) -> None:
    pair, another = (uuid4(), uuid4()), (uuid4(), uuid4())
    await begin(queue)
    waits = await queue.take_pairs([pair], [None])
    waits += [(await queue.take_pairs([pair]))[0] for _ in range(45)]
    assert waits[:45] == [0.0] * 45
    [still] = await queue.take_pairs([pair])
    assert waits[45] is not None
    assert still is not None
    assert 260 < still <= waits[45] <= 45 * 6.5
    assert await queue.take_pairs([another], [None]) == [0.0]


@pytest.mark.proves("G13")
@pytest.mark.parametrize(
    "debt",
    [
        None,
        Debt(-1.0, 5.0),
        Debt(-5.0, 60.0),
        Debt(-5.6, 60.0),
        Debt(-5.6, 0.4),
        Debt(-6.2, -0.2),
        Debt(-9.0, -0.6),
        Debt(-1.0, 263.0),
        Debt(-1.0, 265.0),
        Debt(-300.0, -30.0),
        Debt(-30.0, 240.0),
    ],
)
async def test_the_script_decides_as_the_pure_rule(queue: OutboundQueue, debt: Debt | None) -> None:
    pair = (uuid4(), uuid4())
    await begin(queue)
    assert await queue.take_pairs([pair], [debt]) == [pytest.approx(pair_rate.wait(debt, 0.0), abs=0.01)]
    if pair_rate.wait(debt, 0.0) == 0:
        after = pair_rate.charged(debt, 0.0)
        [wait] = await queue.take_pairs([pair])
        assert wait is not None
        assert (wait == 0) == (pair_rate.wait(after, 0.1) == 0)


@pytest.mark.proves("G11", "G13")
@pytest.mark.parametrize("loss", ["flush", "outage"])
async def test_what_a_pair_owes_is_asked_for_after_a_loss_and_after_an_outage(
    queue: OutboundQueue, valkey, loss: str
) -> None:
    pair = (uuid4(), uuid4())
    await begin(queue)
    assert await queue.take_pairs([pair], [None]) == [0.0]
    assert await queue.take_pairs([pair]) == [0.0]
    await (valkey.flushall() if loss == "flush" else queue.answers())
    await begin(queue)
    for _ in range(3):
        assert await queue.take_pairs([pair]) == [None]
    assert await queue.take_pairs([pair], [Debt(-10.0, 50.0)]) == [pytest.approx(50.5, abs=0.01)]
    assert await queue.take_pairs([pair]) == [None]
    assert await queue.take_pairs([pair], [Debt(-1.0, 50.0)]) == [0.0]
    [wait] = await queue.take_pairs([pair])
    assert wait == 0


async def begin(queue: OutboundQueue) -> None:
    """From now on it knows what is sent; pairs are dated to the millisecond."""
    await queue.take_pairs([(uuid4(), uuid4())])
    await asyncio.sleep(0.005)


async def test_an_absent_valkey_is_told_not_raised() -> None:
    away = core_valkey.connect("redis://127.0.0.1:1", timeout_s=0.2)
    assert await OutboundQueue(away).ring([Ring(UUID(int=1), 1.0)]) is False
    await away.aclose()

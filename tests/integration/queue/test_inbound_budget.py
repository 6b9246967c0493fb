"""What people write is paid for by their number's budget: a little more than came, and never for long."""

from uuid import UUID, uuid4

import pytest

from server.domain.budget import FOR_INBOUND, INBOUND_WAIT_S
from server.queue import keys
from server.queue.outbound import OutboundQueue, Ring

RATE = 20.0
PAID_S = FOR_INBOUND / RATE


@pytest.fixture
def queue(valkey) -> OutboundQueue:
    return OutboundQueue(valkey)


async def owes_s(valkey, number: UUID) -> float:
    """How far its limiter is ahead of the clock."""
    seconds, micros = await valkey.time()
    return int(await valkey.hget(keys.OUTBOUND_ARRIVALS, number.bytes)) / 1e6 - seconds - micros / 1e6


async def set_owed(valkey, number: UUID, owed_s: float) -> None:
    seconds, micros = await valkey.time()
    await valkey.hset(keys.OUTBOUND_ARRIVALS, number.bytes, int((seconds + micros / 1e6 + owed_s) * 1e6))


@pytest.mark.proves("G13")
async def test_each_message_costs_its_number_a_little_more_than_one_and_nobody_else_anything(queue, valkey) -> None:
    number, other = uuid4(), uuid4()
    await queue.ring([Ring(number, RATE), Ring(other, RATE)])
    for one in (number, other):
        await set_owed(valkey, one, 0.2)
    before = int(await valkey.hget(keys.OUTBOUND_ARRIVALS, number.bytes))
    untouched = await valkey.hget(keys.OUTBOUND_ARRIVALS, other.bytes)
    await queue.came_in({number: 3})
    after = int(await valkey.hget(keys.OUTBOUND_ARRIVALS, number.bytes))
    assert (after - before) / 1e6 == pytest.approx(3 * PAID_S, abs=1e-5)
    assert await valkey.hget(keys.OUTBOUND_ARRIVALS, other.bytes) == untouched


async def test_however_much_comes_the_number_sends_again_soon(queue, valkey) -> None:
    number = uuid4()
    await queue.ring([Ring(number, RATE)])
    await set_owed(valkey, number, 0.0)
    for _ in range(2):
        await queue.came_in({number: 10_000})
        assert await owes_s(valkey, number) <= INBOUND_WAIT_S
    await set_owed(valkey, number, 3.0)  # of messages that were sent: that stays
    await queue.came_in({number: 10_000})
    assert await owes_s(valkey, number) == pytest.approx(3.0, abs=1.0)


async def test_a_number_that_never_sends_takes_no_room(queue, valkey) -> None:
    await queue.came_in({uuid4(): 5})
    assert await valkey.keys() == []


async def test_nothing_came_in(queue, valkey) -> None:
    await queue.came_in({})
    assert await valkey.keys() == []

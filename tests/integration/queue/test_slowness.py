"""What Meta's refusals teach: the script that all workers share, held against a model of it."""

import asyncio
from dataclasses import dataclass
from uuid import UUID, uuid4

import pytest
from hypothesis import given
from hypothesis import strategies as st

from server.domain.budget import RECOVERY_S, SMALLEST_SHARE
from server.queue import keys
from server.queue.outbound import KEEP_TURN, OutboundQueue, Refusal, Ring, Spending

RATE = 20.0


@dataclass
class Slowness:
    """The model: seconds of one clock."""

    share: float = 1.0
    halved_at: float = float("-inf")
    until: float = float("-inf")

    def share_at(self, at: float) -> float:
        begin = max(self.halved_at, self.until)
        return min(1.0, self.share + max(0.0, at - begin) / RECOVERY_S)

    def refuse(self, at: float, rest_s: float, spent_at: float) -> None:
        if spent_at > self.halved_at:
            self.share, self.halved_at = max(SMALLEST_SHARE, self.share_at(at) / 2), at
        self.until = max(self.until, at + rest_s)


refusals = st.lists(st.tuples(st.floats(0, 60), st.floats(0, 90), st.floats(0, 30)), min_size=1, max_size=60).map(
    lambda steps: sorted(steps)
)


@pytest.mark.proves("G14")
@given(refusals)
def test_however_often_it_is_refused_a_number_is_back_120_seconds_after_the_limit_lifts(
    steps: list[tuple[float, float, float]],
) -> None:
    known = Slowness()
    for at, _, age_s in steps:
        before = known.share_at(at)
        known.refuse(at, 1.0, at - age_s)
        assert SMALLEST_SHARE <= known.share_at(at) <= before
    assert known.share_at(steps[-1][0] + 120) >= 0.9


@pytest.fixture
def queue(valkey) -> OutboundQueue:
    return OutboundQueue(valkey)


async def share_of(valkey, number: UUID) -> float:
    return float((await valkey.hget(keys.OUTBOUND_SLOWNESS, number.bytes)).split()[0])


async def granted(queue: OutboundQueue, number: UUID, *, within_s: float) -> int:
    """How many messages it may send within a time, asked all the time."""
    found, loop = 0, asyncio.get_running_loop()
    end = loop.time() + within_s
    while loop.time() < end:
        lease = await queue.lease(numbers=10, messages=1000)
        spent = await queue.spend([Spending(grant, grant.messages, KEEP_TURN) for grant in lease.grants])
        found += sum(left for grant, left in zip(lease.grants, spent, strict=True) if grant.number_id == number)
        await asyncio.sleep(0.005)
    return found


@pytest.mark.proves("G14")
async def test_one_episode_halves_once_and_a_new_one_again(queue, valkey) -> None:
    number = uuid4()
    assert await queue.slow_down([Refusal(number, 0.0, 0.2)]) == {number}
    assert await queue.slow_down([Refusal(number, 0.0, 0.2)]) == set()  # of the same burst
    assert 0.49 < await share_of(valkey, number) < 0.51
    await asyncio.sleep(0.02)
    assert await queue.slow_down([Refusal(number, 0.0, 0.0)]) == {number}
    assert 0.24 < await share_of(valkey, number) < 0.26
    for _ in range(12):
        await asyncio.sleep(0.002)
        await queue.slow_down([Refusal(number, 0.0, 0.0)])
    assert await share_of(valkey, number) == pytest.approx(SMALLEST_SHARE, abs=0.001)


@pytest.mark.proves("G14")
async def test_a_number_rests_as_long_as_told_and_others_do_not(queue) -> None:
    number, other = uuid4(), uuid4()
    await queue.slow_down([Refusal(number, 30.0)])
    await queue.ring([Ring(number, RATE), Ring(other, RATE)])
    for _ in range(3):
        await queue.ring([Ring(number, RATE)])
        assert await granted(queue, number, within_s=0.1) == 0
    async with asyncio.timeout(10):
        while not await granted(queue, other, within_s=0.05):
            await queue.ring([Ring(other, RATE)])


@pytest.mark.proves("G14")
@pytest.mark.parametrize(
    ("share", "halved_s_ago", "least", "most"),
    [(0.25, 0, 0.24, 0.3), (0.25, 50, 0.74, 0.8), (SMALLEST_SHARE, 120, 1, 1)],
)
async def test_a_share_grows_back_with_time(queue, valkey, share, halved_s_ago, least, most) -> None:
    """Seen in the time of its next turn: the interval of one message is longer than the burst."""
    number = uuid4()
    await queue.ring([Ring(number, RATE)])
    await queue.lease(numbers=1, messages=1)  # the limiter is empty now
    seconds, micros = await valkey.time()
    now_us = seconds * 1_000_000 + micros
    await valkey.hset(keys.OUTBOUND_SLOWNESS, number.bytes, f"{share} {now_us - int(halved_s_ago * 1e6)} 0")
    await valkey.hset(keys.OUTBOUND_ARRIVALS, number.bytes, 0)
    await queue.ring([Ring(number, RATE)])
    [grant] = (await queue.lease(numbers=1, messages=1)).grants
    assert await queue.spend([Spending(grant, 1, KEEP_TURN)]) == [1]
    seconds, micros = await valkey.time()
    took_s = seconds + micros / 1_000_000 - now_us / 1_000_000
    charged_s = (int(await valkey.hget(keys.OUTBOUND_ARRIVALS, number.bytes)) - now_us) / 1_000_000
    assert 1 / RATE / most - 0.001 <= charged_s <= 1 / RATE / least + took_s
    assert await valkey.hexists(keys.OUTBOUND_SLOWNESS, number.bytes) is (most < 1)


@pytest.mark.proves("G11", "G14")
async def test_losing_what_was_learnt_adds_no_burst(queue, valkey) -> None:
    number = uuid4()
    await queue.slow_down([Refusal(number, 60.0, 0.0)])
    await valkey.flushall()
    await queue.ring([Ring(number, RATE)])
    assert (await queue.lease(numbers=1, messages=100)).grants == ()

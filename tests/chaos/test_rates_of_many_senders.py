"""No sliding second of a number has more messages than Meta allows, however many senders there are, whatever their
clocks say, and whatever happens to the limiter meanwhile. Meta's ledger judges.
"""

import os
from collections.abc import AsyncIterator, Sequence
from contextlib import AsyncExitStack
from functools import partial

import pytest

from server.core import valkey as core_valkey
from server.queue import keys
from tests.chaos.harness.crowd import Crowd
from tests.chaos.harness.scene import World, set_scene
from tests.harness.waiting import until

NUMBERS = 4
MPS = 20
LOW_MPS, INBOUND_MPS = 10, 5
"""Together above what Meta allows, if nobody minded what people write."""
SECONDS = 4.0
LONG_SECONDS = 60.0
SKEWS_S = (-60, -37, -11, -1, 1, 13, 41, 60)
FEW_SKEWS_S = (-60, 0, 60)
AT_METAS_PACE = {"grant_to_wire_ms": 100, "rescue_margin_s": 5, "send_timeout_s": 10}
"""As shipped; a stopped sender is no matter here."""


@pytest.fixture
async def crowd(world: World, seed: int) -> AsyncIterator[Crowd]:
    """Four numbers that nobody sends for yet."""
    await world.product.heal()
    await world.product.stop("outbound")
    await world.meta.settle(closed_window="allow")
    async with AsyncExitStack() as stack:
        scenes = [await stack.enter_async_context(set_scene(world, seed, people=1)) for _ in range(NUMBERS)]
        yield Crowd(scenes, MPS)
    await world.meta.settle()


async def senders(world: World, skews_s: Sequence[int]) -> None:
    """One a clock. The maintenance worker rings the numbers."""
    for place, skew_s in enumerate(skews_s):
        await world.product.run(f"outbound {place + 2}", mutant=f"clock:{skew_s}", **AT_METAS_PACE)


async def everybody_wrote(crowd: Crowd) -> bool:
    """To each number more than once."""
    query = "SELECT count(*) FROM messages WHERE phone_number_id = $1 AND direction = 'inbound'"
    rows = crowd.scenes[0].world.rows
    return min([await rows.fetchval(query, scene.number.id) for scene in crowd.scenes]) > 1


async def is_busy(crowd: Crowd, waiting: int) -> None:
    """Waits until some of it has left."""

    async def some_have_left() -> bool:
        return await crowd.waiting() < max(waiting, 1)

    await until(some_have_left, "messages leave", patience_s=10 * LONG_SECONDS)


async def lose_limiter(world: World, how: str) -> None:
    client = core_valkey.connect(world.settings.valkey_url.get_secret_value(), timeout_s=30)
    if how == "flush":
        await client.flushall()
    else:
        await client.delete(keys.OUTBOUND_ARRIVALS, keys.OUTBOUND_TURNS, keys.PAIRS_SINCE)
    await client.aclose()


@pytest.mark.proves("G13", "C20")
async def test_senders_whose_clocks_differ_by_two_minutes_stay_within_the_rate_together(
    world: World, crowd: Crowd
) -> None:
    await crowd.fill(SECONDS)
    await senders(world, FEW_SKEWS_S)
    await crowd.has_left()
    assert await crowd.over_rate() == {}
    assert await crowd.sent_twice() == []


@pytest.mark.proves("G13", "C20")
async def test_what_people_write_all_the_while_leaves_less_to_send(world: World, crowd: Crowd) -> None:
    await world.meta.lead_webhooks_to(f"{world.product.url}/webhooks/whatsapp")
    crowd.mps = LOW_MPS
    await crowd.fill(SECONDS / 2)
    async with crowd.people_write(INBOUND_MPS):
        await until(partial(everybody_wrote, crowd), "what people write is known", patience_s=60)
        await senders(world, FEW_SKEWS_S)
        await crowd.has_left()
    assert await crowd.over_rate(with_inbound=True) == {}
    assert await crowd.sent_twice() == []


@pytest.mark.proves("G11", "G13", "C21")
async def test_losing_the_limiter_again_and_again_adds_no_burst(world: World, crowd: Crowd) -> None:
    await crowd.fill(SECONDS)
    await senders(world, FEW_SKEWS_S)
    for how in ("flush", "delete", "flush", "delete", "flush"):
        await is_busy(crowd, await crowd.waiting())
        await lose_limiter(world, how)
    await crowd.has_left()
    assert await crowd.over_rate() == {}
    assert await crowd.sent_twice() == []


@pytest.mark.long
@pytest.mark.proves("G11", "G13", "C20", "C21")
async def test_eight_senders_stay_within_the_rate_for_a_minute_whatever_the_limiter_loses(
    world: World, crowd: Crowd
) -> None:
    crowd.mps = int(os.environ.get("TREEEX_CHAOS_MPS", "20"))
    await crowd.fill(LONG_SECONDS)
    whole = await crowd.waiting()
    await senders(world, SKEWS_S)
    for place in range(5):
        await is_busy(crowd, whole * (8 - place) // 16)  # in its second half
        await lose_limiter(world, "flush")
    await crowd.has_left(patience_s=20 * LONG_SECONDS)
    assert await crowd.over_rate() == {}
    assert await crowd.sent_twice() == []


@pytest.mark.proves("G13")
async def test_a_limiter_that_grants_a_whole_second_at_once_is_found_out(world: World, crowd: Crowd) -> None:
    await crowd.fill(SECONDS)
    await world.product.run("outbound 2", mutant="burst-equals-rate", **AT_METAS_PACE)
    await crowd.has_left()
    assert await crowd.over_rate() != {}

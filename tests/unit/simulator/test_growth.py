"""Limits that grow with use, with a clock moved by hand."""

import pytest

from simulator.clock import ManualClock
from simulator.limits.people import PeopleReached
from simulator.settings import Settings
from simulator.state import Number, Portfolio, Waba
from simulator.tiers import LIMIT_OF_TIER, next_tier
from simulator.world import World

START = 1_800_000_000.0


@pytest.fixture
async def world() -> World:
    world = World.create(clock=ManualClock(START))
    world.store.put(Portfolio("9", messaging_limit="TIER_250"))
    world.store.put(Waba("2", "Business", "9"))
    world.store.put(Number("3", "2", "+1 555 010 0000", "Business", throughput_mps=500))
    yield world
    await world.close()


def reach(world: World, count: int) -> None:
    number = world.store.numbers["3"]
    for n in range(count):
        assert world.limits.admit(number, f"1202555{n:04d}", world.clock.now(), outside_window=True).refused_by is None
        world.growth.notice(number)


def wait(world: World, seconds: float) -> None:
    world.clock.move_to(world.clock.now() + seconds)
    world.scheduler.run_due()


def limit(world: World) -> str:
    return world.store.portfolios["9"].messaging_limit


async def test_half_of_the_limit_lets_it_grow_after_six_hours(world):
    reach(world, 124)
    assert world.store.portfolios["9"].grows_at is None
    reach(world, 125)
    assert len(world.scheduler) == 0  # the world is quiet meanwhile
    wait(world, 6 * 3600 - 1)
    assert limit(world) == "TIER_250"
    wait(world, 1)
    assert limit(world) == "TIER_2K"
    assert world.store.portfolios["9"].grows_at is None


async def test_a_red_number_lets_nothing_grow(world):
    world.store.put(Number("3", "2", "+1 555 010 0000", "Business", throughput_mps=500, quality_rating="RED"))
    reach(world, 250)
    wait(world, 86_000)
    assert limit(world) == "TIER_250"


async def test_growth_can_be_switched_off(world):
    world.store.settle(Settings(limits_grow=False))
    reach(world, 250)
    wait(world, 86_000)
    assert limit(world) == "TIER_250"


async def test_an_upgrade_is_a_minute_of_maintenance(world):
    number = world.store.numbers["3"]
    world.growth.upgrade(number)
    assert world.store.numbers["3"].upgrade_until == START + 60
    wait(world, 59)
    assert world.store.numbers["3"].throughput_mps == 500
    wait(world, 1)
    assert (world.store.numbers["3"].throughput_mps, world.store.numbers["3"].upgrade_until) == (1000, None)


async def test_100000_people_of_an_unlimited_portfolio_upgrade_the_number(world):
    world.store.put(Portfolio("9", messaging_limit="TIER_UNLIMITED"))
    people = world.limits._people["9"] = PeopleReached()
    for n in range(99_999):
        people.take(str(n), START)
    number = world.store.numbers["3"]
    world.growth.notice(number)
    assert world.store.numbers["3"].upgrade_until is None
    people.take("one more", START)
    world.growth.notice(number)
    assert world.store.numbers["3"].upgrade_until == START + 60


async def test_what_is_under_way_goes_on_after_a_restart(world):
    world.store.put(Portfolio("9", messaging_limit="TIER_2K", grows_at=START + 100))
    world.store.put(Number("3", "2", "+1 555 010 0000", "Business", upgrade_until=START + 30))
    world.start()
    wait(world, 30)
    assert world.store.numbers["3"].throughput_mps == 1000
    wait(world, 70)
    assert limit(world) == "TIER_10K"


def test_the_ladder_of_limits():
    tier, seen = "TIER_250", ["TIER_250"]
    while (tier := next_tier(tier)) is not None:
        seen.append(tier)
    assert seen == ["TIER_250", "TIER_2K", "TIER_10K", "TIER_100K", "TIER_UNLIMITED"]
    assert next_tier("TIER_50") == "TIER_250"
    assert next_tier("TIER_1K") == "TIER_2K"
    assert LIMIT_OF_TIER["TIER_UNLIMITED"] is None

import pytest

from simulator.clock import ManualClock
from simulator.state import Template, Waba
from simulator.world import World

START, HOUR_S = 1_800_000_000.0, 3600.0


@pytest.fixture
async def world() -> World:
    world = World.create(clock=ManualClock(START))
    world.store.put(Waba("2", "Business", "9"))
    world.store.put(Template("5", "2", "hello", "en", "MARKETING", []))
    yield world
    await world.close()


def judge(world: World, quality: str) -> str:
    return world.template_quality.judge(world.store.templates["5"], quality).status


def wait(world: World, seconds: float) -> str:
    world.clock.move_to(world.clock.now() + seconds)
    world.scheduler.run_due()
    return world.store.templates["5"].status


async def test_red_pauses_for_3_hours_then_6_then_disables(world):
    assert judge(world, "YELLOW") == "APPROVED"
    assert judge(world, "RED") == "PAUSED"
    assert (wait(world, 3 * HOUR_S - 1), wait(world, 1)) == ("PAUSED", "APPROVED")
    assert judge(world, "RED") == "PAUSED"
    assert (wait(world, 6 * HOUR_S - 1), wait(world, 1)) == ("PAUSED", "APPROVED")
    assert judge(world, "RED") == "DISABLED"
    assert wait(world, 1000 * HOUR_S) == "DISABLED"


async def test_what_is_not_in_use_is_not_paused(world):
    world.store.put(Template("5", "2", "hello", "en", "MARKETING", [], status="REJECTED"))
    assert judge(world, "RED") == "REJECTED"


async def test_a_paused_template_is_not_paused_longer(world):
    judge(world, "RED")
    wait(world, HOUR_S)
    assert judge(world, "RED") == "PAUSED"
    assert wait(world, 2 * HOUR_S) == "APPROVED"


async def test_the_end_of_a_pause_leaves_another_status_alone(world):
    judge(world, "RED")
    template = world.store.templates["5"]
    world.store.put(Template("5", "2", "hello", "en", "MARKETING", [], "DISABLED", paused_until=template.paused_until))
    assert wait(world, 3 * HOUR_S) == "DISABLED"


async def test_a_pause_ends_after_a_restart(world):
    paused = Template("5", "2", "hello", "en", "MARKETING", [], "PAUSED", pauses=1, paused_until=START + 60)
    world.store.put(paused)
    world.start()
    assert wait(world, 60) == "APPROVED"

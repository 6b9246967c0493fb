"""What the carrier does with messages of special kinds."""

import pytest

from simulator.scheduler import Scheduler
from simulator.world import World
from tests.unit.simulator.posting import accepted, furnished, request_of


@pytest.fixture
async def world(clock) -> World:
    world = furnished(clock)
    yield world
    await world.close()


def run(world: World, clock, seconds: float) -> None:
    scheduler: Scheduler = world.scheduler
    for _ in range(int(seconds * 10)):
        clock.advance(0.1)
        scheduler.run_due()


async def test_a_reaction_is_sent_and_nothing_more(world, clock):
    text = accepted(world, request_of("text", {"body": "hi"}))
    reaction = accepted(world, request_of("reaction", {"message_id": text.wamid, "emoji": "🙂"}))
    run(world, clock, 10)
    assert list(text.ticks) == ["sent", "delivered", "read"]
    assert list(reaction.ticks) == ["sent"]
    world.carrier.resume(reaction)
    run(world, clock, 10)
    assert list(reaction.ticks) == ["sent"]


async def test_a_reaction_to_an_unknown_message_fails(world, clock):
    reaction = accepted(world, request_of("reaction", {"message_id": "wamid.none", "emoji": "🙂"}))
    run(world, clock, 10)
    assert list(reaction.ticks) == ["failed"]

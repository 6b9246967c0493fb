"""What people do by themselves, by chance from the seed."""

import pytest

from simulator.world import World
from tests.unit.simulator import phone_world as phones
from tests.unit.simulator.phone_world import ANN, ann, entries, pass_time, send


@pytest.fixture
async def world(clock) -> World:
    world = phones.furnish(World.create(clock=clock, seed=7))
    yield world
    await world.close()


def statuses(world: World, name: str) -> int:
    return sum(entry["status"] == name for entry in entries(world, "status"))


async def test_a_share_of_the_messages_is_read(world, clock):
    ann(world, read_share=0.5, read_delay_s=0, read_delay_spread_s=2)
    for _ in range(60):
        send(world)
    pass_time(world, clock, 5)
    assert statuses(world, "delivered") == 60
    assert 15 < statuses(world, "read") < 45


async def test_some_messages_are_read_that_were_never_delivered(world, clock):
    ann(world, skip_delivered_share=0.5, read_delay_s=0.1)
    messages = [send(world) for _ in range(40)]
    pass_time(world, clock, 3)
    assert all("read" in message.ticks for message in messages)
    assert 8 < statuses(world, "delivered") < 32


async def test_buttons_and_rows_are_tapped_by_themselves(world, clock):
    ann(world, tap_share=1, read_delay_s=0.1)
    message = send(world, phones.BUTTONS)
    pass_time(world, clock, 4)
    (reply,) = [m for m in phones.chat(world) if m.author == "person"]
    assert reply.content["interactive"]["button_reply"]["id"] in ("yes", "no")
    assert reply.reply_to == message.wamid


async def test_an_answer_may_be_a_photo_that_can_be_fetched(world, clock):
    ann(world, reply_every=1, photo_share=1, read_delay_s=0.1)
    send(world)
    pass_time(world, clock, 4)
    (photo,) = [m for m in phones.chat(world) if m.author == "person"]
    assert photo.type == "image"
    assert world.media.find(photo.content["image"]["id"]).mime_type == "image/jpeg"


async def test_someone_goes_offline_and_comes_back(world, clock):
    ann(world, offline_share=1, offline_for_s=10, reads=False)
    first = send(world)
    pass_time(world, clock, 1)
    assert "delivered" in first.ticks
    second = send(world)
    pass_time(world, clock, 5)
    assert not world.phones.is_online(world.store.people[ANN])
    assert "delivered" not in second.ticks
    pass_time(world, clock, 7)
    assert "delivered" in second.ticks


async def test_someone_types_before_they_answer(world, clock):
    ann(world, reply_every=1, read_delay_s=0, typing_s=(4, 5))
    send(world)
    pass_time(world, clock, 2)
    thread = world.conversations.thread(ANN, "3")
    assert clock.now() < thread.answering_until
    pass_time(world, clock, 5)
    assert clock.now() > thread.answering_until
    assert [message.author for message in phones.chat(world)] == ["business", "person"]


async def test_who_blocked_the_number_meanwhile_does_not_answer(world, clock):
    ann(world, reply_every=1, read_delay_s=3)
    send(world)
    pass_time(world, clock, 2)
    ann(world, reply_every=1, read_delay_s=3, blocked=["3"])
    pass_time(world, clock, 5)
    assert entries(world, "inbound") == []


async def test_a_seed_repeats_what_people_do(clock):
    def run(seed: int) -> list[tuple]:
        world = phones.furnish(World.create(clock=clock, seed=seed))
        ann(world, read_share=0.5, tap_share=0.5, skip_delivered_share=0.3, offline_share=0.2, offline_for_s=1)
        for _ in range(20):
            send(world, phones.BUTTONS)
        pass_time(world, clock, 10)
        done = [(entry["kind"], entry.get("status")) for entry in entries(world)]
        world.scheduler.stop()
        return done

    assert run(3) == run(3)
    assert run(3) != run(4)

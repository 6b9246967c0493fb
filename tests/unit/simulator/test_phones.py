"""The lives of messages and people, in time that moves by hand and without HTTP."""

import errno
import json

import pytest

from simulator.conversations import Message
from simulator.errors import Refused
from simulator.state import Behaviour, Number, Person, Waba
from simulator.world import World

ANN = "15550100001"


@pytest.fixture
async def world(clock) -> World:
    world = World.create(clock=clock)
    world.store.put(Waba("2", "Business", "9"))
    world.store.put(Number("3", "2", "+1 555 010 0000", "Business"))
    world.store.put(Number("4", "2", "+1 555 010 0009", "Business"))
    yield world
    await world.close()


def person(world: World, *, online: bool = True, **behaviour: object) -> Person:
    made = Person(ANN, "Ann", online=online, behaviour=Behaviour(**behaviour))
    world.store.put(made)
    return made


def send(world: World, to: str = ANN) -> Message:
    message = Message(
        world.ids.wamid_of_business(to),
        "business",
        "3",
        to,
        world.clock.now(),
        {"type": "text", "text": {"body": "hi"}},
    )
    world.carrier.accept(message)
    return message


def pass_time(world: World, clock, seconds: float) -> None:
    for _ in range(int(seconds * 10)):
        clock.advance(0.1)
        world.scheduler.run_due()


def kinds(world: World) -> list[str]:
    entries = [json.loads(line) for line in world.ledger.page(0, 100)[0]]
    return [entry.get("status", entry["kind"]) for entry in entries]


async def test_a_message_is_sent_delivered_and_read_in_order(world, clock):
    person(world, read_delay_s=3)
    message = send(world)
    pass_time(world, clock, 2)
    assert list(message.ticks) == ["sent", "delivered"]
    pass_time(world, clock, 3)
    assert list(message.ticks) == ["sent", "delivered", "read"]
    assert kinds(world) == ["sent", "delivered", "read"]
    times = list(message.ticks.values())
    assert times == sorted(times)


async def test_someone_who_does_not_read_leaves_it_delivered(world, clock):
    person(world, reads=False)
    send(world)
    pass_time(world, clock, 60)
    assert kinds(world) == ["sent", "delivered"]


async def test_a_number_that_nobody_has_fails_without_being_sent(world, clock):
    message = send(world, "15550199999")
    pass_time(world, clock, 2)
    assert kinds(world) == ["failed"]
    assert message.failure == 131026


async def test_an_offline_phone_gets_everything_when_it_is_back(world, clock):
    offline = person(world, online=False, reads=False)
    messages = [send(world), send(world)]
    pass_time(world, clock, 5)
    assert kinds(world) == ["sent", "sent"]
    world.store.put(Person(ANN, "Ann", online=True, behaviour=offline.behaviour))
    world.phones.connect(world.store.people[ANN])
    assert kinds(world)[2:] == ["delivered", "delivered"]
    assert all("delivered" in message.ticks for message in messages)


async def test_an_offline_phone_cannot_write(world):
    with pytest.raises(Refused, match="put it online first"):
        world.phones.write(person(world, online=False), world.store.numbers["3"], "hello")


async def test_every_third_text_is_answered(world, clock):
    person(world, reads=False, read_delay_s=0, reply_every=3, reply_text="OK")
    for _ in range(7):
        send(world)
        pass_time(world, clock, 3)
    assert kinds(world).count("inbound") == 2
    inbound = [m for m in world.conversations.messages_of(world.conversations.thread(ANN, "3")) if m.author == "person"]
    assert [message.content["text"] for message in inbound] == [{"body": "OK"}] * 2


async def test_reading_by_hand_ticks_only_what_is_new(world, clock):
    ann = person(world, reads=False)
    first, second = send(world), send(world)
    pass_time(world, clock, 2)
    assert world.phones.read(ann, [first.wamid]) == [first.wamid]
    assert world.phones.read(ann, None) == [second.wamid]
    assert world.phones.read(ann, None) == []
    assert kinds(world).count("read") == 2


async def test_what_was_read_by_hand_is_not_read_again(world, clock):
    ann = person(world, read_delay_s=5)
    message = send(world)
    pass_time(world, clock, 2)
    world.phones.read(ann, [message.wamid])
    pass_time(world, clock, 10)
    assert kinds(world).count("read") == 1


async def test_only_delivered_messages_of_ones_own_can_be_read(world, clock):
    ann = person(world, online=False)
    waiting = send(world)
    pass_time(world, clock, 2)
    with pytest.raises(Refused, match="has not been delivered yet"):
        world.phones.read(ann, [waiting.wamid])
    with pytest.raises(Refused, match="has no message"):
        world.phones.read(ann, ["wamid.unknown"])


async def test_a_reply_stays_in_its_chat(world, clock):
    ann = person(world)
    message = send(world)
    pass_time(world, clock, 2)
    reply = world.phones.write(ann, world.store.numbers["3"], "yes", message.wamid)
    assert reply.reply_to == message.wamid
    with pytest.raises(Refused, match="another chat"):
        world.phones.write(ann, world.store.numbers["4"], "yes", message.wamid)
    with pytest.raises(Refused, match="written by"):
        world.phones.read(ann, [reply.wamid])


async def test_a_seeded_run_repeats_its_timings(clock):
    def timings(seed: int) -> list[float]:
        world = World.create(clock=clock, seed=seed)
        world.store.put(Waba("2", "Business", "9"))
        world.store.put(Number("3", "2", "+1 555 010 0000", "Business"))
        person(world)
        start = clock.now()
        sent = [send(world) for _ in range(5)]
        for _ in range(3000):
            clock.advance(0.001)
            world.scheduler.run_due()
        world.scheduler.stop()
        return [round(m.ticks[name] - start, 3) for m in sent for name in ("sent", "delivered")]

    assert timings(1) == timings(1)
    assert timings(1) != timings(2)


async def test_a_full_disk_does_not_lose_an_inbound_message(world, monkeypatch):
    published = []
    monkeypatch.setattr(world.sender, "publish", lambda update, _apps: published.append(update.seq))
    monkeypatch.setattr(world.ledger, "flush", full_disk)
    with pytest.raises(OSError, match="No space"):
        world.phones.write(person(world), world.store.numbers["3"], "hello")
    assert published == [1]


def full_disk() -> None:
    raise OSError(errno.ENOSPC, "No space left on device")

"""The order of what may be in a message's way, and what becomes of accepted ones."""

import json
from itertools import pairwise

import pytest

from simulator.clock import ManualClock
from simulator.conversations import Message
from simulator.graph.admission import admit
from simulator.graph.content.sending import Sending
from simulator.graph.errors import GraphError
from simulator.graph.recipients import Recipient
from simulator.lifetimes import lifetime_s
from simulator.settings import Settings
from simulator.state import Number, Person, Template, Waba
from simulator.world import World

START = 1_800_000_000.0
ANN = "15550100001"
DAY_S = 86_400.0


@pytest.fixture
async def world() -> World:
    world = World.create(clock=ManualClock(START), seed=7)
    world.store.put(Waba("2", "Business", "9"))
    world.store.put(Number("3", "2", "+1 555 010 0000", "Business", throughput_mps=1000))
    world.store.put(Person(ANN, "Ann"))
    yield world
    await world.close()


def asked(world: World, wa_id: str = ANN, category: str = "service", *, held: bool = False) -> Sending:
    number, waba = world.store.numbers["3"], world.store.wabas["2"]
    sending = Sending(world, number, waba, world.clock.now(), Recipient(wa_id, wa_id, {}))
    if category != "service":
        sending.template = Template("5", "2", "hello", "en", category.upper(), [], held=held)
    admit(sending, category)
    return sending


def refused(world: World) -> GraphError:
    with pytest.raises(GraphError) as caught:
        asked(world)
    return caught.value


def accept(world: World, **fields: object) -> Message:
    wamid = world.ids.wamid_of_business(ANN)
    message = Message(wamid, "business", "3", ANN, world.clock.now(), {"type": "text"}, **fields)
    world.carrier.accept(message)
    return message


def wait(world: World, seconds: float) -> None:
    end = world.clock.now() + seconds
    while (at := world.scheduler.next_at) is not None and at <= end:
        world.clock.move_to(at)
        world.scheduler.run_due()
    world.clock.move_to(end)


def entries(world: World, kind: str) -> list[dict]:
    return [entry for entry in map(json.loads, world.ledger.page(0, 1000)[0]) if entry["kind"] == kind]


async def test_a_state_refuses_with_metas_words_and_status(world):
    world.store.put(Number("3", "2", "+1 555 010 0000", "Business", upgrade_until=START + 60))
    error = refused(world)
    assert (error.code, error.http, error.message) == (131057, 500, "(#131057) Account in maintenance mode")
    world.store.put(Waba("2", "Business", "9", ban_state="DISABLE"))
    error = refused(world)
    assert (error.code, error.http) == (131031, 403)


async def test_what_the_state_refuses_counts_against_no_limit(world):
    world.store.put(Number("3", "2", "+1 555 010 0000", "Business", quality_rating="RED"))
    for _ in range(100):
        assert refused(world).code == 131048
    assert world.limits.in_this_second(world.store.numbers["3"], START) == 0


async def test_without_payment_a_message_fails_later(world):
    world.store.put(Waba("2", "Business", "9", payment_problem=True))
    assert asked(world).fails_with == 131042


async def test_marketing_is_capped_and_service_is_not(world):
    world.store.settle(Settings(marketing_capped_share=1.0))
    assert asked(world, category="marketing").fails_with == 131049
    assert asked(world, category="utility").fails_with is None
    assert asked(world).fails_with is None


async def test_a_paced_template_is_held_and_then_released(world):
    world.store.settle(Settings(pacing_share=1.0, pacing_s=(600.0, 600.0)))
    assert not asked(world).held
    sending = asked(world, category="utility")
    assert (sending.fails_with, sending.held) == (None, True)
    message = accept(world, held=sending.held)
    wait(world, 599)
    assert not message.ticks
    wait(world, 2)
    assert list(message.ticks) == ["sent", "delivered"]


async def test_a_template_that_is_held_is_so_without_any_share(world):
    assert asked(world, category="utility", held=True).held
    assert not asked(world, category="utility").held


async def test_a_paced_template_may_be_dropped(world):
    world.store.settle(Settings(pacing_share=1.0, pacing_dropped_share=1.0, pacing_s=(600.0, 600.0)))
    sending = asked(world, category="marketing")
    assert (sending.fails_with, sending.held) == (132015, True)
    message = accept(world, held=sending.held, failure=sending.fails_with)
    wait(world, 601)
    assert list(message.ticks) == ["failed"]


async def test_a_share_of_templates_is_paced(world):
    world.store.settle(Settings(pacing_share=0.3))
    held = []
    for n in range(1000):
        held.append(asked(world, f"1202555{n:04d}", "utility").held)
        wait(world, 1)
    assert sum(held) == pytest.approx(300, rel=0.2)


async def test_a_message_for_an_offline_phone_is_dropped_in_silence_at_its_end(world):
    world.store.put(Person(ANN, "Ann", online=False))
    short = accept(world, expires_at=START + lifetime_s("authentication"))
    long = accept(world, expires_at=START + lifetime_s("service"))
    wait(world, 599)
    assert entries(world, "expired") == []
    wait(world, 1)
    assert [entry["wamid"] for entry in entries(world, "expired")] == [short.wamid]
    wait(world, 29 * DAY_S)
    person = Person(ANN, "Ann")
    world.store.put(person)
    world.phones.connect(person)
    assert (list(short.ticks), list(long.ticks)) == (["sent"], ["sent", "delivered"])
    assert not entries(world, "status")[-1]["code"]


async def test_each_message_is_dropped_at_its_own_end(world):
    world.store.put(Person(ANN, "Ann", online=False))
    ends = [300.0, 100.0, 200.0, 100.0]
    messages = [accept(world, expires_at=START + end) for end in ends]
    wait(world, 400)
    dropped = entries(world, "expired")
    assert [(entry["at"] - START) for entry in dropped] == sorted(ends)
    assert {entry["wamid"] for entry in dropped} == {message.wamid for message in messages}
    assert all(a["seq"] < b["seq"] for a, b in pairwise(dropped))


async def test_what_is_on_its_way_for_too_long_is_dropped_too(world):
    world.store.settle(Settings(delivered_delay_s=(50.0, 50.0)))
    message = accept(world, expires_at=START + 30)
    wait(world, 100)
    assert list(message.ticks) == ["sent"]
    assert len(entries(world, "expired")) == 1


def test_lifetimes():
    assert lifetime_s("authentication") == 600
    assert lifetime_s("marketing") == 30 * DAY_S
    assert lifetime_s("utility", 60) == 60

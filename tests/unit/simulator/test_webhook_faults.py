"""Delays and shuffles of webhook updates in simulated time, from the emitter to the sender's door."""

import json

import msgspec

from simulator.faults.rules import AnyRule
from simulator.state import App, Number, Person, Waba
from simulator.world import World

ANN = "15550100001"


class Door:
    """A world whose sender only notes what it is given, and when."""

    def __init__(self, clock, *rules: dict, seed: int = 0) -> None:
        self._clock = clock
        self.world = World.create(clock=clock, seed=seed)
        self.world.store.put(App("1", "App", "secret", "http://127.0.0.1:1/"))
        self.world.store.put(Waba("2", "Business", "9", ["1"]))
        self.world.store.put(Number("3", "2", "+1 555 010 0000", "Business"))
        self.world.store.put(Person(ANN, "Ann"))
        self.world.faults.replace(msgspec.convert(list(rules), list[AnyRule]))
        self.passed: list[str] = []
        self.world.sender.publish = lambda update, _apps: self.passed.append(_text(update.change))

    def write(self, *texts: str) -> None:
        for text in texts:
            self.world.phones.write(self.world.store.people[ANN], self.world.store.numbers["3"], text)

    def wait(self, seconds: float) -> list[str]:
        self._clock.advance(seconds)
        self.world.scheduler.run_due()
        return self.passed


def _text(change: str) -> str:
    return json.loads(change)["value"]["messages"][0]["text"]["body"]


TEXTS = [str(n) for n in range(12)]


async def test_a_delay_is_waited_for(clock):
    door = Door(clock, {"kind": "delay", "seconds": [10, 10]})
    door.write("hello")
    assert door.wait(9.9) == []
    assert door.wait(0.2) == ["hello"]


async def test_a_window_is_held_whole_and_the_next_one_begins_with_the_next_update(clock):
    door = Door(clock, {"kind": "reorder", "window_s": 10})
    door.write(*TEXTS[:6])
    assert door.wait(9.9) == []
    door.write(*TEXTS[6:])
    first = list(door.wait(0.2))
    assert sorted(first) == sorted(TEXTS)
    door.write("late")
    assert door.wait(9.9) == first
    assert door.wait(0.2) == [*first, "late"]


async def test_the_same_seed_shuffles_alike_and_another_does_not(clock):
    orders = []
    for seed in (5, 5, 6):
        door = Door(clock, {"kind": "reorder", "window_s": 10}, seed=seed)
        door.write(*TEXTS)
        orders.append(door.wait(11))
    assert orders[0] == orders[1]
    assert orders[0] not in (TEXTS, orders[2])


async def test_only_a_share_is_shuffled_and_the_rest_passes(clock):
    door = Door(clock, {"kind": "reorder", "window_s": 10, "count": 2})
    door.write(*TEXTS)
    assert door.passed == TEXTS[2:]
    assert sorted(door.wait(11)) == sorted(TEXTS)


async def test_without_rules_nothing_is_written_down(clock):
    door = Door(clock)
    door.write("hello")
    assert door.passed == ["hello"]
    assert door.world.ledger.summary.kinds["fault"] == 0

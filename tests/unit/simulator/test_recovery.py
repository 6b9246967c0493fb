"""What a second world knows of the first one, given only its files."""

import pytest

from simulator.conversations import Message
from simulator.data_directory import DataDirectory
from simulator.errors import CannotStart
from simulator.graph.calls import Call
from simulator.graph.messages import send
from simulator.settings import Settings
from simulator.state import App, Behaviour, Number, Person, Token, Waba
from simulator.world import World

ANN = "15550100001"


class Worlds:
    """One after the other on the same files; the earlier is abandoned, as by a kill."""

    def __init__(self, path, clock) -> None:
        self._path = path
        self._clock = clock
        self.current: World | None = None
        self.published: list[int] = []

    def next(self) -> World:
        self.abandon()
        data = DataDirectory(self._path)
        self.current = World.create(data=data, clock=self._clock)
        self.current.sender.publish = lambda update, _apps: self.published.append(update.seq)
        self.published.clear()
        return self.current

    def abandon(self) -> None:
        if self.current is not None:
            self.current.scheduler.stop()
            self.current.data.close()

    def run(self, seconds: float) -> None:
        for _ in range(int(seconds * 10)):
            self._clock.advance(0.1)
            self.current.scheduler.run_due()


@pytest.fixture
async def worlds(tmp_path, clock):
    made = Worlds(tmp_path / "data", clock)
    yield made
    made.abandon()


def configured(world: World, *, online: bool = True) -> World:
    world.store.put(App("1", "App", "secret", "http://127.0.0.1:1/", "verify"))
    world.store.put(Waba("2", "Business", "9", ["1"]))
    world.store.put(Number("3", "2", "+1 555 010 0000", "Business"))
    world.store.put(Person(ANN, "Ann", online=online, behaviour=Behaviour(read_delay_s=0)))
    world.store.settle(Settings(closed_window="allow"))
    return world


def post(world: World, to: str = ANN) -> str:
    body = b'{"messaging_product":"whatsapp","to":"+%b","text":{"body":"hi"}}' % to.encode()
    number, waba = world.store.numbers["3"], world.store.wabas["2"]
    answer = send(Call(world, "POST", world.clock.now(), {}, Token("t", "1", ["2"]), body, number, waba))
    return answer["messages"][0]["id"]


def found(world: World, wamid: str) -> Message:
    message = world.conversations.find(wamid)
    assert message is not None
    return message


async def test_a_message_that_was_only_accepted_is_sent_later(worlds):
    wamid = post(configured(worlds.next()))
    again = worlds.next()
    again.start()
    worlds.run(2)
    assert list(found(again, wamid).ticks) == ["sent", "delivered", "read"]
    assert again.ledger.summary.emitted == {"sent": 1, "delivered": 1, "read": 1}


async def test_each_status_comes_once_however_often_it_restarts(worlds):
    wamid = post(configured(worlds.next()))
    for _ in range(4):
        worlds.run(0.2)
        worlds.next().start()
    worlds.run(2)
    assert worlds.current.ledger.summary.emitted == {"sent": 1, "delivered": 1, "read": 1}
    assert list(found(worlds.current, wamid).ticks) == ["sent", "delivered", "read"]


async def test_a_failure_that_was_still_to_come_comes(worlds):
    wamid = post(configured(worlds.next()), "15550199999")
    again = worlds.next()
    again.start()
    assert list(found(again, wamid).ticks) == ["failed"]


async def test_a_message_waits_on_for_an_offline_phone(worlds):
    wamid = post(configured(worlds.next(), online=False))
    worlds.run(2)
    again = worlds.next()
    again.start()
    worlds.run(2)
    assert list(found(again, wamid).ticks) == ["sent"]
    again.store.put(Person(ANN, "Ann"))
    again.phones.connect(again.store.people[ANN])
    assert list(found(again, wamid).ticks) == ["sent", "delivered"]


async def test_owed_updates_are_published_again_and_settled_ones_are_not(worlds):
    world = configured(worlds.next())
    world.phones.write(world.store.people[ANN], world.store.numbers["3"], "one")
    world.phones.write(world.store.people[ANN], world.store.numbers["3"], "two")
    world.ledger.append("webhook", app_id="1", attempt=1, outcome="acknowledged", updates=[1])
    worlds.next().start()
    assert worlds.published == [2]


async def test_an_update_whose_entry_was_lost_is_forgotten(worlds, tmp_path):
    world = configured(worlds.next())
    world.phones.write(world.store.people[ANN], world.store.numbers["3"], "one")
    (tmp_path / "data" / "ledger.jsonl").write_bytes(b"")
    again = worlds.next()
    again.start()
    assert worlds.published == []
    assert again.ledger.next_seq == 1


async def test_a_lost_configuration_does_not_stop_the_start(worlds, tmp_path):
    post(configured(worlds.next()))
    worlds.abandon()
    (tmp_path / "data" / "configuration.jsonl").unlink()
    again = worlds.next()
    again.start()
    worlds.run(2)
    assert again.ledger.summary.kinds == {"send": 1}


async def test_a_damaged_outbox_is_one_clear_sentence(worlds, tmp_path):
    configured(worlds.next())
    worlds.abandon()
    (tmp_path / "data" / "webhooks.jsonl").write_bytes(b"nonsense\n")
    with pytest.raises(CannotStart, match="remove it"):
        worlds.next().start()


async def test_a_send_and_an_inbound_message_are_on_record_before_anyone_is_told(worlds, tmp_path):
    world = configured(worlds.next())
    inbound = world.phones.write(world.store.people[ANN], world.store.numbers["3"], "one")
    # Nothing is awaited here, so only what was flushed at once can be in the files.
    ledger = tmp_path / "data" / "ledger.jsonl"
    assert inbound.wamid.encode() in ledger.read_bytes()
    assert post(world).encode() in ledger.read_bytes()

"""A small world whose time moves by hand, for tests of phones: two numbers, Ann, and messages that reach her."""

import json
from itertools import count

from simulator.conversations import Message
from simulator.state import Behaviour, Number, Person, Waba
from simulator.world import World

ANN = "15550100001"

TEXT = {"type": "text", "text": {"body": "hi"}}
BUTTONS = {
    "type": "interactive",
    "interactive": {
        "type": "button",
        "body": {"text": "Sure?"},
        "action": {
            "buttons": [
                {"type": "reply", "reply": {"id": "yes", "title": "Yes"}},
                {"type": "reply", "reply": {"id": "no", "title": "No"}},
            ]
        },
    },
}
LIST = {
    "type": "interactive",
    "interactive": {
        "type": "list",
        "body": {"text": "Which?"},
        "action": {
            "button": "Choose",
            "sections": [
                {"title": "A", "rows": [{"id": "a1", "title": "One", "description": "First"}]},
                {"title": "B", "rows": [{"id": "b1", "title": "Two"}]},
            ],
        },
    },
}
FLOW = {
    "type": "interactive",
    "interactive": {
        "type": "flow",
        "body": {"text": "Book"},
        "action": {"name": "flow", "parameters": {"flow_id": "1", "flow_token": "token-1", "flow_cta": "Book"}},
    },
}
_ids = count(1)

VOICE = {"type": "audio", "audio": {"id": "1", "voice": True}}


def asking(kind: str) -> dict:
    return {"type": "interactive", "interactive": {"type": kind, "body": {"text": "?"}, "action": {"name": kind}}}


def furnish(world: World) -> World:
    world.store.put(Waba("2", "Business", "9"))
    world.store.put(Number("3", "2", "+1 555 010 0000", "Business"))
    world.store.put(Number("4", "2", "+1 555 010 0009", "Business"))
    return world


def ann(world: World, **about: object) -> Person:
    """Ann as she is to be now. What is no field of a person is of her behaviour."""
    fields = {name: value for name, value in about.items() if name in Person.__struct_fields__}
    behaviour = Behaviour(**{name: value for name, value in about.items() if name not in fields})
    made = Person(ANN, "Ann", behaviour=behaviour, **fields)
    world.store.put(made)
    return made


def send(world: World, content: dict = TEXT, *, to: str = ANN, number: str = "3", **about: object) -> Message:
    made = Message(f"wamid.{next(_ids)}", "business", number, to, world.clock.now(), content)
    for name, value in about.items():
        setattr(made, name, value)
    world.carrier.accept(made)
    return made


def delivered(world: World, clock, content: dict = TEXT, **about: object) -> Message:
    message = send(world, content, **about)
    pass_time(world, clock, 1)
    assert "delivered" in message.ticks
    return message


def pass_time(world: World, clock, seconds: float) -> None:
    for _ in range(int(seconds * 10)):
        clock.advance(0.1)
        world.scheduler.run_due()


def chat(world: World) -> list[Message]:
    """Ann's with the number 3."""
    return world.conversations.messages_of(world.conversations.thread(ANN, "3"))


def entries(world: World, kind: str | None = None) -> list[dict]:
    all_of_them = [json.loads(line) for line in world.ledger.page(0, 1000)[0]]
    return [entry for entry in all_of_them if kind in (None, entry["kind"])]


def values(told: list, field: str = "messages") -> list[dict]:
    """The values of the updates that were published, of one field."""
    changes = [json.loads(update.change) for update, _apps in told]
    return [change["value"] for change in changes if change["field"] == field]

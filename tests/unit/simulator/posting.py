"""Sends requests to the messages endpoint without HTTP, and looks at what became of them."""

import json
from typing import Any

import pytest

from simulator.conversations import Message
from simulator.graph.calls import Call
from simulator.graph.errors import GraphError
from simulator.graph.messages import send
from simulator.settings import LimitModes, Settings
from simulator.state import Number, Person, Token, Waba
from simulator.world import World

ANN, BOB = "15550100001", "15550100002"
NUMBER, WABA = "3", "2"


def furnished(clock: object) -> World:
    """A world with a number and two people, in which the window is not in the way."""
    world = World.create(clock=clock)
    world.store.put(Waba(WABA, "Business", "9"))
    world.store.put(Number(NUMBER, WABA, "+1 555 010 0000", "Business"))
    world.store.put(Person(ANN, "Ann"))
    world.store.put(Person(BOB, "Bob"))
    world.store.settle(Settings(closed_window="allow", limits=LimitModes(throughput="off", pair="off")))
    return world


def call_of(world: World, request: object) -> Call:
    body = request if isinstance(request, bytes) else json.dumps(request).encode()
    token = Token("t", "1", [WABA])
    return Call(world, "POST", world.clock.now(), {}, token, body, world.store.numbers[NUMBER], world.store.wabas[WABA])


def post(world: World, request: object) -> dict:
    return send(call_of(world, request))


def refusal(world: World, request: object, endpoint: Any = send) -> GraphError:
    before = world.ledger.summary.kinds["send"]
    with pytest.raises(GraphError) as caught:
        endpoint(call_of(world, request))
    assert world.ledger.summary.kinds["send"] == before
    return caught.value


def accepted(world: World, request: object, endpoint: Any = send) -> Message:
    """The message as the simulator keeps it."""
    answer = endpoint(call_of(world, request))
    message = world.conversations.find(answer["messages"][0]["id"])
    assert message is not None
    return message


def request_of(type_: str, value: object, **changes: object) -> dict:
    return {"messaging_product": "whatsapp", "to": f"+{ANN}", "type": type_, type_: value, **changes}


def words(error: GraphError) -> str:
    return f"{error.message} {error.details or ''}"


def entries(world: World) -> list[dict]:
    return [json.loads(line) for line in world.ledger.page(0, 1000)[0]]

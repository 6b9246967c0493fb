"""`POST /messages` without HTTP: what is checked, with which code, and what is written down."""

import json

import pytest

from simulator.graph.calls import Call
from simulator.graph.errors import GraphError
from simulator.graph.messages import send
from simulator.settings import Settings
from simulator.state import Number, Person, Token, Waba
from simulator.world import World

DAY_S = 24 * 3600
ANN = "15550100001"


@pytest.fixture
async def world(clock) -> World:
    world = World.create(clock=clock)
    world.store.put(Waba("2", "Business", "9"))
    world.store.put(Number("3", "2", "+1 555 010 0000", "Business"))
    world.store.put(Person(ANN, "Ann"))
    world.store.settle(Settings(closed_window="allow"))
    yield world
    await world.close()


def post(world: World, request: object) -> dict:
    body = request if isinstance(request, bytes) else json.dumps(request).encode()
    number = world.store.numbers["3"]
    token = Token("t", "1", ["2"])
    return send(Call(world, "POST", world.clock.now(), {}, token, body, number, world.store.wabas["2"]))


def refusal(world: World, request: object) -> GraphError:
    with pytest.raises(GraphError) as caught:
        post(world, request)
    assert world.ledger.summary.kinds["send"] == 0
    return caught.value


def text(**changes: object) -> dict:
    return {"messaging_product": "whatsapp", "to": f"+{ANN}", "type": "text", "text": {"body": "hi"}, **changes}


def entries(world: World) -> list[dict]:
    return [json.loads(line) for line in world.ledger.page(0, 100)[0]]


async def test_success_has_metas_three_parts_and_nothing_else(world):
    answer = post(world, text(to="+1 (555) 010-0001"))
    assert list(answer) == ["messaging_product", "contacts", "messages"]
    assert answer["contacts"] == [{"input": "+1 (555) 010-0001", "wa_id": ANN}]
    (message,) = answer["messages"]
    assert list(message) == ["id"]
    assert message["id"].startswith("wamid.")


async def test_the_ledger_has_ids_and_a_hash_but_no_text(world):
    answer = post(world, text(biz_opaque_callback_data="ours", text={"body": "a secret word"}))
    (entry,) = entries(world)
    assert entry["kind"] == "send"
    assert entry["wamid"] == answer["messages"][0]["id"]
    assert entry["biz_opaque_callback_data"] == "ours"
    assert entry["at"] == world.clock.now()
    assert len(entry["sha256"]) == 64
    assert "secret word" not in json.dumps(entry)


async def test_the_same_request_twice_is_two_messages(world):
    assert post(world, text())["messages"] != post(world, text())["messages"]
    assert world.ledger.summary.kinds["send"] == 2


@pytest.mark.parametrize("body", [{"body": "x"}, {"body": "x" * 4096}, {"body": "ä🙂", "preview_url": True}])
async def test_texts_within_the_limits_go(world, body):
    assert post(world, text(text=body))["messages"]


async def test_text_is_the_default_type(world):
    request = text()
    del request["type"]
    assert post(world, request)["messages"]


BAD_TEXTS = [
    ({}, 131008),
    ({"body": None}, 131008),
    ({"body": ""}, 100),
    ({"body": "x" * 4097}, 100),
    ({"body": 5}, 100),
    ({"body": "x", "preview_url": "yes"}, 100),
    ({"body": "x", "colour": "red"}, 100),
    ("x", 100),
    (None, 131008),
]


@pytest.mark.parametrize(("value", "code"), BAD_TEXTS)
async def test_texts_beyond_the_limits_are_refused_with_details(world, value, code):
    error = refusal(world, text(text=value))
    assert (error.code, error.http) == (code, 400)
    assert error.message.startswith(f"(#{code}) ")
    assert error.details


REFUSED = [
    (b"", 100, "The parameter messaging_product is required"),
    (b"{", 100, "The parameter messaging_product is required"),
    (b"[1]", 100, "The parameter messaging_product is required"),
    (b"[" * 100_000, 100, "The parameter messaging_product is required"),
    (text(messaging_product="sms"), 100, "messaging_product must be one of {WHATSAPP}"),
    ({"messaging_product": "whatsapp", "text": {"body": "x"}}, 100, "The parameter to is required"),
    (text(to=""), 100, "The parameter to is required"),
    (text(to=15550100001), 100, "Param to must be a string"),
    (text(to="12345"), 131009, "Parameter value is not valid"),
    (text(to="+1234567890123456"), 131009, "Parameter value is not valid"),
    (text(to="someone"), 131009, "Parameter value is not valid"),
    (text(to="١٢٣٤٥٦٧٨٩"), 131009, "Parameter value is not valid"),
    (text(to="+1 555 010 0000"), 131021, "Recipient cannot be sender"),
    (text(type="image"), 100, "Invalid parameter"),
    (text(type="smoke"), 100, 'got "smoke"'),
    (text(type=["text"]), 100, "Param type must be one of"),
    (text(recipient_type="group"), 100, "Invalid parameter"),
    (text(recipient_type="crowd"), 100, "recipient_type must be one of"),
    (text(biz_opaque_callback_data="x" * 513), 100, "Invalid parameter"),
    (text(biz_opaque_callback_data=7), 100, "Invalid parameter"),
    (text(context={"message_id": ""}), 100, "Invalid parameter"),
    (text(context="wamid.x"), 100, "Invalid parameter"),
    ({"messaging_product": "whatsapp", "recipient": "US.1", "text": {"body": "x"}}, 100, "Invalid parameter"),
]


@pytest.mark.parametrize(("request_", "code", "message"), REFUSED)
async def test_requests_that_meta_refuses(world, request_, code, message):
    error = refusal(world, request_)
    assert error.code == code
    assert message in error.message


async def test_the_longest_opaque_data_goes(world):
    post(world, text(biz_opaque_callback_data="x" * 512))
    assert len(entries(world)[0]["biz_opaque_callback_data"]) == 512


def with_window(world: World, mode: str) -> None:
    world.store.settle(Settings(closed_window=mode))


async def test_outside_the_window_a_text_is_refused(world):
    with_window(world, "refuse")
    error = refusal(world, text())
    assert (error.code, error.http) == (131047, 400)
    assert error.message == "(#131047) Re-engagement message"


async def test_an_inbound_message_opens_the_window_for_24_hours(world, clock):
    with_window(world, "refuse")
    world.phones.write(world.store.people[ANN], world.store.numbers["3"], "hello")
    clock.advance(DAY_S - 1)
    assert post(world, text())["messages"]
    clock.advance(2)
    with pytest.raises(GraphError, match="131047"):
        post(world, text())


async def test_the_window_can_close_after_acceptance_instead(world):
    with_window(world, "fail")
    post(world, text())
    assert entries(world)[0]["fails_with"] == 131047


async def test_a_number_that_nobody_has_is_accepted(world):
    with_window(world, "refuse")
    assert post(world, text(to="+15550199999"))["messages"]


def receipt(wamid: object, **more: object) -> dict:
    return {"messaging_product": "whatsapp", "status": "read", "message_id": wamid, **more}


async def test_a_receipt_marks_this_and_earlier_messages_as_read(world, clock):
    person, number = world.store.people[ANN], world.store.numbers["3"]
    first = world.phones.write(person, number, "one")
    clock.advance(1)
    second = world.phones.write(person, number, "two")
    clock.advance(1)
    third = world.phones.write(person, number, "three")
    assert post(world, receipt(second.wamid)) == {"success": True}
    assert ["read" in message.ticks for message in (first, second, third)] == [True, True, False]
    assert entries(world)[-1]["kind"] == "receipt"


async def test_typing_lasts_25_seconds(world, clock):
    inbound = world.phones.write(world.store.people[ANN], world.store.numbers["3"], "one")
    assert post(world, receipt(inbound.wamid, typing_indicator={"type": "text"})) == {"success": True}
    assert world.conversations.thread(ANN, "3").typing_until == clock.now() + 25


async def test_receipts_for_wrong_messages_are_refused(world):
    outgoing = post(world, text())["messages"][0]["id"]
    for wamid, part in [("wamid.unknown", "check the message ID"), (outgoing, "is outgoing"), (5, "check the")]:
        with pytest.raises(GraphError) as caught:
            post(world, receipt(wamid))
        assert caught.value.code == 131009
        assert part in caught.value.details


@pytest.mark.parametrize(
    "request_",
    [
        receipt(None),
        {**receipt("w"), "status": "delivered"},
        {**receipt("w"), "typing_indicator": {"type": "dance"}},
    ],
)
async def test_malformed_receipts_are_refused(world, request_):
    assert refusal(world, request_).code == 100

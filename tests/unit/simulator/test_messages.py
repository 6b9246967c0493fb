"""`POST /messages` without HTTP: what is checked, with which code, and what is written down."""

import json

import pytest
from msgspec.structs import replace

from simulator.graph.errors import GraphError
from simulator.settings import Settings
from simulator.state import Person
from simulator.world import World
from tests.unit.simulator.posting import ANN, BOB, accepted, entries, furnished, post, refusal, words

DAY_S = 24 * 3600
ANNS_USER_ID = "US.13491208655302741918"


@pytest.fixture
async def world(clock) -> World:
    world = furnished(clock)
    yield world
    await world.close()


def text(**changes: object) -> dict:
    return {"messaging_product": "whatsapp", "to": f"+{ANN}", "type": "text", "text": {"body": "hi"}, **changes}


async def test_a_message_for_who_they_were_before_fails_later(world):
    ann = world.store.people[ANN]
    assert accepted(world, text(recipient_identity_key_hash=ann.identity_key_hash)).failure is None
    world.store.put(replace(ann, reinstalls=1))
    late = text(recipient_identity_key_hash=ann.identity_key_hash)
    assert accepted(world, late).failure == 137000
    assert accepted(world, text()).failure is None


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
    ({}, "The parameter text['body'] is required."),
    ({"body": None}, "The parameter text['body'] is required."),
    ({"body": ""}, "The parameter text['body'] is required."),
    ({"body": "x" * 4097}, "Param text['body'] must be at most 4096 characters long."),
    ({"body": 5}, "Param text['body'] must be a string."),
    ({"body": "x", "preview_url": "yes"}, "Param text['preview_url'] must be a boolean."),
    ({"body": "x", "colour": "red"}, 'Unexpected key "colour" on param "text".'),
    ("x", "Param text must be a JSON object."),
    (None, "The parameter text is required."),
]


@pytest.mark.parametrize(("value", "said"), BAD_TEXTS)
async def test_texts_beyond_the_limits_are_refused_in_metas_words(world, value, said):
    error = refusal(world, text(text=value))
    assert (error.code, error.http, error.details) == (100, 400, None)
    assert error.message == f"(#100) {said}"


REFUSED = [
    (b"", 100, "The parameter messaging_product is required"),
    (b"{", 100, "The parameter messaging_product is required"),
    (b"[1]", 100, "The parameter messaging_product is required"),
    (b"[" * 100_000, 100, "The parameter messaging_product is required"),
    (text(messaging_product="sms"), 100, "messaging_product must be one of {WHATSAPP}"),
    ({"messaging_product": "whatsapp", "text": {"body": "x"}}, 100, "The parameter to is required"),
    (text(to=""), 100, "The parameter to is required"),
    (text(to=["15550100001"]), 100, "Param to must be a string"),
    (text(to=True), 100, "Param to must be a string"),
    (text(to="12345"), 131009, "Parameter value is not valid"),
    (text(to="+1234567890123456"), 131009, "Parameter value is not valid"),
    (text(to="someone"), 131009, "Parameter value is not valid"),
    (text(to="١٢٣٤٥٦٧٨٩"), 131009, "Parameter value is not valid"),
    (text(to="+1 555 010 0000"), 131021, "Recipient cannot be sender"),
    (text(type="image"), 100, "The parameter image is required"),
    (text(type="smoke"), 100, 'got "smoke"'),
    (text(type=["text"]), 100, "Param type must be a string"),
    (text(recipient_type="group"), 131041, "Group unknown"),
    (text(recipient_type="crowd"), 100, "recipient_type must be one of"),
    (text(biz_opaque_callback_data="x" * 513), 100, "must be at most 512 characters"),
    (text(biz_opaque_callback_data=7), 100, "must be a string"),
    (text(context={"message_id": ""}), 100, "The parameter context['message_id'] is required"),
    (text(context="wamid.x"), 100, "Param context must be a JSON object"),
    ({"messaging_product": "whatsapp", "recipient": "US.1", "text": {"body": "x"}}, 131009, "not valid"),
    ({"messaging_product": "whatsapp", "recipient": "15550100001", "text": {"body": "x"}}, 131009, "not valid"),
    ({"messaging_product": "whatsapp", "recipient": 5, "text": {"body": "x"}}, 100, "must be a string"),
]


@pytest.mark.parametrize(("request_", "code", "message"), REFUSED)
async def test_requests_that_meta_refuses(world, request_, code, message):
    error = refusal(world, request_)
    assert error.code == code
    assert message in words(error)


async def test_a_number_may_be_a_json_number_and_is_answered_as_text(world):
    assert post(world, text(to=int(ANN)))["contacts"] == [{"input": ANN, "wa_id": ANN}]


async def test_names_of_types_are_read_in_any_case(world):
    assert accepted(world, text(type="TEXT", recipient_type="Individual")).content["type"] == "text"


async def test_unknown_keys_beside_the_message_are_passed_over(world):
    assert post(world, text(colour="red"))["messages"]


def by_user_id(user_id: str, **changes: object) -> dict:
    request = text(recipient=user_id, **changes)
    if "to" not in changes:
        del request["to"]
    return request


async def test_a_user_id_reaches_the_person_and_the_answer_has_no_number(world):
    world.store.put(Person(ANN, "Ann", bsuid=ANNS_USER_ID))
    answer = post(world, by_user_id(ANNS_USER_ID))
    assert answer["contacts"] == [{"input": ANNS_USER_ID, "user_id": ANNS_USER_ID}]
    assert world.conversations.find(answer["messages"][0]["id"]).wa_id == ANN


async def test_a_parent_user_id_reaches_the_person_too(world):
    world.store.put(Person(ANN, "Ann", bsuid=ANNS_USER_ID))
    assert accepted(world, by_user_id("US.ENT.13491208655302741918")).wa_id == ANN


async def test_the_number_wins_over_the_user_id_and_the_answer_has_both(world):
    world.store.put(Person(ANN, "Ann", bsuid=ANNS_USER_ID))
    answer = post(world, by_user_id(ANNS_USER_ID, to=f"+{BOB}"))
    assert answer["contacts"] == [{"input": f"+{BOB}", "wa_id": BOB, "user_id": ANNS_USER_ID}]
    assert world.conversations.find(answer["messages"][0]["id"]).wa_id == BOB


async def test_a_user_id_that_has_changed_reaches_nobody(world):
    world.store.put(Person(ANN, "Ann", bsuid=ANNS_USER_ID))
    assert accepted(world, by_user_id(ANNS_USER_ID)).wa_id == ANN
    world.store.put(Person(ANN, "Ann", bsuid="US.2"))
    assert refusal(world, by_user_id(ANNS_USER_ID)).code == 131009
    assert accepted(world, by_user_id("US.2")).wa_id == ANN


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
    for wamid, part in [("wamid.unknown", "check the message ID"), (outgoing, "is outgoing")]:
        error = refusal(world, receipt(wamid))
        assert error.code == 131009
        assert part in error.details


async def test_messages_older_than_30_days_cannot_be_marked(world, clock):
    old = world.phones.write(world.store.people[ANN], world.store.numbers["3"], "one")
    clock.advance(30 * DAY_S)
    assert post(world, receipt(old.wamid)) == {"success": True}
    clock.advance(1)
    assert refusal(world, receipt(old.wamid)).code == 131009


@pytest.mark.parametrize(
    "request_",
    [
        receipt(None),
        receipt(5),
        {**receipt("w"), "status": "delivered"},
        {**receipt("w"), "typing_indicator": {"type": "dance"}},
        {**receipt("w"), "typing_indicator": {"type": "text", "for": 9}},
        {**receipt("w"), "typing_indicator": "text"},
    ],
)
async def test_malformed_receipts_are_refused(world, request_):
    assert refusal(world, request_).code == 100

"""Sends to groups, pins in them, and Direct Send: what goes where, and what is refused."""

import msgspec
import pytest

from simulator.graph.messages import send_marketing
from simulator.settings import Settings
from simulator.state import Group, Number, Person, Template, template_id
from simulator.world import World
from tests.unit.simulator.posting import (
    ANN,
    BOB,
    NUMBER,
    WABA,
    accepted,
    entries,
    furnished,
    post,
    refusal,
    request_of,
    words,
)

DAY_S = 24 * 3600
GROUP, LONELY, FOREIGN = "120363000000000001", "120363000000000002", "120363000000000003"
LINK = {"link": "https://example.com/a"}
REPLY = {"type": "reply", "reply": {"id": "1", "title": "One"}}
BUTTON = {"type": "button", "body": {"text": "x"}, "action": {"buttons": [REPLY]}}
LIST = {
    "type": "list",
    "body": {"text": "x"},
    "action": {"button": "b", "sections": [{"rows": [{"id": "1", "title": "t"}]}]},
}


@pytest.fixture
async def world(clock) -> World:
    world = furnished(clock)
    world.store.put(Number("4", WABA, "+1 555 010 0009", "Other"))
    world.store.put(Group(GROUP, NUMBER, "Garden", [ANN, BOB]))
    world.store.put(Group(LONELY, NUMBER, "Nobody", []))
    world.store.put(Group(FOREIGN, "4", "Elsewhere", [ANN]))
    components = [{"type": "BODY", "text": "Hello"}]
    hello = Template(template_id(WABA, "hello", "en"), WABA, "hello", "en", "UTILITY", components)
    world.store.put(hello)
    world.store.settle(Settings(closed_window="refuse"))
    yield world
    await world.close()


def to_group(type_: str, value: object, group: str = GROUP) -> dict:
    return request_of(type_, value, to=group, recipient_type="group")


IN_GROUPS = [
    ("text", {"body": "hi"}),
    ("image", LINK),
    ("video", LINK),
    ("audio", LINK),
    ("document", LINK),
    ("sticker", LINK),
    ("template", {"name": "hello", "language": {"code": "en"}}),
]


@pytest.mark.parametrize(("type_", "value"), IN_GROUPS)
async def test_texts_media_and_templates_go_to_a_group(world, type_, value):
    answer = post(world, to_group(type_, value))
    assert answer["contacts"] == [{"input": GROUP, "wa_id": GROUP}]
    (message,) = answer["messages"]
    assert message["group_id"] == GROUP
    assert entries(world)[0]["group_id"] == GROUP


OTHERS = [
    ("interactive", BUTTON),
    ("location", {"latitude": 1, "longitude": 2}),
    ("contacts", [{"name": {"formatted_name": "A", "first_name": "A"}}]),
    ("reaction", {"message_id": "wamid.x", "emoji": "🙂"}),
]


@pytest.mark.parametrize(("type_", "value"), OTHERS)
async def test_other_types_do_not_go_to_a_group(world, type_, value):
    assert refusal(world, to_group(type_, value)).code == 130501


@pytest.mark.parametrize(("group", "code"), [("9", 131041), (FOREIGN, 131041), (LONELY, 131020), (f"+{ANN}", 131041)])
async def test_groups_that_cannot_be_sent_to(world, group, code):
    assert refusal(world, to_group("text", {"body": "hi"}, group)).code == code


async def test_a_message_to_a_group_is_sent(world, clock):
    message = accepted(world, to_group("text", {"body": "hi"}))
    for _ in range(20):
        clock.advance(0.1)
        world.scheduler.run_due()
    assert "sent" in message.ticks
    assert "failed" not in message.ticks


def pin(wamid: str, type_: str = "pin", days: object = 7, **changes: object) -> dict:
    value = {"type": type_, "message_id": wamid}
    if type_ == "pin":
        value["expiration_days"] = days
    return {**to_group("pin", value), **changes}


async def test_three_messages_are_pinned_and_a_fourth_takes_the_place_of_the_oldest(world, clock):
    sent = [accepted(world, to_group("text", {"body": str(i)})).wamid for i in range(4)]
    for wamid in sent:
        accepted(world, pin(wamid))
    thread = world.conversations.thread(GROUP, NUMBER)
    assert thread.pinned(clock.now()) == sent[1:]
    accepted(world, pin(sent[2], "unpin"))
    assert thread.pinned(clock.now()) == [sent[1], sent[3]]
    accepted(world, pin(sent[1], days=30))
    clock.advance(7 * DAY_S)
    assert thread.pinned(clock.now()) == [sent[1]]


async def test_pins_that_cannot_be(world):
    wamid = accepted(world, to_group("text", {"body": "hi"})).wamid
    for days in (1, 30):
        assert accepted(world, pin(wamid, days=days))
    for request, code, said in [
        (pin(wamid, days=0), 100, "must be an integer between 1 and 30."),
        (pin(wamid, days=31), 100, "must be an integer between 1 and 30."),
        (pin(wamid, "stick"), 100, "must be one of {PIN, UNPIN}"),
        (pin("wamid.unknown"), 131009, "check the message ID"),
        (pin(wamid, recipient_type="individual", to=f"+{ANN}"), 131051, "in groups only"),
    ]:
        error = refusal(world, request)
        assert error.code == code
        assert said in words(error)


def enabled(world: World) -> World:
    world.store.put(msgspec.structs.replace(world.store.wabas[WABA], direct_send=True))
    return world


def direct(type_: str = "text", value: object = None, category: str = "utility", **changes: object) -> dict:
    return request_of(type_, value or {"body": "Your parcel ships today"}, category=category, **changes)


async def test_direct_send_needs_no_window_but_an_account_that_may(world):
    assert refusal(world, request_of("text", {"body": "hi"})).code == 131047
    error = refusal(world, direct())
    assert (error.code, error.details) == (100, "Direct Send is not enabled for this WhatsApp Business Account.")
    assert accepted(enabled(world), direct()).category == "utility"
    assert accepted(world, direct(category="Authentication")).category == "authentication"


LINK_BUTTON = {"name": "cta_url", "parameters": {"display_text": "Open", "url": "https://example.com"}}


@pytest.mark.parametrize("value", [BUTTON, {"type": "cta_url", "body": {"text": "x"}, "action": LINK_BUTTON}])
async def test_direct_send_takes_buttons_and_links(world, value):
    assert accepted(enabled(world), direct("interactive", value))


TTLS = [("utility", 30), ("utility", 43_200), ("authentication", 30), ("authentication", 900)]


@pytest.mark.parametrize(("category", "ttl_s"), TTLS)
async def test_direct_send_lives_within_its_limits(world, category, ttl_s):
    assert accepted(enabled(world), direct(category=category, ttl_seconds=ttl_s))


async def test_direct_sends_that_cannot_be(world):
    enabled(world).store.put(Person(ANN, "Ann", bsuid="US.1"))
    to_user_id = direct(category="authentication", recipient="US.1")
    del to_user_id["to"]
    for request, code, said in [
        (direct(ttl_seconds=29), 100, "must be an integer between 30 and 43200."),
        (direct(ttl_seconds=43_201), 100, "must be an integer between 30 and 43200."),
        (direct(category="authentication", ttl_seconds=901), 100, "must be an integer between 30 and 900."),
        (direct(category="marketing"), 100, "must be one of {UTILITY, AUTHENTICATION}"),
        (direct("image", LINK), 100, "Direct Send supports messages of type text"),
        (direct("interactive", LIST), 100, "Direct Send supports messages of type text"),
        (request_of("text", {"body": "x"}, ttl_seconds=60), 100, "Param ttl_seconds needs a category."),
        (to_user_id, 131062, "cannot be sent to a business-scoped user ID."),
    ]:
        error = refusal(world, request)
        assert error.code == code
        assert said in words(error)


async def test_marketing_messages_do_not_go_to_groups(world):
    request = to_group("template", {"name": "hello", "language": {"code": "en"}})
    assert refusal(world, request, send_marketing).code == 100

"""Template sends against stored templates: what goes, what is refused with which code and words, what people get."""

import json

import msgspec
import pytest

from simulator.control.templates import TemplateBody
from simulator.graph.messages import send_marketing
from simulator.sample_templates import SAMPLES
from simulator.settings import Settings
from simulator.state import Person, Template, template_id
from simulator.world import World
from tests.unit.simulator.posting import ANN, NUMBER, WABA, accepted, furnished, post, refusal, request_of, words

LINK = "https://example.com/a"
IMAGE = {"type": "image", "image": {"link": LINK}}


def put(world: World, name: str, body: dict, language: str = "en_US") -> Template:
    made = msgspec.convert(body, TemplateBody)
    template = Template(
        template_id(WABA, name, language), WABA, name, language, **{f: getattr(made, f) for f in made.__struct_fields__}
    )
    world.store.put(template)
    return template


@pytest.fixture
async def world(clock) -> World:
    world = furnished(clock)
    for name, language, sample in SAMPLES:
        put(world, name, sample, language)
    world.store.settle(Settings(closed_window="refuse"))
    yield world
    await world.close()


def texts(*values: str, **named: str) -> list[dict]:
    unnamed = [{"type": "text", "text": value} for value in values]
    return unnamed + [{"type": "text", "parameter_name": name, "text": value} for name, value in named.items()]


def header(*parameters: dict) -> dict:
    return {"type": "header", "parameters": list(parameters)}


def body(*values: str, **named: str) -> dict:
    return {"type": "body", "parameters": texts(*values, **named)}


def button(sub_type: str, index: object, *parameters: dict) -> dict:
    return {"type": "button", "sub_type": sub_type, "index": index, "parameters": list(parameters)}


def suffix(index: int, text: str = "123") -> dict:
    return button("url", index, {"type": "text", "text": text})


def card(index: int, *components: dict) -> dict:
    return {"card_index": index, "components": list(components)}


def cards(count: int, *components: dict) -> dict:
    return {"type": "carousel", "cards": [card(i, *components) for i in range(count)]}


CARD = (header(IMAGE), body("Socks", "5 EUR"), suffix(1))
PRODUCT = {"type": "product", "product": {"catalog_id": "1", "product_retailer_id": "sku"}}
EXPIRES = {"type": "limited_time_offer", "limited_time_offer": {"expiration_time_ms": 1_790_000_000_000}}
OFFER = {"type": "limited_time_offer", "parameters": [EXPIRES]}
COUPON = {"type": "coupon_code", "coupon_code": "AUTUMN25"}
PLACE = {"latitude": 1, "longitude": 2, "name": "Shop", "address": "Street 1"}
SECTIONS = [{"title": "All", "product_items": [{"product_retailer_id": "sku"}]}]

# One good send for every sample.
SENDS = {
    ("hello_world", "en_US"): [],
    ("order_shipped", "en_US"): [header(*texts("A-1")), body("Ann", "Friday"), suffix(2)],
    ("order_shipped", "de"): [header(*texts("A-1")), body("Ann", "Freitag"), suffix(2)],
    ("appointment_reminder", "en"): [body(customer_name="Ann", date="Friday", time="9:00")],
    ("receipt", "en_US"): [
        header({"type": "document", "document": {"link": LINK, "filename": "receipt.pdf"}}),
        body("Ann", "5 EUR"),
    ],
    ("courier_arrives", "en_US"): [header({"type": "location", "location": PLACE}), body("Ann")],
    ("sign_in_copy_code", "en_US"): [body("123456"), suffix(0, "123456")],
    ("sign_in_one_tap", "en_US"): [body("123456"), suffix(0, "123456")],
    ("sign_in_zero_tap", "en_US"): [body("123456"), suffix(0, "123456")],
    ("autumn_sale", "en_US"): [header(IMAGE), body("Ann", "a quarter")],
    ("how_it_is_made", "en_US"): [header({"type": "video", "video": {"link": LINK}})],
    ("coupon", "en_US"): [body("Ann", "October"), button("copy_code", "1", COUPON)],
    ("limited_offer", "en_US"): [
        header(IMAGE),
        OFFER,
        body("Ann", "X"),
        button("copy_code", 0, COUPON),
        suffix(1),
    ],
    ("new_arrivals", "en_US"): [body("Ann"), cards(3, *CARD)],
    ("product_cards", "en_US"): [body("Ann"), cards(2, header(PRODUCT))],
    ("our_catalog", "en_US"): [
        body("Ann"),
        button("CATALOG", 0, {"type": "action", "action": {"thumbnail_product_retailer_id": "sku"}}),
    ],
    ("forgotten_items", "en_US"): [
        header(*texts("Ann")),
        body("TENTH"),
        button("mpm", 0, {"type": "action", "action": {"sections": SECTIONS}}),
    ],
    ("sign_up", "en_US"): [
        button("flow", "0", {"type": "action", "action": {"flow_token": "t-1", "flow_action_data": {"a": 1}}}),
    ],
    ("call_us", "en_US"): [
        body("Ann"),
        button("voice_call", 0, {"type": "payload", "payload": "p"}, {"type": "ttl_minutes", "ttl_minutes": 60}),
    ],
}


def send(name: str, *components: dict, language: str = "en_US", **changes: object) -> dict:
    value = {"name": name, "language": {"code": language}}
    if components:
        value["components"] = list(components)
    return request_of("template", value, **changes)


def content(world: World, name: str, *components: dict, language: str = "en_US") -> dict:
    return accepted(world, send(name, *components, language=language)).content["template"]


def test_every_sample_has_a_send():
    assert {(name, language) for name, language, _ in SAMPLES} == SENDS.keys()


@pytest.mark.parametrize(("name", "language"), SENDS)
async def test_every_sample_can_be_sent_outside_the_window(world, name, language):
    answer = post(world, send(name, *SENDS[name, language], language=language))
    assert answer["messages"][0]["message_status"] == "accepted"


async def test_names_of_types_may_be_in_capitals(world):
    components = [{**part, "type": part["type"].upper()} for part in SENDS["order_shipped", "en_US"]]
    components[1]["parameters"][0]["type"] = "TEXT"
    assert content(world, "order_shipped", *components)["body"].startswith("Good news, Ann!")


async def test_people_get_filled_texts_and_buttons_that_they_can_tap(world):
    payload = button("quick_reply", 0, {"type": "payload", "payload": "thanks-1"})
    kept = content(world, "order_shipped", *SENDS["order_shipped", "en_US"], payload)
    assert kept == {
        "name": "order_shipped",
        "language": "en_US",
        "category": "utility",
        "header": {"type": "text", "text": "Order A-1"},
        "body": "Good news, Ann! Your parcel leaves us on Friday and should arrive soon.",
        "footer": "The simulated shop",
        "buttons": [
            {"index": 0, "type": "quick_reply", "text": "Thanks", "payload": "thanks-1"},
            {"index": 1, "type": "quick_reply", "text": "Change it", "payload": "Change it"},
            {"index": 2, "type": "url", "text": "Track parcel", "url": "https://shop.example/track/123"},
        ],
    }


async def test_people_get_codes_offers_flows_and_cards(world):
    code = content(world, "sign_in_copy_code", *SENDS["sign_in_copy_code", "en_US"])
    assert code["body"] == "*123456* is your verification code. For your security, do not share this code."
    assert code["footer"] == "This code expires in 10 minutes."
    assert code["buttons"][0]["code"] == "123456"
    offer = content(world, "limited_offer", *SENDS["limited_offer", "en_US"])
    assert offer["limited_time_offer"] == {"expiration_time_ms": 1_790_000_000_000}
    assert offer["buttons"][0]["coupon_code"] == "AUTUMN25"
    flow = content(world, "sign_up", *SENDS["sign_up", "en_US"])["buttons"][0]
    assert (flow["flow_token"], flow["flow_action_data"]) == ("t-1", {"a": 1})
    assert content(world, "sign_up")["buttons"][0]["flow_token"] == "unused"
    shown = content(world, "new_arrivals", *SENDS["new_arrivals", "en_US"])["cards"]
    assert [card["card_index"] for card in shown] == [0, 1, 2]
    assert shown[0]["body"] == "Socks, now for 5 EUR at our shop."
    assert shown[0]["buttons"][0]["payload"] == "Tell me more"


async def test_named_and_numbered_variables_are_filled_by_name_and_by_number(world):
    put(world, "named", {"category": "UTILITY", "components": [{"type": "BODY", "text": "{{b}} then {{a}}"}]})
    world.store.put(msgspec.structs.replace(world.store.template(WABA, "named", "en_US"), parameter_format="NAMED"))
    assert content(world, "named", body(a="1", b="2"))["body"] == "2 then 1"
    put(world, "turned", {"category": "UTILITY", "components": [{"type": "BODY", "text": "{{2}} after {{1}}, {{1}}"}]})
    assert content(world, "turned", body("one", "two"))["body"] == "two after one, one"


async def test_amounts_and_dates_show_their_fallback(world):
    amount = {"type": "currency", "currency": {"fallback_value": "5 EUR", "code": "EUR", "amount_1000": 5000}}
    date = {"type": "date_time", "date_time": {"fallback_value": "Friday", "year": 2030}}
    components = [header(*texts("A-1")), {"type": "body", "parameters": [amount, date]}, suffix(2)]
    assert "5 EUR! Your parcel leaves us on Friday" in content(world, "order_shipped", *components)["body"]


def sent_with(name: str, change: str, value: object, language: str = "en_US") -> dict:
    """The good send of a sample with one place changed, like `1.parameters.0.text`; None takes it away."""
    components = json.loads(json.dumps(SENDS[name, language]))
    *way, last = [int(step) if step.isdigit() else step for step in change.split(".")]
    place = components
    for step in way:
        place = place[step]
    if value is None:
        del place[last]
    else:
        place[last] = value
    return send(name, *components, language=language)


MANDATORY = "Parameter '{0}' is mandatory for component parameter type '{0}'"
COUNT = "body: number of localizable_params ({}) does not match the expected number of params ({})"
BODY = "template['components'][1]['parameters'][0]"
WHITESPACE = "Param text cannot have new-line/tab characters or more than 4 consecutive spaces"
REFUSED = [
    (send("nothing"), 132001, "template name (nothing) does not exist in en_US"),
    (send("hello_world", language="en"), 132001, "template name (hello_world) does not exist in en"),
    (request_of("template", {}), 100, "The parameter template['name'] is required."),
    (request_of("template", {"name": "hello_world"}), 100, "The parameter template['language'] is required."),
    (
        request_of("template", {"name": "hello_world", "language": {"code": "en_US", "policystring": "x"}}),
        100,
        'Unexpected key "policystring" on param "template[\'language\']".',
    ),
    (
        request_of("template", {"name": "hello_world", "language": {"code": "en_US", "policy": "fallback"}}),
        100,
        "must be one of {DETERMINISTIC}",
    ),
    (send("hello_world", body("x")), 132000, COUNT.format(1, 0)),
    (send("hello_world", header(*texts("x"))), 132000, "header: number of localizable_params (1)"),
    (send("hello_world", {"type": "footer"}), 100, "must be one of {HEADER, BODY, BUTTON"),
    (send("hello_world", body(), body()), 132018, "body: the component is given more than once"),
    (send("hello_world", suffix(0)), 132018, "buttons: Template does not contain button components, no parameters"),
    (send("hello_world", cards(2)), 132018, "carousel: Template does not contain a carousel"),
    (send("hello_world", OFFER), 132018, "limited_time_offer: Template has no offer that expires"),
    (send("order_shipped", header(*texts("A-1"))), 132000, COUNT.format(0, 2)),
    (send("order_shipped", body("Ann", "Friday")), 132000, "header: number of localizable_params (0)"),
    (
        sent_with("order_shipped", "0.parameters", [IMAGE]),
        132012,
        "header: Format mismatch, expected TEXT, received",
    ),
    (
        sent_with("order_shipped", "1.parameters.0", {"type": "image"}),
        100,
        f"Param {BODY}['type'] must be one of",
    ),
    (sent_with("order_shipped", "1.parameters.0", {"type": "text"}), 100, MANDATORY.format("text")),
    (sent_with("order_shipped", "1.parameters.0", {"type": "text", "text": ""}), 100, MANDATORY.format("text")),
    (sent_with("order_shipped", "1.parameters.0", {"type": "text", "text": 5}), 100, "['text'] must be a string."),
    (sent_with("order_shipped", "1.parameters.0", {"type": "currency"}), 100, MANDATORY.format("currency")),
    (
        sent_with("order_shipped", "1.parameters.0", {"type": "currency", "currency": {"code": "EUR"}}),
        100,
        "constraint 'required' for the JSON field 'template.components.1.parameters.0.currency', please",
    ),
    (sent_with("order_shipped", "1.parameters.0.colour", "red"), 100, f'Unexpected key "colour" on param "{BODY}".'),
    (sent_with("order_shipped", "1.parameters.0.parameter_name", "x"), 132012, "where parameters are positional"),
    (sent_with("order_shipped", "1.parameters.0.text", "a\nb"), 132018, WHITESPACE),
    (sent_with("order_shipped", "1.parameters.0.text", "a\tb"), 132018, WHITESPACE),
    (sent_with("order_shipped", "1.parameters.0.text", "a     b"), 132018, WHITESPACE),
    (sent_with("order_shipped", "1.parameters.0.text", "x" * 957), 132005, "body: the text is 1025 characters long"),
    (sent_with("order_shipped", "0.parameters.0.text", "x" * 55), 132005, "header: the text is 61 characters long"),
    (sent_with("order_shipped", "2", suffix(2, "")), 100, "and cannot be empty"),
    (sent_with("order_shipped", "2", suffix(2, "x" * 1974)), 132005, "url is 2001 characters"),
    (
        sent_with("order_shipped", "2.parameters", []),
        131008,
        "Button at index 2 of type Url requires a parameter",
    ),
    (sent_with("order_shipped", "2.index", 1), 132018, "buttons: Button at index 1 must be of type QuickReply"),
    (sent_with("order_shipped", "2.sub_type", "copy_code"), 132018, "buttons: Button at index 2 must be of type Url"),
    (sent_with("order_shipped", "2.sub_type", None), 100, "['sub_type'] is required."),
    (sent_with("order_shipped", "2.index", None), 100, "['index'] is required."),
    (sent_with("order_shipped", "2.index", 3), 132018, "buttons: Template has no button at index 3"),
    (sent_with("order_shipped", "2.index", 10), 100, "must be an integer between 0 and 9."),
    (send("order_shipped", *SENDS["order_shipped", "en_US"], suffix(2)), 132018, "is given more than once"),
    (
        send("order_shipped", *SENDS["order_shipped", "en_US"], button("quick_reply", 0, *texts("x"))),
        100,
        "must be one of {PAYLOAD}",
    ),
    (send("appointment_reminder", body("a", "b", "c"), language="en"), 100, "Parameter name is missing or empty"),
    (
        send("appointment_reminder", body(customer_name="a", date="b", hour="c"), language="en"),
        100,
        "Parameter name is missing for the parameter '{{time}}'",
    ),
    (send("appointment_reminder", body(date="b"), language="en"), 132000, COUNT.format(1, 3)),
    (
        send("appointment_reminder", body(customer_name="a", date="b", time="c"), suffix(1), language="en"),
        132018,
        "buttons: Button at index 1 does not take parameters",
    ),
    (send("receipt", body("a", "b")), 132012, "header: Format mismatch, expected DOCUMENT, received UNKNOWN"),
    (
        sent_with("receipt", "0.parameters", [IMAGE]),
        132012,
        "header: Format mismatch, expected DOCUMENT",
    ),
    (sent_with("receipt", "0.parameters", texts("x")), 132012, "expected DOCUMENT, received TEXT"),
    (sent_with("receipt", "0.parameters.0", {"type": "document"}), 100, MANDATORY.format("document")),
    (sent_with("receipt", "0.parameters.0.document", {}), 132018, "Either one of media ID or link must be present"),
    (
        sent_with("receipt", "0.parameters.0.document", {"id": "1"}),
        100,
        "Param template['components'][0]['parameters'][0]['document']['id'] is not a valid whatsapp business account",
    ),
    (sent_with("autumn_sale", "0.parameters", [IMAGE, IMAGE]), 132000, "header: number of params (2)"),
    (
        sent_with("autumn_sale", "0.parameters.0.image", {"link": LINK, "caption": "x"}),
        100,
        'Unexpected key "caption"',
    ),
    (sent_with("courier_arrives", "0.parameters.0.location", {"latitude": 1}), 100, "missing : 'longitude'"),
    (
        sent_with("courier_arrives", "0.parameters.0.location.address", None),
        100,
        "Parameter 'address' is mandatory for component parameter type 'location'",
    ),
    (
        sent_with("sign_in_copy_code", "0", body("x" * 16)),
        132018,
        "body: Parameter at index 0 exceeds the parameter",
    ),
    (sent_with("sign_in_copy_code", "1", suffix(0, "x" * 16)), 132018, "exceeds the parameter length limit 15"),
    (send("sign_in_copy_code", body("1")), 131008, "buttons: Button at index 0 of type Url requires a parameter"),
    (
        send("sign_in_copy_code", body("1"), button("copy_code", 0, COUPON)),
        132018,
        "buttons: Button at index 0 must be of type Url",
    ),
    (send("coupon", body("a", "b")), 131008, "Button at index 1 of type CopyCode requires a parameter"),
    (sent_with("coupon", "1.parameters.0.coupon_code", "x" * 16), 100, "must be at most 15 characters long."),
    (
        send("limited_offer", header(IMAGE), body("a", "b")),
        131008,
        "the expiration time is required",
    ),
    (sent_with("limited_offer", "1.parameters.0.limited_time_offer", {}), 100, "['expiration_time_ms'] is required."),
    (sent_with("limited_offer", "2", body("x" * 559, "y")), 132005, "at most 600 are allowed"),
    (send("new_arrivals", body("Ann")), 132000, "carousel: number of cards (0) does not match the expected number"),
    (send("new_arrivals", body("Ann"), cards(2, *CARD)), 132000, "carousel: number of cards (2)"),
    (sent_with("new_arrivals", "1.cards.0.card_index", 1), 132018, "card_index must count from 0"),
    (sent_with("new_arrivals", "1.cards.0.components.0.parameters", []), 132012, "card 0: header: Format mismatch"),
    (sent_with("new_arrivals", "1.cards.2.components.1", body("x" * 137, "y")), 132005, "at most 160 are allowed"),
    (
        sent_with("new_arrivals", "1.cards.1.components.2.parameters", []),
        131008,
        "card 1: buttons: Button at index 1 of type Url",
    ),
    (
        sent_with("product_cards", "1.cards.0.components.0.parameters", [IMAGE]),
        132012,
        "expected PRODUCT",
    ),
    (send("forgotten_items", header(*texts("A")), body("x")), 131008, "Button at index 0 of type MPM requires"),
    (
        sent_with("forgotten_items", "2.parameters.0.action", {"sections": SECTIONS * 11}),
        100,
        "['sections'] must have at most 10 elements.",
    ),
    (sent_with("call_us", "1.parameters.1.ttl_minutes", 43201), 100, "must be an integer between 1 and 43200."),
]


@pytest.mark.parametrize(("request_", "code", "said"), REFUSED)
async def test_what_does_not_fit_the_template_is_refused_in_metas_words(world, request_, code, said):
    error = refusal(world, request_)
    assert (error.code, error.http) == (code, 404 if code == 132001 else 400)
    assert said in words(error)


LIMITS = [
    ("order_shipped", "1.parameters.0.text", "x" * 956),
    ("order_shipped", "0.parameters.0.text", "x" * 54),
    ("order_shipped", "1.parameters.0.text", "a    b"),
    ("sign_in_copy_code", "0", body("x" * 15)),
    ("sign_in_copy_code", "1", suffix(0, "x" * 15)),
    ("coupon", "1.parameters.0.coupon_code", "x" * 15),
    ("order_shipped", "2", suffix(2, "x" * (2000 - len("https://shop.example/track/")))),
    ("limited_offer", "2", body("x" * 558, "y")),
    ("new_arrivals", "1.cards.2.components.1", body("x" * 136, "y")),
]


@pytest.mark.parametrize(("name", "change", "value"), LIMITS)
async def test_at_the_limits_it_goes(world, name, change, value):
    assert post(world, sent_with(name, change, value))["messages"]


STATUSES = [
    ("PAUSED", 132015, 400),
    ("DISABLED", 132016, 400),
    ("PENDING", 132001, 404),
    ("REJECTED", 132001, 404),
    ("IN_APPEAL", 132001, 404),
    ("ARCHIVED", 132001, 404),
    ("PENDING_DELETION", 132001, 404),
]


@pytest.mark.parametrize(("status", "code", "http"), STATUSES)
async def test_templates_that_are_not_approved_are_not_sent(world, status, code, http):
    template = world.store.template(WABA, "hello_world", "en_US")
    world.store.put(msgspec.structs.replace(template, status=status))
    error = refusal(world, send("hello_world"))
    assert (error.code, error.http) == (code, http)


async def test_a_held_template_says_so(world):
    template = world.store.template(WABA, "hello_world", "en_US")
    world.store.put(msgspec.structs.replace(template, held=True))
    assert post(world, send("hello_world"))["messages"][0]["message_status"] == "held_for_quality_assessment"


async def test_templates_of_another_account_do_not_exist(world):
    template = world.store.template(WABA, "hello_world", "en_US")
    other = msgspec.structs.replace(template, id=template_id("5", "foreign", "en_US"), waba_id="5", name="foreign")
    world.store.put(other)
    assert refusal(world, send("foreign")).code == 132001


@pytest.mark.parametrize("name", ["sign_in_copy_code", "sign_in_one_tap", "sign_in_zero_tap"])
async def test_codes_do_not_go_to_user_ids(world, name):
    world.store.put(Person(ANN, "Ann", bsuid="US.1"))
    request = send(name, *SENDS[name, "en_US"], recipient="US.1")
    assert post(world, request)["messages"]
    del request["to"]
    error = refusal(world, request)
    assert error.code == 131062
    assert error.message == f"(#131062) {error.details}"
    hello = send("hello_world", recipient="US.1")
    del hello["to"]
    assert post(world, hello)["contacts"] == [{"input": "US.1", "user_id": "US.1"}]


async def test_media_of_the_wrong_kind_fails_later(world):
    media = world.media.keep(NUMBER, "text/plain", b"no picture")
    request = sent_with("autumn_sale", "0.parameters.0.image", {"id": media.id})
    assert accepted(world, request).failure == 131053


@pytest.mark.parametrize(
    ("category", "asked", "endpoint", "lasts_s"),
    [
        ("UTILITY", 60, post, 60),
        ("UTILITY", None, post, 30 * 86_400),
        ("AUTHENTICATION", 900, post, 900),
        ("MARKETING", 43_200, post, 30 * 86_400),
        ("MARKETING", 43_200, send_marketing, 43_200),
    ],
)
async def test_a_template_says_how_long_its_messages_are_tried(world, category, asked, endpoint, lasts_s):
    plain = {"category": category, "components": [{"type": "BODY", "text": "Hi"}], "message_send_ttl_seconds": asked}
    put(world, "brief", plain)
    message = accepted(world, send("brief"), **({} if endpoint is post else {"endpoint": endpoint}))
    assert message.expires_at - message.at == lasts_s


def test_a_template_asks_for_a_time_that_its_category_may_have():
    body = {"category": "AUTHENTICATION", "components": [], "message_send_ttl_seconds": 901}
    with pytest.raises(msgspec.ValidationError, match="must be from 30 to 900"):
        msgspec.convert(body, TemplateBody)


async def test_marketing_messages_takes_marketing_templates_only(world):
    sale = send("autumn_sale", *SENDS["autumn_sale", "en_US"])
    assert accepted(world, sale, send_marketing).category == "marketing_lite"
    assert accepted(world, sale).category == "marketing"
    extras = {"product_policy": "STRICT", "message_activity_sharing": True}
    assert accepted(world, {**sale, **extras}, send_marketing)
    for request, code, said in [
        (send("hello_world"), 134100, "You're only able to send marketing messages on this API."),
        (request_of("text", {"body": "x"}), 131055, "Only marketing template messages are supported"),
        ({**sale, "product_policy": "LAX"}, 100, "must be one of {CLOUD_API_FALLBACK, STRICT}"),
        ({**sale, "message_activity_sharing": "yes"}, 100, "must be a boolean."),
        ({**sale, "recipient_type": "group"}, 100, "must be one of {INDIVIDUAL}"),
        ({"messaging_product": "whatsapp", "status": "read", "message_id": "w"}, 100, "The parameter to is required"),
    ]:
        error = refusal(world, request, send_marketing)
        assert error.code == code
        assert said in words(error)

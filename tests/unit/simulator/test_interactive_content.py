"""Interactive messages of every kind: at each limit accepted, one beyond it refused as Meta does."""

import copy

import pytest

from simulator.world import World
from tests.unit.simulator.posting import accepted, furnished, refusal, request_of, words

DAY_S = 24 * 3600
LINK = "https://example.com/a"
IMAGE = {"type": "image", "image": {"link": LINK}}


@pytest.fixture
async def world(clock) -> World:
    world = furnished(clock)
    yield world
    await world.close()


def reply(number: int, title: str | None = None) -> dict:
    return {"type": "reply", "reply": {"id": f"id-{number}", "title": title or f"Title {number}"}}


def rows(count: int, first: int = 0) -> list[dict]:
    return [{"id": f"row-{i}", "title": f"Row {i}"} for i in range(first, first + count)]


def items(count: int) -> list[dict]:
    return [{"product_retailer_id": f"sku-{i}"} for i in range(count)]


def link_card(number: int, **changes: object) -> dict:
    action = {"name": "cta_url", "parameters": {"display_text": "Open", "url": LINK}}
    return {"card_index": number, "type": "cta_url", "header": IMAGE, "action": action, **changes}


def product_card(number: int) -> dict:
    return {"card_index": number, "type": "product", "action": {"catalog_id": "1", "product_retailer_id": "sku"}}


EXAMPLES = {
    "button": {"action": {"buttons": [reply(1), reply(2)]}},
    "list": {"action": {"button": "Choose", "sections": [{"rows": rows(2)}]}},
    "cta_url": {"action": {"name": "cta_url", "parameters": {"display_text": "Open", "url": LINK}}},
    "location_request_message": {"action": {"name": "send_location"}},
    "request_contact_info": {"action": {"name": "request_contact_info"}},
    "address_message": {"action": {"name": "address_message", "parameters": {"country": "IN"}}},
    "call_permission_request": {"action": {"name": "call_permission_request"}},
    "voice_call": {"action": {"name": "voice_call", "parameters": {"display_text": "Call", "ttl_minutes": 10}}},
    "flow": {
        "action": {
            "name": "flow",
            "parameters": {"flow_message_version": "3", "flow_id": "7", "flow_cta": "Begin", "flow_token": "t"},
        }
    },
    "product": {"action": {"catalog_id": "1", "product_retailer_id": "sku"}},
    "product_list": {
        "header": {"type": "text", "text": "Ours"},
        "action": {"catalog_id": "1", "sections": [{"product_items": items(2)}]},
    },
    "catalog_message": {
        "action": {"name": "catalog_message", "parameters": {"thumbnail_product_retailer_id": "sku"}},
    },
    "carousel": {"action": {"cards": [link_card(0), link_card(1)]}},
    "order_details": {
        "action": {
            "name": "review_and_pay",
            "parameters": {
                "reference_id": "r-1",
                "type": "digital-goods",
                "currency": "INR",
                "total_amount": {"value": 1100, "offset": 100},
                "payment_settings": [{"type": "x"}],
                "order": {
                    "status": "pending",
                    "items": [{"name": "bread", "amount": {"value": 1100, "offset": 100}, "quantity": 1}],
                },
            },
        }
    },
    "order_status": {
        "action": {"name": "review_order", "parameters": {"reference_id": "r-1", "order": {"status": "shipped"}}},
    },
}


def changed(kind: str, path: str = "", value: object = None) -> dict:
    """The example of a kind with one place changed, like `action.buttons.0.reply.title`; None takes it away."""
    made = copy.deepcopy({"type": kind, "body": {"text": "Hello"}, **EXAMPLES[kind]})
    if not path:
        return made
    *way, last = [int(step) if step.isdigit() else step for step in path.split(".")]
    place = made
    for step in way:
        place = place.setdefault(step, {}) if isinstance(place, dict) else place[step]
    if value is None:
        del place[last]
    else:
        place[last] = value
    return made


@pytest.mark.parametrize("kind", EXAMPLES)
async def test_the_example_of_each_kind_goes_and_is_kept(world, kind):
    kept = accepted(world, request_of("interactive", changed(kind))).content["interactive"]
    assert kept["type"] == kind
    assert kept["body"] == {"text": "Hello"}
    action = EXAMPLES[kind]["action"]
    if kind != "flow":
        assert kept["action"] == action


@pytest.mark.parametrize("kind", EXAMPLES)
async def test_no_kind_has_keys_of_its_own(world, kind):
    error = refusal(world, request_of("interactive", changed(kind, "colour", "red")))
    assert error.message == '(#100) Unexpected key "colour" on param "interactive".'


async def test_what_people_tap_is_kept(world):
    kept = accepted(world, request_of("interactive", changed("flow"))).content["interactive"]
    assert kept["action"]["parameters"] == {
        **EXAMPLES["flow"]["action"]["parameters"],
        "mode": "published",
        "flow_action": "navigate",
    }
    unnamed = accepted(world, request_of("interactive", changed("flow", "action.parameters.flow_token")))
    assert unnamed.content["interactive"]["action"]["parameters"]["flow_token"] == "unused"


GOOD = [
    ("button", "body.text", "x" * 1024),
    ("button", "footer.text", "x" * 60),
    ("button", "header", {"type": "text", "text": "x" * 60}),
    ("button", "header", IMAGE),
    ("button", "header", {"type": "VIDEO", "video": {"link": LINK}}),
    ("button", "header", {"type": "document", "document": {"link": LINK, "filename": "a.pdf"}}),
    ("button", "action.buttons", [reply(1)]),
    ("button", "action.buttons", [reply(1), reply(2), reply(3)]),
    ("button", "action.buttons.0.reply.title", "x" * 20),
    ("button", "action.buttons.0.reply.id", "x" * 256),
    ("list", "body.text", "x" * 4096),
    ("list", "header", {"type": "text", "text": "x" * 60}),
    ("list", "action.button", "x" * 20),
    ("list", "action.sections", [{"rows": rows(10)}]),
    ("list", "action.sections", [{"title": "x" * 24, "rows": rows(1, i)} for i in range(10)]),
    ("list", "action.sections.0.rows.0", {"id": "x" * 200, "title": "x" * 24, "description": "x" * 72}),
    ("cta_url", "header", IMAGE),
    ("cta_url", "body.text", "x" * 1024),
    ("cta_url", "action.parameters.display_text", "x" * 20),
    ("address_message", "action.parameters.values", {"name": "A", "in_pin_code": "1", "city": "C"}),
    ("address_message", "action.parameters.saved_addresses", [{"id": "1", "value": {"address": "B"}}]),
    ("address_message", "action.parameters.validation_errors", {"in_pin_code": "not served"}),
    ("address_message", "action.parameters.country", "in"),
    ("call_permission_request", "body", None),
    ("voice_call", "action.parameters.display_text", "x" * 20),
    ("voice_call", "action.parameters.ttl_minutes", 1),
    ("voice_call", "action.parameters.ttl_minutes", 43200),
    ("voice_call", "action.parameters", None),
    ("voice_call", "action.parameters.payload", "x" * 512),
    ("flow", "action.parameters.flow_cta", "x" * 30),
    ("flow", "action.parameters.flow_action_payload", {"screen": "FIRST", "data": {"any": {"thing": 1}}}),
    ("flow", "action.parameters.mode", "draft"),
    ("flow", "action.parameters.flow_action", "data_exchange"),
    ("flow", "header", IMAGE),
    ("product", "body", None),
    ("product_list", "action.sections", [{"title": "x" * 24, "product_items": items(3)} for _ in range(10)]),
    ("catalog_message", "action.parameters", None),
    ("catalog_message", "footer.text", "x" * 60),
    ("carousel", "action.cards", [link_card(i) for i in range(10)]),
    ("carousel", "action.cards", [product_card(i) for i in range(2)]),
    ("carousel", "action.cards.0.body", {"text": "x" * 158 + "\n\n"}),
    ("order_details", "action.parameters.reference_id", "x" * 35),
    ("order_details", "action.parameters.currency", "brl"),
    ("order_details", "header", IMAGE),
    ("order_status", "action.parameters.order.status", "canceled"),
]


@pytest.mark.parametrize(("kind", "path", "value"), GOOD)
async def test_at_the_limit_it_goes(world, kind, path, value):
    assert accepted(world, request_of("interactive", changed(kind, path, value))).failure is None


BODY_LENGTH = "Body text length invalid. Min length: 1, Max length: 1024"
FOOTER_LENGTH = "Footer text length invalid. Min length: 1, Max length: 60"
BUTTON_COUNT = "Invalid buttons count. Min allowed buttons: 1, Max allowed buttons: 3"
ACTION = "interactive['action']"
BAD = [
    ("button", "type", "dance", 100, 'got "dance"'),
    ("button", "type", 5, 100, "Param interactive['type'] must be a string."),
    ("button", "body", None, 100, "The parameter interactive['body'] is required."),
    ("button", "body", {}, 100, "The parameter interactive['body']['text'] is required."),
    ("button", "body", {"text": "a", "b": 1}, 100, 'Unexpected key "b" on param "interactive[\'body\']".'),
    ("button", "body.text", "x" * 1025, 131009, BODY_LENGTH),
    ("button", "footer.text", "x" * 61, 131009, FOOTER_LENGTH),
    ("button", "footer", {"text": ""}, 100, "The parameter interactive['footer']['text'] is required."),
    ("button", "header", {"type": "text", "text": "x" * 61}, 131009, "Header text length invalid."),
    ("button", "header", {"type": "sticker"}, 100, "must be one of {TEXT, IMAGE, VIDEO, DOCUMENT}"),
    ("button", "header", {"type": "image"}, 100, "The parameter interactive['header']['image'] is required."),
    ("button", "header", {**IMAGE, "text": "x"}, 100, 'Unexpected key "text" on param "interactive[\'header\']".'),
    ("button", "action", None, 100, "The parameter interactive['action'] is required."),
    ("button", "action.buttons", None, 100, f"The parameter {ACTION}['buttons'] is required."),
    ("button", "action.buttons", [], 131009, BUTTON_COUNT),
    ("button", "action.buttons", [reply(i) for i in range(4)], 131009, BUTTON_COUNT),
    ("button", "action.buttons", [reply(1, "Same"), reply(2, "Same")], 131009, "Duplicated title in buttons."),
    ("button", "action.buttons", [reply(1, "One"), reply(1, "Two")], 131009, "Duplicated id in buttons."),
    ("button", "action.buttons.0.reply.title", "x" * 21, 131009, "Button title length invalid."),
    ("button", "action.buttons.0.reply.title", "", 100, f"{ACTION}['buttons'][0]['reply']['title'] is required."),
    ("button", "action.buttons.0.reply.id", "x" * 257, 100, "must be at most 256 characters long."),
    ("button", "action.buttons.0.reply.id", " x", 131009, "must not begin or end with a space."),
    ("button", "action.buttons.0.type", "url", 100, "must be one of {REPLY}"),
    ("list", "body.text", "x" * 4097, 131009, "Min length: 1, Max length: 4096"),
    ("list", "header", IMAGE, 100, "must be one of {TEXT}"),
    ("list", "action.button", "x" * 21, 131009, "Max length: 20"),
    ("list", "action.sections", [], 100, f"The parameter {ACTION}['sections'] is required."),
    ("list", "action.sections", [{"rows": rows(11)}], 131009, "Total row count exceed max allowed count: 10"),
    (
        "list",
        "action.sections",
        [{"title": "a", "rows": rows(5)}, {"title": "b", "rows": rows(6, 5)}],
        131009,
        "Total row count exceed max allowed count: 10",
    ),
    ("list", "action.sections", [{"title": "a", "rows": rows(1, i)} for i in range(11)], 131009, "section count"),
    ("list", "action.sections", [{"title": "a", "rows": rows(1)}, {"rows": rows(1, 1)}], 100, "['title'] is required."),
    ("list", "action.sections", [{"title": "a"}], 100, f"{ACTION}['sections'][0]['rows'] is required."),
    ("list", "action.sections.0.title", "x" * 25, 131009, "Section title is too long. Max length is 24"),
    ("list", "action.sections.0.rows.0.id", "x" * 201, 131009, "Max length is 200"),
    ("list", "action.sections.0.rows.0.title", "x" * 25, 131009, "Row title is too long. Max length is 24"),
    ("list", "action.sections.0.rows.0.title", "", 100, f"{ACTION}['sections'][0]['rows'][0]['title'] is required."),
    ("list", "action.sections.0.rows.0.description", "x" * 73, 131009, "Row description is too long. Max length is 72"),
    ("list", "action.sections.0.rows", rows(1) * 2, 131009, "Duplicated row id in sections."),
    ("cta_url", "body.text", "x" * 1025, 131009, BODY_LENGTH),
    ("cta_url", "action.parameters.display_text", "x" * 21, 131009, "Max length: 20"),
    ("cta_url", "action.parameters.url", "example.com", 100, "is not a valid URL."),
    ("cta_url", "action.name", "open", 100, "must be one of {CTA_URL}"),
    ("location_request_message", "body.text", "x" * 1025, 131009, BODY_LENGTH),
    ("location_request_message", "action.name", "location", 100, "must be one of {SEND_LOCATION}"),
    ("location_request_message", "footer", {"text": "x"}, 100, 'Unexpected key "footer"'),
    ("request_contact_info", "action.name", "contact_request", 100, "must be one of {REQUEST_CONTACT_INFO}"),
    ("address_message", "action.parameters.country", "DE", 100, "must be one of {IN}"),
    ("address_message", "action.parameters.country", None, 100, "['country'] is required."),
    ("address_message", "action.parameters.values", {"street": "x"}, 100, 'Unexpected key "street"'),
    ("voice_call", "action.parameters.display_text", "x" * 21, 131009, "Max length: 20"),
    ("voice_call", "action.parameters.payload", "x" * 513, 100, "must be at most 512 characters long."),
    ("voice_call", "action.parameters.ttl_minutes", 0, 100, "must be an integer between 1 and 43200."),
    ("voice_call", "action.parameters.ttl_minutes", 43201, 100, "must be an integer between 1 and 43200."),
    ("voice_call", "action.parameters.ttl_minutes", 1.5, 100, "must be an integer."),
    ("flow", "action.parameters.flow_cta", "x" * 31, 100, "must be at most 30 characters long."),
    ("flow", "action.parameters.flow_message_version", "4", 100, 'must be one of {3} - got "4".'),
    ("flow", "action.parameters.flow_id", None, 131009, "Exactly one of flow_id and flow_name"),
    ("flow", "action.parameters.flow_name", "both", 131009, "Exactly one of flow_id and flow_name"),
    ("flow", "action.parameters.mode", "later", 100, "must be one of {DRAFT, PUBLISHED}"),
    ("flow", "action.parameters.flow_action_payload", {"data": {}}, 100, "must not be empty."),
    ("flow", "action.parameters.flow_action_payload", {"data": []}, 100, "must be a JSON object."),
    ("product", "header", {"type": "text", "text": "x"}, 100, 'Unexpected key "header" on param "interactive".'),
    ("product", "action.product_retailer_id", None, 100, f"The parameter {ACTION}['product_retailer_id'] is required."),
    ("product_list", "header", None, 100, "The parameter interactive['header'] is required."),
    ("product_list", "header", IMAGE, 100, "must be one of {TEXT}"),
    ("product_list", "action.sections", [{"product_items": items(31)}], 131009, "exceed max allowed count: 30"),
    (
        "product_list",
        "action.sections",
        [{"title": "a", "product_items": items(1)} for _ in range(11)],
        131009,
        "section count exceed max allowed count: 10",
    ),
    ("product_list", "action.sections.0.title", "x" * 25, 131009, "Max length is 24"),
    ("product_list", "action.sections.0.product_items", [], 100, "['product_items'] is required."),
    ("catalog_message", "body.text", "x" * 1025, 131009, BODY_LENGTH),
    ("catalog_message", "footer.text", "x" * 61, 131009, FOOTER_LENGTH),
    ("carousel", "header", IMAGE, 100, 'Unexpected key "header" on param "interactive".'),
    ("carousel", "footer", {"text": "x"}, 100, 'Unexpected key "footer" on param "interactive".'),
    ("carousel", "body.text", "x" * 1025, 131009, BODY_LENGTH),
    ("carousel", "action.cards", [link_card(0)], 131009, "Min allowed cards: 2, Max allowed cards: 10"),
    ("carousel", "action.cards", [link_card(i % 10) for i in range(11)], 131009, "Max allowed cards: 10"),
    ("carousel", "action.cards", [link_card(0), link_card(0)], 131009, "Card indexes must count from 0"),
    ("carousel", "action.cards.0.card_index", 10, 100, "must be an integer between 0 and 9."),
    ("carousel", "action.cards", [link_card(0), product_card(1)], 131009, "same type of header"),
    (
        "carousel",
        "action.cards.0.header",
        {"type": "video", "video": {"link": LINK}},
        131009,
        "same type of header",
    ),
    ("carousel", "action.cards.0.header", None, 100, f"The parameter {ACTION}['cards'][0]['header'] is required."),
    ("carousel", "action.cards.0.body", {"text": "x" * 161}, 131009, "Card body text length invalid."),
    ("carousel", "action.cards.0.body", {"text": "a\n\n\nb"}, 131009, "too many line breaks"),
    ("carousel", "action.cards.0.action.parameters.display_text", "x" * 21, 131009, "Max length: 20"),
    ("order_details", "action.parameters.reference_id", "x" * 36, 100, "must be at most 35 characters long."),
    ("order_details", "action.parameters.currency", "USD", 100, "must be one of {INR, BRL}"),
    ("order_details", "action.parameters.total_amount", {"value": 1.5, "offset": 100}, 100, "must be an integer."),
    ("order_details", "action.parameters.order.items", [{"name": "x"}], 100, "['quantity'] is required."),
    ("order_status", "action.parameters.order.status", "lost", 100, 'got "lost"'),
    ("order_status", "action.parameters.reference_id", None, 100, "['reference_id'] is required."),
]


@pytest.mark.parametrize(("kind", "path", "value", "code", "said"), BAD)
async def test_beyond_the_limit_it_is_refused_in_metas_words(world, kind, path, value, code, said):
    error = refusal(world, request_of("interactive", changed(kind, path, value)))
    assert (error.code, error.http) == (code, 400)
    assert said in words(error)


async def test_call_permission_is_asked_for_once_a_day_and_twice_a_week(world, clock):
    ask = request_of("interactive", changed("call_permission_request"))
    accepted(world, ask)
    assert refusal(world, ask).code == 138009
    clock.advance(DAY_S)
    accepted(world, ask)
    clock.advance(DAY_S)
    assert refusal(world, ask).code == 138009
    clock.advance(6 * DAY_S)
    accepted(world, ask)

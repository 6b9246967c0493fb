"""Commands of every type, drawn by hypothesis: all that a customer may ask for, up to every limit."""

import string
from typing import Any

from hypothesis import strategies as st

from server.schemas.outbound import COMMAND, SendCommand

SENDER = "100000000000001"
Json = dict[str, Any]
_characters = st.characters(exclude_categories=["Cs", "Cc"], include_characters="\n")


def visible(most: int) -> st.SearchStrategy[str]:
    return st.text(_characters, min_size=1, max_size=most).filter(lambda text: text.strip() != "")


def name(most: int) -> st.SearchStrategy[str]:
    return st.text(string.ascii_letters + string.digits + "_-", min_size=1, max_size=most)


def some(required: dict[str, st.SearchStrategy[Any]], **optional: st.SearchStrategy[Any]) -> st.SearchStrategy[Json]:
    return st.fixed_dictionaries(required, optional=optional)


wamids = name(40).map(lambda text: f"wamid.{text}")
links = name(60).map(lambda text: f"https://example.com/{text}")
sources = some({"link": links}) | some({"id": st.from_regex("[1-9][0-9]{8,16}", fullmatch=True)})


def medium(**optional: st.SearchStrategy[Any]) -> st.SearchStrategy[Json]:
    return st.tuples(sources, some({}, **optional)).map(lambda parts: parts[0] | parts[1])


def text_objects(most: int) -> st.SearchStrategy[Json]:
    return some({"text": visible(most)})


texts = some({"body": visible(4096)}, preview_url=st.booleans())
images = medium(caption=visible(1024))
documents = medium(caption=visible(1024), filename=name(60).map(lambda text: f"{text}.pdf"))
locations = some(
    {"latitude": st.floats(-90, 90), "longitude": st.floats(-180, 180)}, name=visible(60), address=visible(60)
)
kinds = st.sampled_from(["HOME", "WORK"])
cards = some(
    {"name": some({"formatted_name": visible(60), "first_name": visible(40)}, last_name=visible(40), prefix=name(5))},
    phones=st.lists(some({"phone": st.just("+15550100")}, type=kinds, wa_id=st.just("15550100")), max_size=3),
    emails=st.lists(some({"email": st.just("ada@example.com")}, type=kinds), max_size=2),
    urls=st.lists(some({"url": links}, type=kinds), max_size=2),
    addresses=st.lists(
        some({}, street=visible(40), city=visible(40), country_code=st.just("de"), type=kinds), max_size=2
    ),
    org=some({}, company=visible(40), title=visible(40)),
    birthday=st.dates().map(lambda day: day.isoformat()),
)
reactions = some({"message_id": wamids, "emoji": st.sampled_from(["", "👍", "❤️", "👩‍👩‍👧‍👦"])})

headers = (
    some({"type": st.just("text"), "text": visible(60)})
    | some({"type": st.just("image"), "image": sources})
    | some({"type": st.just("video"), "video": sources})
    | some({"type": st.just("document"), "document": medium(filename=name(60))})
)
text_headers = some({"type": st.just("text"), "text": visible(60)})
footers, bodies = text_objects(60), text_objects(1024)


def interactive(kind: str, action: st.SearchStrategy[Json], **parts: st.SearchStrategy[Any]) -> st.SearchStrategy[Json]:
    required = {"type": st.just(kind), "action": action}
    if parts.pop("plain_body", None) is None:
        required["body"] = bodies
    return some(required, **parts)


replies = st.lists(
    st.tuples(name(256), visible(20)), min_size=1, max_size=3, unique_by=(lambda pair: pair[0], lambda pair: pair[1])
).map(lambda pairs: [{"type": "reply", "reply": {"id": id_, "title": title}} for id_, title in pairs])


@st.composite
def sections(draw: st.DrawFn) -> list[Json]:
    ids = draw(st.lists(name(200), min_size=1, max_size=10, unique=True))
    rows = [{"id": id_, **draw(some({"title": visible(24)}, description=visible(72)))} for id_ in ids]
    cut = draw(st.integers(0, len(rows) - 1))
    parts = [part for part in (rows[:cut], rows[cut:]) if part]
    return [{"title": draw(visible(24)), "rows": part} for part in parts]


lists = some(
    {
        "type": st.just("list"),
        "body": text_objects(4096),
        "action": some({"button": visible(20), "sections": sections()}),
    },
    header=text_headers,
    footer=footers,
)
url_actions = some(
    {"name": st.just("cta_url"), "parameters": some({"display_text": visible(20), "url": links})},
)
flow_actions = some(
    {
        "name": st.just("flow"),
        "parameters": st.tuples(
            some({"flow_id": name(20)}) | some({"flow_name": name(20)}),
            some(
                {"flow_message_version": st.just("3"), "flow_cta": visible(20)},
                flow_token=name(40),
                mode=st.sampled_from(["draft", "published"]),
                flow_action_payload=some({"screen": name(20)}, data=st.dictionaries(name(8), visible(8), min_size=1)),
                flow_action=st.just("navigate"),
            ),
        ).map(lambda parts: parts[0] | parts[1]),
    }
)
products = some({"catalog_id": name(20), "product_retailer_id": name(40)})
product_sections = st.lists(
    some(
        {
            "title": visible(24),
            "product_items": st.lists(some({"product_retailer_id": name(40)}), min_size=1, max_size=3),
        }
    ),
    min_size=1,
    max_size=10,
)


@st.composite
def carousels(draw: st.DrawFn) -> Json:
    kind = draw(st.sampled_from(["image", "video", "product"]))
    count = draw(st.integers(2, 10))
    if kind == "product":
        cards = [{"card_index": i, "type": "product", "action": draw(products)} for i in range(count)]
    else:
        cards = [
            {
                "card_index": i,
                "type": "cta_url",
                "header": {"type": kind, kind: draw(sources)},
                "body": {"text": draw(visible(160).filter(lambda text: text.count("\n") <= 2))},
                "action": draw(url_actions),
            }
            for i in range(count)
        ]
    return {"type": "carousel", "body": draw(bodies), "action": {"cards": cards}}


def request(kind: str, action: str) -> st.SearchStrategy[Json]:
    return some({"type": st.just(kind), "body": bodies, "action": some({"name": st.just(action)})})


interactives = st.one_of(
    interactive("button", some({"buttons": replies}), header=headers, footer=footers),
    lists,
    interactive("cta_url", url_actions, header=headers, footer=footers),
    interactive("flow", flow_actions, header=headers, footer=footers),
    some({"type": st.just("product"), "action": products}, body=bodies, footer=footers),
    some(
        {
            "type": st.just("product_list"),
            "header": text_headers,
            "body": bodies,
            "action": some({"catalog_id": name(20), "sections": product_sections}),
        },
        footer=footers,
    ),
    interactive(
        "catalog_message",
        some({"name": st.just("catalog_message")}, parameters=some({"thumbnail_product_retailer_id": name(40)})),
        footer=footers,
    ),
    carousels(),
    request("location_request_message", "send_location"),
    request("request_contact_info", "request_contact_info"),
    request("call_permission_request", "call_permission_request"),
    interactive(
        "address_message",
        some({"name": st.just("address_message"), "parameters": some({"country": st.just("IN")})}),
        footer=footers,
    ),
    interactive(
        "voice_call",
        some(
            {
                "name": st.just("voice_call"),
                "parameters": some({"display_text": visible(20)}, ttl_minutes=st.integers(1, 43_200)),
            }
        ),
    ),
)
parameters = st.lists(some({"type": st.just("text"), "text": visible(60)}), max_size=3)
templates = some(
    {"name": st.from_regex("[a-z][a-z0-9_]{0,20}", fullmatch=True), "language": some({"code": st.just("en_US")})},
    components=st.lists(
        st.one_of(
            some({"type": st.just("body"), "parameters": parameters}),
            some(
                {
                    "type": st.just("header"),
                    "parameters": sources.map(lambda image: [{"type": "image", "image": image}]),
                }
            ),
            some(
                {
                    "type": st.just("button"),
                    "sub_type": st.just("quick_reply"),
                    "index": st.sampled_from(["0", "1", 2]),
                    "parameters": st.just([{"type": "payload", "payload": "YES"}]),
                }
            ),
        ),
        max_size=3,
        unique_by=lambda part: (part["type"], str(part.get("index"))),
    ),
)
CONTENTS: dict[str, st.SearchStrategy[Any]] = {
    "text": texts,
    "image": images,
    "video": images,
    "audio": medium(voice=st.booleans()),
    "document": documents,
    "sticker": sources,
    "location": locations,
    "contacts": st.lists(cards, min_size=1, max_size=3),
    "reaction": reactions,
    "interactive": interactives,
    "template": templates,
}
"""What each type holds, of those that go to one person."""


@st.composite
def commands(draw: st.DrawFn, types: tuple[str, ...] = (*CONTENTS, "pin", "raw")) -> SendCommand:
    kind = draw(st.sampled_from(types))
    people = st.from_regex(r"\+[1-9][0-9]{6,14}", fullmatch=True) | st.just("US.13491208655302741918")
    command = {
        "from": SENDER,
        "to": draw(people),
        "type": kind,
        **draw(some({}, reply_to=wamids, client_reference=name(20), priority=st.sampled_from(["high", "bulk"]))),
    }
    match kind:
        case "pin":
            pins = some({"type": st.just("pin"), "message_id": wamids, "expiration_days": st.integers(1, 30)})
            command |= {"recipient_type": "group", "to": "Y2FwaV9ncm91cDox", "pin": draw(pins)}
        case "raw":
            command["raw"] = {"type": "hologram", "hologram": draw(st.dictionaries(name(8), visible(8) | st.none()))}
        case _:
            command[kind] = draw(CONTENTS[kind])
    if kind == "template":
        command |= draw(some({}, marketing=some({}, message_activity_sharing=st.booleans())))
    return COMMAND.validate_python(command)

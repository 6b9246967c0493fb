"""Sends every example of Meta's OpenAPI for messages, and every sample request, to the simulator.

They are other people's data and read where they lie (see test_simulator_shapes.py). What they refer to is made up to
fit: media, templates, people, messages. Each is accepted, or stands with its reason in `REFUSED`; none is passed over.
"""

import json
import re
from collections.abc import AsyncIterator, Iterator
from dataclasses import dataclass
from functools import cache
from pathlib import Path
from typing import Any

import jsonschema_rs
import pytest
import yaml
from aiohttp.test_utils import TestClient, TestServer

import simulator
from simulator.app import create_app
from simulator.conversations import Message
from simulator.graph.content.types import TYPES
from simulator.ids import bsuid
from simulator.settings import LimitModes, Settings
from simulator.state import App, Number, Person, Template, Token, Waba, template_id
from simulator.world import World
from tests.conformance.test_simulator_shapes import reference

APP, WABA, NUMBER, TOKEN = "100000000000001", "200000000000002", "300000000000003", "EAAtokenOfTheTests0001"
BUSINESS, ANN = "900000000000001", "15550100001"
FILES = Path(simulator.__file__).parent / "samples"
ENDPOINTS = ("messages", "marketing_messages")

# Why an example is refused, by its name: code, and what is wrong with it.
NO_TYPE = (100, "it names no type, so it counts as a text, and has none")
REFUSED = {
    "Send Reply to List Message": NO_TYPE,
    "spec_post_phone_number_id_messages_send_reply_to_list_message.json": NO_TYPE,
    "Send Sample Issue Resolution Template": (
        100,
        "the text of a parameter is a boolean, against its schema",
    ),
    "vcr_send_text_handles_error_response_0.json": (131009, "56789 is no phone number; recorded for an unknown sender"),
}


@dataclass(frozen=True)
class Example:
    name: str
    endpoint: str
    request: dict
    recorded: int | None = None


def pytest_generate_tests(metafunc: pytest.Metafunc) -> None:
    if "example" in metafunc.fixturenames:
        examples = [*of_openapi(), *of_corpus()] if is_there() else []
        metafunc.parametrize("example", examples, ids=[example.name for example in examples])


def is_there() -> bool:
    try:
        return reference().is_dir()
    except pytest.skip.Exception:
        return False


@cache
def openapi() -> dict:
    (file, *_) = sorted(reference().parent.glob("business-messaging-api_v*.yaml"), reverse=True)
    return yaml.load(file.read_text(), Loader=getattr(yaml, "CSafeLoader", yaml.SafeLoader))


def operation(endpoint: str) -> dict:
    return openapi()["paths"][f"/{{Version}}/{{Phone-Number-ID}}/{endpoint}"]["post"]


def of_openapi() -> Iterator[Example]:
    for endpoint in ENDPOINTS:
        given = operation(endpoint)["requestBody"]["content"]["application/json"]["examples"]
        for name, example in given.items():
            yield Example(name, endpoint, example["value"])


def of_corpus() -> Iterator[Example]:
    index = {}
    for line in (reference() / "INDEX.tsv").read_text().splitlines()[1:]:
        file, *_, path, http, _subtype = line.split("\t")
        index[file.rpartition("/")[2]] = (path, http)
    for file in sorted((reference() / "requests").iterdir()):
        request = json.loads(file.read_text())
        if not is_message(request):
            continue
        path, http = index[file.name]
        endpoint = "marketing_messages" if path.endswith("marketing_messages") else "messages"
        yield Example(file.name, endpoint, request, int(http) if http else None)


def is_message(request: object) -> bool:
    keys = {*request} if isinstance(request, dict) else set()
    return "message_id" in keys or ("to" in keys and bool(TYPES.keys() & keys))


def test_the_table_of_refusals_names_only_examples(corpus):
    names = {example.name for example in (*of_openapi(), *of_corpus())}
    assert REFUSED.keys() <= names
    assert len(names) > 100


def test_every_sample_request_of_these_endpoints_is_an_example(corpus):
    lines = [line.split("\t") for line in (corpus / "INDEX.tsv").read_text().splitlines()[1:]]
    paths = {line[0].rpartition("/")[2]: line[5] for line in lines if line[1] == "requests"}
    wanted = {file for file, path in paths.items() if path.endswith(tuple(f"/{endpoint}" for endpoint in ENDPOINTS))}
    assert wanted <= {example.name for example in of_corpus()}


@pytest.fixture(scope="module")
def corpus() -> Path:
    return reference()


@dataclass
class Meta:
    client: TestClient
    world: World

    async def post(self, endpoint: str, request: dict) -> tuple[int, dict]:
        headers = {"Authorization": f"Bearer {TOKEN}"}
        async with self.client.post(f"/v26.0/{NUMBER}/{endpoint}", json=request, headers=headers) as answer:
            return answer.status, await answer.json(content_type=None)


@pytest.fixture
async def meta() -> AsyncIterator[Meta]:
    world = World.create()
    world.store.put(App(APP, "App", "secret"))
    world.store.put(Waba(WABA, "Business", BUSINESS, direct_send=True))
    world.store.put(Number(NUMBER, WABA, "+1 555 010 0000", "Business"))
    world.store.put(Token(TOKEN, APP, [WABA]))
    world.store.put(Person(ANN, "Ann"))
    world.store.settle(Settings(closed_window="allow", limits=LimitModes(throughput="off", pair="off")))
    async with TestClient(TestServer(create_app(world))) as client:
        yield Meta(client, world)


async def test_every_example_is_taken_or_refused_with_a_reason(meta, example):
    request = fitting(meta.world, example.request)
    furnish(meta.world, example.endpoint, request)
    status, answer = await meta.post(example.endpoint, request)
    if example.name in REFUSED:
        code, _reason = REFUSED[example.name]
        assert (status, answer["error"]["code"]) == (400, code), answer
        return
    assert status == 200, answer
    assert example.recorded in (None, 200)
    assert_described(example.endpoint, answer)
    if "status" in request:
        assert answer == {"success": True}
        return
    assert answer["contacts"][0]["input"] == str(request["to"])
    message = meta.world.conversations.find(answer["messages"][0]["id"])
    assert message.content["type"] == request.get("type", "text").lower()
    assert message.failure in (None, 131009), "only a reaction to a message of another chat may fail"


def assert_described(endpoint: str, answer: dict) -> None:
    schema = operation(endpoint)["responses"]["200"]["content"]["application/json"]["schema"]
    validator = jsonschema_rs.validator_for({**schema, "components": openapi()["components"]})
    assert [error.message for error in validator.iter_errors(answer)] == []


MEDIA = {
    "image": ("photo.jpg", "image/jpeg"),
    "video": ("clip.mp4", "video/mp4"),
    "audio": ("voice-note.ogg", "audio/ogg"),
    "document": ("brochure.pdf", "application/pdf"),
    "sticker": ("sticker.webp", "image/webp"),
}
PLACEHOLDERS = [
    (re.compile(r"^\{\{Recipient-(WA-)?Phone-Number\}\}$"), f"+{ANN}"),
    (re.compile(r"^<?http\(s\)://.*$"), "https://example.com/file"),
    (re.compile(r"^<HEADER_TYPE>$"), "text"),
    (re.compile(r"^language-and-locale-code$"), "en_US"),
]


def fitting(world: World, value: Any, key: str = "") -> Any:
    """The example with what its placeholders stand for."""
    if isinstance(value, list):
        return [fitting(world, item) for item in value]
    if isinstance(value, dict):
        made = {name: fitting(world, inner, name) for name, inner in value.items()}
        if key in MEDIA and "id" in made:
            file, mime_type = MEDIA[key]
            made["id"] = world.media.keep(NUMBER, mime_type, (FILES / file).read_bytes()).id
        return made
    if isinstance(value, str):
        return next((stands_for for pattern, stands_for in PLACEHOLDERS if pattern.match(value)), value)
    return value


def furnish(world: World, endpoint: str, request: dict) -> None:
    """Make what the request refers to."""
    if "status" in request:
        content = {"type": "text", "text": {"body": "hi"}}
        world.conversations.add(Message(request["message_id"], "person", NUMBER, ANN, world.clock.now(), content))
        return
    digits = re.sub(r"\D", "", str(request["to"]))
    world.store.put(Person(digits, "Somebody"))
    if "template" in request:
        category = "MARKETING" if endpoint == "marketing_messages" else "UTILITY"
        name, language = request["template"]["name"], request["template"]["language"]["code"]
        components = stored(name) or [*components_for(request["template"].get("components", []))]
        world.store.put(Template(template_id(WABA, name, language), WABA, name, language, category, components))


def stored(name: str) -> list[dict] | None:
    """The template of this name among the sample requests that make templates, where it takes these parameters."""
    for file in (reference() / "requests").iterdir():
        made = json.loads(file.read_text())
        if made.get("name") == name and "components" in made and "<" not in name:
            return made["components"]
    return None


BUTTONS = {
    "quick_reply": {"type": "QUICK_REPLY", "text": "Tap"},
    "url": {"type": "URL", "text": "Open", "url": "https://example.com/{{1}}"},
    "flow": {"type": "FLOW", "text": "Begin", "flow_id": "1"},
    "catalog": {"type": "CATALOG", "text": "View"},
}


def components_for(sent: list[dict]) -> Iterator[dict]:
    """A template that takes these components."""
    buttons = []
    texts = {"type": "BODY", "text": "Hello"}
    for part in sent:
        count = len(part["parameters"])
        match part["type"].lower():
            case "header":
                yield {"type": "HEADER", "format": part["parameters"][0]["type"].upper()}
            case "body":
                texts["text"] = " ".join(f"{{{{{place + 1}}}}} and" for place in range(count)) + " so on"
            case "button":
                buttons.append(BUTTONS[part["sub_type"].lower()])
    yield texts
    if buttons:
        yield {"type": "BUTTONS", "buttons": buttons}


def shape(value: object) -> object:
    if isinstance(value, dict):
        return {key: shape(inner) for key, inner in value.items()}
    return [shape(inner) for inner in value] if isinstance(value, list) else type(value)


@pytest.mark.parametrize(
    ("file", "to", "type_"),
    [
        ("bsuid_send_response_both.json", True, "text"),
        ("bsuid_send_response_bsuid.json", False, "text"),
        ("bsuid_send_template_response.json", False, "template"),
    ],
)
async def test_answers_to_user_ids_have_the_shape_of_samples(corpus, meta, file, to, type_):
    sample = json.loads((corpus / "responses" / file).read_text())
    content = {"text": {"body": "hi"}, "template": {"name": "hello", "language": {"code": "en"}}}
    components = [{"type": "BODY", "text": "Hello"}]
    meta.world.store.put(Template(template_id(WABA, "hello", "en"), WABA, "hello", "en", "UTILITY", components))
    request = {"messaging_product": "whatsapp", "type": type_, type_: content[type_], "recipient": bsuid(ANN, BUSINESS)}
    status, answer = await meta.post("messages", request | ({"to": f"+{ANN}"} if to else {}))
    assert status == 200
    assert shape(answer) == shape(sample)


async def test_the_refusal_of_a_code_to_a_user_id_is_the_sample(corpus, meta):
    sample = json.loads((corpus / "errors" / "err_131062_bsuid.json").read_text())
    components = [{"type": "BODY"}, {"type": "BUTTONS", "buttons": [{"type": "OTP", "otp_type": "COPY_CODE"}]}]
    meta.world.store.put(Template(template_id(WABA, "code", "en"), WABA, "code", "en", "AUTHENTICATION", components))
    template = {"name": "code", "language": {"code": "en"}}
    request = {"messaging_product": "whatsapp", "type": "template", "template": template}
    status, answer = await meta.post("messages", request | {"recipient": bsuid(ANN, BUSINESS)})
    assert status == 400
    answer["error"]["fbtrace_id"] = sample["error"]["fbtrace_id"]
    assert answer == sample


async def test_templates_are_shown_with_the_keys_of_recorded_ones(corpus, meta):
    sample = json.loads((corpus / "responses" / "vcr_get_a_template_by_id_0.json").read_text())
    components = [{"type": "BODY", "text": "Hello"}]
    id_ = template_id(WABA, "hello", "en")
    meta.world.store.put(Template(id_, WABA, "hello", "en", "UTILITY", components))
    headers = {"Authorization": f"Bearer {TOKEN}"}
    async with meta.client.get(f"/v26.0/{id_}", headers=headers) as answer:
        assert (await answer.json(content_type=None)).keys() == sample.keys()
    listed = json.loads((corpus / "responses" / "vcr_get_templates_0.json").read_text())
    async with meta.client.get(f"/v26.0/{WABA}/message_templates", headers=headers) as answer:
        page = await answer.json(content_type=None)
    assert page.keys() == listed.keys()
    assert page["paging"]["cursors"].keys() == listed["paging"]["cursors"].keys()
    assert page["data"][0].keys() >= {"name", "components", "language", "status", "category", "id"}

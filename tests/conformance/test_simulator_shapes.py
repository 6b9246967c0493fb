"""Holds the simulator's answers and webhooks against samples of Meta's own, read where they lie.

The samples are other people's data and no part of this project. `TREEEX_META_REFERENCE` names their folder; a
sibling folder `shared/meta` of the repository is found by itself; without either these tests skip.
"""

import asyncio
import json
import os
from collections.abc import AsyncIterator
from pathlib import Path

import pytest
from aiohttp import web
from aiohttp.test_utils import TestClient, TestServer

from simulator.app import create_app
from simulator.clock import Clock
from simulator.world import World

APP, WABA, NUMBER, TOKEN = "100000000000001", "200000000000002", "300000000000003", "EAAtokenOfTheTests0001"
ANN, NOBODY = "15550100001", "15550199999"
FILES = {
    "image": "photo.jpg",
    "video": "clip.mp4",
    "audio": "voice-note.ogg",
    "sticker": "animated-sticker.webp",
    "document": "brochure.pdf",
}

Tree = dict | list | type

# Present in older samples and gone from Graph v24 on, or only with features that the simulator does not have yet.
ABSENT = {"conversation", "parent_user_id", "parent_recipient_user_id", "username", "error_user_title"}


def reference() -> Path:
    named = os.environ.get("TREEEX_META_REFERENCE")
    folder = Path(named) if named else Path(__file__).parents[3] / "shared" / "meta"
    if not (folder / "corpus" / "INDEX.tsv").is_file():
        pytest.skip(f"no samples of Meta's payloads in {folder}; set TREEEX_META_REFERENCE to their folder")
    return folder / "corpus"


@pytest.fixture(scope="module")
def corpus() -> Path:
    return reference()


def samples(corpus: Path, kind: str, subtype: str | None = None, path: str | None = None) -> list[dict]:
    """The payloads of a kind (webhooks, responses, errors), chosen by subtype or by the end of their path."""
    chosen = []
    for line in (corpus / "INDEX.tsv").read_text().splitlines()[1:]:
        file, its_kind, *_, its_path, _http, its_subtype = line.split("\t")
        wanted = its_subtype == subtype if subtype else path is not None and its_path.endswith(path)
        if its_kind == kind and wanted:
            chosen.append(json.loads((corpus / file).read_text()))
    assert chosen, f"no samples of {kind} {subtype or path}"
    return chosen


def paths(value: object, prefix: str = "") -> dict[str, str]:
    """Every place in a payload with the kind of value found there: `entry[].id: str`."""
    if isinstance(value, dict):
        found = {prefix or ".": "object"}
        for key, inner in value.items():
            found |= paths(inner, f"{prefix}.{key}" if prefix else key)
        return found
    if isinstance(value, list):
        found = {prefix: "array"}
        for inner in value:
            found |= paths(inner, f"{prefix}[]")
        return found
    return {prefix: type(value).__name__}


def known_places(payloads: list[dict]) -> dict[str, set[str]]:
    known: dict[str, set[str]] = {}
    for payload in payloads:
        for place, kind in paths(payload).items():
            known.setdefault(place, set()).add(kind)
    return known


def last_key(place: str) -> str:
    return place.replace("[]", "").rsplit(".", 1)[-1]


def strangers(ours: dict, theirs: list[dict], allowed: set[str]) -> list[str]:
    """Places or kinds of values in our payload that no sample has."""
    known = known_places(theirs)
    return [
        f"{place}: {kind}"
        for place, kind in paths(ours).items()
        if kind not in known.get(place, set()) and last_key(place) not in allowed
    ]


def missing(ours: dict, theirs: list[dict]) -> list[str]:
    """Places that every sample has and our payload has not."""
    everywhere = set.intersection(*({*paths(payload)} for payload in theirs))
    return [place for place in sorted(everywhere - {*paths(ours)}) if not ABSENT & {*place.split(".")}]


class Exchange:
    """The simulator in this loop, its client, and the webhooks that it sent."""

    def __init__(self, client: TestClient, webhooks: list[dict]) -> None:
        self.client = client
        self.webhooks = webhooks

    async def call(self, method: str, path: str, body: object = None, token: str | None = TOKEN) -> dict:
        headers = {"Authorization": f"Bearer {token}"} if token else {}
        async with self.client.request(method, path, json=body, headers=headers) as answer:
            return await answer.json(content_type=None)

    async def send(self, to: str = ANN, body: str = "hello") -> dict:
        request = {"messaging_product": "whatsapp", "to": f"+{to}", "type": "text", "text": {"body": body}}
        return await self.call("POST", f"/v26.0/{NUMBER}/messages", request | {"biz_opaque_callback_data": "x"})

    def webhook(self, wanted: str) -> dict:
        (found,) = [payload for payload in self.webhooks if _situation(payload) == wanted]
        return found


def _situation(payload: dict) -> str:
    value = payload["entry"][0]["changes"][0]["value"]
    return value["statuses"][0]["status"] if "statuses" in value else value["messages"][0]["type"]


@pytest.fixture(scope="module")
async def exchange(corpus: Path) -> AsyncIterator[Exchange]:
    """Everything has happened once: a text and files in, a text out to read, one to nobody."""
    webhooks: list[dict] = []

    async def receive(request: web.Request) -> web.Response:
        if request.method == "GET":
            return web.Response(text=request.query["hub.challenge"])
        webhooks.append(await request.json())
        return web.Response()

    receiver = web.Application()
    receiver.router.add_route("*", "/webhook", receive)
    world = World.create(clock=Clock(time_scale=100))
    async with TestServer(receiver) as product, TestClient(TestServer(create_app(world))) as client:
        made = Exchange(client, webhooks)
        await configure(made, str(product.make_url("/webhook")))
        await made.call("POST", f"/_sim/people/{ANN}/messages", {"to": NUMBER, "text": "hello"})
        for name in FILES.values():
            caption = {"caption": "a caption"} if name in ("clip.mp4", "brochure.pdf") else {}
            await made.call("POST", f"/_sim/people/{ANN}/messages", {"to": NUMBER, "sample": name, **caption})
        await made.send()
        await made.send(to=NOBODY)
        async with asyncio.timeout(30):
            while not await is_quiet(made):
                await asyncio.sleep(0.01)
        yield made


async def configure(exchange: Exchange, callback_url: str) -> None:
    app = {"app_secret": "s", "callback_url": callback_url, "verify_token": "v"}
    await exchange.call("PUT", f"/_sim/apps/{APP}", app)
    await exchange.call("PUT", f"/_sim/wabas/{WABA}", {"subscribed_apps": [APP]})
    number = {"waba_id": WABA, "display_phone_number": "+1 555 010 0000"}
    await exchange.call("PUT", f"/_sim/numbers/{NUMBER}", number)
    await exchange.call("POST", "/_sim/tokens", {"token": TOKEN, "app_id": APP, "waba_ids": [WABA]})
    await exchange.call("PUT", "/_sim/settings", {"webhook_batch": 1})
    await exchange.call("PUT", f"/_sim/people/{ANN}", {"name": "Ann"})


async def is_quiet(exchange: Exchange) -> bool:
    summary = await exchange.call("GET", "/_sim/ledger/summary")
    return not summary["scheduled"] and not summary["webhooks"]["pending_updates"]


# Keys that Meta's pages describe and no sample of that kind happens to have.
OURS = {
    "text": {"from_user_id"},
    **{kind: {"from_user_id", "user_id"} for kind in FILES},
    "sent": {
        "biz_opaque_callback_data",
        "recipient_user_id",
        "type",
        "contacts",
        "profile",
        "name",
        "wa_id",
        "user_id",
    },
    "delivered": {"biz_opaque_callback_data", "recipient_user_id", "type"},
    "read": {"biz_opaque_callback_data", "recipient_user_id"},
    "failed": {"biz_opaque_callback_data"},
}


STATUSES = ["sent", "delivered", "read", "failed"]
INBOUND = ["text", *FILES]


def subtype_of(situation: str) -> str:
    return f"messages:status.{situation}" if situation in STATUSES else f"messages:{situation}"


@pytest.mark.parametrize("situation", INBOUND + STATUSES)
async def test_webhooks_have_only_places_that_meta_has(corpus, exchange, situation):
    theirs = samples(corpus, "webhooks", subtype_of(situation))
    assert strangers(exchange.webhook(situation), theirs, OURS[situation]) == []


@pytest.mark.parametrize("situation", INBOUND + STATUSES)
async def test_webhooks_lack_nothing_that_every_sample_has(corpus, exchange, situation):
    lacking = missing(exchange.webhook(situation), samples(corpus, "webhooks", subtype_of(situation)))
    # The one sample of a video happens to be a forwarded message.
    assert [place for place in lacking if last_key(place) not in ("context", "forwarded")] == []


async def test_a_success_has_the_shape_of_recorded_ones(corpus, exchange):
    theirs = samples(corpus, "responses", path="/messages")
    answer = await exchange.send()
    assert strangers(answer, theirs, set()) == []
    assert missing(answer, theirs) == []


@pytest.mark.parametrize(
    ("subtype", "path", "token"),
    [
        ("100/33", "/v26.0/404", TOKEN),
        ("190/", f"/v26.0/{NUMBER}", "EAAnobody"),
        ("104/", f"/v26.0/{NUMBER}", None),
    ],
)
async def test_errors_of_graph_have_the_recorded_shape(corpus, exchange, subtype, path, token):
    theirs = samples(corpus, "errors", subtype)
    answer = await exchange.call("GET", path, token=token)
    assert strangers(answer, theirs, set()) == []
    assert missing(answer, theirs) == []
    sample = theirs[0]["error"]
    assert (answer["error"]["code"], answer["error"]["type"]) == (sample["code"], sample["type"])


async def test_the_words_about_unknown_objects_are_the_recorded_ones(corpus, exchange):
    (sample,) = samples(corpus, "errors", "100/33")
    answer = await exchange.call("GET", "/v26.0/454545")
    assert answer["error"]["message"] == sample["error"]["message"]


async def test_an_error_about_a_message_has_the_recorded_shape(corpus, exchange):
    theirs = samples(corpus, "errors", "131062/") + samples(corpus, "errors", "131030/2655007")
    answer = await exchange.send(to="nobody")
    assert strangers(answer, theirs, set()) == []
    assert missing(answer, theirs) == []


async def test_a_number_has_the_documented_shape(corpus, exchange):
    theirs = samples(corpus, "responses", path="/{Phone-Number-ID}") + samples(
        corpus, "responses", path="/107878721936019"
    )
    answer = await exchange.call("GET", f"/v26.0/{NUMBER}")
    assert strangers(answer, theirs, {"throughput", "level", "platform_type"}) == []


async def test_the_comparison_itself_can_fail(corpus):
    theirs = samples(corpus, "webhooks", "messages:text")
    (ours, *_) = theirs
    broken = json.loads(json.dumps(ours))
    broken["entry"][0]["changes"][0]["value"]["colour"] = "red"
    del broken["entry"][0]["id"]
    assert strangers(broken, theirs, set()) == ["entry[].changes[].value.colour: str"]
    assert "entry[].id" in missing(broken, theirs)

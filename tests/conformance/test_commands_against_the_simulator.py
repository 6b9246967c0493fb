"""No command that we accept is refused by the simulator for its shape: what is judged twice is judged alike.

Each command is drawn up to every limit, rendered, and posted; what it refers to exists. What is refused for a reason of
its own, such as an emoji to a message of somebody else, fails later and by a webhook, as at Meta.
"""

import re
from collections.abc import AsyncIterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pytest
import pytest_asyncio
from aiohttp.test_utils import TestClient, TestServer
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

import simulator
from server.schemas.outbound import SendCommand
from server.whatsapp.renderer import MARKETING_MESSAGES, Rendered, render
from simulator.app import create_app
from simulator.conversations import Message
from simulator.settings import LimitModes, Settings
from simulator.state import App, Group, Number, Person, Template, Token, Waba, template_id
from simulator.world import World
from tests.unit.whatsapp.commands import CONTENTS, commands

APP, WABA, NUMBER, TOKEN = "100000000000001", "200000000000002", "300000000000003", "EAAtokenOfTheTests0001"
FILES = Path(simulator.__file__).parent / "samples"
SAMPLES = {
    "image": ("photo.jpg", "image/jpeg"),
    "video": ("clip.mp4", "video/mp4"),
    "audio": ("voice-note.ogg", "audio/ogg"),
    "document": ("brochure.pdf", "application/pdf"),
    "sticker": ("sticker.webp", "image/webp"),
}


@dataclass
class Meta:
    client: TestClient
    world: World

    async def post(self, rendered: Rendered) -> tuple[int, Any]:
        headers = {"Authorization": f"Bearer {TOKEN}"}
        path = f"/v26.0/{NUMBER}/{rendered.edge}"
        async with self.client.post(path, json=rendered.payload, headers=headers) as answer:
            return answer.status, await answer.json(content_type=None)


@pytest_asyncio.fixture(scope="module", loop_scope="session")
async def meta() -> AsyncIterator[Meta]:
    world = World.create()
    world.store.put(App(APP, "App", "secret"))
    world.store.put(Waba(WABA, "Business", "900000000000001", direct_send=True))
    world.store.put(Number(NUMBER, WABA, "+1 555 010 0000", "Business"))
    world.store.put(Token(TOKEN, APP, [WABA]))
    world.store.put(Person("15550100001", "Ann"))
    world.store.settle(
        Settings(closed_window="allow", limits=LimitModes(throughput="off", pair="off", messaging="off"))
    )
    async with TestClient(TestServer(create_app(world))) as client:
        yield Meta(client, world)


@pytest.mark.parametrize("kind", [*CONTENTS, "pin"])
@settings(max_examples=25, derandomize=True, suppress_health_check=list(HealthCheck))
@given(data=st.data())
async def test_what_is_valid_here_has_the_right_shape_there(meta: Meta, kind: str, data: st.DataObject) -> None:
    command: SendCommand = data.draw(commands((kind,)))
    rendered = render(command, opaque_id="t1.x")
    furnish(meta.world, rendered)
    status, answer = await meta.post(rendered)
    assert status == 200, (answer, rendered.payload)
    assert answer["messages"][0]["id"].startswith("wamid.")


def furnish(world: World, rendered: Rendered) -> None:
    """Makes what a message refers to: its recipient, its media, its template."""
    payload = rendered.payload
    if payload["recipient_type"] == "group":
        world.store.put(Group(payload["to"], NUMBER, "Trip", ["15550100001"]))
    elif "to" in payload:
        world.store.put(Person(re.sub(r"\D", "", payload["to"]), "Somebody"))
    else:
        world.store.put(Person("15550100001", "Ann", bsuid=payload["recipient"]))
    if payload["type"] == "pin":
        pinned, text = payload["pin"]["message_id"], {"type": "text", "text": {"body": "Hi"}}
        there = Message(pinned, "person", NUMBER, "15550100001", world.clock.now(), text, group_id=payload["to"])
        world.conversations.add(there)
    payload[payload["type"]] = with_media(world, payload[payload["type"]], payload["type"])
    if payload["type"] == "template":
        name, language = payload["template"]["name"], payload["template"]["language"]["code"]
        category = "MARKETING" if rendered.edge == MARKETING_MESSAGES else "UTILITY"
        components = [*components_for(payload["template"].get("components", []))]
        world.store.put(Template(template_id(WABA, name, language), WABA, name, language, category, components))


def with_media(world: World, value: Any, key: str = "") -> Any:
    """The same with ids of media that there are."""
    if isinstance(value, list):
        return [with_media(world, item, key) for item in value]
    if not isinstance(value, dict):
        return value
    made = {name: with_media(world, inner, name) for name, inner in value.items()}
    if key in SAMPLES and "id" in made:
        file, mime_type = SAMPLES[key]
        made["id"] = world.media.keep(NUMBER, mime_type, (FILES / file).read_bytes()).id
    return made


def components_for(sent: list[dict[str, Any]]) -> Any:
    """The components of a template that takes these."""
    body, buttons = {"type": "BODY", "text": "Hello"}, {}
    for part in sent:
        match part["type"]:
            case "header":
                yield {"type": "HEADER", "format": "IMAGE"}
            case "body":
                body["text"] = " ".join(f"{{{{{place + 1}}}}} and" for place in range(len(part["parameters"]))) + " so"
            case "button":
                buttons[int(part["index"])] = {"type": "QUICK_REPLY", "text": "Tap"}
    yield body
    if buttons:
        plain = {"type": "QUICK_REPLY", "text": "Tap"}
        yield {"type": "BUTTONS", "buttons": [buttons.get(place, plain) for place in range(max(buttons) + 1)]}

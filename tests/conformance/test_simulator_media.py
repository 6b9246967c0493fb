"""Holds the simulator's media endpoints against Meta's own OpenAPI description, read where it lies.

Found as the samples are (see test_simulator_shapes.py): `TREEEX_META_REFERENCE`, or a sibling folder `shared/meta`.
"""

import os
from collections.abc import AsyncIterator
from pathlib import Path

import aiohttp
import pytest
import yaml
from aiohttp.test_utils import TestClient, TestServer

from simulator import samples
from simulator.app import create_app
from simulator.state import App, Number, Token, Waba
from simulator.world import World

NUMBER, TOKEN = "300000000000003", "EAAtokenOfTheTests0001"
BEARER = {"Authorization": f"Bearer {TOKEN}"}


@pytest.fixture(scope="module")
def described() -> dict:
    named = os.environ.get("TREEEX_META_REFERENCE")
    folder = Path(named) if named else Path(__file__).parents[3] / "shared" / "meta"
    files = sorted(folder.glob("business-messaging-api_v*.yaml"))
    if not files:
        pytest.skip(f"no OpenAPI description of Meta in {folder}; set TREEEX_META_REFERENCE to its folder")
    return yaml.load(files[-1].read_text(), Loader=getattr(yaml, "CSafeLoader", yaml.SafeLoader))["paths"]


@pytest.fixture
async def client() -> AsyncIterator[TestClient]:
    world = World.create()
    world.store.put(App("1", "App", "secret"))
    world.store.put(Waba("2", "Business", "9", ["1"]))
    world.store.put(Number(NUMBER, "2", "+1 555 010 0000", "Business"))
    world.store.put(Token(TOKEN, "1", ["2"]))
    async with TestClient(TestServer(create_app(world))) as made:
        yield made


def described_answer(described: dict, path: str, method: str) -> dict[str, str]:
    """The names and types in a 200, all of which are strings, booleans or numbers."""
    (media_type,) = described[path][method]["responses"]["200"]["content"].values()
    return {name: property_["type"] for name, property_ in media_type["schema"]["properties"].items()}


def types_of(answer: dict) -> dict[str, str]:
    words = {str: "string", bool: "boolean", int: "integer"}
    return {name: words[type(value)] for name, value in answer.items()}


async def uploaded(client: TestClient, fields: dict[str, object]) -> dict:
    form = aiohttp.FormData()
    for name, value in fields.items():
        options = {"filename": "photo.jpg", "content_type": "image/jpeg"} if isinstance(value, bytes) else {}
        form.add_field(name, value, **options)
    answer = await client.post(f"/v26.0/{NUMBER}/media", data=form, headers=BEARER)
    assert answer.status == 200, await answer.text()
    return await answer.json()


async def test_an_upload_as_described_is_answered_as_described(described, client):
    path = "/{Version}/{Phone-Number-ID}/media"
    properties = described[path]["post"]["requestBody"]["content"]["multipart/form-data"]["schema"]["properties"]
    values = {"string": "whatsapp", "binary": samples.read("photo.jpg")}
    fields = {name: values[property_.get("format", property_["type"])] for name, property_ in properties.items()}
    assert types_of(await uploaded(client, fields)) == described_answer(described, path, "post")


async def test_a_media_object_is_as_described(described, client):
    media_id = (await uploaded(client, {"messaging_product": "whatsapp", "file": samples.read("photo.jpg")}))["id"]
    path = "/{Version}/{Media-ID}"
    names = {parameter["name"] for parameter in described[path]["get"]["parameters"] if "name" in parameter}
    assert names == {"phone_number_id"}
    answer = await client.get(f"/v26.0/{media_id}", params={"phone_number_id": NUMBER}, headers=BEARER)
    # The size is described as a string; every recorded answer has a number.
    assert types_of(await answer.json()) == described_answer(described, path, "get") | {"file_size": "integer"}


async def test_a_deletion_is_answered_as_described(described, client):
    media_id = (await uploaded(client, {"messaging_product": "whatsapp", "file": samples.read("photo.jpg")}))["id"]
    path = "/{Version}/{Media-ID}"
    answer = await client.delete(f"/v26.0/{media_id}", params={"phone_number_id": NUMBER}, headers=BEARER)
    assert types_of(await answer.json()) == described_answer(described, path, "delete")

"""People send a photo, a voice note and a document, and the customer reads the same bytes. Through everything."""

import asyncio
from collections.abc import AsyncIterator
from contextlib import AsyncExitStack, asynccontextmanager
from typing import Any

import aiohttp
import pytest
import pytest_asyncio

from server.bootstrap import worker_runtime
from server.core.config import Settings
from server.workers.loop import Stopping
from simulator import samples
from tests.harness.waiting import until
from tests.integration.conftest import META_APP_ID, META_TOKEN, NUMBER_IDS, WABA_ID

ANN = "15550100031"
SECRET, VERIFY = "app-secret-of-the-tests", "verify-token-of-the-tests"
SENT = {"image": "photo.jpg", "audio": "voice-note.ogg", "document": "letter.docx"}


@pytest_asyncio.fixture(scope="module", loop_scope="session")
async def received(api, tenant, services, meta, module_settings) -> list[dict[str, Any]]:
    """The messages of the three files, as they are shown once the files are here."""
    await services.apps.create(slug="default", app_secret=SECRET, verify_token=VERIFY, meta_app_id=META_APP_ID)
    await services.phone_numbers.connect(tenant.workspace_id, phone_number_id=NUMBER_IDS[0], access_token=META_TOKEN)
    shown: list[dict[str, Any]] = []

    async def are_here() -> bool:
        shown[:] = (await tenant.client.get("/v1/messages?direction=inbound")).body["data"]
        return len(shown) == len(SENT) and all(message["file"]["state"] == "stored" for message in shown)

    async with aiohttp.ClientSession(f"{meta.url}/_sim/") as session, working(module_settings, "webhook", "media"):
        for method, path, body in (
            ("PUT", f"apps/{META_APP_ID}", {"name": "App", "app_secret": SECRET, **callback(api.base_url)}),
            ("PUT", f"wabas/{WABA_ID}", {"name": "Shop", "subscribed_apps": [META_APP_ID]}),
            ("PUT", f"people/{ANN}", {"name": "Ann"}),
            *(("POST", f"people/{ANN}/messages", {"to": NUMBER_IDS[0], "sample": name}) for name in SENT.values()),
        ):
            async with session.request(method, path, json=body) as answer:
                assert answer.status == 200, await answer.text()
        await until(are_here, "three files are stored")
    return shown


def callback(base_url: str) -> dict[str, str]:
    return {"callback_url": f"{base_url}/webhooks/whatsapp", "verify_token": VERIFY}


@pytest.mark.proves("G28")
async def test_what_people_send_is_read_by_the_customer(api, tenant, received) -> None:
    assert {message["type"] for message in received} == set(SENT)
    for message in received:
        assert message["file"]["error"] is None
        await check_file(api, tenant, message, SENT[message["type"]])


async def check_file(api, tenant, message: dict[str, Any], sample: str) -> None:
    path = f"/v1/media/{message['file']['media_id']}"
    medium = (await tenant.client.get(path)).body
    content = await tenant.client.get(f"{path}/content")
    link = (await tenant.client.post(f"{path}/link")).body["url"]
    assert content.raw == samples.read(sample)
    assert (await api.get(link.removeprefix(api.base_url))).raw == content.raw
    assert medium["mime_type"] == content.headers["Content-Type"] == samples.TYPES[sample].partition(";")[0]
    assert medium["filename"] == (sample if message["type"] == "document" else None)
    timeline = (await tenant.client.get(f"/v1/messages/{message['id']}/timeline")).body["data"]
    assert [entry["title"] for entry in timeline if entry["kind"] == "event"] == [
        "message.received",
        "message.media_stored",
    ]


async def test_a_dead_file_is_fetched_again_when_its_workspace_asks(tenant, other_tenant, received, admin) -> None:
    message = received[0]
    path = f"/v1/messages/{message['id']}/file/retry"
    assert (await tenant.client.post(path)).body == message  # it is there already
    await admin.execute(
        "UPDATE inbound_media SET state = 'dead', media_id = NULL, error = 'gone' WHERE message_id = $1::text::uuid",
        message["id"],
    )
    assert (await other_tenant.client.post(path)).code == "not_found"
    assert (await tenant.client.get(f"/v1/messages/{message['id']}")).body["file"]["error"] == "gone"
    assert (await tenant.client.post(path)).body["file"] == {"state": "due", "media_id": None, "error": None}


@asynccontextmanager
async def working(settings: Settings, *roles: str) -> AsyncIterator[None]:
    stopping = Stopping()
    async with AsyncExitStack() as stack:
        runtimes = [await stack.enter_async_context(worker_runtime(settings, role)) for role in roles]
        tasks = [asyncio.create_task(actor(stopping)) for runtime in runtimes for actor in runtime.actors]
        try:
            yield
        finally:
            stopping.set()
            await asyncio.gather(*tasks)

"""The media worker is killed at its crash points with files that people sent: one object and one row in the end."""

import asyncio
import signal

import pytest

from tests.harness.waiting import until
from tests.integration.media.fetching import Inbox, photo
from tests.integration.roles import Roles

DEADLINE_S = 120


@pytest.mark.proves("G28", "C27")
@pytest.mark.parametrize(
    ("failpoint", "objects"),
    [
        pytest.param("ww.media_fetched", 0, marks=pytest.mark.proves("K8")),
        pytest.param("ww.media_stored", 1, marks=pytest.mark.proves("K9")),
    ],
)
async def test_killed_while_a_file_is_fetched(
    inbox: Inbox, zygote, module_settings, tmp_path, failpoint: str, objects: int
) -> None:
    roles = Roles(zygote, module_settings, tmp_path)
    settings = {"graph_url": module_settings.graph_url, "storage_url": module_settings.storage_url.get_secret_value()}
    content = photo()
    message_id = await inbox.owe(content)
    async with (
        roles.worker("media", failpoints=f"{failpoint}=kill", **settings) as worker,
        asyncio.timeout(DEADLINE_S),
    ):
        assert await worker.ended == -signal.SIGKILL
    row = await inbox.row(message_id)
    assert (row["state"], row["attempts"]) == ("due", 1)
    assert len(inbox.objects_of(content)) == objects
    assert await inbox.media_of(content) == await inbox.events(message_id) == []

    async def is_stored() -> bool:
        return bool((await inbox.row(message_id))["state"] == "stored")

    await inbox.due_now()  # as when the lease has ended
    async with roles.worker("media", **settings):
        await until(is_stored, "the next worker stores the file")
    row = await inbox.row(message_id)
    [medium] = await inbox.media_of(content)
    [path] = inbox.objects_of(content)
    assert (row["media_id"], row["attempts"]) == (medium["id"], 2)
    assert path.read_bytes() == content
    assert [kind for kind, _ in await inbox.events(message_id)] == ["message.media_stored"]

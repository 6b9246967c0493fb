"""Files that people send: fetched once, whole and within their size, whatever goes wrong, from the simulator."""

import asyncio
import json
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from datetime import timedelta
from typing import Any
from uuid import UUID

import pytest

from server.domain.fetching import DOUBTS
from server.whatsapp.downloads import Pace
from tests.harness.waiting import until
from tests.integration.commands import Run
from tests.integration.conftest import META_TOKEN
from tests.integration.media.fetching import Fetcher, Inbox, photo

MB = 1024 * 1024
PACE = Pace(total_s=60, grace_s=60)


@pytest.fixture(autouse=True)
async def no_faults(inbox: Inbox) -> AsyncIterator[None]:
    yield
    await inbox.plan()
    await inbox.admin.execute("DELETE FROM inbound_media")


@asynccontextmanager
async def fetching(
    inbox: Inbox,
    worker_db: Any,
    *,
    pace: Pace = PACE,
    most: int = 5 * MB,
    storage_url: str | None = None,
    lease_s: float = 60,
) -> AsyncIterator[Fetcher]:
    where = storage_url or inbox.storage_url
    fetcher = Fetcher(inbox, worker_db, pace=pace, most=most, storage_url=where, lease_s=lease_s)
    try:
        yield fetcher
    finally:
        await fetcher.close()


async def is_kept_once(inbox: Inbox, message_id: UUID, content: bytes) -> None:
    """Row, medium, object and event agree, and there is one of each."""
    row = await inbox.row(message_id)
    [medium] = await inbox.media_of(content)
    [path] = inbox.objects_of(content)
    assert (row["state"], row["media_id"], row["size"], row["error"]) == ("stored", medium["id"], len(content), None)
    assert path.read_bytes() == content
    told = [data for kind, data in await inbox.events(message_id) if kind == "message.media_stored"]
    assert [data["media_id"] for data in told] == [str(medium["id"])]


@pytest.mark.proves("G28")
async def test_a_file_is_fetched_and_told_once(inbox, worker_db) -> None:
    content = photo()
    message_id = await inbox.owe(content, filename="../holiday.jpg")
    async with fetching(inbox, worker_db) as fetcher:
        assert await fetcher.step()
        assert not await fetcher.step()
    await is_kept_once(inbox, message_id, content)
    [medium] = await inbox.media_of(content)
    assert (medium["mime_type"], medium["filename"]) == ("image/jpeg", "holiday.jpg")


@pytest.mark.proves("G28")
async def test_two_who_send_the_same_bytes_have_one_medium_and_an_event_each(inbox, worker_db) -> None:
    content = photo()
    messages = [await inbox.owe(content), await inbox.owe(content)]
    async with fetching(inbox, worker_db) as fetcher:
        assert await asyncio.gather(fetcher.step(), fetcher.step()) == [True, True]
    for message_id in messages:
        await is_kept_once(inbox, message_id, content)


HEALED = {
    "its address has ended": ({"kind": "media_gone"}, "HTTP 404"),
    "Meta does not know it yet": ({"kind": "media_gone", "step": "lookup"}, "no such file"),
    "the connection is cut": ({"kind": "media_cut"}, "did not come whole"),
    "half of it as if it were all": ({"kind": "media_short"}, "bytes came, and Meta told of"),
    "another last byte": ({"kind": "media_altered"}, "SHA-256"),
    "another digest in the look-up": ({"kind": "media_wrong_digest"}, "SHA-256"),
    "more than announced": ({"kind": "media_longer", "bytes": 70_000}, "more bytes came"),
    "more, without a length": ({"kind": "media_longer", "bytes": 70_000, "told": False}, "more bytes came"),
    "another type": ({"kind": "media_wrong_type"}, "it came as text/html"),
    "an outage": ({"kind": "media_error", "http": 503}, "HTTP 503"),
    "a redirect": ({"kind": "media_redirect", "location": "http://127.0.0.1:9/"}, "led elsewhere"),
}


@pytest.mark.proves("G28", "C27")
@pytest.mark.parametrize(("rule", "words"), HEALED.values(), ids=HEALED)
async def test_what_goes_wrong_once_is_kept_of_nothing_and_mended_by_the_next_try(
    inbox, worker_db, rule, words
) -> None:
    content = photo()
    message_id = await inbox.owe(content)
    await inbox.plan({**rule, "count": 1})
    async with fetching(inbox, worker_db) as fetcher:
        assert await fetcher.step()
        row = await inbox.row(message_id)
        assert (row["state"], row["attempts"], row["media_id"]) == ("due", 1, None)
        assert words in row["error"]
        assert not await fetcher.step()  # not at once
        assert await inbox.media_of(content) == inbox.objects_of(content) == await inbox.events(message_id) == []
        await inbox.due_now()
        assert await fetcher.step()
    await is_kept_once(inbox, message_id, content)


@pytest.mark.proves("G28", "C27")
async def test_a_drip_is_given_up_long_before_it_ends(inbox, worker_db) -> None:
    content = photo()
    message_id = await inbox.owe(content)
    await inbox.plan({"kind": "media_drip", "seconds": 20, "count": 1})
    async with fetching(inbox, worker_db, pace=Pace(60, grace_s=0.3, least_bytes_a_second=1e9)) as fetcher:
        assert await fetcher.step()
    assert (await inbox.row(message_id))["error"] == "the file came too slowly"
    await inbox.due_now()
    async with fetching(inbox, worker_db) as fetcher:
        assert await fetcher.step()
    await is_kept_once(inbox, message_id, content)


@pytest.mark.proves("G28", "C27")
@pytest.mark.parametrize(
    "rule", [{"kind": "media_gone", "step": "lookup"}, {"kind": "media_altered"}, {"kind": "media_wrong_type"}]
)
async def test_what_stays_wrong_is_a_dead_letter_and_a_replay_fetches_it(inbox, worker_db, run: Run, rule) -> None:
    content = photo()
    message_id = await inbox.owe(content)
    await inbox.plan(rule)
    async with fetching(inbox, worker_db) as fetcher:
        for _ in range(DOUBTS):
            await inbox.due_now()
            assert await fetcher.step()
        await inbox.due_now()
        assert not await fetcher.step()
        row = await inbox.row(message_id)
        assert (row["state"], row["attempts"]) == ("dead", DOUBTS)
        [(kind, data)] = await inbox.events(message_id)
        assert (kind, data["reason"]) == ("message.media_failed", row["error"])
        assert await inbox.media_of(content) == inbox.objects_of(content) == []

        letters = json.loads((await run("dead-letter", "list", "--json")).out)
        assert [(one["kind"], one["id"], one["error"]) for one in letters] == [("file", str(message_id), row["error"])]
        await inbox.plan()
        assert json.loads((await run("dead-letter", "replay", str(message_id), "--json")).out) == {"replayed": 1}
        assert await fetcher.step()
    await is_kept_once(inbox, message_id, content)


@pytest.mark.proves("G28", "C27")
async def test_a_file_above_the_limit_is_not_fetched_at_all(inbox, worker_db) -> None:
    content = photo()
    message_id = await inbox.owe(content)
    async with fetching(inbox, worker_db, most=len(content) - 1) as fetcher:
        assert await fetcher.step()
    row = await inbox.row(message_id)
    assert (row["state"], row["attempts"]) == ("dead", 1)
    assert "inbound_image_max_mb" in row["error"]
    async with inbox.session.get(f"{inbox.meta.url}/_sim/ledger?limit=10000") as answer:
        ledger = (await answer.json())["entries"]
    assert [entry for entry in ledger if entry["kind"] == "media" and entry["media_id"] == row["meta_media_id"]] == []


@pytest.mark.proves("G28")
async def test_an_outage_ends_the_tries_only_when_meta_keeps_the_file_no_longer(inbox, worker_db, admin) -> None:
    message_id = await inbox.owe(photo())
    await inbox.plan({"kind": "media_error", "http": 500})
    await admin.execute("UPDATE inbound_media SET attempts = 1000 WHERE message_id = $1", message_id)
    async with fetching(inbox, worker_db) as fetcher:
        assert await fetcher.step()
        assert (await inbox.row(message_id))["state"] == "due"
        await admin.execute(
            "UPDATE inbound_media SET created_at = now() - $2::interval, next_at = now() WHERE message_id = $1",
            message_id,
            timedelta(days=7),
        )
        assert await fetcher.step()
    assert (await inbox.row(message_id))["state"] == "dead"


async def test_a_token_that_meta_does_not_take_is_waited_for(inbox, worker_db) -> None:
    content = photo()
    message_id = await inbox.owe(content)
    store = inbox.meta.world.store
    token = store.tokens.pop(META_TOKEN)
    try:
        async with fetching(inbox, worker_db) as fetcher:
            assert await fetcher.step()
    finally:
        store.tokens[META_TOKEN] = token
    row = await inbox.row(message_id)
    assert (row["state"], row["doubts"]) == ("due", 0)
    assert row["error"].startswith("Meta answered 190 ")
    assert META_TOKEN not in row["error"]


@pytest.mark.proves("G28")
async def test_a_download_that_outlasts_the_lease_keeps_it(inbox, worker_db) -> None:
    content = photo()
    message_id = await inbox.owe(content)
    await inbox.plan({"kind": "media_drip", "seconds": 4.5})
    async with fetching(inbox, worker_db, lease_s=3) as slow, fetching(inbox, worker_db) as other:
        long = asyncio.create_task(slow.step())

        async def has_ended() -> bool:
            row = await inbox.row(message_id)
            assert not (row["attempts"] and await other.step())
            return long.done()

        await until(has_ended, "the long download has ended")
        assert await long
    assert (await inbox.row(message_id))["attempts"] == 1
    await is_kept_once(inbox, message_id, content)


@pytest.mark.proves("G28")
@pytest.mark.parametrize("patience_s", [60, 1.5], ids=["brings it too", "fails"])
async def test_who_comes_back_after_the_lease_changes_nothing(inbox, worker_db, patience_s) -> None:
    content = photo()
    message_id = await inbox.owe(content)
    await inbox.plan({"kind": "media_drip", "seconds": 2, "count": 1})

    async def has_begun() -> bool:
        [rule] = (await inbox.control("GET", "faults"))["data"]
        return bool(rule["injected"] == 1)

    async with (
        fetching(inbox, worker_db, pace=Pace(patience_s, grace_s=60)) as slow,
        fetching(inbox, worker_db) as next_,
    ):
        late = asyncio.create_task(slow.step())
        await until(has_begun, "the first download has begun")
        await inbox.due_now()  # as when the lease has ended
        assert await next_.step()
        await is_kept_once(inbox, message_id, content)
        assert await late
    await is_kept_once(inbox, message_id, content)


@pytest.mark.proves("G28")
async def test_a_store_that_takes_no_file_is_waited_for(inbox, worker_db, tmp_path) -> None:
    (tmp_path / "media").write_text("no folder")
    content = photo()
    message_id = await inbox.owe(content)
    async with fetching(inbox, worker_db, storage_url=tmp_path.as_uri()) as fetcher:
        assert await fetcher.step()
    row = await inbox.row(message_id)
    assert (row["state"], row["doubts"], row["error"]) == ("due", 0, "the store of files does not answer")
    await inbox.due_now()
    async with fetching(inbox, worker_db) as fetcher:
        assert await fetcher.step()
    await is_kept_once(inbox, message_id, content)


@pytest.mark.proves("G16", "G28")
async def test_files_of_a_number_that_do_not_come_leave_room_for_another(inbox, worker_db) -> None:
    stuck, fine = inbox.numbers
    content = photo()
    for _ in range(4):
        await inbox.owe(photo(), stuck)
    await inbox.plan({"kind": "media_drip", "seconds": 20, "where": {"phone_number_id": inbox.numbers[stuck]}})
    async with fetching(inbox, worker_db) as fetcher:
        steps = [asyncio.create_task(fetcher.step()) for _ in range(3)]
        [refused], others = await asyncio.wait(steps, return_when=asyncio.FIRST_COMPLETED)
        assert refused.result() is False  # two of the number are under way; the third waits
        message_id = await inbox.owe(content, fine)
        assert await fetcher.step()
        await is_kept_once(inbox, message_id, content)
        for step in others:
            step.cancel()
        await asyncio.gather(*others, return_exceptions=True)


async def test_who_deletes_the_medium_leaves_the_message(inbox, worker_db, services) -> None:
    message_id = await inbox.owe(photo())
    async with fetching(inbox, worker_db) as fetcher:
        assert await fetcher.step()
    await services.media.delete(inbox.workspace, (await inbox.row(message_id))["media_id"])
    row = await inbox.row(message_id)
    assert (row["state"], row["media_id"]) == ("stored", None)

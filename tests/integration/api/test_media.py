"""Routes of /v1/media, over a socket."""

import asyncio
import hashlib
from collections.abc import AsyncIterator
from datetime import UTC, datetime, timedelta
from pathlib import Path
from unittest import mock

import aiohttp
import psutil
import pytest

from server.api import media as media_routes
from server.core.ids import new_id
from server.domain.media import AUDIO_MAX, IMAGE_MAX, MB, STICKER_MAX
from tests.integration.conftest import META_TOKEN, NUMBER_IDS

SAMPLES = Path(__file__).parents[3] / "simulator" / "samples"
MEDIA = "/v1/media"
LARGE = 96 * MB
KINDS = {
    "photo.jpg": "image/jpeg",
    "picture.png": "image/png",
    "sticker.webp": "image/webp",
    "animated-sticker.webp": "image/webp",
    "clip.mp4": "video/mp4",
    "clip.3gp": "video/3gpp",
    "tone.aac": "audio/aac",
    "tone.amr": "audio/amr",
    "tone.mp3": "audio/mpeg",
    "tone.m4a": "audio/mp4",
    "voice-note.ogg": "audio/ogg; codecs=opus",
    "note.txt": "text/plain; charset=utf-8",
    "brochure.pdf": "application/pdf",
    "letter.docx": "application/vnd.openxmlformats-officedocument.wordprocessingml.document",
    "table.xlsx": "application/vnd.openxmlformats-officedocument.spreadsheetml.sheet",
    "slides.pptx": "application/vnd.openxmlformats-officedocument.presentationml.presentation",
}


def of_type(content_type: str) -> dict[str, str]:
    return {"Content-Type": content_type}


@pytest.mark.parametrize("name", KINDS)
async def test_every_kind_is_kept_as_it_was_sent(tenant, name: str) -> None:
    content = (SAMPLES / name).read_bytes()
    made = await tenant.client.post(f"{MEDIA}?filename={name}", data=content, headers=of_type(KINDS[name]))
    assert made.status == 201, made.raw
    assert made.headers["Location"] == f"{MEDIA}/{made.body['id']}"
    assert made.body["sha256"] == hashlib.sha256(content).hexdigest()
    assert (made.body["size"], made.body["filename"]) == (len(content), name)
    assert (await tenant.client.get(f"{MEDIA}/{made.body['id']}")).body == made.body
    read = await tenant.client.get(f"{MEDIA}/{made.body['id']}/content")
    assert read.raw == content
    assert read.headers["Content-Type"].partition(";")[0] == KINDS[name].partition(";")[0]
    assert read.headers["Content-Disposition"] == f"attachment; filename*=UTF-8''{name}"


async def test_a_repeated_upload_is_the_same_medium(tenant) -> None:
    content = (SAMPLES / "photo.jpg").read_bytes() + b"repeated"
    first, again = [await tenant.client.post(MEDIA, data=content, headers=of_type("image/jpeg")) for _ in range(2)]
    assert (first.status, again.status) == (201, 200)
    assert first.body == again.body


async def test_a_link_is_read_by_anybody_until_it_ends(tenant, api) -> None:
    content = (SAMPLES / "picture.png").read_bytes()
    made = await tenant.client.post(f"{MEDIA}?filename=a.png", data=content, headers=of_type("image/png"))
    link = await tenant.client.post(f"{MEDIA}/{made.body['id']}/link?valid_s=60")
    assert link.status == 201
    path = "/files/" + link.body["url"].rpartition("/files/")[2]
    read = await api.get(path)
    assert (read.status, read.raw) == (200, content)
    assert read.headers["Content-Type"] == "image/png"
    assert read.headers["Content-Disposition"].startswith("attachment")
    assert read.headers["Cache-Control"] == "no-store"
    later = datetime.now(UTC) + timedelta(seconds=61)
    with mock.patch("server.services.media_links.clock.now", return_value=later):
        assert (await api.get(path)).code == "not_found"
    await tenant.client("DELETE", f"{MEDIA}/{made.body['id']}")
    assert (await api.get(path)).code == "not_found"


async def test_a_link_that_was_changed_leads_nowhere(tenant, api) -> None:
    made = await tenant.client.post(MEDIA, data=b"%PDF-1.4 linked", headers=of_type("application/pdf"))
    link = await tenant.client.post(f"{MEDIA}/{made.body['id']}/link")
    token = link.body["url"].rpartition("/files/")[2]
    for place in range(0, len(token), 7):
        other = "A" if token[place] != "A" else "B"
        assert (await api.get(f"/files/{token[:place]}{other}{token[place + 1 :]}")).code == "not_found"
    for wrong in ("x", token[:-4], token + "AAAA", "%00", "a" * 200):
        assert (await api.get(f"/files/{wrong}")).code == "not_found", wrong


async def test_a_link_is_made_by_those_who_may_read_the_file(tenant, other_tenant) -> None:
    made = await tenant.client.post(MEDIA, data=b"%PDF-1.4 not yours", headers=of_type("application/pdf"))
    assert (await other_tenant.client.post(f"{MEDIA}/{made.body['id']}/link")).code == "not_found"
    for valid_s in (9, 604_801):
        refused = await tenant.client.post(f"{MEDIA}/{made.body['id']}/link?valid_s={valid_s}")
        assert refused.code == "invalid_request"


async def test_another_workspaces_medium_looks_like_none(tenant, other_tenant) -> None:
    made = await tenant.client.post(MEDIA, data=b"%PDF-1.4 mine", headers=of_type("application/pdf"))
    for path in (f"{MEDIA}/{made.body['id']}", f"{MEDIA}/{made.body['id']}/content", f"{MEDIA}/{new_id()}"):
        assert (await other_tenant.client.get(path)).code == "not_found"
    assert (await other_tenant.client("DELETE", f"{MEDIA}/{made.body['id']}")).code == "not_found"
    assert (await tenant.client("DELETE", f"{MEDIA}/{made.body['id']}")).status == 204
    assert (await tenant.client.get(f"{MEDIA}/{made.body['id']}")).code == "not_found"


@pytest.mark.parametrize(
    ("content_type", "content", "code"),
    [
        ("", b"x", "media_type_unsupported"),
        ("image/gif", b"GIF89a", "media_type_unsupported"),
        ("image/jpeg", b"\x89PNG\r\n\x1a\n", "media_mismatch"),
        ("image/jpeg", b"", "media_mismatch"),
        ("text/plain", b"\x00\x01", "media_mismatch"),
        ("image/jpeg", b"\xff\xd8\xff" + bytes(IMAGE_MAX), "media_too_large"),
        ("image/webp", b"RIFF0000WEBPVP8 " + bytes(STICKER_MAX), "media_too_large"),
        ("audio/amr", b"#!AMR" + bytes(AUDIO_MAX), "media_too_large"),
    ],
    ids=["untyped", "gif", "png-as-jpeg", "empty", "binary-as-text", "image", "sticker", "audio"],
)
async def test_what_meta_would_not_take_is_refused(tenant, content_type: str, content: bytes, code: str) -> None:
    headers = of_type(content_type) if content_type else {"Content-Type": "application/octet-stream"}
    assert (await tenant.client.post(MEDIA, data=content, headers=headers)).code == code


def memory() -> int:
    """Bytes of this process."""
    return psutil.Process().memory_info().rss


async def watch(used: list[int]) -> None:
    while True:
        used.append(memory())
        await asyncio.sleep(0.002)


async def test_a_large_document_goes_in_and_out_in_pieces(tenant) -> None:
    """Client and API share this process: neither may hold the file.

    tracemalloc would say it exactly, but Python 3.11 crashes when it stops while the store's threads begin or end.
    """
    digest = hashlib.sha256()

    async def pieces() -> AsyncIterator[bytes]:
        yield b"%PDF-1.7"
        for number in range(LARGE // MB):
            yield number.to_bytes(1, "big") * (MB - 8 if number == 0 else MB)

    async for piece in pieces():
        digest.update(piece)
    used = [memory()]
    watching = asyncio.create_task(watch(used))
    made = await tenant.client.post(MEDIA, data=pieces(), headers=of_type("application/pdf"))
    assert (made.status, made.body["size"]) == (201, LARGE)
    read, size = hashlib.sha256(), 0
    url = f"{tenant.client.base_url}{MEDIA}/{made.body['id']}/content"
    async with tenant.client.session.get(url, headers=tenant.client.headers) as answer:
        async for piece in answer.content.iter_any():
            read.update(piece)
            size += len(piece)
    assert made.body["sha256"] == read.hexdigest() == digest.hexdigest()
    assert size == LARGE
    watching.cancel()
    # The store takes some 50 MB at its first use, however large the file.
    assert max(used) - used[0] < LARGE * 3 // 4
    await tenant.client("DELETE", f"{MEDIA}/{made.body['id']}")


async def test_a_body_that_ends_early_leaves_nothing(tenant, admin) -> None:
    before = await admin.fetchval("SELECT count(*) FROM media")

    async def breaks_off() -> AsyncIterator[bytes]:
        yield b"%PDF-1.7 half"
        raise ConnectionError

    with pytest.raises((aiohttp.ClientError, ConnectionError)):
        await tenant.client.post(MEDIA, data=breaks_off(), headers=of_type("application/pdf"))
    assert await admin.fetchval("SELECT count(*) FROM media") == before


async def test_a_body_that_does_not_go_on_is_given_up(tenant) -> None:
    async def stops() -> AsyncIterator[bytes]:
        yield b"%PDF-1.7 half"
        await asyncio.Event().wait()

    with mock.patch.object(media_routes, "PIECE_TIMEOUT_S", 0.2):
        answer = await tenant.client.post(MEDIA, data=stops(), headers=of_type("application/pdf"))
    assert answer.code == "body_too_slow"


@pytest.mark.parametrize("filename", ["", "a/b", "x" * 241, "%00"])
async def test_names_of_files_are_plain(tenant, filename: str) -> None:
    answer = await tenant.client.post(
        f"{MEDIA}?filename={filename}", data=b"%PDF-1", headers=of_type("application/pdf")
    )
    assert answer.code == "invalid_request"
    assert list(answer.fields) == ["filename"]


async def test_a_message_with_an_unknown_medium_is_refused_with_its_place(tenant) -> None:
    await tenant.client.post("/v1/phone-numbers", json={"phone_number_id": NUMBER_IDS[1], "access_token": META_TOKEN})
    command = {"from": NUMBER_IDS[1], "to": "+15550101", "type": "image", "image": {"id": str(new_id())}}
    answer = await tenant.client.post("/v1/messages", json=command)
    assert (answer.code, answer.fields) == ("unknown_media", {"image.id": "no_such_medium"})
    batch = await tenant.client.post("/v1/messages/batch", json={"messages": [command]})
    [refused] = batch.body["results"]
    assert refused["code"] == "unknown_media"
    assert [entry["path"] for entry in refused["errors"]] == ["messages.0.image.id"]

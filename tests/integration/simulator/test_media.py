"""Media as a product meets them: upload, look-up, download, deletion, limits, and a restart."""

import asyncio
import hashlib
import os
from pathlib import Path

import aiohttp
import pytest

from simulator import samples

ANN = "15550100001"
APP, WABA, NUMBER, OTHER = "100000000000001", "200000000000002", "300000000000003", "300000000000004"
TOKEN, FOREIGN = "EAAtokenOfTheTests0001", "EAAtokenOfTheTests0002"
MEGABYTE = 1024 * 1024
PHOTO = samples.read("photo.jpg")


def form(content=PHOTO, type_="image/jpeg", *, product="whatsapp", field="file") -> aiohttp.FormData:
    made = aiohttp.FormData()
    if product is not None:
        made.add_field("messaging_product", product)
    made.add_field(field, content, filename="a file", content_type=type_)
    made.add_field("type", type_)
    return made


async def upload(simulator, content=PHOTO, type_="image/jpeg", *, token=TOKEN, number=NUMBER, **more):
    data = more.pop("data", None) or form(content, type_, **more)
    headers = {"Authorization": f"Bearer {token}"} if token else {}
    url = f"{simulator.address}/v26.0/{number}/media"
    async with simulator.session.post(url, data=data, headers=headers) as answer:
        return answer.status, await answer.json()


async def uploaded(simulator, content=PHOTO, type_="image/jpeg") -> str:
    status, answer = await upload(simulator, content, type_)
    assert (status, {*answer}) == (200, {"id"}), answer
    return answer["id"]


async def link(simulator, media_id: str) -> str:
    return (await simulator.graph("GET", f"/v26.0/{media_id}")).json["url"]


async def download(simulator, url: str, token=TOKEN):
    headers = {"Authorization": f"Bearer {token}"} if token else {}
    async with simulator.session.get(url, headers=headers) as answer:
        return answer.status, dict(answer.headers), await answer.read()


async def add_foreigner(simulator) -> None:
    """Another account with a number and a token of its own."""
    await simulator.control("PUT", "wabas/200000000000099", {"name": "Other"})
    body = {"waba_id": "200000000000099", "display_phone_number": "+1 555-010-0009"}
    await simulator.control("PUT", f"numbers/{OTHER}", body)
    await simulator.control("POST", "tokens", {"token": FOREIGN, "app_id": APP, "waba_ids": ["200000000000099"]})


async def test_what_is_uploaded_is_shown_and_downloaded(shared_simulator):
    media_id = await uploaded(shared_simulator)
    shown = (await shared_simulator.graph("GET", f"/v26.0/{media_id}?phone_number_id={NUMBER}")).json
    url = shown.pop("url")
    assert shown == {
        "id": media_id,
        "messaging_product": "whatsapp",
        "mime_type": "image/jpeg",
        "sha256": hashlib.sha256(PHOTO).hexdigest(),
        "file_size": len(PHOTO),
    }
    assert url.startswith(f"{shared_simulator.address}/whatsapp_business/attachments/?")
    status, headers, content = await download(shared_simulator, url)
    assert (status, content) == (200, PHOTO)
    assert (headers["Content-Type"], headers["Content-Length"]) == ("image/jpeg", str(len(PHOTO)))
    assert headers["Content-Disposition"] == "inline;filename=whatsapp.jpg"


@pytest.mark.parametrize(("name", "type_"), samples.TYPES.items())
async def test_every_kind_of_file_comes_back_as_it_was(shared_simulator, name, type_):
    media_id = await uploaded(shared_simulator, samples.read(name), type_)
    status, headers, content = await download(shared_simulator, await link(shared_simulator, media_id))
    assert (status, headers["Content-Type"], content) == (200, type_, samples.read(name))


@pytest.mark.parametrize(
    ("wrong", "message"),
    [
        ({"product": None}, "(#100) The parameter messaging_product is required."),
        ({"product": "telegram"}, "(#100) Param messaging_product must be one of {WHATSAPP}."),
        ({"field": "photo"}, "(#100) The parameter file is required."),
        ({"type_": "video/quicktime"}, "(#100) Param file must be a file with one of the following types: audio/aac, "),
        ({"data": aiohttp.FormData({"messaging_product": "whatsapp"})}, "(#100) The parameter messaging_product is "),
        ({"data": b"{}"}, "(#100) The parameter messaging_product is required."),
    ],
)
async def test_a_wrong_form_is_refused(shared_simulator, wrong, message):
    before = (await shared_simulator.control("GET", "media"))["data"]
    status, answer = await upload(shared_simulator, **wrong)
    assert (status, answer["error"]["code"]) == (400, 100)
    assert answer["error"]["message"].startswith(message)
    assert (await shared_simulator.control("GET", "media"))["data"] == before


async def test_a_type_that_cannot_be_uploaded_is_named(shared_simulator):
    _, answer = await upload(shared_simulator, b"a,b", "text/csv")
    assert answer["error"]["message"].endswith("video/3gpp. Received file of type 'text/csv'.")


@pytest.mark.parametrize(
    "body",
    [
        b"--x\r\nContent-Disposition: form-data; name=file\r\n\r\nno end",
        b"--x\r\nContent-Disposition: form-data; name=file\r\nContent-Length: 1000\r\n\r\nshort",
        b"--x\r\nno header\r\n\r\n\r\n--x--\r\n",
        b"no form at all",
        b"",
    ],
)
async def test_a_broken_form_is_refused(shared_simulator, body):
    headers = {"Authorization": f"Bearer {TOKEN}", "Content-Type": "multipart/form-data; boundary=x"}
    answer = await shared_simulator.call("POST", f"/v26.0/{NUMBER}/media", body, **headers)
    assert (answer.status, answer.error["code"]) == (400, 100)


@pytest.mark.parametrize(
    ("head", "type_", "limit", "shown"),
    [
        (b"\xff\xd8\xff", "image/jpeg", 5 * MEGABYTE, "5MB"),
        (b"ID3", "audio/mpeg", 16 * MEGABYTE, "16MB"),
        (b"\0\0\0\x18ftypmp42", "video/mp4", 16 * MEGABYTE, "16MB"),
        (samples.read("sticker.webp"), "image/webp", 100 * 1024, "100KB"),
        (samples.read("animated-sticker.webp"), "image/webp", 500 * 1024, "500KB"),
    ],
)
async def test_a_file_has_a_largest_size(shared_simulator, head, type_, limit, shown):
    assert await uploaded(shared_simulator, head.ljust(limit, b"."), type_)
    status, answer = await upload(shared_simulator, head.ljust(limit + 1, b"."), type_)
    assert (status, answer["error"]["code"]) == (400, 100)
    assert answer["error"]["message"].endswith(f"Max file size we currently support: {shown}.")


async def test_a_file_that_is_not_what_it_claims_is_taken(shared_simulator):
    """Meta finds out when it sends the message."""
    media_id = await uploaded(shared_simulator, b"<!DOCTYPE html>", "image/png")
    shown = await shared_simulator.control("GET", f"media/{media_id}")
    assert (shown["mime_type"], shown["content_types"]) == ("image/png", ["text/plain"])


@pytest.mark.parametrize(
    ("content", "type_", "fails"), [(b"<!DOCTYPE html>", "image/png", True), (PHOTO, "image/jpeg", False)]
)
async def test_a_message_with_a_file_that_is_something_else_fails_later(simulator, receiver, content, type_, fails):
    media_id = await uploaded(simulator, content, type_)
    request = {"messaging_product": "whatsapp", "to": f"+{ANN}", "type": "image", "image": {"id": media_id}}
    answer = await simulator.graph("POST", f"/v26.0/{NUMBER}/messages", request)
    wamid = answer.json["messages"][0]["id"]
    last = "failed" if fails else "delivered"
    await receiver.until(lambda: last in receiver.statuses_of(wamid))
    status = next(update for update in receiver.accepted if update["id"] == wamid and update["status"] == last)
    assert [error["code"] for error in status.get("errors", [])] == [131053] * fails


@pytest.mark.parametrize("type_", ["image/jpeg; name=\udcff", "image/jpeg; name=" + "x" * 200, None])
async def test_a_type_that_is_no_plain_text_is_none(shared_simulator, type_):
    header = b"" if type_ is None else f"\r\nContent-Type: {type_}".encode("utf-8", "surrogateescape")
    body = b"--x\r\nContent-Disposition: form-data; name=messaging_product\r\n\r\nwhatsapp\r\n"
    body += b"--x\r\nContent-Disposition: form-data; name=file" + header + b"\r\n\r\nbytes\r\n--x--\r\n"
    headers = {"Authorization": f"Bearer {TOKEN}", "Content-Type": "multipart/form-data; boundary=x"}
    answer = await shared_simulator.call("POST", f"/v26.0/{NUMBER}/media", body, **headers)
    assert answer.error["message"].endswith("Received file of type 'application/octet-stream'.")


async def test_tokens_are_checked_before_the_file_is_read(simulator):
    await add_foreigner(simulator)
    assert (await upload(simulator, token=None))[1]["error"]["code"] == 104
    assert (await upload(simulator, token="EAAnobody"))[1]["error"]["code"] == 190
    for wrong in ({"token": FOREIGN}, {"number": OTHER}, {"number": "404"}):
        error = (await upload(simulator, **wrong))[1]["error"]
        assert (error["code"], error["error_subcode"]) == (100, 33)
    assert (await simulator.graph("GET", f"/v26.0/{NUMBER}/media")).error["error_subcode"] == 33
    assert (await upload(simulator, number=WABA))[1]["error"]["code"] == 2500


async def test_media_belong_to_their_number(simulator):
    await add_foreigner(simulator)
    media_id = await uploaded(simulator)
    url = await link(simulator, media_id)
    for method in ("GET", "DELETE"):
        for path, token in ((f"/v26.0/{media_id}", FOREIGN), (f"/v26.0/{media_id}?phone_number_id={OTHER}", TOKEN)):
            error = (await simulator.graph(method, path, token=token)).error
            assert (error["code"], error["error_subcode"]) == (100, 33)
    assert (await download(simulator, url, token=FOREIGN))[0] == 404
    assert (await download(simulator, url))[0] == 200


async def test_a_download_needs_a_token(shared_simulator):
    url = await link(shared_simulator, await uploaded(shared_simulator))
    status, headers, content = await download(shared_simulator, url, token=None)
    assert (status, content) == (401, b"")
    assert headers["WWW-Authenticate"].startswith('OAuth "Facebook Platform"')
    assert (await download(shared_simulator, url, token="EAAnobody"))[0] == 401


async def test_a_made_up_address_leads_nowhere(shared_simulator):
    url = await link(shared_simulator, await uploaded(shared_simulator))
    for wrong in (f"{url}0", url.replace("mid=", "mid=1"), url.partition("?")[0]):
        assert (await download(shared_simulator, wrong))[0] == 404


async def test_deleted_media_are_gone(shared_simulator):
    media_id = await uploaded(shared_simulator)
    url = await link(shared_simulator, media_id)
    answer = await shared_simulator.graph("DELETE", f"/v26.0/{media_id}?phone_number_id={NUMBER}")
    assert answer.json == {"success": True}
    assert (await download(shared_simulator, url))[0] == 404
    assert (await shared_simulator.graph("GET", f"/v26.0/{media_id}")).error["error_subcode"] == 33
    assert (await shared_simulator.graph("DELETE", f"/v26.0/{media_id}")).error["error_subcode"] == 33


async def test_what_was_done_with_media_is_on_record(simulator):
    media_id = await uploaded(simulator)
    await download(simulator, await link(simulator, media_id))
    await simulator.graph("DELETE", f"/v26.0/{media_id}")
    await upload(simulator, b"a,b", "text/csv")
    entries = [entry for entry in await simulator.ledger() if entry["kind"] == "media"]
    assert [entry["event"] for entry in entries] == ["upload", "download", "delete"]
    assert {entry["media_id"] for entry in entries} == {media_id}
    assert {entry["sha256"] for entry in entries} == {hashlib.sha256(PHOTO).hexdigest()}


async def test_addresses_end_and_can_be_asked_for_again(simulator):
    await simulator.control("PUT", "settings", {"media_url_lives_s": 0.001})
    media_id = await uploaded(simulator)
    url = await link(simulator, media_id)
    async with asyncio.timeout(30):
        while (await download(simulator, url))[0] != 404:
            await asyncio.sleep(0.05)
    await simulator.control("PUT", "settings", {})
    assert (await download(simulator, await link(simulator, media_id)))[0] == 200


async def test_expired_media_are_gone(simulator):
    await simulator.control("PUT", "settings", {"media_lives_s": 0.001})
    media_id = await uploaded(simulator)
    async with asyncio.timeout(30):
        while (await simulator.graph("GET", f"/v26.0/{media_id}")).status == 200:
            await asyncio.sleep(0.01)
    assert (await simulator.control("GET", "media"))["data"] == []


async def test_a_restart_keeps_media_and_their_addresses(start_simulator, tmp_path):
    first = await start_simulator("--data", str(tmp_path / "data"))
    await configured(first)
    media_id = await uploaded(first)
    path = (await link(first, media_id)).removeprefix(first.address)
    first.process.kill()
    await first.process.wait()
    second = await start_simulator("--data", str(tmp_path / "data"))
    assert (await download(second, second.address + path))[2] == PHOTO
    assert (await second.graph("GET", f"/v26.0/{media_id}")).json["file_size"] == len(PHOTO)
    await second.graph("DELETE", f"/v26.0/{media_id}")
    assert [*(tmp_path / "data" / "media").iterdir()] == []


async def test_a_broken_upload_leaves_nothing(start_simulator, tmp_path, wait_until):
    simulator = await start_simulator("--data", str(tmp_path / "data"))
    await configured(simulator)
    folder = tmp_path / "data" / "media"
    host, port = simulator.address.removeprefix("http://").split(":")
    _, writer = await asyncio.open_connection(host, int(port))
    head = f"POST /v26.0/{NUMBER}/media HTTP/1.1\r\nHost: x\r\nAuthorization: Bearer {TOKEN}\r\n"
    part = "--x\r\nContent-Disposition: form-data; name=file\r\nContent-Type: application/pdf\r\n\r\n"
    writer.write(
        f"{head}Content-Type: multipart/form-data; boundary=x\r\nContent-Length: 9000000\r\n\r\n{part}".encode()
    )
    writer.write(b"%PDF-" + b"." * MEGABYTE)
    await writer.drain()
    await wait_until(lambda: [*folder.iterdir()])
    writer.transport.abort()
    await wait_until(lambda: not [*folder.iterdir()])


async def test_a_large_file_is_never_whole_in_memory(start_simulator, tmp_path):
    simulator = await start_simulator("--data", str(tmp_path / "data"))
    await configured(simulator)
    await uploaded(simulator)
    before = peak_megabytes(simulator.process.pid)
    for size, wanted in ((100 * MEGABYTE, 200), (100 * MEGABYTE + 1, 400)):
        with sparse(tmp_path / "large.pdf", size).open("rb") as file:
            status, answer = await upload(simulator, file, "application/pdf")
        assert status == wanted, answer
        if status == 200:
            assert await size_of_download(simulator, await link(simulator, answer["id"])) == size
    assert peak_megabytes(simulator.process.pid) - before < 20


def sparse(path: Path, size: int) -> Path:
    path.write_bytes(b"%PDF-1.7\n")
    os.truncate(path, size)
    return path


def peak_megabytes(pid: int) -> float:
    """The most memory that the process has had so far."""
    (line,) = (line for line in Path(f"/proc/{pid}/status").read_text().splitlines() if line.startswith("VmHWM"))
    return int(line.split()[1]) / 1024


async def size_of_download(simulator, url: str) -> int:
    size = 0
    async with simulator.session.get(url, headers={"Authorization": f"Bearer {TOKEN}"}) as answer:
        async for piece in answer.content.iter_chunked(MEGABYTE):
            size += len(piece)
    return size


async def configured(simulator) -> None:
    """Enough for media: no app that would have to answer a handshake."""
    await simulator.control("PUT", f"apps/{APP}", {"app_secret": "an app secret of tests"})
    await simulator.control("PUT", f"wabas/{WABA}", {"name": "Business"})
    body = {"waba_id": WABA, "display_phone_number": "+1 555-010-0000"}
    await simulator.control("PUT", f"numbers/{NUMBER}", body)
    await simulator.control("POST", "tokens", {"token": TOKEN, "app_id": APP, "waba_ids": [WABA]})

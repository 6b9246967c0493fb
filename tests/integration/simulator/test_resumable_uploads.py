"""Resumable uploads: a session, a file in parts, a handle."""

import asyncio

import pytest

from simulator import samples

APP, TOKEN = "100000000000001", "EAAtokenOfTheTests0001"
FILE = samples.read("brochure.pdf")
PDF = f"file_length={len(FILE)}&file_type=application/pdf&file_name=brochure.pdf"


async def begin(simulator, query: str = PDF, app: str = APP) -> str:
    return (await simulator.graph("POST", f"/v26.0/{app}/uploads?{query}")).json["id"]


async def send(simulator, upload_id: str, content: bytes = FILE, *, offset: str | None = "0", token: str = TOKEN):
    headers = {"Authorization": f"OAuth {token}"} | ({"file_offset": offset} if offset is not None else {})
    return await simulator.call("POST", f"/v26.0/{upload_id}", content, **headers)


@pytest.mark.parametrize("app", [APP, "app"])
async def test_a_file_in_one_piece_gives_a_handle(shared_simulator, app):
    upload_id = await begin(shared_simulator, app=app)
    assert upload_id.startswith("upload:")
    answer = await send(shared_simulator, upload_id)
    assert (answer.status, {*answer.json}) == (200, {"h"})
    assert answer.json["h"].startswith("4::YXBwbGljYXRpb24vcGRm:AR")


async def test_a_file_in_parts_goes_on_where_it_stands(shared_simulator):
    upload_id = await begin(shared_simulator)
    standing = {"id": upload_id, "file_offset": 500}
    assert (await send(shared_simulator, upload_id, FILE[:500])).json == standing
    assert (await shared_simulator.graph("GET", f"/v26.0/{upload_id}")).json == standing
    answer = await send(shared_simulator, upload_id, FILE[500:], offset="500")
    assert "h" in answer.json
    again = await send(shared_simulator, upload_id, b"", offset=str(len(FILE)))
    assert again.json == answer.json, "who lost the answer can ask again"


async def test_what_arrived_before_a_connection_broke_is_kept(simulator):
    upload_id = await begin(simulator)
    host, port = simulator.address.removeprefix("http://").split(":")
    _, writer = await asyncio.open_connection(host, int(port))
    head = f"POST /v26.0/{upload_id} HTTP/1.1\r\nHost: x\r\nAuthorization: OAuth {TOKEN}\r\nfile_offset: 0\r\n"
    writer.write(f"{head}Content-Length: {len(FILE)}\r\n\r\n".encode() + FILE[:700])
    await writer.drain()

    async def offset() -> int:
        return (await simulator.graph("GET", f"/v26.0/{upload_id}")).json["file_offset"]

    async with asyncio.timeout(30):
        while await offset() != 700:
            await asyncio.sleep(0.01)
    busy = await send(simulator, upload_id, FILE[700:], offset="700")
    assert "Another request" in busy.error["message"]
    writer.transport.abort()
    async with asyncio.timeout(30):
        while "h" not in (answer := await send(simulator, upload_id, FILE[700:], offset="700")).json:
            assert "Another request" in answer.error["message"]
            await asyncio.sleep(0.01)


@pytest.mark.parametrize(
    ("query", "words"),
    [
        ("file_type=image/png", "parameter file_length is required"),
        ("file_length=10", "parameter file_type is required"),
        ("file_length=0&file_type=image/png", "file_length must be"),
        ("file_length=-1&file_type=image/png", "file_length must be"),
        ("file_length=104857601&file_type=image/png", "file_length must be"),
        ("file_length=10&file_type=image/webp", "file_type must be one of {application/pdf, image/jpeg"),
    ],
)
async def test_a_session_needs_a_length_and_a_type(shared_simulator, query, words):
    answer = await shared_simulator.graph("POST", f"/v26.0/{APP}/uploads?{query}")
    assert (answer.status, answer.error["code"]) == (400, 100)
    assert words in answer.error["message"]


async def test_a_wrong_part_is_refused_and_nothing_is_lost(shared_simulator):
    upload_id = await begin(shared_simulator)
    for wrong, words in (({"offset": "1"}, "must be 0"), ({"offset": None}, "file_offset is required")):
        answer = await send(shared_simulator, upload_id, **wrong)
        assert words in answer.error["message"]
    answer = await send(shared_simulator, upload_id, FILE + b"more")
    assert "longer than its file_length" in answer.error["message"]
    assert (await shared_simulator.graph("GET", f"/v26.0/{upload_id}")).json["file_offset"] == 0
    assert "h" in (await send(shared_simulator, upload_id)).json


async def test_a_session_belongs_to_its_app_and_its_signature(simulator):
    await simulator.control("PUT", "apps/199", {"app_secret": "another secret"})
    other = "EAAtokenOfTheTests0099"
    await simulator.control("POST", "tokens", {"token": other, "app_id": "199", "waba_ids": []})
    upload_id = await begin(simulator)
    assert (await send(simulator, upload_id, token=other)).error["error_subcode"] == 33
    assert (await simulator.graph("GET", f"/v26.0/{upload_id}", token=other)).error["error_subcode"] == 33
    assert (await send(simulator, upload_id.partition("?")[0])).error["code"] == 104
    assert (await simulator.graph("POST", f"/v26.0/199/uploads?{PDF}")).error["error_subcode"] == 33
    assert (await simulator.graph("GET", "/v26.0/upload:none?sig=x")).error["error_subcode"] == 33
    no_token = await simulator.call("POST", f"/v26.0/{upload_id}&access_token={TOKEN}", FILE, file_offset="0")
    assert no_token.error["code"] == 104, "here the token has to be a header"

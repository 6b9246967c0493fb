"""A file from Meta, over real sockets: whatever is answered becomes an outcome, and the token stays with Meta."""

import hashlib
import io
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from typing import Any

import pytest
from yarl import URL

from server.domain.fetching import Away, Doubtful, Got, Unwanted
from server.whatsapp.access_token import AccessToken
from server.whatsapp.downloads import Address, MediaDownloads, Pace
from server.whatsapp.graph import GraphClient
from tests.integration.whatsapp.local_graph import Connection, LocalGraph, Request, answer, says

TEXT = "canary-token"
TOKEN = AccessToken(TEXT)
CONTENT = b"the bytes of a file" * 100
SHA = hashlib.sha256(CONTENT)
PACE = Pace(total_s=60, grace_s=60)


@asynccontextmanager
async def downloads(graph_url: str, pace: Pace = PACE) -> AsyncIterator[MediaDownloads]:
    graph = GraphClient(graph_url, "v26.0", timeout_s=30, connections=2)
    client = MediaDownloads(graph, graph_url=graph_url, pace=pace, connections=2)
    yield client
    await client.close()
    await graph.close()


async def look_up(body: bytes | dict[str, Any], *, media_id: str = "17", status: str = "200 OK") -> Any:
    async with LocalGraph(says(answer(body, status=status))) as graph, downloads(graph.url) as client:
        found = await client.look_up(media_id=media_id, phone_number_id="42", token=TOKEN)
        if graph.requests:
            assert graph.requests[0].line == "GET /v26.0/17?phone_number_id=42 HTTP/1.1"
            assert graph.requests[0].headers["authorization"] == f"Bearer {TEXT}"
        return found


@pytest.mark.parametrize("size", [1900, "1900"])
async def test_an_address_is_read_as_meta_gives_it(size: object) -> None:
    url = "https://lookaside.fbsbx.com/whatsapp_business/attachments/?mid=17&ext=1&hash=a%2Bb"
    body = {"url": url, "mime_type": "image/jpeg", "sha256": SHA.hexdigest(), "file_size": size, "id": "17"}
    found = await look_up(body)
    assert found == Address(URL(url), "image/jpeg", 1900, SHA.digest())
    assert TEXT not in repr(found)
    assert "hash=" not in repr(found)


async def test_only_the_address_is_needed() -> None:
    odd = {"url": "https://lookaside.fbsbx.com/", "mime_type": 7, "sha256": "?", "file_size": -1}
    assert await look_up(odd) == Address(URL("https://lookaside.fbsbx.com/"), None, None, None)


@pytest.mark.parametrize("url", [None, 7, "", "/relative", "https://", "https://[", {"a": 1}])
async def test_no_address_is_doubtful(url: object) -> None:
    assert await look_up({"url": url}) == Doubtful("Meta told no address of the file")


@pytest.mark.parametrize("media_id", ["../me", "17/x", "17?fields=id", "", "1\u0661", "."])
async def test_an_id_that_is_none_is_not_asked_for(media_id: str) -> None:
    assert isinstance(await look_up({"url": "https://lookaside.fbsbx.com/"}, media_id=media_id), Doubtful)


@pytest.mark.parametrize(
    ("error", "status", "kind"),
    [
        ({"code": 100, "error_subcode": 33, "message": "Unsupported get request"}, "400 Bad Request", Doubtful),
        ({"code": 100, "message": "Invalid parameter"}, "400 Bad Request", Doubtful),
        ({"code": 190, "message": "Error validating access token"}, "401 Unauthorized", Away),
        ({"code": 4, "message": "Application request limit reached"}, "400 Bad Request", Away),
        ({"code": 2, "message": "Service temporarily unavailable"}, "500 Internal Server Error", Away),
        ({}, "502 Bad Gateway", Away),
    ],
)
async def test_an_error_says_whether_waiting_helps(error: dict[str, Any], status: str, kind: type) -> None:
    assert isinstance(await look_up({"error": error} if error else b"<html>", status=status), kind)


async def test_nobody_there_is_waited_for() -> None:
    async with downloads("http://127.0.0.1:9") as client:
        assert isinstance(await client.look_up(media_id="17", phone_number_id="42", token=TOKEN), Away)


async def fetch(graph: LocalGraph, *, url: str | None = None, size: int | None = None, most: int = 10_000) -> Any:
    async with downloads(graph.url) as client:
        address = Address(URL(url or f"{graph.url}/file"), "text/plain", size, None)
        file = io.BytesIO()
        got = await client.download(address, token=TOKEN, kind="document", most=most, file=file)
        return got, file.getvalue()


async def test_the_bytes_are_written_down_with_their_digest() -> None:
    async with LocalGraph(says(answer(CONTENT, headers="Content-Type: text/plain\r\n"))) as graph:
        assert await fetch(graph, size=len(CONTENT)) == (Got("text/plain", len(CONTENT), SHA.digest()), CONTENT)
        assert graph.requests[0].headers["authorization"] == f"Bearer {TEXT}"


@pytest.mark.parametrize("elsewhere", ["http://{host}/file", "http://{graph}@{host}/file", "http://{host}#{graph}"])
async def test_the_token_goes_to_no_other_address(elsewhere: str) -> None:
    async with LocalGraph(says(answer(b"."))) as graph, LocalGraph(says(answer(CONTENT))) as other:
        url = elsewhere.format(host=f"127.0.0.1:{other.port}", graph=f"127.0.0.1:{graph.port}".partition(":")[0])
        got, written = await fetch(graph, url=url)
        assert got == Doubtful("Meta told an address that is on none of its hosts")
        assert (written, other.connections, graph.connections) == (b"", 0, 0)


async def test_a_redirect_is_not_followed() -> None:
    async with LocalGraph(says(answer(CONTENT))) as other:
        there = f"Location: {other.url}/\r\n"
        async with LocalGraph(says(answer(b"", status="302 Found", headers=there))) as graph:
            got, _ = await fetch(graph)
        assert isinstance(got, Doubtful)
        assert other.connections == 0


async def test_what_does_not_end_is_cut_off_at_the_limit() -> None:
    async def endless(connection: Connection, _request: Request) -> bool:
        await connection.say(b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n")
        while True:
            await connection.say(b"400\r\n" + b"." * 1024 + b"\r\n")

    async with LocalGraph(endless) as graph:
        got, written = await fetch(graph, most=100_000)
        assert isinstance(got, Unwanted)
        assert len(written) <= 100_000
        got, written = await fetch(graph, size=5_000)
        assert isinstance(got, Doubtful)
        assert len(written) <= 5_000


@pytest.mark.parametrize("status", ["401 Unauthorized", "429 Too Many Requests", "500 Internal Server Error"])
async def test_a_host_in_trouble_is_waited_for(status: str) -> None:
    async with LocalGraph(says(answer(CONTENT, status=status))) as graph:
        got, written = await fetch(graph)
        assert isinstance(got, Away)
        assert written == b""


async def test_a_cut_is_waited_for() -> None:
    async with LocalGraph(says(answer(CONTENT, length=len(CONTENT) + 1), keep=False)) as graph:
        got, _ = await fetch(graph)
        assert isinstance(got, Away)


async def test_a_host_that_never_answers_is_left() -> None:
    async def silent(connection: Connection, _request: Request) -> bool:
        await connection.client_is_gone()
        return False

    async with LocalGraph(silent) as graph, downloads(graph.url, Pace(total_s=60, grace_s=0.2)) as client:
        address = Address(URL(f"{graph.url}/file"), None, None, None)
        got = await client.download(address, token=TOKEN, kind="image", most=10, file=io.BytesIO())
        assert got == Away("the file came too slowly")

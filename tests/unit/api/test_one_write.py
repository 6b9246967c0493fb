"""What goes over the wire when an answer is whole, and that all else goes as uvicorn has it."""

import asyncio
from collections.abc import AsyncIterator

import pytest
import pytest_asyncio
import uvicorn
from starlette.types import Receive, Scope, Send
from uvicorn.server import ServerState

from server.api.edge import Edge
from server.api.one_write import OneWriteProtocol, taker

ANSWERS: dict[str, tuple[list[tuple[bytes, bytes]], list[bytes]]] = {
    "/whole": ([(b"content-length", b"5")], [b"whole"]),
    "/pieces": ([(b"content-length", b"6")], [b"pie", b"ces"]),
    "/unknown": ([], [b"of no length"]),
    "/closing": ([(b"content-length", b"4"), (b"connection", b"close")], [b"bye!"]),
    "/smuggled": ([(b"content-length", b"2"), (b"location", b"/a\r\nset-cookie: b")], [b"no"]),
}


async def answer(scope: Scope, receive: Receive, send: Send) -> None:
    assert scope["method"] == "HEAD" or taker(scope) is not None
    headers, parts = ANSWERS[scope["path"]]
    await send({"type": "http.response.start", "status": 200, "headers": headers})
    for part in parts:
        await send({"type": "http.response.body", "body": part, "more_body": part is not parts[-1]})


@pytest_asyncio.fixture
async def port() -> AsyncIterator[int]:
    config = uvicorn.Config(Edge(answer), http=OneWriteProtocol, log_config=None)
    state = ServerState()
    loop = asyncio.get_running_loop()
    server = await loop.create_server(lambda: OneWriteProtocol(config, state, {}), "127.0.0.1", 0)
    yield server.sockets[0].getsockname()[1]
    server.close()


async def exchange(port: int, *requests: bytes) -> bytes:
    """All that comes until the server ends the connection, or until the answers to all are there."""
    reader, writer = await asyncio.open_connection("127.0.0.1", port)
    for request in requests:
        writer.write(request)
    async with asyncio.timeout(20):
        got = await reader.read(2**16) if b"close" not in requests[-1] else await reader.read()
    writer.close()
    return got


def request(path: str, method: str = "GET", more: str = "connection: close\r\n") -> bytes:
    return f"{method} {path} HTTP/1.1\r\nhost: x\r\n{more}\r\n".encode()


async def test_a_whole_answer_has_its_head_and_its_body(port: int) -> None:
    head, _, body = (await exchange(port, request("/whole"))).partition(b"\r\n\r\n")
    assert head.startswith(b"HTTP/1.1 200 OK\r\n")
    assert b"\r\nx-content-type-options: nosniff\r\n" in head
    assert b"connection: close" in head
    assert body == b"whole"


async def test_a_connection_serves_one_request_after_the_other_in_order(port: int) -> None:
    kept = [request(path, more="") for path in ("/whole", "/pieces", "/whole")]
    got = await exchange(port, *kept, request("/unknown"))
    assert [part.split(b"\r\n\r\n")[1] for part in got.split(b"HTTP/1.1 200 OK")[1:4]] == [
        b"whole",
        b"pieces",
        b"whole",
    ]
    assert got.endswith(b"of no length\r\n0\r\n\r\n")
    assert got.count(b"connection: close") == 1


async def test_head_gets_no_body(port: int) -> None:
    assert (await exchange(port, request("/whole", "HEAD"))).endswith(b"\r\n\r\n")


async def test_an_answer_that_ends_the_connection_does(port: int) -> None:
    got = await exchange(port, request("/closing", more="x: close\r\n"))
    assert got.count(b"connection: close") == 1
    assert got.endswith(b"bye!")


@pytest.mark.proves("S9")
async def test_no_value_becomes_a_header_of_its_own(port: int) -> None:
    got = await exchange(port, request("/smuggled"))
    assert b"set-cookie" not in got

"""What comes over the wire in odd pieces: each webhook is stored once and answered in its turn, whichever way it takes.

Raw sockets, the real protocol class. `Outside` counts the requests that took the long way.
"""

import asyncio
from collections.abc import AsyncIterator, Iterable, Mapping
from contextlib import AsyncExitStack, asynccontextmanager
from dataclasses import dataclass
from typing import Any
from urllib.parse import urlsplit

import pytest
from fastapi import FastAPI

from server.core import telemetry
from server.main import create_app
from tests.integration.api.conftest import serving
from tests.integration.webhooks.conftest import DEADLINE_S, VERIFY_TOKEN, WEBHOOK_PATH, signed, until

BODY = b'{"object":"whatsapp_business_account","entry":[]}'
LARGE = b" " * 70_000
MAX_BYTES = 100_000
HANDSHAKE = f"{WEBHOOK_PATH}?hub.mode=subscribe&hub.verify_token={VERIFY_TOKEN}&hub.challenge=115"


@dataclass
class Outside:
    """The application as uvicorn sees it."""

    app: FastAPI
    requests: int = 0

    @property
    def state(self) -> Any:
        return self.app.state

    async def __call__(self, scope: Any, receive: Any, send: Any) -> None:
        self.requests += scope["type"] == "http"
        await self.app(scope, receive, send)


@dataclass(frozen=True)
class Answered:
    status: int
    headers: Mapping[str, str]
    body: bytes


class Line:
    """A connection, byte by byte."""

    def __init__(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        self._reader = reader
        self.writer = writer

    async def send(self, *pieces: bytes) -> None:
        """Each on its own: the server, which shares this loop, gets its turns in between."""
        for piece in pieces:
            self.writer.write(piece)
            for _ in range(5):
                await asyncio.sleep(0)

    async def ask_first(self, body: bytes) -> None:
        """A request whose body is sent when the server has asked for it, and so never goes straight."""
        raw = request(body, "Expect: 100-continue")
        await self.send(raw[: -len(body)])
        assert (await self.answer()).status == 100
        await self.send(body)

    async def answer(self) -> Answered:
        async with asyncio.timeout(DEADLINE_S):
            head = (await self._reader.readuntil(b"\r\n\r\n")).decode("latin-1").split("\r\n")
            pairs = [line.split(": ", 1) for line in head[1:] if line]
            headers = {name.lower(): value for name, value in pairs}
            assert len(headers) == len(pairs), "no header twice"
            body = await self._reader.readexactly(int(headers.get("content-length", 0)))
        return Answered(int(head[0].split()[1]), headers, body)

    async def statuses(self, count: int) -> list[int]:
        return [(await self.answer()).status for _ in range(count)]

    async def ends(self) -> bytes:
        """What still comes before the server closes."""
        async with asyncio.timeout(DEADLINE_S):
            try:
                return await self._reader.read()
            except ConnectionResetError:
                return b""


def request(
    body: bytes = BODY,
    *more: str,
    method: str = "POST",
    path: str = WEBHOOK_PATH,
    signature: str | None = None,
    length: int | None = None,
    version: str = "1.1",
) -> bytes:
    lines = [
        f"{method} {path} HTTP/{version}",
        "Host: here",
        f"Content-Length: {len(body) if length is None else length}",
        f"X-Hub-Signature-256: {signature or signed(body)}",
        *more,
    ]
    return "\r\n".join([*lines, "", ""]).encode() + body


def chunked(body: bytes = BODY, *, trailer: str = "", size: int = 7) -> bytes:
    lines = [f"POST {WEBHOOK_PATH} HTTP/1.1", "Host: here", "Transfer-Encoding: chunked"]
    head = "\r\n".join([*lines, f"X-Hub-Signature-256: {signed(body)}", "", ""]).encode()
    pieces = [body[start : start + size] for start in range(0, len(body), size)]
    return head + b"".join(b"%x\r\n%b\r\n" % (len(it), it) for it in pieces) + b"0\r\n" + trailer.encode() + b"\r\n"


GET = f"GET {HANDSHAKE} HTTP/1.1\r\nHost: here\r\n\r\n".encode()


@pytest.fixture
async def served(settings, inbox) -> AsyncIterator[tuple[Outside, str, AsyncExitStack]]:
    @asynccontextmanager
    async def runtime(_settings: Any) -> AsyncIterator[Any]:
        yield type("Services", (), {"inbox": inbox})()

    await inbox.apps.find("default")
    app = create_app(settings, runtime)
    app.state.webhook_endpoint.max_bytes = MAX_BYTES
    outside = Outside(app)
    async with AsyncExitStack() as stack:
        yield outside, await stack.enter_async_context(serving(outside)), stack  # type: ignore[arg-type]


@pytest.fixture
def outside(served) -> Outside:
    return served[0]


@pytest.fixture
async def line(served) -> AsyncIterator[Line]:
    async with dialled(served[1]) as line:
        yield line


@asynccontextmanager
async def dialled(url: str) -> AsyncIterator[Line]:
    address = urlsplit(url)
    reader, writer = await asyncio.open_connection(address.hostname, address.port)
    yield Line(reader, writer)
    writer.close()


def count_of(result: str) -> float:
    return telemetry.webhooks_received.labels(result)._value.get()


@pytest.mark.proves("G1")
async def test_the_usual_webhook_goes_straight_and_is_answered_as_by_the_long_way(line, outside, stored) -> None:
    before = count_of("stored")
    await line.send(request())
    straight = await line.answer()
    assert outside.requests == 0
    await line.ask_first(BODY)
    long = await line.answer()
    assert outside.requests == 1
    assert (straight.status, straight.body) == (long.status, long.body) == (200, b"OK")
    assert straight.headers.keys() == long.headers.keys()
    differ = {name for name, value in straight.headers.items() if value != long.headers[name]}
    assert {"x-request-id"} <= differ <= {"x-request-id", "date"}
    assert await stored() == [BODY, BODY]
    assert count_of("stored") - before == 2


@pytest.mark.parametrize("raw", [request(), chunked(size=20), chunked(trailer="X-Late: 1\r\n", size=20)])
async def test_it_may_be_cut_anywhere(line, stored, raw) -> None:
    for place in range(1, len(raw)):
        await line.send(raw[:place], raw[place:])
        assert (await line.answer()).status == 200, place
    await line.send(*(raw[place : place + 1] for place in range(len(raw))))
    assert (await line.answer()).status == 200
    assert await stored() == [BODY] * len(raw)


async def test_the_rest_of_a_body_may_come_a_moment_later(line, outside, stored) -> None:
    raw = request()
    await line.send(raw[:-20], raw[-20:])
    assert (await line.answer()).status == 200
    assert outside.requests == 0
    await line.send(raw[:-20])
    await until(lambda: outside.requests == 1)  # it took too long to be held
    await line.send(raw[-20:])
    assert (await line.answer()).status == 200
    assert await stored() == [BODY, BODY]


@pytest.mark.proves("S9")
async def test_a_body_that_never_comes_is_not_waited_for(line, outside, stored) -> None:
    outside.state.webhook_endpoint.body_timeout_s = 0.2
    await line.send(request(), request()[:-1])
    assert await line.statuses(2) == [200, 408]
    assert await line.ends() == b""
    assert await stored() == [BODY]


@pytest.mark.proves("S11")
async def test_all_kinds_in_one_piece_are_answered_in_their_order(line, stored) -> None:
    kinds: list[tuple[bytes, int]] = [
        (request(), 200),
        (request(signature=signed(BODY, "another")), 401),
        (GET, 200),
        (chunked(), 200),
        (request(path=f"{WEBHOOK_PATH}/nobody"), 404),
        (request(LARGE), 200),
        (request(method="PUT"), 405),
        (request(path=f"{WEBHOOK_PATH}/default"), 200),
        (request(b""), 200),
        (request(BODY, "X-Hub-Signature-256: " + signed(BODY)), 401),
        (request(path="/elsewhere"), 404),
        (request(BODY, *(f"X-Filler-{place}: {place}" for place in range(500))), 200),
    ]
    await line.send(b"".join(raw for raw, _ in kinds))
    assert await line.statuses(len(kinds)) == [status for _, status in kinds]
    assert sorted(await stored()) == sorted([BODY] * 4 + [LARGE, b""])


async def test_a_client_that_reads_late_gets_all_its_answers(line, stored) -> None:
    count = 300
    sending = asyncio.create_task(line.send(request() * count))
    await until(lambda: line.writer.transport.get_write_buffer_size() == 0)
    await sending
    assert await line.statuses(count) == [200] * count
    assert len(await stored()) == count


LIES: Mapping[str, tuple[bytes, int]] = {
    "shorter than said": (request(length=len(BODY) - 1), 400),
    "length twice": (request(BODY, f"Content-Length: {len(BODY)}"), 400),
    "two lengths": (request(BODY, "Content-Length: 3"), 400),
    "chunked as well": (request(BODY, "Transfer-Encoding: chunked"), 400),
    "negative": (request(length=-1), 400),
    "a chunk of no size": (chunked().replace(b"\r\n7\r\n", b"\r\nz\r\n", 1), 400),
    "above the limit, but the body does not come": (request(BODY, length=MAX_BYTES + 1), 413),
    "above the limit": (request(bytes(MAX_BYTES + 1)), 413),
    "above the limit in chunks": (chunked(bytes(MAX_BYTES + 1), size=9000), 413),
}


@pytest.mark.proves("S9")
@pytest.mark.parametrize("kind", LIES)
async def test_a_body_of_another_size_is_refused_and_the_connection_ends(line, stored, kind) -> None:
    raw, status = LIES[kind]
    await line.send(raw)
    assert (await line.answer()).status == status
    assert await line.ends() == b""
    assert await stored() == []


@pytest.mark.parametrize("place", [-1, -len(BODY), 30])
async def test_a_client_that_leaves_before_the_end_leaves_nothing(line, stored, place) -> None:
    before = count_of("gone")
    await line.send(request()[:place])
    line.writer.transport.abort()
    if place != 30:  # of a head that is not whole nobody has heard
        await until(lambda: count_of("gone") - before == 1)
    assert await stored() == []


async def test_a_client_that_leaves_before_the_answer_has_stored_its_webhook(line, stored) -> None:
    await line.send(request())
    line.writer.transport.abort()

    async def is_stored() -> bool:
        return await stored() == [BODY]

    await until(is_stored)


@pytest.mark.parametrize("raw", [request(BODY, "Connection: close"), request(version="1.0")])
async def test_who_wants_one_answer_gets_one(line, outside, raw) -> None:
    await line.send(raw)
    answer = await line.answer()
    assert (answer.status, answer.headers["connection"]) == (200, "close")
    assert await line.ends() == b""
    assert outside.requests == 0


@pytest.mark.proves("G3", "C7")
async def test_what_is_not_committed_is_answered_503_on_either_way(line, inbox, admin) -> None:
    inbox.commit_timeout_s = 0.3
    async with admin.transaction():
        await admin.execute("LOCK TABLE webhook_inbox")
        await line.send(request())
        answers = [await line.answer()]
        await line.ask_first(BODY)
        answers.append(await line.answer())
    assert [(it.status, it.headers["retry-after"], it.body) for it in answers] == [
        (503, "2", b"Not stored. Send it again.")
    ] * 2


async def test_what_was_taken_in_is_answered_when_the_server_stops(served, line, admin, stored) -> None:
    _, _, stack = served
    ready = asyncio.Event()

    async def stop() -> None:
        ready.set()
        await stack.aclose()

    async with admin.transaction():
        await admin.execute("LOCK TABLE webhook_inbox")
        await line.send(request())
        stopping = asyncio.create_task(stop())
        await ready.wait()
        await until(lambda: is_locked_out(admin))
    answer = await line.answer()
    assert answer.status == 200
    assert await line.ends() == b""
    await stopping
    assert await stored() == [BODY]


async def is_locked_out(admin: Any) -> Iterable[Any]:
    """Whether the commit waits for the lock."""
    return await admin.fetch("SELECT 1 FROM pg_locks WHERE relation = 'webhook_inbox'::regclass AND NOT granted")

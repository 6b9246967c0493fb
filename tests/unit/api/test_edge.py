"""The outermost layers, each alone, with ASGI applications that misbehave."""

import json
import logging
from typing import Any

import pytest
from starlette.types import ASGIApp, Message, Receive, Scope, Send

from server.api.edge import SECURITY_HEADERS, Edge
from server.api.intake import BodyLimits, Intake
from server.core import telemetry
from server.domain.errors import Refused

SECRET = "what-the-customer-wrote"


@pytest.mark.proves("G21", "S7")
async def test_the_unexpected_is_a_problem_without_a_word_of_it(caplog: pytest.LogCaptureFixture) -> None:
    async def fails(scope: Scope, receive: Receive, send: Send) -> None:
        raise ValueError(SECRET)

    with caplog.at_level(logging.ERROR):
        start, body = await call(Edge(fails))
    problem = json.loads(body)
    assert start["status"] == problem["status"] == 500
    assert problem["code"] == "internal_error"
    assert header(start, b"x-request-id") == problem["trace_id"].encode()
    assert SECRET not in body.decode()
    assert "Traceback" not in body.decode()


async def test_an_outage_is_a_503_with_a_time() -> None:
    async def fails(scope: Scope, receive: Receive, send: Send) -> None:
        raise ConnectionRefusedError

    start, body = await call(Edge(fails))
    assert start["status"] == 503
    assert json.loads(body)["code"] == "unavailable"
    assert header(start, b"retry-after") == b"2"


async def test_an_answer_that_has_begun_is_cut_off() -> None:
    async def fails_late(scope: Scope, receive: Receive, send: Send) -> None:
        await send({"type": "http.response.start", "status": 200, "headers": []})
        await send({"type": "http.response.body", "body": b"one of ", "more_body": True})
        raise ValueError(SECRET)

    sent: list[Message] = []
    with pytest.raises(ConnectionAbortedError) as caught:
        await call(Edge(fails_late), into=sent)
    assert [message["type"] for message in sent] == ["http.response.start", "http.response.body"]
    assert caught.value.__suppress_context__


async def test_an_answer_whose_body_fails_is_another_one() -> None:
    async def fails_between(scope: Scope, receive: Receive, send: Send) -> None:
        await send({"type": "http.response.start", "status": 200, "headers": []})
        raise ValueError(SECRET)

    start, body = await call(Edge(fails_between))
    assert start["status"] == json.loads(body)["status"] == 500


@pytest.mark.proves("S17")
async def test_every_answer_has_the_security_headers_and_is_not_cached() -> None:
    start, _ = await call(Edge(answers))
    for name, value in SECURITY_HEADERS:
        assert header(start, name) == value
    assert header(start, b"cache-control") == b"no-store"


async def test_an_answer_may_say_itself_how_it_is_cached() -> None:
    async def cached(scope: Scope, receive: Receive, send: Send) -> None:
        await send({"type": "http.response.start", "status": 200, "headers": [(b"Cache-Control", b"max-age=60")]})
        await send({"type": "http.response.body", "body": b""})

    start, _ = await call(Edge(cached))
    assert [value for name, value in start["headers"] if name.lower() == b"cache-control"] == [b"max-age=60"]


async def test_a_label_does_not_grow_with_what_strangers_send() -> None:
    for path in ("/a", "/b"):
        await call(Edge(answers), method="BREW", path=path)
    counted = telemetry.http_requests.labels("other", "(none)", "200")._value.get()
    assert counted >= 2
    assert 'route="/a"' not in telemetry.render().decode()


async def test_a_client_that_left_is_counted_as_such() -> None:
    async def silent(scope: Scope, receive: Receive, send: Send) -> None:
        return

    before = telemetry.http_requests.labels("GET", "(none)", "499")._value.get()
    await Edge(silent)(http_scope(), receive_nothing, discard)
    assert telemetry.http_requests.labels("GET", "(none)", "499")._value.get() == before + 1


async def test_a_failed_start_says_nothing_to_the_server() -> None:
    async def fails_to_start(scope: Scope, receive: Receive, send: Send) -> None:
        await send({"type": "lifespan.startup.failed", "message": f"Traceback … {SECRET}"})

    sent: list[Message] = []
    await Edge(fails_to_start)({"type": "lifespan"}, receive_nothing, collect(sent))
    assert sent == [{"type": "lifespan.startup.failed"}]


@pytest.mark.proves("S9")
@pytest.mark.parametrize(
    ("headers", "status"),
    [
        ([(b"content-length", b"11")], 413),
        ([(b"content-length", b"10")], 200),
        ([(b"content-length", b"9" * 5000)], 413),
        ([(b"content-length", b"-1")], 413),
        ([(b"content-length", "٣".encode())], 413),
        ([(b"content-encoding", b"gzip")], 415),
        ([(b"content-encoding", b" Identity ")], 200),
        ([], 200),
    ],
)
async def test_what_the_headers_say_decides_first(headers: list[tuple[bytes, bytes]], status: int) -> None:
    start, _ = await call(Intake(answers, limits=BodyLimits(request=10, batch=15)), headers=headers)
    assert start["status"] == status
    if status != 200:
        assert header(start, b"connection") == b"close"


@pytest.mark.proves("S9")
async def test_an_unknown_length_is_counted() -> None:
    read = 0

    async def reads(scope: Scope, receive: Receive, send: Send) -> None:
        nonlocal read
        while True:
            read += len((await receive())["body"])

    async def endless() -> Message:
        return {"type": "http.request", "body": b"xxx", "more_body": True}

    with pytest.raises(Refused) as caught:
        await Intake(reads, limits=BodyLimits(10, 10))(http_scope(), endless, discard)
    assert caught.value.code == "body_too_large"
    assert read == 9


async def answers(scope: Scope, receive: Receive, send: Send) -> None:
    await send({"type": "http.response.start", "status": 200, "headers": []})
    await send({"type": "http.response.body", "body": b""})


async def call(
    app: ASGIApp,
    *,
    method: str = "GET",
    path: str = "/",
    headers: Any = (),
    into: list[Message] | None = None,
) -> tuple[Message, bytes]:
    sent: list[Message] = [] if into is None else into
    await app(http_scope(method, path, headers), receive_nothing, collect(sent))
    return sent[0], b"".join(message.get("body", b"") for message in sent[1:])


def http_scope(method: str = "GET", path: str = "/", headers: Any = ()) -> Scope:
    return {"type": "http", "method": method, "path": path, "headers": list(headers), "query_string": b""}


def header(start: Message, name: bytes) -> bytes:
    [value] = [value for found, value in start["headers"] if found.lower() == name]
    assert isinstance(value, bytes)
    return value


def collect(sent: list[Message]) -> Send:
    async def send(message: Message) -> None:
        sent.append(message)

    return send


async def receive_nothing() -> Message:
    return {"type": "http.request", "body": b"", "more_body": False}


async def discard(_message: Message) -> None:
    return

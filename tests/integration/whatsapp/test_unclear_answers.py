"""Bytes were written, and no clear answer came: it stays open what happened."""

import asyncio
import gzip
import json
from typing import Any

import pytest

from server.whatsapp.access_token import AccessToken
from server.whatsapp.errors import (
    Ambiguous,
    NotSent,
)
from tests.integration.whatsapp.local_graph import Behaviour, Connection, LocalGraph, Request, answer, says
from tests.integration.whatsapp.sending import (
    TAKEN,
    TEXT,
    WHOLE,
    Clients,
    closes,
    outcome_of,
    resets,
    send,
)


async def never_answers(connection: Connection, _request: Request) -> bool:
    await connection.client_is_gone()
    return False


async def drips(connection: Connection, _request: Request) -> bool:
    """A byte again and again: no single wait is long, the answer as a whole never ends."""
    await connection.say(b"HTTP/1.1 200 OK\r\nContent-Length: 100000\r\n\r\n")
    while True:
        await connection.say(b" ")
        await asyncio.sleep(0.01)


async def drips_headers(connection: Connection, _request: Request) -> bool:
    await connection.say(b"HTTP/1.1 200 OK\r\nX-Slow: ")
    while True:
        await connection.say(b"x")
        await asyncio.sleep(0.01)


BROKEN = {
    "closed without a word": closes,
    "reset without a word": resets,
    "closed within the headers": says(WHOLE[:20], keep=False),
    "closed within the body": says(WHOLE[:-5], keep=False),
    "closed before the body": says(answer(b"", length=50), keep=False),
    "closed within a chunk": says(
        b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n40\r\n" + json.dumps(TAKEN).encode()[:20], keep=False
    ),
    "chunks that are none": says(b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\nzz\r\nhello\r\n"),
    "not HTTP": says(b"SSH-2.0-OpenSSH_9.2\r\n", keep=False),
    "no length that can be": says(b"HTTP/1.1 200 OK\r\nContent-Length: -1\r\n\r\n", keep=False),
    "not really compressed": says(answer(b"plain", headers="Content-Encoding: gzip\r\n")),
    "an endless header": says(b"HTTP/1.1 200 OK\r\nX: " + b"x" * 100_000 + b"\r\n\r\n", keep=False),
    "a million headers": says(b"HTTP/1.1 200 OK\r\n" + b"X: x\r\n" * 100_000 + b"\r\n", keep=False),
    "larger than any answer": says(answer(b" " * 3_000_000)),
    "larger when unpacked": says(answer(gzip.compress(b" " * 50_000_000), headers="Content-Encoding: gzip\r\n")),
}


@pytest.mark.proves("G7", "G9", "S16")
@pytest.mark.parametrize("behave", BROKEN.values(), ids=BROKEN.keys())
async def test_a_broken_answer_leaves_open_what_happened(clients: Clients, behave: Behaviour) -> None:
    assert isinstance(await outcome_of(clients, behave), Ambiguous)


@pytest.mark.proves("G7", "G9", "S16")
@pytest.mark.parametrize("behave", [never_answers, drips, drips_headers])
async def test_an_answer_that_does_not_end_in_time_leaves_open_what_happened(
    clients: Clients, behave: Behaviour
) -> None:
    """The time counts for the whole answer: a server that keeps talking holds no send for ever."""
    assert isinstance(await outcome_of(clients, behave, timeout_s=0.5), Ambiguous)


GARBAGE: dict[str, bytes | dict[str, Any]] = {
    "nothing": b"",
    "null": b"null",
    "a list": b"[]",
    "a text": b'"ok"',
    "HTML": b"<html></html>",
    "no UTF-8": b"\xff\xfe{}",
    "half an object": b'{"messages": [{"id": "wamid',
    "too deep": b"[" * 200_000,
    "an empty object": {},
    "no message": {"messages": []},
    "a message of another form": {"messages": ["wamid.x"]},
    "messages of another form": {"messages": {"id": "wamid.x"}},
    "an empty id": {"messages": [{"id": ""}]},
    "a number for an id": {"messages": [{"id": 5}]},
    "no id": {"messages": [{"message_status": "accepted"}]},
    "an endless id": {"messages": [{"id": "w" * 100_000}]},
}


@pytest.mark.proves("G7", "G9", "S16")
@pytest.mark.parametrize("body", GARBAGE.values(), ids=GARBAGE.keys())
async def test_a_200_without_a_message_id_leaves_open_what_happened(clients: Clients, body: Any) -> None:
    assert isinstance(await outcome_of(clients, says(answer(body))), Ambiguous)


@pytest.mark.proves("G7", "C14")
async def test_half_a_request_leaves_open_what_happened(clients: Clients) -> None:
    """The server takes the head and breaks off while the body is written."""

    async def greet(connection: Connection) -> bool:
        await connection.read_head()
        connection.reset()
        return False

    async with LocalGraph(closes, greet) as graph:
        tried = await send(clients(graph.url), body="x" * 20_000_000)
    assert isinstance(tried.outcome, Ambiguous)
    assert graph.connections == 1


@pytest.mark.proves("G7")
async def test_a_token_that_no_header_can_hold_is_no_crash(clients: Clients) -> None:
    async with LocalGraph(says(answer(TAKEN))) as graph:
        tried = await send(clients(graph.url), token=AccessToken(f"{TEXT}\r\nX-Other: 1"))
        assert isinstance(tried.outcome, NotSent | Ambiguous)
        assert graph.requests == []


@pytest.mark.proves("G7")
async def test_a_cancelled_send_ends_at_once_and_is_not_repeated(clients: Clients) -> None:
    arrived, gone = asyncio.Event(), asyncio.Event()

    async def behave(connection: Connection, _request: Request) -> bool:
        arrived.set()
        await connection.client_is_gone()
        gone.set()
        return False

    async with LocalGraph(behave) as graph:
        sending = asyncio.create_task(send(clients(graph.url)))
        await arrived.wait()
        sending.cancel()
        with pytest.raises(asyncio.CancelledError):
            await sending
        await gone.wait()
        assert len(graph.requests) == graph.connections == 1

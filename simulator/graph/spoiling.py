"""Answers that are no answers: cut, reset, garbled, endless or dripping.

Called by `faults.py`, which has recorded before what it is about. aiohttp wants a response from every handler, also
where there is nobody left to get it.
"""

from __future__ import annotations

import asyncio
import socket
import struct
from collections.abc import Mapping
from typing import Final, Literal

from aiohttp import hdrs, web

from simulator import wire
from simulator.faults.call_rules import GarbageAfter
from simulator.graph.calls import Json

Cut = Literal["close", "reset"]

_DROPS = 20
_PIECE = 65_536
_FLUSHED_WITHIN_S = 1.0
_RESET_ON_CLOSE = struct.pack("ii", 1, 0)  # SO_LINGER: do not linger, send RST
_SERVER_ERROR_PAGE = b"<!DOCTYPE html><html><title>Error</title><p>Sorry, something went wrong.</p></html>"
_GARBAGE: Final[dict[str, bytes]] = {
    "html": b"<!DOCTYPE html><title>WhatsApp</title>",
    "empty": b"",
    "no_ids": b'{"messaging_product":"whatsapp","contacts":[],"messages":[]}',
    "wrong_ids": b'{"messaging_product":"whatsapp","contacts":[{"wa_id":1}],"messages":[{"id":12345678901234567890}]}',
    "deep_json": b'{"messages":' + b"[" * 100_000 + b"]" * 100_000 + b"}",
}


def cut(request: web.Request, by: Cut) -> web.Response:
    """End the connection without an answer."""
    if request.transport is not None:
        if by == "reset":
            _reset_on_close(request.transport)
        request.transport.abort()
    return web.Response()


def server_error(http: int) -> web.Response:
    return web.Response(body=_SERVER_ERROR_PAGE, status=http, content_type="text/html")


def garbage(rule: GarbageAfter, headers: Mapping[str, str]) -> web.Response:
    body = _GARBAGE[rule.form] if rule.body is None else rule.body.encode()
    return web.Response(body=body, headers=headers)


def redirect(request: web.Request, http: int, location: str | None) -> web.Response:
    return web.Response(status=http, headers={hdrs.LOCATION: location or str(request.url)})


async def half(
    request: web.Request, answer: web.Response, *, at: Literal["headers", "middle"] | int, by: Cut
) -> web.Response:
    """Write the beginning of the answer, as it would go out, and end the connection."""
    head, body = _on_the_wire(answer)
    named = {"headers": len(head), "middle": len(head) + len(body) // 2}
    end = named[at] if isinstance(at, str) else at
    transport = request.transport
    if transport is None:
        return web.Response()
    transport.write((head + body)[:end])
    if by == "reset":
        await _flushed(transport)
        return cut(request, by)
    transport.close()  # what was written still goes out
    return web.Response()


async def huge(request: web.Request, answer: Json, headers: Mapping[str, str], *, megabytes: int) -> web.StreamResponse:
    """The answer, with so much more of it that a reader without a limit runs out of memory."""
    start, end = wire.dump_bytes(answer)[:-1] + b',"padding":"', b'"}'
    padding = megabytes * 1024 * 1024
    response = web.StreamResponse(headers={**headers, hdrs.CONTENT_LENGTH: str(len(start) + padding + len(end))})
    await response.prepare(request)
    pieces = [start, *[b" " * _PIECE] * (padding // _PIECE), end]
    return await _written(response, pieces, pause_s=0)


async def drip(request: web.Request, answer: Json, headers: Mapping[str, str], *, seconds: float) -> web.StreamResponse:
    whole = wire.dump_bytes(answer)
    response = web.StreamResponse(headers={**headers, hdrs.CONTENT_LENGTH: str(len(whole))})
    await response.prepare(request)
    size = -(-len(whole) // _DROPS)
    drops = [whole[start : start + size] for start in range(0, len(whole), size)]
    return await _written(response, drops, pause_s=seconds / len(drops))


async def _written(response: web.StreamResponse, pieces: list[bytes], *, pause_s: float) -> web.StreamResponse:
    try:
        for piece in pieces:
            await asyncio.sleep(pause_s)
            await response.write(piece)
    except ConnectionError:  # the client has had enough
        pass
    return response


def _on_the_wire(answer: web.Response) -> tuple[bytes, bytes]:
    body = answer.body if isinstance(answer.body, bytes) else b""
    fields = {**answer.headers, hdrs.CONTENT_LENGTH: str(len(body))}
    lines = [f"HTTP/1.1 {answer.status} {answer.reason}", *(f"{name}: {value}" for name, value in fields.items())]
    return "\r\n".join([*lines, "", ""]).encode("latin-1"), body


def _reset_on_close(transport: asyncio.Transport) -> None:
    raw: socket.socket | None = transport.get_extra_info("socket")
    if raw is not None:
        raw.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, _RESET_ON_CLOSE)


async def _flushed(transport: asyncio.Transport) -> None:
    """A reset discards what is still in the buffer, so wait for it to be empty."""
    async with asyncio.timeout(_FLUSHED_WITHIN_S):
        await asyncio.sleep(0)
        while transport.get_write_buffer_size():  # noqa: ASYNC110 - transports have no event for it
            await asyncio.sleep(0.001)

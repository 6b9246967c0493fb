"""An exchange that can be halted half-way, for the failpoints `ow.partial_write` and `ow.written`.

`whatsapp.graph` uses it only while failpoints are set; otherwise requests go out in one piece.
"""

import asyncio

from server.core.failpoints import fp
from server.whatsapp.http1 import Connection, Response

_TURNS = 3
"""The loop writes what it was given in its next turns, not at once. An answer takes longer than that to be read, and
would end the writing before the last failpoint."""


async def exchange(connection: Connection, request: bytes, *, timeout_s: float) -> Response:
    """The request goes out in two pieces, each flushed before its failpoint; what has a body, with half of it."""
    head, blank, body = request.partition(b"\r\n\r\n")
    first = head + blank + body[: len(body) // 2]
    answer = connection.ask(first, timeout_s=timeout_s)
    await _flushed()
    fp("ow.partial_write")
    connection.add(request[len(first) :])
    await _flushed()
    fp("ow.written")
    return await answer


async def _flushed() -> None:
    for _ in range(_TURNS):
        await asyncio.sleep(0)

"""Posts prepared requests over many connections, at less cost than any HTTP client: the server is what is measured.

Only for servers that answer with a Content-Length and keep their connections open.
"""

import asyncio
import re
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from typing import cast
from urllib.parse import urlsplit

_LENGTH = re.compile(rb"\r\ncontent-length: *(\d+)", re.IGNORECASE)


@dataclass(frozen=True, slots=True)
class Posted:
    """A POST as it goes over the wire."""

    raw: bytes

    @classmethod
    def make(cls, path: str, body: bytes, **headers: str) -> "Posted":
        named = {"Host": "bench", "Content-Type": "application/json", "Content-Length": str(len(body))}
        named |= {name.replace("_", "-"): value for name, value in headers.items()}
        lines = [f"POST {path} HTTP/1.1", *(f"{name}: {value}" for name, value in named.items()), "", ""]
        return cls("\r\n".join(lines).encode() + body)


async def post_all(url: str, requests: Sequence[Posted], *, connections: int, expected: int = 200) -> None:
    """Each once. Raises RuntimeError for an answer of another status, and for a connection that ends."""
    address = urlsplit(url)
    host, port = address.hostname or "", address.port or 80
    loop = asyncio.get_running_loop()
    waiting = iter(requests)
    ends: list[asyncio.Future[None]] = [loop.create_future() for _ in range(connections)]
    opened = [
        await loop.create_connection(lambda end=end: _Connection(waiting, end, expected), host, port)  # type: ignore[misc] # mypy cannot infer the lambda
        for end in ends
    ]
    for _, connection in opened:
        connection.next()
    try:
        await asyncio.gather(*ends)
    finally:
        for transport, _ in opened:
            transport.abort()


class _Connection(asyncio.Protocol):
    """Sends a request, waits for its answer, sends the next, until there is none."""

    def __init__(self, waiting: Iterator[Posted], end: "asyncio.Future[None]", expected: int) -> None:
        self._waiting = waiting
        self._end = end
        self._expected = b" %d " % expected
        self._read = b""

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        self._transport = cast("asyncio.Transport", transport)  # uvloop's is none by inheritance

    def next(self) -> None:
        request = next(self._waiting, None)
        if request is not None:
            self._transport.write(request.raw)
        elif not self._end.done():
            self._end.set_result(None)

    def data_received(self, data: bytes) -> None:
        self._read += data
        head, found, body = self._read.partition(b"\r\n\r\n")
        length = _LENGTH.search(head) if found else None
        if length is None or len(body) < int(length[1]):
            return
        if self._expected not in head[:16]:
            self._fail(f"a request was answered {head[:80]!r}")
            return
        self._read = b""
        self.next()

    def connection_lost(self, _failure: Exception | None) -> None:
        self._fail("the server ended a connection")

    def _fail(self, reason: str) -> None:
        if not self._end.done():
            self._end.set_exception(RuntimeError(reason))

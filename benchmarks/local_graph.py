"""`python -m benchmarks.local_graph`: a minimal server in Meta's place. Every POST is answered after 50 to 200 ms.

It counts what arrives for each number: how many, and how many in the fullest second. `GET /counts` tells that, and
begins anew. It is so small because it shares the machine with what is measured.
"""

import asyncio
import json
import random
import socket
import time
from collections import defaultdict
from itertools import count
from typing import cast

import uvloop

LATENCY_S = (0.05, 0.2)
_NEWEST = count(10**9)
_BODY = (
    b'{"messaging_product":"whatsapp","contacts":[{"input":"+15550100001","wa_id":"15550100001"}],'
    b'"messages":[{"id":"wamid.HBgLMTU1NTAxMDAwMDEVAgARGBI5QTND%010d"}]}'
)
_ACCEPTED = (
    b"HTTP/1.1 200 OK\r\nContent-Type: application/json\r\nContent-Length: %d\r\n\r\n" % len(_BODY % 0)
) + _BODY


class Counts:
    """When each number's messages arrived, in seconds."""

    def __init__(self) -> None:
        self._arrivals: dict[bytes, list[float]] = defaultdict(list)

    def add(self, path: bytes) -> None:
        self._arrivals[path].append(time.perf_counter())

    def take(self) -> bytes:
        numbers = {path.decode(): _told(arrivals) for path, arrivals in self._arrivals.items()}
        self._arrivals.clear()
        return json.dumps(numbers).encode()


def _told(arrivals: list[float]) -> dict[str, float]:
    """`fullest_second`: the most messages within any second."""
    first, fullest = 0, 0
    for place, at in enumerate(arrivals):
        while arrivals[first] <= at - 1:
            first += 1
        fullest = max(fullest, place - first + 1)
    return {"messages": len(arrivals), "seconds": arrivals[-1] - arrivals[0], "fullest_second": fullest}


class Connection(asyncio.Protocol):
    """One request after the other; a body has a Content-Length."""

    def __init__(self, counts: Counts) -> None:
        self._counts = counts
        self._seen = b""

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        self._transport = cast("asyncio.Transport", transport)

    def data_received(self, data: bytes) -> None:
        self._seen += data
        head, blank, rest = self._seen.partition(b"\r\n\r\n")
        if not blank or len(rest) < _length(head):
            return
        self._seen = rest[_length(head) :]
        method, path, _ = head.split(b" ", 2)
        if method == b"GET":
            body = self._counts.take()
            self._transport.write(b"HTTP/1.1 200 OK\r\nContent-Length: %d\r\n\r\n%b" % (len(body), body))
            return
        self._counts.add(path)
        asyncio.get_running_loop().call_later(random.uniform(*LATENCY_S), self._accept)  # noqa: S311 - a delay

    def _accept(self) -> None:
        if not self._transport.is_closing():
            self._transport.write(_ACCEPTED % next(_NEWEST))


def _length(head: bytes) -> int:
    _, found, rest = head.lower().partition(b"content-length:")
    return int(rest.split(b"\r\n", 1)[0]) if found else 0


async def serve() -> None:
    counts = Counts()
    listener = socket.create_server(("127.0.0.1", 0), backlog=2048)
    server = await asyncio.get_running_loop().create_server(lambda: Connection(counts), sock=listener)
    print(f"listening on http://127.0.0.1:{listener.getsockname()[1]}", flush=True)
    await server.serve_forever()


if __name__ == "__main__":
    uvloop.run(serve())

"""A customer's endpoint: it records what it gets, and answers as well or as badly as it is told to."""

import asyncio
import time
from collections import deque
from collections.abc import Mapping
from dataclasses import dataclass, field
from types import TracebackType
from typing import Self

from aiohttp import web

from tests.harness.waiting import until

_PIECE = 65_536
_DROPS = 20


@dataclass(frozen=True)
class Behaviour:
    """How one request is answered. `size`: bytes of the body in place of `body`. Seconds are real ones."""

    status: int = 200
    headers: Mapping[str, str] = field(default_factory=dict)
    body: bytes = b""
    size: int = 0
    wait_s: float = 0.0
    drip_s: float = 0.0
    hangs: bool = False
    cuts: bool = False


FINE = Behaviour()
HANGS = Behaviour(hangs=True)
"""No answer, for as long as the endpoint is there."""
CUTS = Behaviour(cuts=True)
"""The request is read, and the connection ends."""
GONE = Behaviour(410)


def fails(status: int = 500) -> Behaviour:
    return Behaviour(status, body=b"out of order")


def redirects(location: str, status: int = 302) -> Behaviour:
    return Behaviour(status, {"Location": location})


def throttles(retry_after: str) -> Behaviour:
    """`retry_after`: seconds, or a date as HTTP writes it."""
    return Behaviour(429, {"Retry-After": retry_after})


def drips(seconds: float, body: bytes = b"a drop at a time") -> Behaviour:
    return Behaviour(body=body, drip_s=seconds)


def huge(size: int) -> Behaviour:
    return Behaviour(size=size)


def slow(seconds: float) -> Behaviour:
    return Behaviour(wait_s=seconds)


@dataclass(frozen=True, slots=True)
class Received:
    """A request, as it came in. `at`: monotonic seconds. `behaviour`: how it was answered."""

    at: float
    method: str
    path: str
    headers: Mapping[str, str]
    body: bytes
    behaviour: Behaviour


class Endpoint:
    """To be entered. The `answers` are given first, one for each request, then always `otherwise`."""

    def __init__(self, *, largest_request: int = 16 * 1024 * 1024) -> None:
        self.url = ""
        self.received: list[Received] = []
        self.answers: deque[Behaviour] = deque()
        self.otherwise = FINE
        self._leaving = asyncio.Event()
        app = web.Application(client_max_size=largest_request)
        app.router.add_route("*", r"/{path:.*}", self._handle)
        self._runner = web.AppRunner(app, access_log=None, shutdown_timeout=0.1)

    async def __aenter__(self) -> Self:
        await self._runner.setup()
        await web.TCPSite(self._runner, "127.0.0.1", 0).start()
        host, port = self._runner.addresses[0][:2]
        self.url = f"http://{host}:{port}/"
        return self

    async def __aexit__(
        self, kind: type[BaseException] | None, error: BaseException | None, traceback: TracebackType | None
    ) -> None:
        self._leaving.set()
        await self._runner.cleanup()

    def plan(self, *behaviours: Behaviour) -> None:
        """For the next requests, behind what is planned already."""
        self.answers.extend(behaviours)

    async def has_received(self, count: int) -> None:
        """Waits until so many requests have come in."""

        async def received() -> bool:
            return len(self.received) >= count

        await until(received, f"the endpoint receives {count} requests, and has {len(self.received)}")

    async def _handle(self, request: web.Request) -> web.StreamResponse:
        body = await request.read()
        behaviour = self.answers.popleft() if self.answers else self.otherwise
        headers = dict(request.headers)
        self.received.append(Received(time.monotonic(), request.method, request.path_qs, headers, body, behaviour))
        if behaviour.wait_s:
            await asyncio.sleep(behaviour.wait_s)
        if behaviour.hangs:
            await self._leaving.wait()
        if behaviour.cuts and request.transport is not None:
            request.transport.abort()
        return await _answered(request, behaviour)


async def _answered(request: web.Request, behaviour: Behaviour) -> web.StreamResponse:
    if not (behaviour.size or behaviour.drip_s):
        return web.Response(status=behaviour.status, headers=behaviour.headers, body=behaviour.body)
    length = behaviour.size or len(behaviour.body)
    piece = _PIECE if behaviour.size else max(1, length // _DROPS)
    pause_s = behaviour.drip_s * piece / length
    answer = web.StreamResponse(status=behaviour.status, headers={**behaviour.headers, "Content-Length": str(length)})
    await answer.prepare(request)
    try:
        for start in range(0, length, piece):
            end = min(start + piece, length)
            await asyncio.sleep(pause_s)
            await answer.write(behaviour.body[start:end] or b" " * (end - start))
    except ConnectionError:  # the other side has had enough
        pass
    return answer

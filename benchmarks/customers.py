"""Plays the other side of Meta: posts messages to it, and counts the webhooks that come of them."""

import asyncio
import itertools
import json
import time
from collections.abc import AsyncIterator, Iterator
from contextlib import asynccontextmanager
from dataclasses import dataclass, field

from aiohttp import ClientSession, TCPConnector, web

CONNECTIONS = 64


@dataclass
class Sink:
    """Answers 200 to every webhook and counts the bodies' updates. `url` is known once it listens."""

    url: str = ""
    updates: int = 0
    _reached: asyncio.Event = field(default_factory=asyncio.Event)
    _wanted: int = 0

    def expect(self, updates: int) -> None:
        self.updates, self._wanted = 0, updates
        self._reached.clear()

    async def wait(self, timeout_s: float) -> None:
        """Until all that was expected has come. Raises TimeoutError."""
        async with asyncio.timeout(timeout_s):
            await self._reached.wait()

    async def receive(self, request: web.Request) -> web.Response:
        body = await request.read()
        self.updates += max(body.count(b'"statuses"'), body.count(b"xxxxxx" * 100))
        if self.updates >= self._wanted:
            self._reached.set()
        return web.Response()

    async def shake_hands(self, request: web.Request) -> web.Response:
        return web.Response(text=request.query.get("hub.challenge", ""))


@asynccontextmanager
async def listening() -> AsyncIterator[Sink]:
    sink = Sink()
    app = web.Application(client_max_size=16 * 2**20)
    app.router.add_post("/", sink.receive)
    app.router.add_get("/", sink.shake_hands)
    runner = web.AppRunner(app, access_log=None)
    await runner.setup()
    await web.TCPSite(runner, "127.0.0.1", 0, backlog=512).start()
    sink.url = f"http://127.0.0.1:{runner.addresses[0][1]}/"
    try:
        yield sink
    finally:
        await runner.cleanup()


async def post_messages(session: ClientSession, url: str, token: str, bodies: Iterator[bytes]) -> None:
    """All of them, over CONNECTIONS connections. Raises AssertionError for an answer that is not 200."""
    headers = {"Authorization": f"Bearer {token}", "Content-Type": "application/json"}

    async def connection() -> None:
        for body in bodies:
            async with session.post(url, data=body, headers=headers) as answer:
                raw = await answer.read()
                assert answer.status == 200, raw[:300]

    await asyncio.gather(*(connection() for _ in range(CONNECTIONS)))


def texts(count: int, people: list[str]) -> Iterator[bytes]:
    """So many texts, to everybody in turn."""
    for number, wa_id in zip(range(count), itertools.cycle(people), strict=False):
        yield json.dumps(
            {
                "messaging_product": "whatsapp",
                "to": f"+{wa_id}",
                "type": "text",
                "text": {"body": f"Your order {number} is on its way"},
                "biz_opaque_callback_data": f"t1.{number:032x}.1.mac",
            }
        ).encode()


def new_session() -> ClientSession:
    return ClientSession(connector=TCPConnector(limit=CONNECTIONS))


def clock() -> float:
    return time.perf_counter()

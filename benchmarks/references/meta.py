"""`python -m benchmarks.references.meta --callback URL --updates N --batch M`: a bare aiohttp server and client that do
as many requests as the simulator does, and nothing else.

Each POST is answered with a fixed body, and for each so many webhook updates are posted, so many in a body, 20 at once.
"""

import argparse
import asyncio
import json

import uvloop
from aiohttp import ClientSession, TCPConnector, web

_ANSWER = json.dumps(
    {
        "messaging_product": "whatsapp",
        "contacts": [{"input": "+15550100001", "wa_id": "15550100001"}],
        "messages": [{"id": "wamid.HBgLMTU1NTAxMDAwMDEVAgARGBI5QTNDQTVCM0Q0Q0Q2RTY3RTcA"}],
    }
).encode()
_UPDATE = "x" * 700
_AT_ONCE = 20


class Meta:
    def __init__(self, callback: str, updates: int, batch: int) -> None:
        self._callback = callback
        self._updates = updates
        self._batch = batch
        self._owed = 0
        self._place = asyncio.Semaphore(_AT_ONCE)
        self._posting: set[asyncio.Task[None]] = set()

    async def accept(self, request: web.Request) -> web.Response:
        await request.read()
        self._owed += self._updates
        while self._owed >= self._batch:
            self._owed -= self._batch
            task = asyncio.create_task(self._post(self._batch))
            self._posting.add(task)
            task.add_done_callback(self._posting.discard)
        return web.Response(body=_ANSWER, content_type="application/json")

    async def _post(self, updates: int) -> None:
        body = json.dumps({"updates": [_UPDATE] * updates}).encode()
        async with self._place, self._session.post(self._callback, data=body) as answer:
            await answer.read()

    async def run(self, app: web.Application) -> None:
        async with ClientSession(connector=TCPConnector(limit=_AT_ONCE)) as self._session:
            runner = web.AppRunner(app, access_log=None)
            await runner.setup()
            await web.TCPSite(runner, "127.0.0.1", 0, backlog=512).start()
            print(f"listening on http://127.0.0.1:{runner.addresses[0][1]}", flush=True)
            await asyncio.Event().wait()


def main() -> None:
    parser = argparse.ArgumentParser()
    parser.add_argument("--callback", required=True)
    parser.add_argument("--updates", type=int, required=True)
    parser.add_argument("--batch", type=int, required=True)
    given = parser.parse_args()

    async def serve() -> None:
        meta = Meta(given.callback, given.updates, given.batch)
        app = web.Application()
        app.router.add_post("/{version}/{number}/messages", meta.accept)
        await meta.run(app)

    uvloop.run(serve())


if __name__ == "__main__":
    main()

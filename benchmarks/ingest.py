"""How many webhooks a second one server process takes in: signed, and durable in PostgreSQL before the answer."""

from collections.abc import AsyncIterator, Iterator
from contextlib import AbstractAsyncContextManager, asynccontextmanager
from dataclasses import dataclass
from itertools import count

import asyncpg

from benchmarks.customers import CONNECTIONS, clock
from benchmarks.harness import Comparison, Measured, Part
from benchmarks.posting import Posted, post_all
from benchmarks.processes import Running, serving
from benchmarks.product import Installation, installed
from benchmarks.traffic import Traffic, signature
from server.bootstrap import admin_runtime

MESSAGES = 500
SECRET = "app-secret-of-the-bench"  # noqa: S105 - of nobody
PHONES = [f"1202555{place:04}" for place in range(500)]
PATH = "/webhooks/whatsapp"


@dataclass(frozen=True, slots=True)
class Meta:
    """Posts webhooks to a server. `table`: where each must be when it is answered."""

    server: Running
    owner: asyncpg.Connection
    table: str | None
    names: Iterator[int]

    async def post(self) -> Measured:
        bodies = Traffic("700000000000001", "300000000000001", f"r{next(self.names)}", PHONES, MESSAGES).bodies()
        requests = [Posted.make(PATH, body, X_Hub_Signature_256=signature(SECRET, body)) for body in bodies]
        before = await self._stored()
        began, used = clock(), self.server.cpu_s()
        await post_all(self.server.url, requests, connections=CONNECTIONS)
        taken = Measured(len(requests), clock() - began, self.server.cpu_s() - used)
        assert self.table is None or await self._stored() - before == len(requests), "an answered webhook is not stored"
        return taken

    async def _stored(self) -> int:
        return int(await self.owner.fetchval(f"SELECT count(*) FROM {self.table}")) if self.table else 0  # noqa: S608 - ours


@asynccontextmanager
async def ingest() -> AsyncIterator[list[Part]]:
    """Against the same server that stores nothing, and against a plain FastAPI route with one INSERT a request."""
    async with installed() as product:
        await add_app(product)
        async with product.role("api") as api, _storing_nothing(product) as nothing, _plain(product) as plain:
            names = count()
            ours = Meta(api, product.owner, "webhook_inbox", names)
            yield [
                Comparison(
                    "vs_store_nothing",
                    "webhooks/s",
                    ours.post,
                    Meta(nothing, product.owner, None, names).post,
                    bar=0.50,
                ),
                Comparison(
                    "vs_insert_per_request",
                    "webhooks/s",
                    ours.post,
                    Meta(plain, product.owner, "plain_webhooks", names).post,
                    bar=4.0,
                ),
            ]


async def add_app(product: Installation) -> None:
    """The app `default`, whose webhooks SECRET signs."""
    async with admin_runtime(product.settings) as services:
        await services.apps.create(slug="default", app_secret=SECRET, verify_token="bench")  # noqa: S106 - of nobody


def _storing_nothing(product: Installation) -> AbstractAsyncContextManager[Running]:
    return product.role("api", module="benchmarks.references.stores_nothing")


def _plain(product: Installation) -> AbstractAsyncContextManager[Running]:
    return serving("benchmarks.references.plain_inbox", "--database", product.owner_url, "--secret", SECRET)

"""The product's rows, seen by their owner past all walls. Outlives a PostgreSQL that is killed and comes back."""

import asyncio
import time
from typing import Any

import asyncpg

from server.core.db import UNREACHABLE
from tests.harness.waiting import LOOK_EVERY_S, PATIENCE_S

_AWAY = (*UNREACHABLE, asyncpg.PostgresError)


class Rows:
    """Ended by `close`."""

    def __init__(self, url: str) -> None:
        self._url = url
        self._connection: asyncpg.Connection | None = None

    async def fetch(self, query: str, *values: object) -> list[asyncpg.Record]:
        deadline = time.monotonic() + PATIENCE_S
        while True:
            try:
                return await (await self.connection()).fetch(query, *values)
            except _AWAY:
                if time.monotonic() > deadline:
                    raise
                await asyncio.sleep(LOOK_EVERY_S)

    async def fetchval(self, query: str, *values: object) -> Any:
        [row] = await self.fetch(query, *values)
        return row[0]

    async def connection(self) -> asyncpg.Connection:
        """Raises what asyncpg does while PostgreSQL is away."""
        if self._connection is None or self._connection.is_closed():
            self._connection = await asyncpg.connect(self._url)
        return self._connection

    async def close(self) -> None:
        if self._connection is not None:
            await self._connection.close()

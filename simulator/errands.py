"""Work that takes a while and is begun by a scheduled action: on its own, or awaited where time is moved by hand.

Called by the player of scenarios. Under a manual clock whoever moves time calls `run`, so that an errand is over before
the next moment comes.
"""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable

Errand = Callable[[], Awaitable[None]]


class Errands:
    def __init__(self, *, by_hand: bool) -> None:
        self._by_hand = by_hand
        self._waiting: list[Errand] = []
        self._running: set[asyncio.Task[None]] = set()

    def send(self, errand: Errand) -> None:
        """Begin it. It must not raise."""
        if self._by_hand:
            self._waiting.append(errand)
            return
        task = asyncio.ensure_future(_of(errand))
        self._running.add(task)
        task.add_done_callback(self._running.discard)

    async def run(self) -> None:
        """Do those that wait, one after the other."""
        while self._waiting:
            await self._waiting.pop(0)()

    async def close(self) -> None:
        """Stop what is under way; twice is fine."""
        for task in self._running:
            task.cancel()
        await asyncio.gather(*self._running, return_exceptions=True)


async def _of(errand: Errand) -> None:
    await errand()

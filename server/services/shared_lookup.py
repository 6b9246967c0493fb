"""Lets concurrent requests share a query: each gets what a query found that began after it asked.

Nothing is remembered, so what was changed before a request came is seen by it. Called by `services.api_keys`.
"""

import asyncio
from collections.abc import Awaitable, Callable, Mapping, Sequence
from typing import Generic, TypeVar

Found = TypeVar("Found")
Find = Callable[[Sequence[str]], Awaitable[Mapping[str, Found]]]
"""Looks up many names at once; a name that there is not is left out."""


class SharedLookup(Generic[Found]):
    """For one event loop. One query is under way at a time; who comes meanwhile shares the next."""

    def __init__(self, find: Find[Found]) -> None:
        self._find = find
        self._waiting: list[tuple[str, asyncio.Future[Found | None]]] = []
        self._looking: asyncio.Task[None] | None = None

    async def get(self, name: str) -> Found | None:
        """Raises what the query raised."""
        answer: asyncio.Future[Found | None] = asyncio.get_running_loop().create_future()
        self._waiting.append((name, answer))
        if self._looking is None or self._looking.done():
            self._looking = asyncio.create_task(self._look())
        return await answer

    async def _look(self) -> None:
        while self._waiting:
            asking, self._waiting = self._waiting, []
            try:
                found = await self._find(list({name for name, _ in asking}))
            except Exception as failure:  # everybody who asked hears of it
                for _, answer in asking:
                    if not answer.done():
                        answer.set_exception(failure)
            else:
                for name, answer in asking:
                    if not answer.done():  # who left does not wait any more
                        answer.set_result(found.get(name))

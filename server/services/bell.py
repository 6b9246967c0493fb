"""Rings numbers after their messages are committed, without making a request wait for Valkey.

One call is on its way at a time; what comes meanwhile goes together with the next. What is lost, the sweeper rings.
"""

import asyncio
from collections.abc import Iterable
from uuid import UUID

from server.core.failpoints import fp
from server.queue.outbound import OutboundQueue, Ring


class Bell:
    """The way from accepted messages to `queue:outbound`."""

    def __init__(self, queue: OutboundQueue) -> None:
        self._queue = queue
        self._waiting: dict[UUID, Ring] = {}
        self._ringing: asyncio.Task[None] | None = None

    def ring(self, rings: Iterable[Ring]) -> None:
        """Returns at once. One ring a number is enough, however many messages wait."""
        self._waiting.update((ring.number_id, ring) for ring in rings)
        if self._waiting and (self._ringing is None or self._ringing.done()):
            self._ringing = asyncio.create_task(self._ring_all())

    async def silence(self) -> None:
        """Waits until everything has been rung, or was given up because Valkey is away."""
        while self._ringing is not None and not self._ringing.done():
            await asyncio.wait([self._ringing])

    async def _ring_all(self) -> None:
        while self._waiting:
            rings, self._waiting = list(self._waiting.values()), {}
            fp("api.acked")
            await self._queue.ring(rings)

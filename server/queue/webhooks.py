"""`queue:webhooks`: a list of inbox ids, so that a worker hears of a webhook at once.

The API enqueues after its answer, a webhook worker pops. The work itself is in PostgreSQL: an id that is lost, repeated
or stale does no harm, and without Valkey the workers look there by themselves.
"""

from collections.abc import Sequence
from typing import Any
from uuid import UUID

from server.core import telemetry
from server.core.clock import monotonic
from server.core.log import get_logger
from server.core.valkey import UNREACHABLE, Valkey
from server.queue import keys

log = get_logger(__name__)

LONGEST = 100_000
"""Ids that the list keeps; with more waiting, the workers find the rest in PostgreSQL."""
_FIRST_PAUSE_S = 0.5
_LONGEST_PAUSE_S = 5.0


class Breaker:
    """Leaves a server alone for a while after it failed: half a second, doubling to five."""

    def __init__(self) -> None:
        self._pause_s = _FIRST_PAUSE_S
        self._closed_from = 0.0

    @property
    def is_open(self) -> bool:
        return monotonic() < self._closed_from

    def failed(self) -> None:
        self._closed_from = monotonic() + self._pause_s
        self._pause_s = min(self._pause_s * 2, _LONGEST_PAUSE_S)

    def succeeded(self) -> None:
        self._pause_s = _FIRST_PAUSE_S


class WebhookQueue:
    """The verbs of the list. Neither raises when Valkey is away."""

    def __init__(self, client: Valkey) -> None:
        self._client = client
        self._breaker = Breaker()

    async def enqueue(self, ids: Sequence[UUID]) -> bool:
        """Adds ids. False when Valkey is away, slow, full or read-only."""
        if not ids or self._breaker.is_open:
            return not ids
        pipeline = self._client.pipeline(transaction=False)
        pipeline.rpush(keys.WEBHOOKS, *[identifier.bytes for identifier in ids])
        pipeline.ltrim(keys.WEBHOOKS, -LONGEST, -1)
        try:
            await pipeline.execute()
        except UNREACHABLE as failure:
            self._failed("enqueue", failure)
            return False
        self._breaker.succeeded()
        return True

    async def pop(self, limit: int, timeout_s: float) -> list[UUID]:
        """Takes up to `limit` ids, waiting up to `timeout_s` for the first; 0 does not wait.

        `timeout_s` must be below the client's own time-out. Nothing when Valkey is away; then it does not wait either.
        """
        if self._breaker.is_open:
            return []
        try:
            found: Any = await self._pop(limit, timeout_s)
        except UNREACHABLE as failure:
            self._failed("pop", failure)
            return []
        self._breaker.succeeded()
        members = found[1] if found else []
        return [UUID(bytes=member) for member in members if len(member) == 16]

    async def _pop(self, limit: int, timeout_s: float) -> Any:
        if timeout_s <= 0:
            return await self._client.lmpop(1, keys.WEBHOOKS, direction="LEFT", count=limit)
        return await self._client.blmpop(timeout_s, 1, keys.WEBHOOKS, direction="LEFT", count=limit)

    def _failed(self, verb: str, failure: BaseException) -> None:
        self._breaker.failed()
        telemetry.queue_errors.labels("webhooks").inc()
        log.warning("webhook_queue_away", verb=verb, error=type(failure).__name__)

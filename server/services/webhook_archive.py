"""The raw webhooks as an operator sees them: what came, what became of it, and how to try again.

Called by the command line. It shows bodies only when asked for one.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from uuid import UUID

from server.core.db import Database
from server.domain.enums import WebhookState
from server.domain.errors import Refused
from server.queue.webhooks import WebhookQueue
from server.repositories import webhooks as rows


@dataclass(frozen=True, slots=True)
class WebhookInfo:
    """A body that came, without it. `error` says what most needs attention."""

    id: UUID
    received_at: datetime
    app: str | None
    bytes: int
    state: str
    attempts: int | None
    error: str | None


@dataclass(frozen=True, slots=True)
class FailureInfo:
    """A change that was not applied. `change_index` -1 is the whole body."""

    change_index: int
    kind: str
    error: str
    meta_phone_number_id: str | None
    created_at: datetime


@dataclass(frozen=True, slots=True)
class DeadLetter:
    """A change that was given up."""

    id: UUID
    change_index: int
    error: str
    created_at: datetime


@dataclass(frozen=True, slots=True, repr=False)
class RawWebhook:
    """One body, byte for byte, and what is noted about it."""

    id: UUID
    body: bytes
    failures: list[FailureInfo]


class WebhookArchive:
    """Reads the inbox and makes jobs again."""

    def __init__(self, db: Database, queue: WebhookQueue) -> None:
        self._db = db
        self._queue = queue

    async def recent(
        self, *, state: WebhookState | None = None, before: UUID | None = None, limit: int = 50
    ) -> list[WebhookInfo]:
        """Newest first."""
        async with self._db.hot() as connection:
            found = await rows.listed(connection, before=before, state=state, limit=limit)
        return [WebhookInfo(**row) for row in found]

    async def show(self, webhook_id: UUID) -> RawWebhook:
        """Raises Refused: not_found."""
        async with self._db.hot() as connection:
            body = await rows.body(connection, webhook_id)
            failures = await rows.failures(connection, webhook_id)
        if body is None:
            raise Refused("not_found", f"There is no webhook {webhook_id}; it may have been pruned")
        return RawWebhook(webhook_id, body, [FailureInfo(**row) for row in failures])

    async def replay(self, ids: Sequence[UUID]) -> int:
        """Applies bodies again, with today's parser; effects that stand are not repeated. Raises Refused: not_found."""
        async with self._db.hot() as connection:
            missing = set(ids) - await rows.replay(connection, ids)
            if missing:
                raise Refused("not_found", f"There is no webhook {min(missing)}; it may have been pruned")
        await self._queue.enqueue(ids)
        return len(ids)

    async def dead_letters(self, *, limit: int = 50) -> list[DeadLetter]:
        """Newest first."""
        async with self._db.hot() as connection:
            found = await rows.dead_letters(connection, limit=limit)
        return [DeadLetter(row["inbox_id"], row["change_index"], row["error"], row["created_at"]) for row in found]

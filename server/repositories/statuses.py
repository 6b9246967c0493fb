"""What statuses change: facts of messages, their outbox rows, and statuses whose message is not known.

Every function takes an asyncpg connection inside a transaction of the worker role. Call them in the order in which they
stand: outbox rows are locked before messages, both in the order of the message id.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import TYPE_CHECKING, Any
from uuid import UUID

import msgspec
from asyncpg import Record

from server.domain.lifecycle import Facts
from server.repositories.statements import load

if TYPE_CHECKING:
    from server.core.db import Connection

Key = tuple[UUID, UUID]
"""(workspace, message)."""


@dataclass(frozen=True, slots=True)
class MergedRow:
    """What is to be known of a message from now on. None leaves a column as it is."""

    key: Key
    wamid: str
    facts: Facts
    error: dict[str, Any] | None
    pricing: dict[str, Any] | None


@dataclass(frozen=True, slots=True)
class OrphanRow:
    """A status whose message is not known. The first five name it."""

    number_id: UUID
    wamid: str
    status: str
    recipient: str
    error_code: int
    workspace_id: UUID
    at: datetime
    data: dict[str, Any]

    @property
    def key(self) -> tuple[UUID, str, str, str, int]:
        return self.number_id, self.wamid, self.status, self.recipient, self.error_code


async def settle(connection: "Connection", keys: Sequence[Key]) -> None:
    """Their outbox rows go, whatever their state."""
    await connection.execute(load("settle_by_status"), *_columns(keys))


async def lock(connection: "Connection", keys: Sequence[Key]) -> list[Record]:
    """The outbound messages among them, locked, with their facts."""
    return await connection.fetch(load("lock_messages"), *_columns(keys))


async def merge(connection: "Connection", rows: Sequence[MergedRow]) -> None:
    """Each message once; they are locked."""
    if not rows:
        return
    await connection.execute(
        load("merge_statuses"),
        *_columns([row.key for row in rows]),
        [row.wamid for row in rows],
        [row.facts.sent_at for row in rows],
        [row.facts.delivered_at for row in rows],
        [row.facts.read_at for row in rows],
        [row.facts.played_at for row in rows],
        [row.facts.failed_at for row in rows],
        [_json(row.error) for row in rows],
        [_json(row.pricing) for row in rows],
    )


async def keep_orphans(connection: "Connection", orphans: Sequence[OrphanRow]) -> None:
    """Of several with one key the earliest stays."""
    if not orphans:
        return
    earliest: dict[tuple[Any, ...], OrphanRow] = {}
    for orphan in sorted(orphans, key=lambda row: (row.key, row.at)):
        earliest.setdefault(orphan.key, orphan)
    rows = list(earliest.values())
    await connection.execute(
        load("keep_orphan_statuses"),
        [row.number_id for row in rows],
        [row.wamid for row in rows],
        [row.status for row in rows],
        [row.recipient for row in rows],
        [row.error_code for row in rows],
        [row.workspace_id for row in rows],
        [row.at for row in rows],
        [_json(row.data) for row in rows],
    )


async def adopt_orphans(
    connection: "Connection", *, within_s: float, limit: int
) -> list[tuple[UUID, UUID, dict[str, Any]]]:
    """Takes those whose message has become known, as (workspace, number, data); the caller applies them."""
    rows = await connection.fetch(load("adopt_orphan_statuses"), limit, within_s)
    return [(row["workspace_id"], row["phone_number_id"], msgspec.json.decode(row["data"])) for row in rows]


async def forget_orphans(connection: "Connection", *, older_than_s: float) -> None:
    """Nobody will come for these any more."""
    await connection.execute(
        "DELETE FROM orphan_statuses WHERE received_at < now() - make_interval(secs => $1)", older_than_s
    )


def _columns(keys: Sequence[Key]) -> tuple[list[UUID], list[UUID]]:
    return [workspace for workspace, _ in keys], [message for _, message in keys]


def _json(value: dict[str, Any] | None) -> str | None:
    return None if value is None else msgspec.json.encode(value).decode()

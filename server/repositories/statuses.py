"""What statuses change: facts of messages, their outbox rows, and statuses whose message is not known.

Every function takes an asyncpg connection inside a transaction of the worker role. Call them in the order in which they
stand: outbox rows are locked before messages, both in the order of the message id, and orphans last.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import TYPE_CHECKING, Any
from uuid import UUID

import msgspec
from asyncpg import Record
from msgspec import Struct

from server.domain.lifecycle import STATUS_FACTS
from server.repositories.statements import load, sparse

if TYPE_CHECKING:
    from server.core.db import Connection

Key = tuple[UUID, UUID]
"""(workspace, message)."""


class MergedRow(Struct, frozen=True):
    """What is to be known of a message from now on: `facts` by column. None leaves a column as it is."""

    key: Key
    wamid: str | None
    facts: dict[str, datetime]
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


async def templates(connection: "Connection", keys: Sequence[Key]) -> dict[Key, tuple[str, str]]:
    """(name, language) of the templates that these messages were, of those that were one."""
    if not keys:
        return {}
    rows = await connection.fetch(load("sent_templates"), *_columns(keys))
    return {(row["workspace_id"], row["id"]): (row["name"], row["language"]) for row in rows}


async def merge(connection: "Connection", rows: Sequence[MergedRow]) -> None:
    """Each message once; they are locked."""
    if not rows:
        return
    await connection.execute(
        load("merge_statuses"),
        *_columns([row.key for row in rows]),
        sparse(row.wamid for row in rows),
        *(sparse(row.facts.get(column) for row in rows) for column in STATUS_FACTS.values()),
        sparse(_json(row.error) for row in rows),
        sparse(_json(row.pricing) for row in rows),
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
        *_key_columns(rows),
        [row.workspace_id for row in rows],
        [row.at for row in rows],
        [_json(row.data) for row in rows],
    )


async def take_adopters_turn(connection: "Connection") -> bool:
    """Until the transaction ends nobody else adopts. False, at once, when somebody does."""
    mine: bool = await connection.fetchval("SELECT pg_try_advisory_xact_lock(hashtext('treeex.adopt_orphans'))")
    return mine


async def adoptable_orphans(connection: "Connection", *, within_s: float, limit: int) -> list[OrphanRow]:
    """Those whose message has become known; the caller applies them, and then drops them."""
    rows = await connection.fetch(load("adoptable_orphan_statuses"), limit, within_s)
    return [
        OrphanRow(
            number_id=row["phone_number_id"],
            wamid=row["wamid"],
            status=row["status"],
            recipient=row["recipient"],
            error_code=row["error_code"],
            workspace_id=row["workspace_id"],
            at=row["at"],
            data=msgspec.json.decode(row["data"]),
        )
        for row in rows
    ]


async def drop_adopted(connection: "Connection", orphans: Sequence[OrphanRow]) -> None:
    """What was applied goes; what has become earlier meanwhile stays."""
    if orphans:
        await connection.execute(
            load("drop_adopted_orphan_statuses"), *_key_columns(orphans), [row.at for row in orphans]
        )


async def forget_orphans(connection: "Connection", *, older_than_s: float) -> None:
    """Nobody will come for these any more."""
    await connection.execute(load("forget_orphan_statuses"), older_than_s)


def _columns(keys: Sequence[Key]) -> tuple[list[UUID], list[UUID]]:
    return [workspace for workspace, _ in keys], [message for _, message in keys]


def _key_columns(orphans: Sequence[OrphanRow]) -> tuple[list[Any], ...]:
    """The five columns of their keys."""
    return tuple(map(list, zip(*(row.key for row in orphans), strict=True)))


def _json(value: dict[str, Any] | None) -> str | None:
    return None if value is None else msgspec.json.encode(value).decode()

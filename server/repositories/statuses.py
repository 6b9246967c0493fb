"""What statuses change: facts of messages, their outbox rows, and statuses whose message is not known.

Every function takes an asyncpg connection inside a transaction of the worker role. Call them in the order in which they
stand: outbox rows are locked before messages, both in the order of the message id, and orphans last.
"""

from collections.abc import Collection, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import TYPE_CHECKING, Any, NamedTuple
from uuid import UUID

import msgspec

from server.core.ids import new_id
from server.repositories.events import Appended
from server.repositories.statements import load, sparse

if TYPE_CHECKING:
    from server.core.db import Connection

Key = tuple[UUID, UUID]
"""(workspace, message)."""


class Named(NamedTuple):
    """A status by what it names: a number's wamid, and perhaps a message of its workspace by our own id."""

    number_id: UUID
    wamid: str
    workspace_id: UUID
    claimed: UUID | None


class Meant(NamedTuple):
    """The message that a status means, None if there is none, and whether the wamid is not known yet."""

    message_id: UUID | None
    is_new_name: bool


class SaidRow(NamedTuple):
    """What a status says of a message. `error` of one failure a message only; JSON, as `pricing`."""

    key: Key
    wamid: str
    status: str
    at: datetime
    error: str | None
    pricing: str | None


class Recipient(NamedTuple):
    """To whom a message went, and the (name, language) of the template that it was, if it was one."""

    number_id: UUID
    contact_id: UUID
    template: tuple[str, str] | None


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


async def settle(connection: "Connection", named: Sequence[Named]) -> list[Meant]:
    """The outbox rows of their messages go, whatever their state. Returns what each means."""
    if not named:
        return []
    numbers, wamids, workspaces, claimed = zip(*named, strict=True)
    rows = await connection.fetch(load("settle_by_status"), numbers, wamids, workspaces, sparse(claimed))
    return [Meant(*row) for row in rows]


async def merge(connection: "Connection", said: Sequence[SaidRow]) -> tuple[list[Appended], set[Key]]:
    """Writes facts, and an event for each that nobody knew. Returns those, and the messages that are none of ours."""
    if not said:
        return [], set()
    keys, wamids, names, times, errors, prices = zip(*said, strict=True)
    ids = [new_id() for _ in said]
    rows = await connection.fetch(
        load("merge_statuses"), *_columns(keys), wamids, names, times, sparse(errors), sparse(prices), ids
    )
    told = [Appended(*row) for row in rows if row["type"] is not None]
    return told, {(row["workspace_id"], row["subject_id"]) for row in rows if row["type"] is None}


async def recipients(connection: "Connection", keys: Collection[Key]) -> dict[Key, Recipient]:
    """Of outbound messages."""
    if not keys:
        return {}
    rows = await connection.fetch(load("find_recipients"), *_columns(keys))
    return {
        (row["workspace_id"], row["id"]): Recipient(
            row["phone_number_id"],
            row["contact_id"],
            (row["name"], row["language"]) if row["name"] and row["language"] else None,
        )
        for row in rows
    }


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
        [msgspec.json.encode(row.data).decode() for row in rows],
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


def _columns(keys: Collection[Key]) -> tuple[list[UUID], list[UUID]]:
    return [workspace for workspace, _ in keys], [message for _, message in keys]


def _key_columns(orphans: Sequence[OrphanRow]) -> tuple[list[Any], ...]:
    """The five columns of their keys."""
    return tuple(map(list, zip(*(row.key for row in orphans), strict=True)))

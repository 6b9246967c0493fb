"""Dispatch state: claims on the outbox and what becomes of them. Dispatch, settlement and maintenance call it.

Every function takes an asyncpg connection inside a transaction of the worker role. Writers lock outbox rows before
messages, both in the order of the message id.
"""

from collections.abc import Collection, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import TYPE_CHECKING
from uuid import UUID

import msgspec
from asyncpg import Record

from server.core.ids import new_id
from server.domain import delivery
from server.domain.enums import Lane
from server.repositories.statements import load

if TYPE_CHECKING:
    from server.core.db import Connection


class Key(msgspec.Struct, frozen=True):
    """One try of one message: what all result writes are fenced by."""

    workspace_id: UUID
    message_id: UUID
    attempt: int


@dataclass(frozen=True, slots=True)
class Portion:
    """How many messages of a number a claim wants, from which lane to which. One that probes sends one at a time."""

    number_id: UUID
    messages: int
    probing: bool
    lanes: tuple[Lane, Lane]


@dataclass(frozen=True, slots=True)
class Requeued:
    """A try that had no effect: its message is to be due again after some seconds, for a reason."""

    key: Key
    wait_s: float
    reason: str | None
    even_if_held: bool


class AttemptRow(msgspec.Struct, frozen=True):
    """What is kept of one try."""

    key: Key
    number_id: UUID
    started_at: datetime
    outcome: str
    worker_id: UUID
    latency_ms: int | None = None
    http_status: int | None = None
    error_code: int | None = None
    error_subcode: int | None = None
    error_title: str | None = None
    error_details: str | None = None
    fbtrace_id: str | None = None
    wamid: str | None = None


class AcceptedTry(msgspec.Struct, frozen=True):
    """A try that Meta took, which may hold the message (`paced`), and may say by which id it knows the recipient."""

    attempt: AttemptRow
    paced: bool
    wa_id: str | None


async def lock_numbers(connection: "Connection", numbers: Sequence[UUID]) -> list[Record]:
    """The numbers that no other claim holds, with throughput, token, sealed data key, pause reason, whether their bulk
    lane rests, and how many results were `ambiguous` lately.
    """
    return await connection.fetch(load("lock_numbers"), list(numbers))


async def claim(
    connection: "Connection", portions: Sequence[Portion], *, besides: Collection[Record] = ()
) -> list[Record]:
    """The next messages of each number, locked, with their facts; those `besides` are claimed already."""
    if not portions:
        return []
    return await connection.fetch(
        load("claim"),
        [portion.number_id for portion in portions],
        [portion.messages for portion in portions],
        [portion.probing for portion in portions],
        [portion.lanes[0] for portion in portions],
        [portion.lanes[1] for portion in portions],
        [row["message_id"] for row in besides],
    )


async def recent_tries(
    connection: "Connection", numbers: Sequence[UUID], *, lately_s: float, just_now_s: float
) -> dict[UUID, tuple[int, int]]:
    """Of each number how many tries began within the longer and within the shorter time, and may have been written."""
    rows = await connection.fetch(load("recent_tries"), list(numbers), lately_s, just_now_s)
    return {row["number_id"]: (row["lately"], row["just_now"]) for row in rows}


async def pair_tries(
    connection: "Connection", pairs: Sequence[tuple[UUID, UUID]], *, within_s: float
) -> dict[tuple[UUID, UUID], list[float]]:
    """How many seconds ago each try of the (number, contact) pairs began that may have been written, within a time.

    Of a pair's newest hundred messages: one with more than that waiting may have had others.
    """
    found: dict[tuple[UUID, UUID], list[float]] = {}
    if pairs:
        numbers, contacts = [number for number, _ in pairs], [contact for _, contact in pairs]
        for row in await connection.fetch(load("pair_tries"), numbers, contacts, within_s):
            found.setdefault((row["number_id"], row["contact_id"]), []).append(row["ago_s"])
    return found


async def next_due(connection: "Connection", numbers: Sequence[UUID]) -> dict[UUID, int]:
    """Milliseconds until each number's next queued message is due; numbers without one are absent."""
    rows = await connection.fetch(load("next_due"), list(numbers))
    return {row["number_id"]: row["in_ms"] for row in rows}


async def numbers_with_work(connection: "Connection", numbers: Sequence[UUID] | None) -> list[tuple[UUID, int]]:
    """(number, throughput) of those, or of all, that have a due message and are not paused."""
    rows = await connection.fetch(load("numbers_with_work"), None if numbers is None else list(numbers))
    return [(row["id"], row["throughput_mps"]) for row in rows]


async def mark_sending(connection: "Connection", claimed: Sequence[Record], worker_id: UUID) -> dict[UUID, datetime]:
    """The attempts begin; when, by message. What commits this may write to Meta."""
    if not claimed:
        return {}
    rows = await connection.fetch(load("mark_sending"), [row["place"] for row in claimed], worker_id)
    return {row["message_id"]: row["state_since"] for row in rows}


async def put_off(connection: "Connection", waits: Sequence[tuple[Record, float, str]]) -> None:
    """Queued messages wait `seconds` more for a reason."""
    if waits:
        messages = [message for message, _, _ in waits]
        await connection.execute(
            load("put_off"), *_ids(messages), [wait for _, wait, _ in waits], [why for _, _, why in waits]
        )


async def lock_outbox(connection: "Connection", keys: Sequence[Key]) -> None:
    """Locks the outbox rows of a whole tick in the order that all writers keep, before any of them is written."""
    await connection.execute(load("lock_outbox"), *_keys(keys)[:2])


async def returned(connection: "Connection", tries: Sequence[tuple[Key, int | None]]) -> list[Record | None]:
    """What else is known of messages whose try had no effect, by their order; None for those that are settled.

    With each Meta's code of a throttle, or None. Gives type, on_ambiguous; how many tries are `ambiguous`, and how many
    found Meta `unreachable`; and how many `refusals` by that code their pair has had since its last accepted message.
    """
    if not tries:
        return []
    keys = [key for key, _ in tries]
    rows = await connection.fetch(load("returned_tries"), *_keys(keys)[:2], [code for _, code in tries])
    found = {row["place"]: row for row in rows}
    return [found.get(place) for place in range(1, len(tries) + 1)]


async def requeue(connection: "Connection", back: Sequence[Requeued]) -> None:
    """Tries that had no effect go back to `queued`."""
    if back:
        await connection.execute(
            load("requeue"),
            *_keys([item.key for item in back]),
            [item.wait_s for item in back],
            [item.reason for item in back],
            [item.even_if_held for item in back],
        )


async def mark_unknown(connection: "Connection", keys: Sequence[Key]) -> list[Record]:
    """What was `sending` is `unknown`; returns workspace_id, message_id, client_reference of each."""
    return await connection.fetch(load("mark_unknown"), *_keys(keys)) if keys else []


async def rescue(connection: "Connection", *, older_than_s: float, limit: int) -> list[Record]:
    """Stale `sending` becomes `unknown`; returns like `mark_unknown`."""
    return await connection.fetch(load("rescue"), older_than_s, limit)


async def settle_accepted(connection: "Connection", accepted: Sequence[AcceptedTry]) -> None:
    """With their attempts, events, and what Meta calls their recipients. Their outbox rows are locked already."""
    if not accepted:
        return
    tries = [one.attempt for one in accepted]
    await connection.execute(load("lock_sent_messages"), *_keys([one.key for one in tries])[:2])
    await connection.execute(
        load("settle_accepted"),
        *_keys([one.key for one in tries])[:2],
        [one.wamid for one in tries],
        [one.paced for one in accepted],
        delivery.PASSWORD_TTL,
        delivery.LATE_ACCEPTANCE,
        delivery.BUFFER,
        delivery.USUAL_TTL,
        [one.key.attempt for one in tries],
        [one.started_at for one in tries],
        [one.latency_ms for one in tries],
        [one.http_status for one in tries],
        [one.fbtrace_id for one in tries],
        [one.wa_id for one in accepted],
        [new_id() for _ in tries],
        tries[0].worker_id,
    )


async def settle_failed(
    connection: "Connection", failed: Sequence[tuple[Key | Record, str]], *, hold_reason: str
) -> list[Record]:
    """(try, error as JSON); a claimed row instead of a try fails whatever its attempt is.

    Returns workspace_id, message_id, client_reference, failed_at, error; failed_at is None for what was held instead.
    """
    if not failed:
        return []
    return await connection.fetch(
        load("settle_failed"),
        [_workspace(item) for item, _ in failed],
        [_message(item) for item, _ in failed],
        [item.attempt if isinstance(item, Key) else None for item, _ in failed],
        [error for _, error in failed],
        hold_reason,
    )


async def mark_late(connection: "Connection", keys: Sequence[Key]) -> None:
    """Tries that never began: they leave no row, but the rescuer may have made one."""
    if keys:
        await connection.execute(load("mark_late"), *_keys(keys))


async def append_attempts(connection: "Connection", rows: Sequence[AttemptRow]) -> None:
    """One row a try."""
    if not rows:
        return
    await connection.execute(
        load("append_attempts"),
        *_keys([row.key for row in rows]),
        [row.number_id for row in rows],
        [row.started_at for row in rows],
        [row.latency_ms for row in rows],
        [row.outcome for row in rows],
        [row.http_status for row in rows],
        [row.error_code for row in rows],
        [row.error_subcode for row in rows],
        [row.error_title for row in rows],
        [row.error_details for row in rows],
        [row.fbtrace_id for row in rows],
        [row.wamid for row in rows],
        [row.worker_id for row in rows],
    )


def _ids(messages: Sequence[Record]) -> tuple[list[UUID], list[UUID]]:
    return [row["workspace_id"] for row in messages], [row["message_id"] for row in messages]


def _keys(keys: Sequence[Key]) -> tuple[list[UUID], list[UUID], list[int]]:
    return [key.workspace_id for key in keys], [key.message_id for key in keys], [key.attempt for key in keys]


def _workspace(item: Key | Record) -> UUID:
    return item.workspace_id if isinstance(item, Key) else item["workspace_id"]


def _message(item: Key | Record) -> UUID:
    return item.message_id if isinstance(item, Key) else item["message_id"]

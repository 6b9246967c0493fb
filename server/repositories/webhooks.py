"""The inbox of webhooks, the jobs to apply them, and what was kept without being applied.

Every function takes an asyncpg connection; the API's role may store, the workers' may do the rest.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import TYPE_CHECKING
from uuid import UUID

from asyncpg import Record

from server.repositories.statements import load

if TYPE_CHECKING:
    from server.core.db import Connection


Lease = tuple[UUID, datetime]
"""A claimed job, and until when: each claim has another end, and writes to the job are fenced by it."""


@dataclass(frozen=True, slots=True)
class FailureRow:
    """Why a change was not applied. `kind`: dead, unrecognised or parked."""

    inbox_id: UUID
    change_index: int
    kind: str
    error: str
    meta_phone_number_id: str | None = None
    meta_waba_id: str | None = None


async def signing_apps(connection: "Connection") -> list[Record]:
    """Every app with its sealed secrets."""
    return await connection.fetch(
        "SELECT id, slug, app_secret, previous_app_secret, previous_secret_until, verify_token FROM apps"
    )


async def store(
    connection: "Connection", ids: Sequence[UUID], app_ids: Sequence[UUID], bodies: Sequence[bytes], *, timeout_s: float
) -> None:
    """Bodies and their jobs. Outside a transaction it returns when they are committed."""
    await connection.execute(load("store_webhooks"), ids, app_ids, bodies, timeout=timeout_s)


async def claim(connection: "Connection", ids: Sequence[UUID], *, lease_s: float, max_bytes: int) -> list[Record]:
    """inbox_id, attempts, leased_until, received_at, body (None when it was pruned) of those that are free and due."""
    return await connection.fetch(load("claim_webhooks"), ids, lease_s, max_bytes)


async def sweep(connection: "Connection", limit: int, *, lease_s: float, max_bytes: int) -> list[Record]:
    """Like `claim`, for whatever is due."""
    return await connection.fetch(load("sweep_webhooks"), limit, lease_s, max_bytes)


async def finish(connection: "Connection", ids: Sequence[UUID]) -> set[UUID]:
    """Ends jobs and forgets what was noted about them. Returns those that were still there."""
    return {row["inbox_id"] for row in await connection.fetch(load("finish_webhooks"), ids)}


async def note(connection: "Connection", failures: Sequence[FailureRow]) -> None:
    """No (inbox_id, change_index) twice."""
    if not failures:
        return
    await connection.execute(
        load("note_webhook_failures"),
        [row.inbox_id for row in failures],
        [row.change_index for row in failures],
        [row.kind for row in failures],
        [row.meta_phone_number_id for row in failures],
        [row.meta_waba_id for row in failures],
        [row.error for row in failures],
    )


async def put_off(connection: "Connection", leases: Sequence[Lease], *, delay_s: float) -> None:
    """Claimed jobs are due again after `delay_s`; their attempt counts. Not those that were claimed again meanwhile."""
    await connection.execute(load("put_off_webhooks"), *_leases(leases), delay_s, 0)


async def give_back(connection: "Connection", leases: Sequence[Lease]) -> None:
    """Claimed jobs are due again at once, as if they had not been claimed. Not those that were claimed again."""
    await connection.execute(load("put_off_webhooks"), *_leases(leases), 0, 1)


async def places(
    connection: "Connection", numbers: Sequence[str], accounts: Sequence[str], ids: Sequence[UUID] = ()
) -> list[Record]:
    """The accounts that are named or whose numbers are, by Meta's ids or by ours, a row for each number of theirs.

    workspace_id, id, waba_id, portfolio_id, number_id, phone_number_id, digits; the last three None without a number.
    """
    if not numbers and not accounts and not ids:
        return []
    return await connection.fetch(load("find_places"), numbers, accounts, ids)


async def note_applied(connection: "Connection", keys: Sequence[bytes]) -> set[bytes]:
    """Dedupe keys. Returns those that were not known. Waits for rivals that apply the same."""
    if not keys:
        return set()
    return {row["key"] for row in await connection.fetch(load("note_applied_changes"), keys)}


async def release_parked(connection: "Connection", meta_phone_number_id: str | None, *, limit: int) -> list[UUID]:
    """Bodies that waited for what is connected now become jobs again. None: for any number and any account."""
    rows = await connection.fetch(load("release_parked_webhooks"), meta_phone_number_id, limit)
    return [row["inbox_id"] for row in rows]


async def replay(connection: "Connection", ids: Sequence[UUID]) -> set[UUID]:
    """Bodies become jobs again. Returns those that exist."""
    return {row["inbox_id"] for row in await connection.fetch(load("replay_webhooks"), ids)}


async def listed(connection: "Connection", *, before: UUID | None, state: str | None, limit: int) -> list[Record]:
    """Newest first: id, received_at, app, bytes, attempts, error, state."""
    return await connection.fetch(load("list_webhooks"), before, state, limit)


async def body(connection: "Connection", inbox_id: UUID) -> bytes | None:
    """The raw bytes; None when there is no such webhook."""
    found: bytes | None = await connection.fetchval("SELECT body FROM webhook_inbox WHERE id = $1", inbox_id)
    return found


async def archived(
    connection: "Connection", *, after: UUID | None, since: datetime, until: datetime, limit: int
) -> list[Record]:
    """id, received_at, body of what came in a time and does not wait to be applied, oldest first."""
    return await connection.fetch(load("archived_webhooks"), after, since, until, limit)


async def failures(connection: "Connection", inbox_id: UUID) -> list[Record]:
    """What is noted about a body, by change."""
    return await connection.fetch(
        "SELECT change_index, kind, meta_phone_number_id, error, created_at FROM webhook_failures"
        " WHERE inbox_id = $1 ORDER BY change_index",
        inbox_id,
    )


async def dead_letters(connection: "Connection", *, limit: int) -> list[Record]:
    """Newest first: inbox_id, change_index, error, created_at. Those that run again are left out."""
    return await connection.fetch(load("list_dead_letters"), limit)


def _leases(leases: Sequence[Lease]) -> tuple[list[UUID], list[datetime]]:
    return [inbox_id for inbox_id, _ in leases], [until for _, until in leases]

"""Contacts that turned out to be one person, and moving everything of one to the other. Called inside a transaction.

Locks are taken in the order of all writers: outbox, messages, conversations, contacts, names, merges.
"""

from collections.abc import Sequence
from typing import TYPE_CHECKING
from uuid import UUID

from asyncpg import Record

from server.core.ids import new_id
from server.repositories.statements import load

if TYPE_CHECKING:
    from server.core.db import Connection

_NUMBERS = """
SELECT count(DISTINCT phone_number_id) FROM conversations WHERE workspace_id = $1 AND contact_id = ANY ($2::uuid[])
"""


async def note(connection: "Connection", pairs: Sequence[tuple[UUID, UUID, UUID]]) -> None:
    """(workspace, contact, contact that it is to become), sorted, each once."""
    if pairs:
        await connection.execute(load("note_contact_merges"), *map(list, zip(*pairs, strict=True)))


async def take_turn(connection: "Connection") -> bool:
    """Until the transaction ends nobody else merges. False, at once, when somebody does."""
    mine: bool = await connection.fetchval("SELECT pg_try_advisory_xact_lock(hashtext('treeex.merge_contacts'))")
    return mine


async def next_due(connection: "Connection") -> Record | None:
    """workspace_id, contact_id, into_id, passes of the merge that waits longest."""
    return await connection.fetchrow(
        """SELECT workspace_id, contact_id, into_id, passes FROM contact_merges
           WHERE due_at <= now() ORDER BY due_at LIMIT 1"""
    )


async def roots(connection: "Connection", workspace_id: UUID, contacts: Sequence[UUID]) -> list[UUID]:
    """What each contact has been merged into by now, or itself."""
    rows = await connection.fetch(load("merged_roots"), workspace_id, list(contacts))
    return [row["root"] for row in rows]


async def move(connection: "Connection", workspace_id: UUID, given_up: Sequence[UUID], kept: UUID) -> list[UUID]:
    """Everything of some contacts becomes another's. Returns those that had not been merged before."""
    of = (workspace_id, list(given_up), kept)
    await connection.execute(load("merge_outbox"), *of)
    messages = [row["id"] for row in await connection.fetch(load("lock_merged_messages"), *of)]
    numbers = await connection.fetchval(_NUMBERS, workspace_id, list(given_up))
    await connection.execute(load("open_merged_conversations"), *of, [new_id() for _ in range(numbers)])
    await connection.execute(load("fold_conversations"), *of)
    await connection.execute(load("merge_messages"), workspace_id, messages, kept)
    rows = await connection.fetch(load("merge_contacts"), *of)
    await connection.execute(load("merge_identities"), *of)
    await connection.execute(
        "UPDATE former_identities SET contact_id = $3 WHERE workspace_id = $1 AND contact_id = ANY ($2::uuid[])", *of
    )
    await connection.execute(
        "UPDATE consents SET contact_id = $3 WHERE workspace_id = $1 AND contact_id = ANY ($2::uuid[])", *of
    )
    return [row["id"] for row in rows]


async def drop_empty_conversations(connection: "Connection", workspace_id: UUID, given_up: Sequence[UUID]) -> None:
    """Conversations of contacts that were given up and in which nothing is left."""
    await connection.execute(load("drop_merged_conversations"), workspace_id, list(given_up))


async def put_off(connection: "Connection", merge: Record, *, delay_s: float) -> None:
    """Another pass after some time."""
    await connection.execute(
        """UPDATE contact_merges SET passes = passes + 1, due_at = now() + make_interval(secs => $4)
           WHERE (workspace_id, contact_id, into_id) = ($1, $2, $3) AND passes = $5""",
        *_key(merge),
        delay_s,
        merge["passes"],
    )


async def finish(connection: "Connection", merge: Record) -> None:
    """Unless it was asked for again meanwhile."""
    await connection.execute(
        """DELETE FROM contact_merges
           WHERE (workspace_id, contact_id, into_id) = ($1, $2, $3) AND passes = $4""",
        *_key(merge),
        merge["passes"],
    )


def _key(merge: Record) -> tuple[UUID, UUID, UUID]:
    return merge["workspace_id"], merge["contact_id"], merge["into_id"]

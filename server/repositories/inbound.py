"""What people's messages write: identities, contacts, conversations, messages. Set-wise, sorted by key.

Every function takes an asyncpg connection inside a transaction of the worker role. Identities and new contacts come
first, then conversations, then messages, then new names of contacts.
"""

from collections.abc import Collection, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import TYPE_CHECKING, Any, NamedTuple
from uuid import UUID

import msgspec
from msgspec import Struct

from server.domain.lifecycle import STATUS_FACTS, Facts
from server.repositories.statements import load, sparse

if TYPE_CHECKING:
    from server.core.db import Connection

Identity = tuple[UUID, str, str]
"""(workspace, kind, value)."""
Pair = tuple[UUID, UUID, UUID]
"""(workspace, number, contact)."""
Former = dict[Identity, list[tuple[datetime, UUID]]]
"""Until when somebody had a name, the latest first."""


class Names(NamedTuple):
    """`owners`: the contact of each name that is somebody's."""

    owners: dict[Identity, UUID]
    former: Former


class Word(Struct, frozen=True):
    """What a conversation learns. `id` is its id if it is new; `person_at` when a person wrote last; `at` anybody."""

    pair: Pair
    id: UUID
    person_at: datetime | None
    at: datetime | None
    free_entry_until: datetime | None = None


class InboundRow(Struct, frozen=True):
    """A message of a chat that a webhook told. `facts` are of one that the business wrote."""

    pair: Pair
    id: UUID
    conversation_id: UUID
    type: str
    content: dict[str, Any]
    wamid: str
    at: datetime
    recipient: str | None = None
    source: str | None = None
    facts: Facts | None = None


@dataclass(frozen=True, slots=True)
class FileRow:
    """A file of a message, to be fetched from Meta. `sha256` is Meta's own word."""

    workspace_id: UUID
    message_id: UUID
    number_id: UUID
    meta_media_id: str
    mime_type: str | None
    sha256: str | None
    filename: str | None


async def find_identities(connection: "Connection", identities: Collection[Identity]) -> Names:
    """Whose names these are, and whose they were."""
    if not identities:
        return Names({}, {})
    owners: dict[Identity, UUID] = {}
    former: Former = {}
    for row in await connection.fetch(load("find_identities"), *_identity_columns(identities)):
        name = row["workspace_id"], row["kind"], row["value"]
        if row["until"] is None:
            owners[name] = row["contact_id"]
        else:
            former.setdefault(name, []).append((row["until"], row["contact_id"]))
    return Names(owners, former)


async def add_identities(connection: "Connection", owners: dict[Identity, UUID]) -> set[Identity]:
    """Returns those that were free. Waits for rivals that add the same."""
    if not owners:
        return set()
    ordered = sorted(owners)
    rows = await connection.fetch(
        load("add_identities"), *_identity_columns(ordered), [owners[identity] for identity in ordered]
    )
    return {(row["workspace_id"], row["kind"], row["value"]) for row in rows}


async def move_identities(connection: "Connection", owners: dict[Identity, UUID]) -> None:
    """Gives identities that this transaction has added to other contacts."""
    if owners:
        await connection.execute(load("move_identities"), *_identity_columns(list(owners)), list(owners.values()))


async def retire_identities(connection: "Connection", gone: dict[Identity, tuple[UUID, datetime]]) -> None:
    """These contacts do not answer to these names any more, since those times."""
    if gone:
        contacts, since = zip(*gone.values(), strict=True)
        await connection.execute(load("retire_identities"), *_identity_columns(list(gone)), contacts, since)


async def add_contacts(connection: "Connection", contacts: Sequence[tuple[UUID, UUID, str | None]]) -> None:
    """(workspace, id, name)."""
    if contacts:
        await connection.execute(load("add_contacts"), *zip(*contacts, strict=True))


async def rename_contacts(connection: "Connection", contacts: Sequence[tuple[UUID, UUID, str]]) -> None:
    """(workspace, id, name); each contact once."""
    if contacts:
        await connection.execute(load("rename_contacts"), *zip(*contacts, strict=True))


async def hear(connection: "Connection", words: Sequence[Word]) -> dict[Pair, UUID]:
    """Conversations learn what was said; those that are missing are made. Each pair once. Returns their ids.

    Waits for rivals that make the same. Takes locks in the order in which accepting a message does.
    """
    found = await _hear(connection, words)
    if missed := [word for word in words if word.pair not in found]:
        found |= await _hear(connection, missed)
    return found


async def add_messages(connection: "Connection", rows: Sequence[InboundRow]) -> None:
    """Their wamids were new."""
    if not rows:
        return
    await connection.execute(
        load("add_inbound_messages"),
        [row.pair[0] for row in rows],
        [row.id for row in rows],
        [row.pair[1] for row in rows],
        [row.pair[2] for row in rows],
        [row.conversation_id for row in rows],
        [row.type for row in rows],
        [msgspec.json.encode(row.content).decode() for row in rows],
        [row.wamid for row in rows],
        [row.at for row in rows],
        sparse(row.source for row in rows),
        [row.facts is not None for row in rows],
        *(sparse(row.facts and getattr(row.facts, column) for row in rows) for column in STATUS_FACTS.values()),
        sparse(row.recipient for row in rows),
    )


async def owe_files(connection: "Connection", files: Sequence[FileRow]) -> None:
    """Files of messages that are new, due at once."""
    if files:
        await connection.execute(
            load("owe_inbound_media"),
            [row.workspace_id for row in files],
            [row.message_id for row in files],
            [row.number_id for row in files],
            [row.meta_media_id for row in files],
            [row.mime_type for row in files],
            [row.sha256 for row in files],
            [row.filename for row in files],
        )


async def fill_placeholders(
    connection: "Connection", rows: Sequence[tuple[UUID, str, str, dict[str, Any]]]
) -> dict[tuple[UUID, str], tuple[UUID, UUID]]:
    """(number, wamid, type, content) of media that come after the history that they belong to.

    Returns (workspace, message) by (number, wamid) of those that had been waited for.
    """
    if not rows:
        return {}
    numbers, names, types, contents = zip(*rows, strict=True)
    encoded = [msgspec.json.encode(content).decode() for content in contents]
    found = await connection.fetch(load("fill_placeholders"), list(numbers), list(names), list(types), encoded)
    return {(row["phone_number_id"], row["wamid"]): (row["workspace_id"], row["id"]) for row in found}


async def _hear(connection: "Connection", words: Sequence[Word]) -> dict[Pair, UUID]:
    rows = await connection.fetch(
        load("hear_conversations"),
        [word.pair[0] for word in words],
        [word.id for word in words],
        [word.pair[1] for word in words],
        [word.pair[2] for word in words],
        [word.person_at for word in words],
        [word.at for word in words],
        sparse(word.free_entry_until for word in words),
    )
    return {(row["workspace_id"], row["phone_number_id"], row["contact_id"]): row["id"] for row in rows}


def _identity_columns(identities: Collection[Identity]) -> tuple[list[UUID], list[str], list[str]]:
    return (
        [workspace for workspace, _, _ in identities],
        [kind for _, kind, _ in identities],
        [value for _, _, value in identities],
    )

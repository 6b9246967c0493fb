"""People and the names that they are known by. Digits without `+` are the form of `phone` and `wa_id`."""

from collections import defaultdict
from collections.abc import Collection, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING
from uuid import UUID

from asyncpg import Record

from server.core.ids import new_id
from server.domain.enums import IdentityKind
from server.domain.identity import Recipient
from server.repositories.statements import load

if TYPE_CHECKING:
    from server.core.db import Connection

_FIND = """
SELECT i.kind, i.value, i.contact_id
FROM unnest($2::text[], $3::text[]) AS wanted (kind, value)
JOIN contact_identities i ON i.workspace_id = $1 AND i.scope = '' AND (i.kind, i.value) = (wanted.kind, wanted.value)
"""
_IDENTITIES = """
SELECT contact_id, kind, value FROM contact_identities
WHERE workspace_id = $1 AND contact_id = ANY ($2::uuid[])
ORDER BY contact_id, first_seen_at, kind, value
"""


@dataclass(frozen=True, slots=True)
class Identity:
    """One name of a person."""

    kind: IdentityKind
    value: str


async def ensure(
    connection: "Connection", workspace_id: UUID, recipients: Collection[Recipient]
) -> dict[Recipient, UUID]:
    """The contact of each recipient, made where there is none, once whoever else asks at the same time.

    Waits for a rival that makes the same; raises asyncpg.LockNotAvailableError when that takes too long.
    """
    wanted = sorted(set(recipients), key=lambda recipient: (recipient.kind, recipient.value))
    ids = [new_id() for _ in wanted]
    found = _by_name(await connection.fetch(load("ensure_contacts"), workspace_id, ids, *_columns(wanted)))
    missed = [recipient for recipient in wanted if recipient not in found]
    if missed:  # a new statement sees what a rival has just committed
        found |= _by_name(await connection.fetch(_FIND, workspace_id, *_columns(missed)))
    return found


def _columns(recipients: Sequence[Recipient]) -> tuple[list[str], list[str]]:
    return [recipient.kind for recipient in recipients], [recipient.value for recipient in recipients]


def _by_name(rows: Sequence[Record]) -> dict[Recipient, UUID]:
    return {Recipient(IdentityKind(row["kind"]), row["value"]): row["contact_id"] for row in rows}


async def identities(
    connection: "Connection", workspace_id: UUID, contact_ids: Collection[UUID]
) -> dict[UUID, list[Identity]]:
    """Every name of each of these people, the first known first."""
    names: dict[UUID, list[Identity]] = defaultdict(list)
    if contact_ids:
        for row in await connection.fetch(_IDENTITIES, workspace_id, list(contact_ids)):
            names[row["contact_id"]].append(Identity(IdentityKind(row["kind"]), row["value"]))
    return names

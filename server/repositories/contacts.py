"""People and the names that they are known by. Digits without `+` are the form of `phone` and `wa_id`."""

from collections import defaultdict
from collections.abc import Collection
from dataclasses import dataclass
from typing import TYPE_CHECKING
from uuid import UUID

from server.core.ids import new_id
from server.domain.enums import IdentityKind
from server.repositories.statements import load

if TYPE_CHECKING:
    from server.core.db import Connection

_FIND_BY_PHONE = """
SELECT value AS phone, contact_id FROM contact_identities
WHERE workspace_id = $1 AND kind = 'phone' AND scope = '' AND value = ANY ($2::text[])
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


async def ensure(connection: "Connection", workspace_id: UUID, phones: Collection[str]) -> dict[str, UUID]:
    """The contact of each phone number in digits, made where there is none, once whoever else asks at the same time.

    Waits for a rival that makes the same; raises asyncpg.LockNotAvailableError when that takes too long.
    """
    wanted = sorted(set(phones))
    ids = [new_id() for _ in wanted]
    made = await connection.fetch(load("ensure_contacts"), workspace_id, ids, wanted)
    found = {row["phone"]: row["contact_id"] for row in made}
    missed = [phone for phone in wanted if phone not in found]
    if missed:  # a new statement sees what a rival has just committed
        rows = await connection.fetch(_FIND_BY_PHONE, workspace_id, missed)
        found.update({row["phone"]: row["contact_id"] for row in rows})
    return found


async def identities(
    connection: "Connection", workspace_id: UUID, contact_ids: Collection[UUID]
) -> dict[UUID, list[Identity]]:
    """Every name of each of these people, the first known first."""
    names: dict[UUID, list[Identity]] = defaultdict(list)
    if contact_ids:
        for row in await connection.fetch(_IDENTITIES, workspace_id, list(contact_ids)):
            names[row["contact_id"]].append(Identity(IdentityKind(row["kind"]), row["value"]))
    return names

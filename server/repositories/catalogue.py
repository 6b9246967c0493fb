"""Questions about the database itself: version, roles, row-level security. `treeex doctor` asks them."""

from dataclasses import dataclass
from typing import TYPE_CHECKING
from uuid import UUID

if TYPE_CHECKING:
    from server.core.db import Connection

_ROLE = "SELECT rolname, rolsuper, rolbypassrls FROM pg_roles WHERE rolname = current_user"
_OWNED = """
SELECT count(*) FROM pg_class c WHERE c.relnamespace = 'public'::regnamespace AND c.relkind IN ('r', 'p')
  AND pg_has_role(current_user, c.relowner, 'MEMBER')
"""
_UNPROTECTED = """
SELECT c.relname FROM pg_class c
WHERE c.relnamespace = 'public'::regnamespace AND c.relkind IN ('r', 'p')
  AND (c.relname = 'workspaces'
       OR EXISTS (SELECT FROM pg_attribute a WHERE a.attrelid = c.oid AND a.attname = 'workspace_id'))
  AND NOT (c.relrowsecurity AND c.relforcerowsecurity)
ORDER BY c.relname
"""
_NUMBERS = """
SELECT n.workspace_id, n.id, n.phone_number_id, n.display_phone_number, n.access_token, w.data_key
FROM phone_numbers n JOIN workspaces w ON w.id = n.workspace_id ORDER BY n.id
"""


@dataclass(frozen=True, slots=True)
class Role:
    """The role that a connection has."""

    name: str
    superuser: bool
    bypasses_rls: bool
    owned_tables: int


@dataclass(frozen=True, slots=True)
class SealedToken:
    """A number's token as it is stored."""

    workspace_id: UUID
    number_id: UUID
    phone_number_id: str
    display_phone_number: str
    access_token: bytes
    data_key: bytes


async def version(connection: "Connection") -> int:
    """Such as 180006 for 18.6."""
    return int(await connection.fetchval("SHOW server_version_num"))


async def role(connection: "Connection") -> Role:
    row = await connection.fetchrow(_ROLE)
    owned = await connection.fetchval(_OWNED)
    assert row is not None  # noqa: S101 - every connection has a role
    return Role(row["rolname"], row["rolsuper"], row["rolbypassrls"], owned)


async def unprotected_tables(connection: "Connection") -> list[str]:
    """Tables of a workspace whose row-level security is not both enabled and forced."""
    return [row["relname"] for row in await connection.fetch(_UNPROTECTED)]


async def fsync(connection: "Connection") -> bool:
    """Whether a commit survives a power cut."""
    return bool(await connection.fetchval("SELECT current_setting('fsync')::boolean"))


async def sealed_data_keys(connection: "Connection", limit: int) -> list[tuple[UUID, bytes]]:
    """For a role that sees all workspaces."""
    rows = await connection.fetch("SELECT id, data_key FROM workspaces ORDER BY id LIMIT $1", limit)
    return [(row["id"], row["data_key"]) for row in rows]


async def sealed_tokens(connection: "Connection") -> list[SealedToken]:
    """Of every number, for a role that sees all workspaces."""
    return [
        SealedToken(
            row["workspace_id"],
            row["id"],
            row["phone_number_id"],
            row["display_phone_number"],
            row["access_token"],
            row["data_key"],
        )
        for row in await connection.fetch(_NUMBERS)
    ]

"""Questions about the database itself: version, roles, row-level security. `treeex doctor` asks them."""

from dataclasses import dataclass
from typing import TYPE_CHECKING
from uuid import UUID

if TYPE_CHECKING:
    from asyncpg import Record

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
SELECT t.*, n.phone_number_id, n.display_phone_number
FROM phone_numbers n JOIN sealed_tokens t ON t.workspace_id = n.workspace_id AND t.number_id = n.id ORDER BY n.id
"""


@dataclass(frozen=True, slots=True)
class Role:
    """The role that a connection has."""

    name: str
    superuser: bool
    bypasses_rls: bool
    owned_tables: int


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


async def sealed_tokens(connection: "Connection") -> list["Record"]:
    """The view's rows, each with Meta's id of the number and its phone number. For a role that sees all workspaces."""
    return await connection.fetch(_NUMBERS)

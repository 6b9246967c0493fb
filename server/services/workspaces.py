"""Workspaces: making one with its own data key, and opening that key for those who seal and open its secrets."""

from dataclasses import dataclass
from datetime import datetime
from uuid import UUID

from server.core.crypto import DataKey, Keyring
from server.core.db import Database
from server.core.ids import new_id
from server.domain.errors import Refused
from server.models.workspaces import Workspace
from server.repositories import workspaces as rows
from server.services.tokens import data_key_place


@dataclass(frozen=True, slots=True)
class WorkspaceInfo:
    """A workspace, as it is shown."""

    id: UUID
    name: str
    created_at: datetime


def open_data_key(keyring: Keyring, workspace_id: UUID, sealed: bytes) -> DataKey:
    """The data key of a workspace, from the column `workspaces.data_key`. Raises CannotDecrypt."""
    return DataKey(keyring.open(sealed, data_key_place(workspace_id)))


class Workspaces:
    """`everywhere` is a database role that sees all workspaces; the API has none."""

    def __init__(self, db: Database, everywhere: Database | None, keyring: Keyring) -> None:
        self._db = db
        self._everywhere = everywhere
        self._keyring = keyring

    async def create(self, name: str) -> WorkspaceInfo:
        """A new workspace, with a fresh data key. Raises Refused("invalid_name")."""
        name = checked_name(name)
        workspace_id = new_id()
        sealed = self._keyring.seal(DataKey.new().key, data_key_place(workspace_id))
        async with self._db.transaction(workspace_id) as connection:
            return _info(await rows.add(connection, workspace_id=workspace_id, name=name, data_key=sealed))

    async def list(self) -> list[WorkspaceInfo]:
        """All of them, oldest first. Raises Refused("unavailable") without a role that may see them."""
        if self._everywhere is None:
            raise Refused("unavailable", "Listing workspaces needs the workers' database role")
        async with self._everywhere.transaction() as connection:
            return [_info(row) for row in await rows.all_of_them(connection)]


def checked_name(name: str) -> str:
    """A name of 1 to 200 characters, trimmed. Raises Refused("invalid_name")."""
    name = name.strip()
    if not 1 <= len(name) <= 200 or "\x00" in name:
        raise Refused("invalid_name")
    return name


def _info(row: Workspace) -> WorkspaceInfo:
    return WorkspaceInfo(row.id, row.name, row.created_at)

"""Files that people sent and that were given up: which they are, and trying again. The API and the commands call it."""

from collections.abc import Collection
from dataclasses import dataclass
from datetime import datetime
from uuid import UUID

from server.core.db import Database
from server.domain.errors import Refused
from server.repositories import inbound_media as rows


@dataclass(frozen=True, slots=True)
class DeadFile:
    """A file that was given up, by the message that it came with."""

    message_id: UUID
    workspace_id: UUID
    error: str
    created_at: datetime


class InboundMedia:
    """`everywhere` is a database role that sees all workspaces; the API has none."""

    def __init__(self, db: Database, everywhere: Database | None) -> None:
        self._db = db
        self._everywhere = everywhere

    async def retry(self, workspace_id: UUID, message_id: UUID) -> None:
        """What was given up is fetched again; anything else is left as it is."""
        async with self._db.hot(workspace_id) as connection:
            await rows.replay(connection, [message_id], workspace_id=workspace_id)

    async def dead(self, *, limit: int) -> list[DeadFile]:
        """Of all workspaces, the newest first. Raises Refused("unavailable") without a role that may see them."""
        async with self._all().hot() as connection:
            return [DeadFile(**row) for row in await rows.dead(connection, limit=limit)]

    async def replay(self, message_ids: Collection[UUID]) -> set[UUID]:
        """Those whose files are fetched again. Raises Refused("unavailable") likewise."""
        async with self._all().hot() as connection:
            return await rows.replay(connection, message_ids)

    def _all(self) -> Database:
        if self._everywhere is None:
            raise Refused("unavailable", "Looking across workspaces needs the workers' database role")
        return self._everywhere

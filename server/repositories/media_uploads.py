"""What Meta calls our media, and what is owed to it. Dispatch and the Uploader call it.

Functions take an asyncpg connection inside a transaction of the worker role. Outbox rows are locked before rows of
media_uploads; who has written the latter commits before touching the former.
"""

from collections.abc import Collection
from dataclasses import dataclass
from typing import TYPE_CHECKING
from uuid import UUID

from asyncpg import Record

from server.repositories.statements import load

if TYPE_CHECKING:
    from server.core.db import Connection


@dataclass(frozen=True, slots=True)
class Place:
    """A medium on a number."""

    workspace_id: UUID
    media_id: UUID
    number_id: UUID


MetaIds = dict[tuple[UUID, UUID], str | None]
"""By number and medium. None: Meta has not got it yet. Absent: there is no such medium."""


async def find_or_owe(connection: "Connection", places: Collection[Place]) -> MetaIds:
    """Meta's ids. What Meta has not got, or not for long enough, is owed from now on."""
    found = await _ids(connection, "find_uploads", places)
    missing = [place for place in places if (place.number_id, place.media_id) not in found]
    return found | await _ids(connection, "owe_media", missing) if missing else found


async def lease(connection: "Connection", *, seconds: float) -> Record | None:
    """One upload that is owed, with what it needs; nobody else takes it for so long."""
    return await connection.fetchrow(load("lease_upload"), seconds)


async def uploaded(connection: "Connection", place: Place, meta_media_id: str, *, usable_s: float) -> None:
    """Meta has it."""
    await connection.execute(
        """UPDATE media_uploads
           SET meta_media_id = $4, uploaded_at = now(), expires_at = now() + make_interval(secs => $5), failures = 0
           WHERE workspace_id = $1 AND media_id = $2 AND phone_number_id = $3""",
        *_key(place),
        meta_media_id,
        usable_s,
    )


async def put_off(connection: "Connection", place: Place, *, wait_s: float) -> None:
    """The upload failed for now."""
    await connection.execute(
        """UPDATE media_uploads
           SET failures = failures + 1, due_at = clock_timestamp() + make_interval(secs => $4)
           WHERE workspace_id = $1 AND media_id = $2 AND phone_number_id = $3""",
        *_key(place),
        wait_s,
    )


async def forget(connection: "Connection", place: Place) -> None:
    """It is owed no more; the next message that needs it makes it so again."""
    await connection.execute(
        "DELETE FROM media_uploads WHERE workspace_id = $1 AND media_id = $2 AND phone_number_id = $3", *_key(place)
    )


async def free(connection: "Connection", place: Place) -> None:
    """The messages that wait for it are due."""
    await connection.execute(load("free_from_media"), place.workspace_id, place.number_id, place.media_id)


async def waiting(connection: "Connection", place: Place) -> list[Record]:
    """The messages that wait for it, locked: workspace_id and message_id of each."""
    return await connection.fetch(
        """SELECT workspace_id, message_id FROM outbox
           WHERE phone_number_id = $2 AND wait_reason = 'media' AND workspace_id = $1 AND state = 'queued'
             AND $3::uuid = ANY (media)
           ORDER BY message_id
           FOR UPDATE""",
        place.workspace_id,
        place.number_id,
        place.media_id,
    )


async def _ids(connection: "Connection", statement: str, places: Collection[Place]) -> MetaIds:
    rows = await connection.fetch(
        load(statement),
        [place.workspace_id for place in places],
        [place.media_id for place in places],
        [place.number_id for place in places],
    )
    return {(row["phone_number_id"], row["media_id"]): row["meta_media_id"] for row in rows}


def _key(place: Place) -> tuple[UUID, UUID, UUID]:
    return place.workspace_id, place.media_id, place.number_id

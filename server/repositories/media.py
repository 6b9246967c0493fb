"""Queries on media: adding, finding and deleting them, and which of them refer to an object of the store."""

from collections.abc import Collection, Sequence
from typing import TYPE_CHECKING, Any
from uuid import UUID

from sqlalchemy import delete, select, text
from sqlalchemy.dialects.postgresql import insert
from sqlalchemy.ext.asyncio import AsyncConnection

from server.models.media import Medium

if TYPE_CHECKING:
    from server.core.db import Connection

Row = dict[str, Any]
"""The columns of media."""


async def lock_object(connection: AsyncConnection, storage_key: str) -> None:
    """Until the transaction ends nobody else adds the first medium of this object, or deletes the object."""
    await connection.execute(
        text("SELECT pg_advisory_xact_lock(hashtextextended(:key, 0))"), {"key": f"media {storage_key}"}
    )


async def add(connection: AsyncConnection, values: Row) -> tuple[Row, bool]:
    """The medium, and whether it is new: one of the same bytes, type and name is taken as it is."""
    new = insert(Medium).values(values).on_conflict_do_nothing().returning(Medium.__table__)
    added = (await connection.execute(new)).mappings().one_or_none()
    if added is not None:
        return dict(added), True
    same = (getattr(Medium, name).is_not_distinct_from(values[name]) for name in _SAME)
    return dict((await connection.execute(select(Medium.__table__).where(*same))).mappings().one()), False


async def one(connection: AsyncConnection, workspace_id: UUID, media_id: UUID) -> Row | None:
    mine = (Medium.workspace_id == workspace_id, Medium.id == media_id)
    found = (await connection.execute(select(Medium.__table__).where(*mine))).mappings().one_or_none()
    return None if found is None else dict(found)


async def remove(connection: AsyncConnection, workspace_id: UUID, media_id: UUID) -> str | None:
    """Deletes the medium, and what Meta calls it. Its storage key; None when there is no such medium."""
    mine = (Medium.workspace_id == workspace_id, Medium.id == media_id)
    return await connection.scalar(delete(Medium).where(*mine).returning(Medium.storage_key))


async def referred_to(connection: AsyncConnection, workspace_id: UUID, keys: Sequence[str]) -> set[str]:
    """Those of the keys that a medium of the workspace has."""
    query = select(Medium.storage_key).where(Medium.workspace_id == workspace_id, Medium.storage_key.in_(keys))
    return set((await connection.execute(query)).scalars())


async def known(connection: "Connection", workspace_id: UUID, ids: Collection[UUID]) -> set[UUID]:
    """Those of the ids that are media of the workspace. None of them is deleted before the transaction ends."""
    rows = await connection.fetch(
        "SELECT id FROM media WHERE workspace_id = $1 AND id = ANY ($2::uuid[]) ORDER BY id FOR KEY SHARE",
        workspace_id,
        list(ids),
    )
    return {row["id"] for row in rows}


_SAME = ("workspace_id", "sha256", "mime_type", "filename")

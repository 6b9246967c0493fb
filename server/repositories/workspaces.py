"""Queries on workspaces, their API keys, and the Meta apps that serve them."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import TYPE_CHECKING, Any
from uuid import UUID

from sqlalchemy import insert, select, update
from sqlalchemy.ext.asyncio import AsyncConnection

from server.models.phone_numbers import App
from server.models.workspaces import ApiKey, Workspace

if TYPE_CHECKING:
    import asyncpg

    from server.core.db import Connection

_FIND_KEYS = """
SELECT wanted.key_id, found.workspace_id, found.id, found.environment, found.secret_hmac, found.scopes,
       found.expires_at, found.revoked_at
FROM unnest($1::text[]) AS wanted (key_id) CROSS JOIN LATERAL find_api_key(wanted.key_id) AS found
"""


@dataclass(frozen=True, slots=True)
class FoundKey:
    """A stored API key, before it is known whether the caller holds its secret."""

    key_id: str
    workspace_id: UUID
    id: UUID
    environment: str
    secret_hmac: bytes
    scopes: tuple[str, ...]
    expires_at: datetime | None
    revoked_at: datetime | None


async def add(connection: AsyncConnection, *, workspace_id: UUID, name: str, data_key: bytes) -> Workspace:
    """A new workspace. The connection's current workspace has to be this one."""
    values = {"id": workspace_id, "name": name, "data_key": data_key}
    return _workspace(await connection.execute(insert(Workspace).values(values).returning(Workspace.__table__)))


async def all_of_them(connection: AsyncConnection) -> list[Workspace]:
    """For a role that may see every workspace; the API's sees its own."""
    rows = await connection.execute(select(Workspace.__table__).order_by(Workspace.id))
    return [Workspace(**row) for row in rows.mappings()]


async def sealed_data_key(connection: AsyncConnection, workspace_id: UUID) -> bytes | None:
    """The workspace's data key as it is stored, sealed."""
    return await connection.scalar(select(Workspace.data_key).where(Workspace.id == workspace_id))


async def find_keys(pool: "asyncpg.Pool[asyncpg.Record] | Connection", key_ids: Sequence[str]) -> dict[str, FoundKey]:
    """Finds keys in any workspace: the one query that runs before a workspace is known."""
    rows = await pool.fetch(_FIND_KEYS, key_ids)
    return {row["key_id"]: FoundKey(**{**row, "scopes": tuple(row["scopes"])}) for row in rows}


async def add_key(connection: AsyncConnection, values: dict[str, Any]) -> ApiKey:
    """`values` are the columns of api_keys."""
    rows = await connection.execute(insert(ApiKey).values(values).returning(ApiKey.__table__))
    return ApiKey(**rows.mappings().one())


async def keys(connection: AsyncConnection, workspace_id: UUID) -> list[ApiKey]:
    """Newest first, the revoked ones too."""
    rows = await connection.execute(
        select(ApiKey.__table__).where(ApiKey.workspace_id == workspace_id).order_by(ApiKey.id.desc())
    )
    return [ApiKey(**row) for row in rows.mappings()]


async def key(connection: AsyncConnection, workspace_id: UUID, api_key_id: UUID) -> ApiKey | None:
    rows = await connection.execute(
        select(ApiKey.__table__).where(ApiKey.workspace_id == workspace_id, ApiKey.id == api_key_id)
    )
    row = rows.mappings().one_or_none()
    return None if row is None else ApiKey(**row)


async def revoke_key(connection: AsyncConnection, workspace_id: UUID, key_id: str, at: datetime) -> ApiKey | None:
    """Keeps the time of an earlier revocation. None when the workspace has no such key."""
    mine = (ApiKey.workspace_id == workspace_id, ApiKey.key_id == key_id)
    await connection.execute(update(ApiKey).where(*mine, ApiKey.revoked_at.is_(None)).values(revoked_at=at))
    row = (await connection.execute(select(ApiKey.__table__).where(*mine))).mappings().one_or_none()
    return None if row is None else ApiKey(**row)


async def add_app(connection: AsyncConnection, values: dict[str, Any]) -> App:
    """`values` are the columns of apps. Raises IntegrityError when the slug is taken."""
    rows = await connection.execute(insert(App).values(values).returning(App.__table__))
    return App(**rows.mappings().one())


async def apps(connection: AsyncConnection) -> list[App]:
    """By slug."""
    rows = await connection.execute(select(App.__table__).order_by(App.slug))
    return [App(**row) for row in rows.mappings()]


async def lock_app(connection: AsyncConnection, slug: str) -> App | None:
    """The app, held against other changes until the transaction ends."""
    rows = await connection.execute(select(App.__table__).where(App.slug == slug).with_for_update())
    row = rows.mappings().one_or_none()
    return None if row is None else App(**row)


async def change_app(connection: AsyncConnection, app_id: UUID, values: dict[str, Any]) -> App:
    rows = await connection.execute(update(App).where(App.id == app_id).values(values).returning(App.__table__))
    return App(**rows.mappings().one())


def _workspace(rows: Any) -> Workspace:
    return Workspace(**rows.mappings().one())

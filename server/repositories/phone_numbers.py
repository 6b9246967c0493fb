"""Queries on numbers and the WhatsApp Business Accounts that they belong to, within one workspace unless told."""

from collections.abc import Sequence
from typing import TYPE_CHECKING, Any
from uuid import UUID

from asyncpg import Record
from sqlalchemy import Select, func, select, update
from sqlalchemy.dialects.postgresql import insert
from sqlalchemy.ext.asyncio import AsyncConnection

from server.models.phone_numbers import PhoneNumber, Waba
from server.repositories.statements import load

if TYPE_CHECKING:
    from server.core.db import Connection

Row = dict[str, Any]
"""The columns of phone_numbers, and `meta_waba_id`, Meta's id of the account."""


async def ensure_waba(connection: AsyncConnection, *, workspace_id: UUID, new_id: UUID, waba_id: str) -> UUID | None:
    """Our id of Meta's account, made if need be. None when it belongs to another workspace."""
    mine = select(Waba.id).where(Waba.workspace_id == workspace_id, Waba.waba_id == waba_id)
    add = insert(Waba).values(workspace_id=workspace_id, id=new_id, waba_id=waba_id).on_conflict_do_nothing()
    await connection.execute(add)
    return await connection.scalar(mine)


async def put(connection: AsyncConnection, values: Row) -> UUID | None:
    """Adds the number unless it exists, and gives its id here. None when another workspace has it.

    Row-level security hides another's row, so an upsert would fail on it; this finds nothing and says so.
    """
    add = insert(PhoneNumber).values(values).on_conflict_do_nothing().returning(PhoneNumber.id)
    added = await connection.scalar(add)
    if added is not None:
        return added
    mine = (
        PhoneNumber.workspace_id == values["workspace_id"],
        PhoneNumber.phone_number_id == values["phone_number_id"],
    )
    return await connection.scalar(select(PhoneNumber.id).where(*mine).with_for_update())


async def refresh(connection: AsyncConnection, workspace_id: UUID, number_id: UUID, values: Row) -> None:
    """Changes columns of one number."""
    await connection.execute(
        update(PhoneNumber)
        .where(PhoneNumber.workspace_id == workspace_id, PhoneNumber.id == number_id)
        .values({**values, "updated_at": func.now()})
    )


async def siblings(connection: "Connection", numbers: Sequence[UUID]) -> list[Record]:
    """Of each number, as `id`, the numbers that share its app, as `sibling_id`, and whether it is the `same_account`.

    Across workspaces: for the worker role only.
    """
    return await connection.fetch(load("siblings"), list(numbers))


async def one(connection: AsyncConnection, workspace_id: UUID, number_id: UUID) -> Row | None:
    rows = await connection.execute(_shown(workspace_id).where(PhoneNumber.id == number_id))
    found = rows.mappings().one_or_none()
    return None if found is None else dict(found)


async def page(connection: AsyncConnection, workspace_id: UUID, *, after: UUID | None, limit: int) -> list[Row]:
    """In the order in which they were connected."""
    query = _shown(workspace_id).order_by(PhoneNumber.id).limit(limit)
    if after is not None:
        query = query.where(PhoneNumber.id > after)
    return [dict(row) for row in (await connection.execute(query)).mappings()]


def _shown(workspace_id: UUID) -> Select[Any]:
    return (
        select(PhoneNumber.__table__, Waba.waba_id.label("meta_waba_id"))
        .join(Waba, (Waba.workspace_id == PhoneNumber.workspace_id) & (Waba.id == PhoneNumber.waba_id))
        .where(PhoneNumber.workspace_id == workspace_id)
    )

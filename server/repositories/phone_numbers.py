"""Queries on numbers and the WhatsApp Business Accounts that they belong to, within one workspace unless told."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any
from uuid import UUID

from asyncpg import Record
from sqlalchemy import Select, func, select, text, update
from sqlalchemy.dialects.postgresql import insert
from sqlalchemy.ext.asyncio import AsyncConnection

from server.models.phone_numbers import PhoneNumber, Portfolio, Waba
from server.repositories.statements import load

if TYPE_CHECKING:
    from server.core.db import Connection

Row = dict[str, Any]
"""The columns of phone_numbers, and `meta_waba_id`, Meta's id of the account."""


@dataclass(frozen=True, slots=True)
class Pause:
    """Why a number stops sending, and whether all numbers of its account do."""

    reason: str
    whole_account: bool = False


@dataclass(frozen=True, slots=True)
class BulkPause:
    """Why the bulk lane of a number rests, and for how long."""

    reason: str
    rest_s: float


async def ensure_waba(connection: AsyncConnection, *, workspace_id: UUID, new_id: UUID, waba_id: str) -> UUID | None:
    """Our id of Meta's account, made if need be. None when it belongs to another workspace."""
    mine = select(Waba.id).where(Waba.workspace_id == workspace_id, Waba.waba_id == waba_id)
    add = insert(Waba).values(workspace_id=workspace_id, id=new_id, waba_id=waba_id).on_conflict_do_nothing()
    await connection.execute(add)
    return await connection.scalar(mine)


async def ensure_portfolio(
    connection: AsyncConnection, *, workspace_id: UUID, account: UUID, new_id: UUID, business_id: str | None
) -> UUID:
    """Our id of the portfolio that owns the account, made if need be.

    As long as Meta does not say whose the account is, it has a portfolio for itself; that one is named later, unless
    there is another of that name.
    """
    waba = (Waba.workspace_id == workspace_id, Waba.id == account)
    present = await connection.scalar(select(Waba.portfolio_id).where(*waba).with_for_update())
    named = None
    if business_id is not None:
        mine = (Portfolio.workspace_id == workspace_id, Portfolio.business_id == business_id)
        named = await connection.scalar(select(Portfolio.id).where(*mine))
    if named is None and present is not None:
        nameless = (Portfolio.workspace_id == workspace_id, Portfolio.id == present, Portfolio.business_id.is_(None))
        await connection.execute(update(Portfolio).where(*nameless).values(business_id=business_id))
        return present
    if named is None:
        add = insert(Portfolio).values(workspace_id=workspace_id, id=new_id, business_id=business_id)
        # With an update, so that one that was made meanwhile is given back.
        same = add.on_conflict_do_update(
            index_elements=["workspace_id", "business_id"], set_={"business_id": add.excluded.business_id}
        )
        named = (await connection.execute(same.returning(Portfolio.id))).scalar_one()
    await connection.execute(update(Waba).where(*waba).values(portfolio_id=named))
    return named


async def set_messaging_limit(
    connection: AsyncConnection, workspace_id: UUID, portfolio_id: UUID, people: int | None
) -> None:
    """How many people it may reach in 24 hours; None: without limit."""
    mine = (Portfolio.workspace_id == workspace_id, Portfolio.id == portfolio_id)
    await connection.execute(update(Portfolio).where(*mine).values(messaging_limit=people))


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


async def pause(connection: "Connection", pauses: Mapping[UUID, Pause]) -> list[Record]:
    """Numbers stop sending. Gives workspace_id, id, reason and until (None) of those that did not rest already."""
    if not pauses:
        return []
    return await connection.fetch(
        load("pause_numbers"),
        list(pauses),
        [pause.reason for pause in pauses.values()],
        [pause.whole_account for pause in pauses.values()],
    )


async def pause_bulk(connection: "Connection", pauses: Mapping[UUID, BulkPause]) -> list[Record]:
    """Their bulk lanes rest. Gives the same of those that did not rest already."""
    if not pauses:
        return []
    return await connection.fetch(
        load("pause_bulk"),
        list(pauses),
        [pause.reason for pause in pauses.values()],
        [pause.rest_s for pause in pauses.values()],
    )


async def pause_by_hand(
    connection: "Connection", workspace_id: UUID, number_id: UUID, reason: str | None
) -> Record | None:
    """It stops or, without a reason, sends again. The same; None when that changes nothing."""
    return await connection.fetchrow(load("pause_by_hand"), workspace_id, number_id, reason)


async def siblings(connection: "Connection", numbers: Sequence[UUID]) -> list[Record]:
    """Of each number, as `id`, the numbers that share its app, as `sibling_id`, and whether it is the `same_account`.

    Across workspaces: for the worker role only.
    """
    return await connection.fetch(load("siblings"), list(numbers))


async def one(connection: AsyncConnection, workspace_id: UUID, number_id: UUID) -> Row | None:
    rows = await connection.execute(_shown(workspace_id).where(PhoneNumber.id == number_id))
    found = rows.mappings().one_or_none()
    return None if found is None else dict(found)


async def sealed_token(connection: AsyncConnection, workspace_id: UUID, number_id: UUID) -> Row | None:
    """What opening its token needs."""
    query = text("SELECT * FROM sealed_tokens WHERE workspace_id = :workspace_id AND number_id = :number_id")
    rows = await connection.execute(query, {"workspace_id": workspace_id, "number_id": number_id})
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

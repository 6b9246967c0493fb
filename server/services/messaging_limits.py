"""The messaging limit of portfolios: claims take places for people whom they write to outside a window, and settlements
give back the places of messages that reached nobody. Called inside their transactions, before messages are locked.

A portfolio whose limit is not known, or that has none, counts nobody.
"""

from collections.abc import Sequence
from copy import copy
from dataclasses import dataclass
from typing import TYPE_CHECKING
from uuid import UUID

from server.domain.messaging_limit import Minute, Reach, Start, Wait, counted_since, minute_of
from server.repositories import messaging_limits as rows
from server.repositories.dispatch import Key
from server.repositories.messaging_limits import StartRow

if TYPE_CHECKING:
    from asyncpg import Record

    from server.core.db import Connection


@dataclass(frozen=True, slots=True)
class Reaching:
    """A message that would reach a person outside a window."""

    portfolio_id: UUID
    contact_id: UUID
    message_id: UUID


async def reserve(connection: "Connection", wanted: Sequence[Reaching]) -> dict[UUID, float]:
    """Takes places, in the order given; the seconds to wait of each message that got none."""
    portfolios = await rows.lock(connection, {item.portfolio_id for item in wanted}) if wanted else []
    if not portfolios:
        return {}
    reaches = await _reaches(connection, portfolios, wanted)
    waits: dict[UUID, float] = {}
    starts = []
    for portfolio in portfolios:
        reach = reaches[portfolio["id"]]
        before = {at: copy(minute) for at, minute in reach.minutes.items()}
        mine = [item for item in wanted if item.portfolio_id == portfolio["id"]]
        for item, verdict in zip(mine, reach.admit(item.contact_id for item in mine), strict=True):
            match verdict:
                case Start(contact_id, previous):
                    starts.append(
                        StartRow(
                            workspace_id=portfolio["workspace_id"],
                            portfolio_id=portfolio["id"],
                            contact_id=contact_id,
                            message_id=item.message_id,
                            minute=minute_of(reach.at),
                            previous=previous,
                        )
                    )
                case Wait(until):
                    waits[item.message_id] = (until - reach.at).total_seconds()
        changed = {at: minute for at, minute in reach.minutes.items() if before.get(at) != minute}
        await rows.put_minutes(connection, portfolio["workspace_id"], portfolio["id"], changed)
    await rows.record(connection, starts)
    return waits


async def release(connection: "Connection", keys: Sequence[Key]) -> None:
    """These tries certainly reached nobody."""
    messages = [(key.workspace_id, key.message_id) for key in keys]
    portfolios = await rows.portfolios_of(connection, messages) if messages else []
    if portfolios:
        await rows.lock(connection, portfolios)
        await rows.release(connection, messages)


async def _reaches(
    connection: "Connection", portfolios: "Sequence[Record]", wanted: Sequence[Reaching]
) -> dict[UUID, Reach]:
    at = await rows.clock(connection)
    ids = [portfolio["id"] for portfolio in portfolios]
    reaches = {row["id"]: Reach(row["messaging_limit"], at) for row in portfolios}
    for row in await rows.minutes(connection, ids, since=counted_since(at)):
        reaches[row["portfolio_id"]].minutes[row["minute"]] = Minute(row["people"], row["promised"])
    for row in await rows.people(connection, ids, [item.contact_id for item in wanted]):
        reaches[row["portfolio_id"]].people[row["contact_id"]] = row["minute"]
    return reaches

"""Pauses of numbers and of their bulk lanes, with their events. Called inside the transaction that finds the reason."""

from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING
from uuid import UUID

from asyncpg import Record

from server.core.log import get_logger
from server.repositories import events
from server.repositories import phone_numbers as rows
from server.repositories.phone_numbers import BulkPause, Pause

if TYPE_CHECKING:
    from server.core.db import Connection

log = get_logger(__name__)


async def pause(connection: "Connection", pauses: Mapping[UUID, Pause]) -> None:
    """Numbers, or all of their accounts, stop sending until somebody resumes them."""
    await _tell(connection, await rows.pause(connection, pauses), lanes="all")


async def pause_bulk(connection: "Connection", pauses: Mapping[UUID, BulkPause]) -> None:
    """The bulk lanes of numbers rest for a while; their other lanes go on."""
    await _tell(connection, await rows.pause_bulk(connection, pauses), lanes="bulk")


def paused_event(row: Record, *, lanes: str) -> events.NewEvent:
    """`until` is None where somebody has to resume it."""
    data = {"phone_number_id": row["id"], "lanes": lanes, "reason": row["reason"], "until": row["until"]}
    return events.NewEvent(row["workspace_id"], "number.paused", row["id"], data)


def resumed_event(row: Record) -> events.NewEvent:
    """Somebody let it send again."""
    return events.NewEvent(row["workspace_id"], "number.resumed", row["id"], {"phone_number_id": row["id"]})


async def _tell(connection: "Connection", paused: Sequence[Record], *, lanes: str) -> None:
    for row in paused:
        log.error("number_paused", number_id=str(row["id"]), lanes=lanes, reason=row["reason"])
    await events.append(connection, [paused_event(row, lanes=lanes) for row in paused])

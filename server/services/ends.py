"""The ends of messages that did not leave (their time is over, or their sender changed their mind) or that nobody got;
and the beginning of what is scheduled: it joins the queue when its time has come.

`Timekeeper` is called by the maintenance worker, `Cancellations` by the API and the command line.
"""

from datetime import timedelta
from typing import TYPE_CHECKING
from uuid import UUID

from server.core.db import Database
from server.domain import budget, delivery, reconciliation
from server.domain.errors import Refused
from server.queue.outbound import OutboundQueue, Ring
from server.repositories import deliveries, events
from server.repositories import dispatch as dispatch_rows
from server.repositories import ends as rows
from server.services.dispatch import held_event

if TYPE_CHECKING:
    from asyncpg import Record

    from server.core.db import Connection

MESSAGES_A_STEP = 1000
LOOKS_BACK = timedelta(days=3)
"""Whatever nobody looked at on its day is found within this time."""


class Timekeeper:
    """One method a verb. Every step is idempotent; True when there may be more to do at once."""

    def __init__(self, db: Database, queue: OutboundQueue) -> None:
        self._db = db
        self._queue = queue

    async def expire(self) -> bool:
        """Ends messages whose `expires_at` has passed before they left."""
        reason = reconciliation.EARLIER_TRY_UNCLEAR
        async with self._db.hot() as connection:
            ended = await rows.expire(connection, limit=MESSAGES_A_STEP, hold_reason=reason)
            await events.append(
                connection,
                [held_event(row, reason) if row["expired_at"] is None else _ended(row, "expired") for row in ended],
            )
        return len(ended) == MESSAGES_A_STEP

    async def release(self) -> bool:
        """Queues scheduled messages whose time has come, and rings their numbers."""
        async with self._db.hot() as connection:
            released = await rows.release_scheduled(connection, limit=MESSAGES_A_STEP)
            busy = await dispatch_rows.numbers_with_work(connection, sorted(set(released))) if released else []
        await self._queue.ring([Ring(number, budget.rate(throughput)) for number, throughput in busy])
        return len(released) == MESSAGES_A_STEP

    async def give_up(self) -> bool:
        """Messages whose own time to live is over without a delivery become undelivered."""
        async with self._db.hot() as connection:
            due = await deliveries.take_due(connection, limit=MESSAGES_A_STEP)
            await _undeliver(connection, due)
        return len(due) == MESSAGES_A_STEP

    async def give_up_the_oldest(self) -> None:
        """The same of those with the usual time to live: looks through the messages of some days, 30 days ago."""
        after: deliveries.Key | None = deliveries.FIRST
        while after is not None:
            async with self._db.hot() as connection:
                until = await deliveries.clock(connection) - delivery.USUAL_TTL - delivery.BUFFER
                found, after = await deliveries.of_the_time(
                    connection,
                    created_from=until - LOOKS_BACK,
                    accepted_until=until,
                    after=after,
                    limit=MESSAGES_A_STEP,
                )
                await _undeliver(connection, found)


class Cancellations:
    """One workspace at a time."""

    def __init__(self, db: Database) -> None:
        self._db = db

    async def cancel(self, workspace_id: UUID, message_id: UUID) -> None:
        """It will never be sent. Raises Refused("not_cancellable") when it has left, or may have."""
        async with self._db.hot(workspace_id) as connection:
            row = await rows.cancel(connection, workspace_id, message_id)
            if row is None:
                raise Refused("not_cancellable")
            await events.append(connection, [_ended(row, "cancelled")])


async def _undeliver(connection: "Connection", messages: "list[deliveries.Key]") -> None:
    ended = await deliveries.undeliver(connection, messages)
    await events.append(connection, [_ended(row, "undelivered") for row in ended])


def _ended(row: "Record", how: str) -> events.NewEvent:
    data = {"message_id": row["message_id"], "client_reference": row["client_reference"], "at": row[f"{how}_at"]}
    return events.NewEvent(row["workspace_id"], f"message.{how}", row["message_id"], data)

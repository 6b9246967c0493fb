"""What waits on each number: how much in which lane, how fast it goes, and when it will be done."""

from dataclasses import dataclass
from datetime import datetime, timedelta
from uuid import UUID

from server.core.clock import now
from server.core.db import Database
from server.domain import budget
from server.domain.enums import DispatchState, Lane
from server.repositories import backlog


@dataclass(frozen=True, slots=True)
class Waiting:
    """One lane of a number in one state. `done_at`: when the number would have sent these and those before them."""

    number_id: UUID
    number: str
    pause_reason: str | None
    lane: str | None
    state: str | None
    messages: int
    oldest_at: datetime | None
    rate_mps: float
    done_at: datetime | None


class Queues:
    """One workspace at a time."""

    def __init__(self, db: Database) -> None:
        self._db = db

    async def waiting(self, workspace_id: UUID) -> list[Waiting]:
        """Every number, its lanes in the order in which they leave."""
        async with self._db.hot(workspace_id) as connection:
            rows = await backlog.depths(connection, workspace_id)
        at, before, found = now(), dict[UUID, int](), []
        for row in rows:
            rate = budget.rate(row["throughput_mps"])
            done_at = None
            if row["state"] == DispatchState.QUEUED and row["pause_reason"] is None:
                before[row["number_id"]] = before.get(row["number_id"], 0) + row["messages"]
                done_at = at + timedelta(seconds=before[row["number_id"]] / rate)
            found.append(
                Waiting(
                    number_id=row["number_id"],
                    number=row["display_phone_number"],
                    pause_reason=row["pause_reason"],
                    lane=None if row["lane"] is None else Lane(row["lane"]).name.lower(),
                    state=row["state"],
                    messages=row["messages"],
                    oldest_at=row["oldest_at"],
                    rate_mps=round(rate, 1),
                    done_at=done_at,
                )
            )
        return found

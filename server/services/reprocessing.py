"""Runs stored webhooks through today's parser once more, and tells what that adds to what was applied. The command line
calls it.

Each body is applied in a transaction of its own, by the way that every webhook goes: the dedupe keys say what is new.
A dry run does the same and takes the transaction back, so that both tell the same.
"""

from collections.abc import AsyncIterator
from dataclasses import dataclass
from datetime import datetime
from typing import TYPE_CHECKING, Any
from uuid import UUID

from server.core.db import Database
from server.core.log import get_logger
from server.core.tracebacks import in_short
from server.repositories import webhooks as rows
from server.services import effects
from server.services.effects import Arrived, Rules
from server.services.outages import is_outage
from server.whatsapp.parser import fields, parse

if TYPE_CHECKING:
    from server.core.db import Connection

log = get_logger(__name__)

BODIES_A_PAGE = 100


@dataclass(frozen=True, slots=True)
class NewFact:
    """An event that a body gives today and did not give before."""

    type: str
    workspace_id: UUID
    subject_id: UUID


@dataclass(frozen=True, slots=True)
class Difference:
    """What changes with a body: new events, and what of it was and is not applied. `error`: it could not be tried."""

    id: UUID
    received_at: datetime
    fields: list[str]
    events: list[NewFact]
    not_applied_before: list[str]
    not_applied_now: list[str]
    error: str | None = None

    @property
    def gone(self) -> list[str]:
        """What was noted as not applied and is no more."""
        return [said for said in self.not_applied_before if said not in self.not_applied_now]

    @property
    def come(self) -> list[str]:
        """What is not applied and was not noted."""
        return [said for said in self.not_applied_now if said not in self.not_applied_before]

    def __bool__(self) -> bool:
        return bool(self.events or self.error) or self.not_applied_before != self.not_applied_now


class Reprocessing:
    """The stored bodies of all workspaces; the database's role is the workers'."""

    def __init__(self, db: Database, rules: Rules) -> None:
        self._db = db
        self._rules = rules

    async def run(
        self, *, since: datetime, until: datetime, only_field: str | None = None, dry_run: bool
    ) -> AsyncIterator[Difference]:
        """One a body that was looked at, the oldest first. Bodies that wait to be applied are left to the workers.

        Raises what the database raises when it is away; what was told until then is done.
        """
        last: UUID | None = None
        while page := await self._page(last, since, until):
            for row in page:
                named = fields(row["body"])
                if only_field is None or only_field in named:
                    yield await self._one(row, named, dry_run=dry_run)
            last = page[-1]["id"]

    async def _page(self, last: UUID | None, since: datetime, until: datetime) -> list[Any]:
        async with self._db.hot() as connection:
            return await rows.archived(connection, after=last, since=since, until=until, limit=BODIES_A_PAGE)

    async def _one(self, row: Any, named: list[str], *, dry_run: bool) -> Difference:
        try:
            async with self._db.hot() as connection:
                applying = connection.transaction()
                await applying.start()
                found = await self._apply(connection, row, named)
                await (applying.rollback() if dry_run or not found else applying.commit())
                return found
        except Exception as failure:  # as when it is applied: a fault of one body is no other's
            if is_outage(failure):
                raise
            log.warning("webhook_not_reprocessed", inbox_id=str(row["id"]), error=in_short(failure))
            return Difference(row["id"], row["received_at"], named, [], [], [], in_short(failure))

    async def _apply(self, connection: "Connection", row: Any, named: list[str]) -> Difference:
        inbox_id = row["id"]
        before = [f"{failure['kind']}: {failure['error']}" for failure in await rows.failures(connection, inbox_id)]
        # As a job it is locked against the workers, and what was noted about it goes with the job.
        await rows.replay(connection, [inbox_id])
        await rows.finish(connection, [inbox_id])
        arrived = [Arrived(inbox_id, row["received_at"], change) for change in parse(row["body"])]
        applied = await effects.apply(connection, arrived, self._rules)
        await rows.note(connection, applied.failures)
        ordered = sorted(applied.failures, key=lambda failure: failure.change_index)
        return Difference(
            id=inbox_id,
            received_at=row["received_at"],
            fields=named,
            events=[NewFact(event.type, event.workspace_id, event.subject_id) for event in applied.news],
            not_applied_before=before,
            not_applied_now=[f"{failure.kind}: {failure.error}" for failure in ordered],
        )

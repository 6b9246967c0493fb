"""Applies webhooks: claim, parse, apply, finish. The webhook worker calls it; any number of workers may.

Claims are committed before anything is parsed. A batch is applied in one transaction with the end of its jobs; a body
that failed before is applied alone, change by change, so that it takes no other with it. Nothing here logs content.
"""

import contextlib
from collections.abc import Sequence
from datetime import datetime
from uuid import UUID

import asyncpg
from asyncpg import Record
from msgspec import Struct

from server.core.db import UNREACHABLE, Database
from server.core.failpoints import fp
from server.core.log import get_logger
from server.core.tracebacks import in_short
from server.domain.consent import NO_WORDS, ConsentWords
from server.repositories import statuses as status_rows
from server.repositories import webhooks as rows
from server.repositories.webhooks import FailureRow
from server.schemas.events import WHOLE_BODY, Change, Unreadable
from server.services import contact_merges, effects
from server.services.congestion import Congestion, Heard
from server.services.effects import Arrived, Rules
from server.services.outages import is_outage
from server.whatsapp.opaque_id import OpaqueIds
from server.whatsapp.parser import parse

log = get_logger(__name__)

MAX_ATTEMPTS = 5
BYTES_A_CLAIM = 4 * 1024 * 1024
"""Of bodies: what can be applied well within a lease."""
BODIES_A_RELEASE = 500
ORPHANS_A_STEP = 500
ORPHANS_KEPT_S = 7 * 86_400.0
"""How long Meta repeats a webhook; a status whose message is not known by then has none here."""


class Job(Struct, frozen=True):
    """A claimed body. `attempts` counts this one; `leased_until` is this claim's own."""

    inbox_id: UUID
    attempts: int
    leased_until: datetime
    received_at: datetime
    body: bytes

    @property
    def lease(self) -> rows.Lease:
        return self.inbox_id, self.leased_until

    @property
    def is_fresh(self) -> bool:
        """Whether it may share a transaction with others."""
        return self.attempts == 1


class Webhooks:
    """The webhook worker's use cases."""

    def __init__(
        self,
        db: Database,
        opaque_ids: OpaqueIds,
        *,
        lease_s: float,
        words: ConsentWords = NO_WORDS,
        congestion: Congestion | None = None,
    ) -> None:
        self._db = db
        self._congestion = congestion
        self._rules = Rules(opaque_ids, words)
        self._lease_s = lease_s
        self._not_their_fault: list[rows.Lease] = []

    async def claim(self, ids: Sequence[UUID]) -> list[Job]:
        """The jobs among them that are free."""
        if not ids:
            return []
        async with self._db.hot() as connection:
            found = await rows.claim(connection, ids, lease_s=self._lease_s, max_bytes=BYTES_A_CLAIM)
            return await self._jobs(connection, found)

    async def sweep(self, limit: int) -> list[Job]:
        """Whatever is due, in the order in which it came."""
        owed, self._not_their_fault = self._not_their_fault, []
        try:
            async with self._db.hot() as connection:
                if owed:
                    await rows.give_back(connection, owed)
                found = await rows.sweep(connection, limit, lease_s=self._lease_s, max_bytes=BYTES_A_CLAIM)
                return await self._jobs(connection, found)
        except BaseException:
            self._not_their_fault += owed
            raise

    async def process(self, jobs: Sequence[Job]) -> None:
        """Applies them. Raises only what says that the database is away; then they are taken up again by a sweep."""
        if jobs:
            fp("ww.claimed")
        try:
            await self._process_together([job for job in jobs if job.is_fresh])
            # Last, since it may end this worker; a claim holds at most one.
            for job in jobs:
                if not job.is_fresh:
                    await self._process_alone(job)
        except Exception as failure:
            if _is_outage(failure):
                self._not_their_fault += [job.lease for job in jobs]
            raise

    async def release_parked(self, meta_phone_number_id: str | None = None) -> int:
        """Bodies that waited for what is connected now become jobs again: of one number, or of all there is."""
        async with self._db.hot() as connection:
            return len(await rows.release_parked(connection, meta_phone_number_id, limit=BODIES_A_RELEASE))

    async def adopt_orphans(self, within_s: float = ORPHANS_KEPT_S) -> int:
        """Applies statuses that came, within so many seconds, before their message was known. Returns how many."""
        async with self._db.hot() as connection:
            return await effects.adopt(connection, self._rules, within_s=within_s, limit=ORPHANS_A_STEP)

    async def merge_contacts(self) -> int:
        """Merges contacts that turned out to be one person. Returns how many passes it made: 0 or 1."""
        async with self._db.hot() as connection:
            return await contact_merges.step(connection)

    async def forget_orphans(self) -> None:
        """Drops the statuses that had their time."""
        async with self._db.hot() as connection:
            await status_rows.forget_orphans(connection, older_than_s=ORPHANS_KEPT_S)

    async def _jobs(self, connection: "asyncpg.pool.PoolConnectionProxy[Record]", found: list[Record]) -> list[Job]:
        """Those whose body is still there; of the others the job ends here, visibly."""
        pruned = [row["inbox_id"] for row in found if row["body"] is None]
        if pruned:
            await rows.finish(connection, pruned)
            reason = "the raw body was pruned before it was applied"
            await rows.note(connection, [FailureRow(key, WHOLE_BODY, effects.DEAD, reason) for key in pruned])
        return [Job(*row) for row in found if row["body"] is not None]

    async def _process_together(self, jobs: Sequence[Job]) -> None:
        ids = [job.inbox_id for job in jobs]
        if not ids:
            return
        arrived = [item for job in jobs for item in _arrived(job)]
        try:
            async with self._db.hot() as connection:
                mine = await rows.finish(connection, ids)
                if len(mine) < len(ids):
                    arrived = [item for item in arrived if item.inbox_id in mine]
                applied = await effects.apply(connection, arrived, self._rules)
                failures = applied.failures
                fp("ww.mid_batch")
                await rows.note(connection, failures)
        except Exception as failure:  # whatever one of them holds, the others do not wait for it
            if _is_outage(failure):
                raise
            log.warning("webhook_batch_failed", count=len(jobs), error=in_short(failure))
            await self._part(jobs)
        else:
            fp("ww.committed")
            effects.count(arrived, failures)
            await self._tell_senders(applied.heard)

    async def _tell_senders(self, heard: Heard) -> None:
        """After the commit, once: what a worker that dies here knew is lost, and costs Meta's refusals at most."""
        if self._congestion is not None:
            with contextlib.suppress(*UNREACHABLE):
                await self._congestion.hear(heard)

    async def _part(self, jobs: Sequence[Job]) -> None:
        """Halves what failed together, until each body that fails is by itself. That one is tried again alone."""
        middle = len(jobs) // 2
        if middle:
            await self._process_together(jobs[:middle])
            await self._process_together(jobs[middle:])
            return
        async with self._db.hot() as connection:
            await rows.put_off(connection, [job.lease for job in jobs], delay_s=0)

    async def _process_alone(self, job: Job) -> None:
        if job.attempts > MAX_ATTEMPTS:
            # It was claimed for the last time, and nobody came back to say what happened.
            killed = FailureRow(job.inbox_id, WHOLE_BODY, effects.DEAD, "a worker ended each time it was applied")
            await self._finish(job, [killed])
            return
        arrived = _arrived(job)
        failures = effects.strongest([failure for item in arrived for failure in await self._apply_apart(item)])
        broken = any(failure.kind == effects.DEAD and failure.change_index != WHOLE_BODY for failure in failures)
        if broken and job.attempts < MAX_ATTEMPTS:
            async with self._db.hot() as connection:
                await rows.put_off(connection, [job.lease], delay_s=2.0 ** (job.attempts - 2))
            return
        await self._finish(job, failures)
        effects.count(arrived, failures)

    async def _apply_apart(self, item: Arrived) -> list[FailureRow]:
        """One change in a transaction of its own and, if that fails, each of its events in one."""
        try:
            return await self._apply_one(item)
        except Exception as failure:  # see above: a failure that belongs to this body
            if _is_outage(failure):
                raise
            error = in_short(failure)
        if len(item.change.events) < 2:
            log.warning("webhook_failed", inbox_id=str(item.inbox_id), change=item.change.index, error=error)
            return [item.failed(effects.DEAD, error)]
        return [failure for part in item.apart() for failure in await self._apply_apart(part)]

    async def _apply_one(self, item: Arrived) -> list[FailureRow]:
        async with self._db.hot() as connection:
            return (await effects.apply(connection, [item], self._rules)).failures

    async def _finish(self, job: Job, failures: Sequence[FailureRow]) -> None:
        async with self._db.hot() as connection:
            if await rows.finish(connection, [job.inbox_id]):
                await rows.note(connection, failures)


def _arrived(job: Job) -> list[Arrived]:
    return [Arrived(job.inbox_id, job.received_at, change) for change in _changes(job.body)]


def _changes(body: bytes) -> list[Change]:
    """The parser is total. Should it fail all the same, one body is lost to sight, and no worker is lost."""
    try:
        return parse(body)
    except Exception as failure:
        log.error("webhook_parser_failed", error=in_short(failure))  # noqa: TRY400 - its text may quote content
        return [Change(WHOLE_BODY, (Unreadable(in_short(failure)),))]


def _is_outage(failure: Exception) -> bool:
    """A statement that runs out of time may be the body's own fault."""
    return is_outage(failure) and not isinstance(failure, asyncpg.QueryCanceledError)

"""Settlement: the results of a tick become rows and events, in one transaction, fenced by their attempts."""

from collections.abc import Sequence
from dataclasses import dataclass, field
from datetime import datetime
from typing import TYPE_CHECKING, Any
from uuid import UUID

import msgspec

from server.core import telemetry
from server.core.db import Database
from server.core.failpoints import fp
from server.core.log import get_logger
from server.core.tracebacks import in_short
from server.domain import retry
from server.domain.enums import OnAmbiguous
from server.domain.reconciliation import Retry, Unresolved, decide
from server.repositories import dispatch as rows
from server.repositories import events
from server.repositories.dispatch import AcceptedTry, AttemptRow, Key, Requeued
from server.repositories.phone_numbers import BulkPause, Pause
from server.services import messaging_limits, pauses
from server.services.dispatch import fail
from server.services.outages import is_outage
from server.whatsapp.errors import (
    Accepted,
    Ambiguous,
    Down,
    DownReason,
    Late,
    LimitScope,
    NotSent,
    Outcome,
    Rejected,
    Throttled,
)
from server.whatsapp.graph import GraphError
from server.whatsapp.outbound import Tried

if TYPE_CHECKING:
    from server.core.db import Connection

log = get_logger(__name__)

DOWN_RECHECK_S = 30.0

NotProcessed = NotSent | Throttled | Down
"""The outcomes that leave a message to be sent again: this try certainly had no effect."""


class Result(msgspec.Struct, frozen=True):
    """What came of one departure. `spent_at`: when its budget was asked for, by `core.clock.boottime`, if known."""

    key: Key
    number_id: UUID
    started_at: datetime
    tried: Tried
    spent_at: float | None = None


@dataclass(slots=True)
class _Verdicts:
    """The results of a tick, by what is written for them."""

    accepted: list[AcceptedTry] = field(default_factory=list)
    attempts: list[AttemptRow] = field(default_factory=list)
    back: list[tuple[Key, NotProcessed]] = field(default_factory=list)
    unknown: list[Key] = field(default_factory=list)
    failed: list[tuple[Key, str]] = field(default_factory=list)
    pauses: dict[UUID, Pause] = field(default_factory=dict)
    bulk_pauses: dict[UUID, BulkPause] = field(default_factory=dict)


class Settlement:
    """Writes results. Called with everything that came in since the last tick."""

    def __init__(self, db: Database, *, worker_id: UUID) -> None:
        self._db = db
        self._worker_id = worker_id

    async def settle(self, results: Sequence[Result]) -> None:
        """Raises what says that the database is away; then the same results can be settled again.

        A result that cannot be written takes no other with it: its message is left to the rescuer.
        """
        try:
            await self._settle_together(results)
        except Exception as failure:  # whatever one answer of Meta's holds
            if is_outage(failure):
                raise
            log.error("results_not_written", count=len(results), error=in_short(failure))  # noqa: TRY400 - may quote
            if len(results) > 1:
                for result in results:
                    await self.settle([result])

    async def _settle_together(self, results: Sequence[Result]) -> None:
        verdicts = _Verdicts()
        for result in results:
            _sort(result, self._attempt(result), verdicts)
        async with self._db.hot() as connection:
            await rows.lock_outbox(connection, [result.key for result in results])
            if len(verdicts.accepted) == len(results):
                await rows.settle_accepted(connection, verdicts.accepted)
            else:
                await self._write(connection, verdicts)
        fp("ow.result_committed")
        for result in results:
            telemetry.sends.labels(type(result.tried.outcome).__name__).inc()
            if isinstance(result.tried.outcome, Late):
                telemetry.thrown_back.inc()

    async def _write(self, connection: "Connection", verdicts: _Verdicts) -> None:
        unreached = [key for key, _ in verdicts.back] + [key for key, _ in verdicts.failed]
        await messaging_limits.release(connection, unreached)
        # Before the outcomes, since what was known of the other tries decides with them.
        await rows.append_attempts(connection, verdicts.attempts)
        await rows.mark_late(connection, [key for key, outcome in verdicts.back if isinstance(outcome, Late)])
        await rows.settle_accepted(connection, verdicts.accepted)
        await _requeue(connection, verdicts.back)
        unknown = await rows.mark_unknown(connection, verdicts.unknown)
        await fail(connection, verdicts.failed)
        await pauses.pause(connection, verdicts.pauses)
        await pauses.pause_bulk(connection, verdicts.bulk_pauses)
        await events.append(connection, [unknown_event(row) for row in unknown])

    def _attempt(self, result: Result) -> AttemptRow:
        outcome, tried = result.tried.outcome, result.tried
        error = _error_of(outcome)
        return AttemptRow(
            key=result.key,
            number_id=result.number_id,
            started_at=result.started_at,
            outcome=_WORDS[type(outcome)],
            worker_id=self._worker_id,
            latency_ms=None if tried.latency_s is None else round(tried.latency_s * 1000),
            http_status=tried.http_status,
            error_code=error.code if error else None,
            error_subcode=error.subcode if error else None,
            error_title=error.message[:300] if error else None,
            error_details=_details(outcome, error),
            fbtrace_id=tried.fbtrace_id,
            wamid=outcome.wamid if isinstance(outcome, Accepted) else None,
        )


def _sort(result: Result, attempt: AttemptRow, verdicts: _Verdicts) -> None:
    key = result.key
    if not isinstance(result.tried.outcome, (Accepted, Late)):
        verdicts.attempts.append(attempt)
    match result.tried.outcome:
        case Accepted(_, wa_id, paced):
            verdicts.accepted.append(AcceptedTry(attempt, paced, wa_id))
        case Ambiguous():
            verdicts.unknown.append(key)
        case Throttled(LimitScope.BULK, retry_after_s, error) as outcome:
            verdicts.back.append((key, outcome))
            verdicts.bulk_pauses[result.number_id] = BulkPause(_in_metas_words("quality", error), retry_after_s)
        case NotSent() | Throttled() as outcome:
            verdicts.back.append((key, outcome))
        case Rejected(error):
            verdicts.failed.append((key, error_json(error)))
        case Down(reason, error) as outcome:
            verdicts.back.append((key, outcome))
            whole_account = reason in (DownReason.INTEGRITY, DownReason.BILLING)
            verdicts.pauses[result.number_id] = Pause(_in_metas_words(reason, error), whole_account)


def _in_metas_words(reason: str, error: GraphError) -> str:
    return f"{reason}: Meta answered {error.code} {error.message}"[:300]


async def _requeue(connection: "Connection", back: Sequence[tuple[Key, NotProcessed]]) -> None:
    """These tries had no effect: their messages wait for the next one. One that is held meanwhile stays so only while
    another try of it is in doubt.
    """
    found = await rows.returned(connection, [(key, _code_of(outcome)) for key, outcome in back])
    again = []
    for (key, outcome), row in zip(back, found, strict=True):
        if row is not None:
            wait_s, reason = _pause(outcome, unreachable=row["unreachable"], refusals=row["refusals"])
            unresolved = Unresolved(row["type"], OnAmbiguous(row["on_ambiguous"]), row["ambiguous"], evidence=False)
            again.append(Requeued(key, wait_s, reason, even_if_held=isinstance(decide(unresolved), Retry)))
    await rows.requeue(connection, again)


def _pause(outcome: NotProcessed, *, unreachable: int, refusals: int) -> tuple[float, str | None]:
    """Seconds and their reason. Counted are the message's tries that found Meta away, and the refusals of its pair."""
    match outcome:
        case Late():
            return 0.0, None
        case NotSent():
            return retry.delay(unreachable).total_seconds(), "meta_unreachable"
        case Throttled(LimitScope.PAIR as scope, retry_after_s):
            return retry.pair_delay(retry_after_s, refusals).total_seconds(), f"throttled_{scope}"
        case Throttled(scope, retry_after_s):
            return retry_after_s, f"throttled_{scope}"
        case Down(reason):
            return DOWN_RECHECK_S, f"number_down_{reason}"


def _code_of(outcome: NotProcessed) -> int | None:
    return outcome.error.code if isinstance(outcome, Throttled) else None


_WORDS: dict[type[Outcome], str] = {
    Accepted: "accepted",
    Late: "late",
    NotSent: "not_sent",
    Ambiguous: "ambiguous",
    Throttled: "throttled",
    Rejected: "rejected",
    Down: "down",
}


def unknown_event(row: Any) -> events.NewEvent:
    """Nobody knows yet whether Meta has the message."""
    return events.NewEvent(
        row["workspace_id"],
        "message.unknown",
        row["message_id"],
        {"message_id": row["message_id"], "client_reference": row["client_reference"]},
    )


def _error_of(outcome: Outcome) -> GraphError | None:
    return None if isinstance(outcome, (Accepted, NotSent)) else outcome.error


def _details(outcome: Outcome, error: GraphError | None) -> str | None:
    if isinstance(outcome, (NotSent, Ambiguous)):
        return outcome.reason
    return error.details if error else None


def error_json(error: GraphError) -> str:
    """Meta's error, as a message keeps it."""
    shown = {"source": "meta", "code": error.code, "title": error.message, "details": error.details}
    return msgspec.json.encode(shown).decode()

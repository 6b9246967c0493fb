"""Why a message would go or not, and when: every gate's verdict and the expected start, without sending anything."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta

from server.core.db import Database
from server.domain import budget, gates
from server.domain.errors import CATALOGUE
from server.repositories import backlog
from server.schemas.explanations import Explanation, GateShown
from server.schemas.outbound import SendCommand
from server.services.api_keys import Principal
from server.services.command_lookup import gate_facts, lane, look_up
from server.services.submissions import Submission


@dataclass(frozen=True, slots=True)
class _Queue:
    """What stands before the message on its number, and how fast that goes."""

    ahead: int
    rate_mps: float


class Explanations:
    """One workspace at a time."""

    def __init__(self, db: Database) -> None:
        self._db = db

    async def explain(self, principal: Principal, command: SendCommand) -> Explanation:
        """What `POST /v1/messages` would make of this command now."""
        async with self._db.hot(principal.workspace_id) as connection:
            submission = Submission(principal.api_key_id, [command])
            [known] = await look_up(connection, principal.workspace_id, [submission], endpoint="")
            if known.facts.number_id is None:
                return Explanation(would_accept=False, gates=[_unknown_number()], expected_start_at=None, ahead=0)
            ahead = await backlog.ahead(connection, known.facts.number_id, lane(known))
        queue = _Queue(ahead, budget.rate(known.facts.throughput_mps or 1))
        verdicts = (*_unknown_media(known.media.unknown), *gates.run(gate_facts(known), known.starts_at))
        refused = any(verdict.final for verdict in verdicts)
        waits = any(not verdict.passed for verdict in verdicts)
        return Explanation(
            would_accept=not refused,
            gates=[_shown(verdict) for verdict in verdicts],
            expected_start_at=None if waits else _expected(queue, known.facts.at, known.starts_at),
            ahead=queue.ahead,
        )


def _expected(queue: _Queue, now: datetime, starts_at: datetime) -> datetime:
    return max(starts_at, now + timedelta(seconds=queue.ahead / queue.rate_mps))


def _shown(verdict: gates.Verdict) -> GateShown:
    problem = CATALOGUE.get(verdict.code or "")
    return GateShown(
        gate=verdict.gate,
        passed=verdict.passed,
        code=verdict.code,
        waits=not verdict.passed and not verdict.final,
        detail=verdict.detail or (None if problem is None else problem.title),
        mend=None if problem is None else problem.mend,
    )


def _unknown_media(places: Sequence[str]) -> list[gates.Verdict]:
    return [gates.Verdict("media_known", False, "unknown_media", final=True)] if places else []


def _unknown_number() -> GateShown:
    return _shown(gates.Verdict("number_known", False, "unknown_number", final=True))

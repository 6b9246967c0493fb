"""Whether this process can do its work: PostgreSQL and its schema. Valkey is only reported.

Called by /readyz. `treeex doctor` looks deeper.
"""

import asyncio
from dataclasses import dataclass

from server.core import valkey
from server.core.db import Database
from server.core.valkey import Valkey
from server.migrations import runner
from server.services.outages import is_outage

_PATIENCE_S = 3.0


@dataclass(frozen=True, slots=True)
class Check:
    """One thing that was looked at. `detail` says what is wrong, in one sentence."""

    name: str
    ok: bool
    required: bool
    detail: str | None = None


@dataclass(frozen=True, slots=True)
class Readiness:
    """Ready when everything required is well."""

    checks: tuple[Check, ...]

    @property
    def ready(self) -> bool:
        return all(check.ok for check in self.checks if check.required)


class Health:
    """The health of one process."""

    def __init__(self, db: Database, queue: Valkey) -> None:
        self._db = db
        self._valkey = queue

    async def readiness(self) -> Readiness:
        """Never raises, and takes at most a few seconds."""
        database, queue = await asyncio.gather(self._database(), self._queue())
        return Readiness((*database, queue))

    async def _database(self) -> tuple[Check, ...]:
        try:
            async with asyncio.timeout(_PATIENCE_S):
                await runner.check(self._db.pool)
        except runner.SchemaBehind as behind:
            return Check("database", True, True), Check("schema", False, True, str(behind))
        except Exception as error:
            if not is_outage(error):
                raise
            return (Check("database", False, True, f"PostgreSQL does not answer ({type(error).__name__})"),)
        return Check("database", True, True), Check("schema", True, True)

    async def _queue(self) -> Check:
        try:
            await valkey.server_version(self._valkey)
        except valkey.UNREACHABLE as error:
            return Check("valkey", False, False, f"Valkey does not answer ({type(error).__name__}); work is slower")
        return Check("valkey", True, False)

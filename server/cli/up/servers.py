"""The embedded servers of one machine: started before everything else, started again when they die, stopped last."""

import asyncio
import threading
from collections.abc import Callable
from pathlib import Path

from server.cli.up.plan import Plan
from server.embedded import EmbeddedError, EmbeddedPostgres, EmbeddedValkey, PostgresAddress

POSTGRES_STOP_S = 3.0
VALKEY_STOP_S = 1.0
_LOOK_EVERY_S = 0.5
_NEXT_TRY_S = 5.0


class Servers:
    """Those that the plan asks for. `start` and `stop` block; `keep` runs in the loop meanwhile."""

    def __init__(self, plan: Plan, say: Callable[[str], None]) -> None:
        self._plan = plan
        self._say = say
        self._postgres: EmbeddedPostgres | None = None
        self._valkey: EmbeddedValkey | None = None
        self._turn = threading.Lock()
        """A restart and the stop never work on a server at the same time."""
        self._stopped = False

    @property
    def postgres(self) -> PostgresAddress | None:
        """None when the plan has no embedded PostgreSQL."""
        return self._postgres.address if self._postgres else None

    @property
    def valkey_url(self) -> str | None:
        """None when the plan has no embedded Valkey."""
        return self._valkey.url if self._valkey else None

    def start(self) -> None:
        """Raises EmbeddedError. What was started when it is interrupted is ended by `stop`."""
        if self._plan.embedded_valkey:
            self._valkey = EmbeddedValkey.start(self._data_dir, self._say)
        if self._plan.embedded_postgres:
            self._postgres = EmbeddedPostgres.start(self._data_dir, self._say)

    def stop(self, *, hard: bool = False) -> None:
        """In reverse order. Harmless to repeat; `hard` gives them no time to finish."""
        with self._turn:
            self._stopped = True
            if self._valkey is not None:
                self._valkey.stop(0.0 if hard else VALKEY_STOP_S)
            if self._postgres is not None:
                self._postgres.stop(0.0 if hard else POSTGRES_STOP_S)

    async def keep(self, say: Callable[[str], None]) -> None:
        """Until cancelled: starts a server again that has died. Address and password stay what they were."""
        while True:
            await asyncio.sleep(_LOOK_EVERY_S)
            # Each by itself: what keeps one from starting must not keep the other.
            failures = [await _failure(revive, say) for revive in (self._revive_postgres, self._revive_valkey)]
            if told := [failure for failure in failures if failure is not None]:
                say("; ".join(told))
                await asyncio.sleep(_NEXT_TRY_S)

    @property
    def _data_dir(self) -> Path:
        return self._plan.data_dir

    def _revive_postgres(self, say: Callable[[str], None]) -> None:
        with self._turn:
            if self._postgres is not None and not self._stopped and not self._postgres.alive():
                say("PostgreSQL died; starting it again")
                self._postgres.stop()
                self._postgres = EmbeddedPostgres.start(self._data_dir)

    def _revive_valkey(self, say: Callable[[str], None]) -> None:
        with self._turn:
            if self._valkey is not None and not self._stopped and not self._valkey.alive():
                say("Valkey died; starting it again")
                self._valkey.stop()
                self._valkey = EmbeddedValkey.start(self._data_dir)


async def _failure(revive: Callable[[Callable[[str], None]], None], say: Callable[[str], None]) -> str | None:
    """What kept a server from starting again, if anything did."""
    try:
        await asyncio.to_thread(revive, say)
    except (EmbeddedError, OSError) as error:
        return str(error)
    return None

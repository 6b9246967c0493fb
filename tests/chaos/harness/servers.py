"""PostgreSQL and Valkey that may be killed: servers of one test module, which come back where they were."""

import asyncio
import os
import shutil
import signal
import tempfile
from pathlib import Path
from typing import Any, Self

from server.embedded import EmbeddedPostgres, EmbeddedValkey, prepare_data_dir
from tests.chaos.harness.rows import Rows
from tests.harness.waiting import LOOK_EVERY_S, PATIENCE_S

_ONE_OF_THE_PRODUCTS = """
SELECT pid FROM pg_stat_activity
WHERE backend_type = 'client backend' AND usename IN ('treeex_api', 'treeex_worker') ORDER BY random() LIMIT 1
"""


class Servers:
    """Made by `start`, ended by `stop`; everything else may be asked for from a running loop."""

    def __init__(self, folder: Path) -> None:
        self._folder = folder
        self.postgres = EmbeddedPostgres.start(folder)
        self.valkey = EmbeddedValkey.start(folder)

    @classmethod
    def start(cls) -> Self:
        folder = Path(tempfile.mkdtemp(prefix="tx-"))
        folder.chmod(0o711)
        prepare_data_dir(folder)
        return cls(folder)

    async def kill_postgres(self) -> None:
        """Its postmaster ends without a word. Returns when it is back."""
        os.kill(self.postgres.pid, signal.SIGKILL)
        await asyncio.to_thread(self.postgres.stop)
        self.postgres = await asyncio.to_thread(EmbeddedPostgres.start, self._folder)

    async def quit_postgres(self) -> None:
        """As `pg_ctl stop -m immediate` does: every backend ends at once. Returns when it is back."""
        os.kill(self.postgres.pid, signal.SIGQUIT)
        await asyncio.to_thread(self.postgres.stop)
        self.postgres = await asyncio.to_thread(EmbeddedPostgres.start, self._folder)

    async def kill_a_backend(self) -> None:
        """One of the product's; PostgreSQL then ends all others, and recovers by itself."""
        os.kill(await self._ask_postgres(_ONE_OF_THE_PRODUCTS), signal.SIGKILL)

    async def end_a_connection(self) -> None:
        """One of the product's, as an operator or a pooler would; nobody else notices."""
        await self._ask_postgres(f"SELECT pg_terminate_backend(({_ONE_OF_THE_PRODUCTS}))")

    async def restart_postgres(self) -> None:
        """As its owner would, without waiting for anybody's transaction. Returns when it is back."""
        await asyncio.to_thread(self.postgres.stop)
        self.postgres = await asyncio.to_thread(EmbeddedPostgres.start, self._folder)

    async def kill_valkey(self, away_s: float = 0.0) -> None:
        """It comes back empty, after so long."""
        os.kill(self.valkey.pid, signal.SIGKILL)
        await asyncio.to_thread(self.valkey.stop)
        await asyncio.sleep(away_s)  # nothing is waited for: it is away
        self.valkey = await asyncio.to_thread(EmbeddedValkey.start, self._folder)

    async def replace_valkey(self) -> None:
        """It is stopped in order, and another has its address at once."""
        await asyncio.to_thread(self.valkey.stop)
        self.valkey = await asyncio.to_thread(EmbeddedValkey.start, self._folder)

    async def _ask_postgres(self, query: str) -> Any:
        """Once it has recovered, and has an answer other than NULL."""
        rows = Rows(self.postgres.address.url("postgres"))
        async with asyncio.timeout(PATIENCE_S):
            while (found := await rows.fetchval(query)) is None:
                await asyncio.sleep(LOOK_EVERY_S)
        await rows.close()
        return found

    def stop(self) -> None:
        self.valkey.stop()
        self.postgres.stop()
        shutil.rmtree(self._folder, ignore_errors=True)

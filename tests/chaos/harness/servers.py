"""PostgreSQL and Valkey that may be killed: servers of one test module, which come back where they were."""

import asyncio
import os
import shutil
import signal
import tempfile
from pathlib import Path
from typing import Self

from server.embedded import EmbeddedPostgres, EmbeddedValkey, prepare_data_dir


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

    async def restart_postgres(self) -> None:
        """As its owner would, without waiting for anybody's transaction. Returns when it is back."""
        await asyncio.to_thread(self.postgres.stop)
        self.postgres = await asyncio.to_thread(EmbeddedPostgres.start, self._folder)

    async def kill_valkey(self) -> None:
        """It comes back empty."""
        os.kill(self.valkey.pid, signal.SIGKILL)
        await asyncio.to_thread(self.valkey.stop)
        self.valkey = await asyncio.to_thread(EmbeddedValkey.start, self._folder)

    def stop(self) -> None:
        self.valkey.stop()
        self.postgres.stop()
        shutil.rmtree(self._folder, ignore_errors=True)

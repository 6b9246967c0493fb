"""Roles of the product as processes on the servers of a test: for tests that kill them, and see what they leave."""

import asyncio
import signal
import socket
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass
from pathlib import Path

from server.core.config import Settings
from tests.harness.forks import Fork, Zygote
from tests.processes import PATIENCE_S, answers, environment

_GIVEN = ("database_url", "worker_database_url", "valkey_url")


@dataclass(frozen=True)
class Roles:
    """Each runs as long as its context, or until it is killed."""

    zygote: Zygote
    settings: Settings
    folder: Path

    @asynccontextmanager
    async def api(self, **settings: object) -> AsyncIterator[str]:
        """Yields its address once it answers."""
        with socket.create_server(("127.0.0.1", 0)) as listener:
            address = f"http://127.0.0.1:{listener.getsockname()[1]}"
            async with self._running("api", listener=listener, **settings) as fork, asyncio.timeout(PATIENCE_S):
                while not await asyncio.to_thread(answers, f"{address}/healthz"):
                    assert not fork.ended.done(), self._log.read_text()
                yield address

    @asynccontextmanager
    async def worker(self, role: str, **settings: object) -> AsyncIterator[Fork]:
        async with self._running("worker", role, **settings) as fork:
            yield fork

    @asynccontextmanager
    async def _running(
        self, *arguments: str, listener: socket.socket | None = None, **settings: object
    ) -> AsyncIterator[Fork]:
        urls = {name: getattr(self.settings, name).get_secret_value() for name in _GIVEN}
        given = {**urls, "keyring_file": self.settings.keyring_file, "parent_pid": self.zygote.pid, **settings}
        fork = await self.zygote.fork(arguments, environment(given), self._log, listener=listener)
        try:
            yield fork
        finally:
            fork.send(signal.SIGTERM)
            await fork.ended

    @property
    def _log(self) -> Path:
        return self.folder / "process.log"

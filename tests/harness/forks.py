"""Starts processes of the product or of the simulator through a zygote, and tells when they stop and how they end."""

import asyncio
import contextlib
import json
import os
import signal
import socket
import sys
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any, Self

from tests.harness.zygote import LONGEST_MESSAGE

ROOT = Path(__file__).parents[2]
_READY_WITHIN_S = 60.0


class Fork:
    """A running process. `stopped` is set while it stands still after SIGSTOP."""

    def __init__(self, pid: int) -> None:
        self.pid = pid
        self.ended: asyncio.Future[int] = asyncio.get_running_loop().create_future()
        self.stopped = asyncio.Event()

    def send(self, number: signal.Signals) -> None:
        """Only to a process that was not waited for yet: its id cannot be another's."""
        if self.ended.done():
            return
        if number is signal.SIGCONT:
            self.stopped.clear()
        with contextlib.suppress(ProcessLookupError):
            os.kill(self.pid, number)

    # As of a process that asyncio has made.

    @property
    def returncode(self) -> int | None:
        return self.ended.result() if self.ended.done() else None

    def kill(self) -> None:
        self.send(signal.SIGKILL)

    def terminate(self) -> None:
        self.send(signal.SIGTERM)

    async def wait(self) -> int:
        return await asyncio.shield(self.ended)


class Zygote:
    """Made by `start`, ended by `close`. For one event loop."""

    def __init__(self, process: asyncio.subprocess.Process, control: socket.socket) -> None:
        self.pid = process.pid
        self._process = process
        self._control = control
        self._forks: dict[int, Fork] = {}
        self._ready = asyncio.Event()
        self._born: asyncio.Queue[Fork] = asyncio.Queue()
        self._asking = asyncio.Lock()
        asyncio.get_running_loop().add_reader(control, self._hear)

    @classmethod
    async def start(cls, program: str, log: Path) -> Self:
        """For one of `zygote.PROGRAMS`. Takes as long as importing it."""
        ours, theirs = socket.socketpair(socket.AF_UNIX, socket.SOCK_SEQPACKET)
        with theirs, log.open("ab") as written:
            process = await asyncio.create_subprocess_exec(
                *(sys.executable, "-m", "tests.harness.zygote", str(theirs.fileno()), program),
                cwd=ROOT,
                pass_fds=[theirs.fileno()],
                stdin=asyncio.subprocess.DEVNULL,
                stdout=written,
                stderr=written,
                start_new_session=True,
            )
        ours.setblocking(False)
        zygote = cls(process, ours)
        async with asyncio.timeout(_READY_WITHIN_S):
            await zygote._ready.wait()
        return zygote

    async def fork(
        self,
        arguments: Sequence[str],
        environment: Mapping[str, str],
        log: Path,
        *,
        listener: socket.socket | None = None,
        mutant: str | None = None,
    ) -> Fork:
        """The program in a process of its own, serving on `listener` if there is one."""
        request = {"arguments": arguments, "environment": dict(environment), "log": str(log), "mutant": mutant}
        message = json.dumps(request).encode()
        assert len(message) < LONGEST_MESSAGE
        async with self._asking:
            socket.send_fds(self._control, [message], [listener.fileno()] if listener else [])
            async with asyncio.timeout(_READY_WITHIN_S):
                return await self._born.get()

    async def close(self) -> None:
        """Kills whatever it still has."""
        asyncio.get_running_loop().remove_reader(self._control)
        self._control.close()
        await self._process.wait()

    def _hear(self) -> None:
        with contextlib.suppress(BlockingIOError):
            while message := self._control.recv(LONGEST_MESSAGE):
                self._take_in(json.loads(message))
            asyncio.get_running_loop().remove_reader(self._control)

    def _take_in(self, news: dict[str, Any]) -> None:
        match news:
            case {"forked": int(pid)}:
                self._forks[pid] = Fork(pid)
                self._born.put_nowait(self._forks[pid])
            case {"stopped": int(pid)}:
                self._forks[pid].stopped.set()
            case {"ended": int(pid), "code": int(code)}:
                self._forks.pop(pid).ended.set_result(code)
            case _:
                self._ready.set()

"""One child: a process that is started again whenever it ends unasked, until it is told to stop.

Used by the supervisor alone. Each process leads a session of its own, so that Ctrl-C on the terminal spares it and
a kill takes its descendants along.
"""

import asyncio
import contextlib
import os
import signal
import time
from asyncio.subprocess import DEVNULL, Process
from collections.abc import Callable

from server.cli.supervisor.spec import ChildSpec, Written

SHORTEST_PAUSE_S = 0.2
LONGEST_PAUSE_S = 5.0
STEADY_AFTER_S = 30.0
"""A process that ran this long was well: the next pause is short again."""
ATTEMPTS_TO_START = 3
"""A child that ends this often before it was ever ready will not be mended by starting it again."""
_PROBE_EVERY_S = 0.05
_KILLED_WITHIN_S = 2.0


class ChildFailed(Exception):
    """A child would not start. The message is one sentence with the place of its log."""


class Pauses:
    """How long to wait before the next start: doubling, and short again after a steady run."""

    def __init__(self) -> None:
        self._next_s = SHORTEST_PAUSE_S

    def after(self, ran_s: float) -> float:
        """The pause after a process that ran for `ran_s` seconds."""
        if ran_s >= STEADY_AFTER_S:
            self._next_s = SHORTEST_PAUSE_S
        pause_s = self._next_s
        self._next_s = min(pause_s * 2, LONGEST_PAUSE_S)
        return pause_s


class Child:
    """Made running by `start`, ended by `stop`; both are harmless to repeat."""

    def __init__(self, spec: ChildSpec, say: Callable[[str], None]) -> None:
        self.spec = spec
        self.starts = 0
        self.ready = asyncio.Event()
        """Set when the running process is ready, cleared when it ends."""
        self._say = say
        self._process: Process | None = None
        self._stopping = asyncio.Event()
        self._keeper: asyncio.Task[None] | None = None

    @property
    def pid(self) -> int | None:
        """None while no process runs."""
        return self._process.pid if self._process and self._process.returncode is None else None

    def start(self) -> None:
        if self._keeper is None:
            self._keeper = asyncio.create_task(self._keep(), name=f"keep {self.spec.name}")

    async def wait_ready(self) -> None:
        """Raises ChildFailed when the child cannot be started."""
        if self._keeper is None:
            raise RuntimeError("start it first")
        ready = asyncio.create_task(self.ready.wait())
        try:
            await asyncio.wait([ready, self._keeper], return_when=asyncio.FIRST_COMPLETED)
        finally:
            ready.cancel()
        if self._keeper.done() and not self.ready.is_set():
            self._keeper.result()

    async def stop(self) -> None:
        """Asks the process to end and kills it after the spec's time."""
        self._stopping.set()
        if self._keeper is None:
            return
        self._send(signal.SIGTERM)
        for timeout_s in (self.spec.stop_timeout_s, _KILLED_WITHIN_S):
            await asyncio.wait([self._keeper], timeout=timeout_s)
            if self._keeper.done():
                break
            self.kill()
        self._keeper.cancel()
        await asyncio.gather(self._keeper, return_exceptions=True)

    def kill(self) -> None:
        """At once, with all that it started."""
        self._stopping.set()
        if self.pid is not None:
            with contextlib.suppress(ProcessLookupError):
                os.killpg(self.pid, signal.SIGKILL)

    def _send(self, number: signal.Signals) -> None:
        if self._process is not None:
            with contextlib.suppress(ProcessLookupError):
                self._process.send_signal(number)

    async def _keep(self) -> None:
        pauses, was_ready = Pauses(), False
        while not self._stopping.is_set():
            written = Written.from_now_on(self.spec.log)
            began = time.monotonic()
            try:
                how = how_it_ended(await self._run_once(written))
            except ChildFailed as failure:
                if not was_ready:
                    raise
                how = f"could not be started ({failure})"
            was_ready = was_ready or self.ready.is_set()
            self.ready.clear()
            if self._stopping.is_set():
                return
            if not was_ready and self.starts >= ATTEMPTS_TO_START:
                raise ChildFailed(would_not_start(self.spec, written, how))
            pause_s = pauses.after(time.monotonic() - began)
            self._say(f"{self.spec.name} {how}; starting it again")
            await self._pause(pause_s)

    async def _run_once(self, written: Written) -> int:
        """The exit code of one process, negative for a signal."""
        self._process = await spawn(self.spec)
        self.starts += 1
        if self._stopping.is_set():  # stop() came while the process was being made
            self._send(signal.SIGTERM)
        probing = asyncio.create_task(self._probe(written))
        try:
            return await self._process.wait()
        finally:
            probing.cancel()

    async def _probe(self, written: Written) -> None:
        while not await self.spec.ready(written):  # noqa: ASYNC110 - another process tells us nothing by itself
            await asyncio.sleep(_PROBE_EVERY_S)
        self.ready.set()

    async def _pause(self, seconds: float) -> None:
        with contextlib.suppress(TimeoutError):
            async with asyncio.timeout(seconds):
                await self._stopping.wait()


async def spawn(spec: ChildSpec) -> Process:
    """Raises ChildFailed if the program cannot be executed, or its log not be opened."""
    try:
        descriptor = os.open(spec.log, os.O_WRONLY | os.O_APPEND | os.O_CREAT | os.O_CLOEXEC, 0o600)
    except OSError as error:
        reason = os.strerror(error.errno or 0).lower()
        raise ChildFailed(f"its log {spec.log} cannot be opened: {reason}; mend that") from error
    try:
        return await asyncio.create_subprocess_exec(
            *spec.argv,
            stdin=DEVNULL,
            stdout=descriptor,
            stderr=descriptor,
            env=spec.environment,
            pass_fds=spec.fds,
            start_new_session=True,
        )
    except OSError as error:
        reason = os.strerror(error.errno or 0).lower()
        raise ChildFailed(f"{spec.argv[0]} cannot be executed: {reason}; install TREEEX again") from error
    finally:
        os.close(descriptor)


def how_it_ended(code: int) -> str:
    return f"was killed by signal {-code}" if code < 0 else f"ended with status {code}"


def would_not_start(spec: ChildSpec, written: Written, how: str) -> str:
    # Our programs begin their last sentence with their name, which stands here already.
    said = written.last_line().removeprefix("treeex: ").removeprefix("simulator: ") or how
    return f"{spec.name} does not start: {said.rstrip('.')}; mend that, all it said is in {spec.log}"

"""Keeps one role of the product running: starts it again at once, whatever ended it, until it is told to stop.

The first lives can be armed with failpoints; the later ones cannot die of them.
"""

import asyncio
import signal
from collections.abc import Awaitable, Callable
from dataclasses import dataclass, field

from tests.harness.forks import Fork
from tests.harness.waiting import LOOK_EVERY_S, PATIENCE_S, until

_PAUSE_S = 0.1
"""After an end that nobody caused, as while PostgreSQL is away. A killed role comes back without any pause."""
_STOPS_WITHIN_S = 30.0


@dataclass(frozen=True)
class Arms:
    """The failpoints of the first `lives` lives."""

    failpoints: str = ""
    lives: int = 0


@dataclass(slots=True)
class Life:
    """One process of the role. `code` is None while it lives, and negative for a signal."""

    fork: Fork
    armed: bool
    code: int | None = None


Start = Callable[[str], Awaitable[Fork]]
"""Starts a process with these failpoints."""


@dataclass(slots=True)
class Keeper:
    """Made running by `run`, ended by `stop`."""

    name: str
    start: Start
    arms: Arms = field(default_factory=Arms)
    plain: bool = True
    """Whether it is as the product is shipped, but for the compressed times."""
    lives: list[Life] = field(default_factory=list)
    began: asyncio.Event = field(default_factory=asyncio.Event)
    _task: asyncio.Task[None] | None = None
    _leaving: asyncio.Event = field(default_factory=asyncio.Event)

    async def run(self) -> None:
        """Returns once the first process runs."""
        self._task = asyncio.create_task(self._keep(), name=f"keep {self.name}")
        began = asyncio.create_task(self.began.wait())
        await asyncio.wait([began, self._task], return_when=asyncio.FIRST_COMPLETED)
        began.cancel()
        if self._task.done():
            self._task.result()

    @property
    def current(self) -> Fork:
        """The process that runs, or the last one."""
        return self.lives[-1].fork

    @property
    def deaths(self) -> int:
        """Armed lives that were killed; where only failpoints kill, how often they fired."""
        return sum(life.armed and life.code == -signal.SIGKILL for life in self.lives)

    async def has_died(self, times: int) -> None:
        """Waits until so many armed lives were killed."""

        async def died() -> bool:
            return self.deaths >= times

        await until(died, f"{self.name} is killed {times} times, and was {self.deaths} times")

    async def stands_still(self) -> None:
        """Waits until a failpoint has stopped the process."""
        async with asyncio.timeout(PATIENCE_S):
            await self.current.stopped.wait()

    def go_on(self) -> None:
        """Wakes a process that was stopped."""
        self.current.send(signal.SIGCONT)

    @property
    def kills(self) -> int:
        """Lives that were killed, armed or not."""
        return sum(life.code == -signal.SIGKILL for life in self.lives)

    async def kill(self) -> None:
        """The life that runs, as a power cut would; where none does, the next one. Returns when it has ended."""
        await self._lives()
        self.current.send(signal.SIGKILL)
        await asyncio.shield(self.current.ended)

    async def restart(self) -> None:
        """Asks the process to end, and sees to it that it does, well and in time. The next life begins by itself."""
        await self._lives()
        self.current.send(signal.SIGTERM)
        async with asyncio.timeout(_STOPS_WITHIN_S):
            code = await asyncio.shield(self.current.ended)
        # Whoever has only begun to start has nothing to finish, and the signal itself ends it.
        assert code in (0, -signal.SIGTERM), f"{self.name} was told to end, and ended with {code}"

    async def stand_still(self, seconds: float) -> None:
        """Stops the process as a busy machine may, and lets it go on after that."""
        fork = self.current
        fork.send(signal.SIGSTOP)
        await asyncio.sleep(seconds)  # how long is the caller's choice, nothing is waited for
        fork.send(signal.SIGCONT)

    async def stop(self) -> None:
        """Asks the process to end; harmless to repeat."""
        self._leaving.set()
        if self._task is None:
            return
        self.current.send(signal.SIGCONT)
        self.current.send(signal.SIGTERM)
        await asyncio.wait([self._task], timeout=_STOPS_WITHIN_S)
        if not self._task.done():
            self.current.send(signal.SIGKILL)
        await self._task

    async def _lives(self) -> None:
        while self.current.ended.done():
            await asyncio.sleep(LOOK_EVERY_S)

    async def _keep(self) -> None:
        while not self._leaving.is_set():
            armed = len(self.lives) < self.arms.lives
            fork = await self.start(self.arms.failpoints if armed else "")
            life = Life(fork, armed)
            self.lives.append(life)
            self.began.set()
            if self._leaving.is_set():  # stop() came while the process was being made
                fork.send(signal.SIGTERM)
            life.code = await fork.ended
            if life.code != -signal.SIGKILL and not self._leaving.is_set():
                await asyncio.sleep(_PAUSE_S)

"""How every worker lives: repeat, beat, drain, stop."""

import asyncio
import os
import signal
from collections.abc import AsyncIterator, Awaitable, Callable, Iterator
from typing import Any

import asyncpg
import pytest
import pytest_asyncio
import structlog

from server.workers import loop
from server.workers.loop import Stopping, repeat, run, watch_parent

DEADLINE_S = 30
IDLE_S = 7.0


class Recorded(Stopping):
    """Lets no time pass in a wait, and remembers how long it would have been."""

    def __init__(self) -> None:
        super().__init__()
        self.waits: list[float | None] = []

    async def wait(self, timeout_s: float | None = None) -> bool:
        self.waits.append(timeout_s)
        await asyncio.sleep(0)
        return bool(self)


def steps(stopping: Stopping, *results: bool | Exception) -> Callable[[], Awaitable[bool]]:
    """A step that gives these results in turn; the last one stops the loop."""
    left = list(results)

    async def step() -> bool:
        result = left.pop(0)
        if not left:
            stopping.set()
        if isinstance(result, Exception):
            raise result
        return result

    return step


async def waits_of(*results: bool | Exception) -> list[float | None]:
    stopping = Recorded()
    async with asyncio.timeout(DEADLINE_S):
        await repeat(steps(stopping, *results), stopping, idle_s=IDLE_S)
    return stopping.waits


@pytest.fixture
def entries(monkeypatch: pytest.MonkeyPatch) -> Iterator[list[Any]]:
    """What the loop logs, through a logger that was not bound to anything before."""
    monkeypatch.setattr(loop, "log", structlog.get_logger("fresh"))
    with structlog.testing.capture_logs() as captured:
        yield captured


# ---------------------------------------------------------------- repeat


async def test_work_is_followed_by_work_at_once_and_idling_by_a_pause() -> None:
    assert await waits_of(True, True, True) == []
    assert await waits_of(True, False, True, False, True) == [IDLE_S, IDLE_S]


async def test_failures_pause_ever_longer_up_to_two_seconds() -> None:
    waits = await waits_of(*[OSError("away")] * 9, True)
    assert waits == [0.05, 0.1, 0.2, 0.4, 0.8, 1.6, 2.0, 2.0, 2.0]


async def test_a_success_forgets_the_failures_before() -> None:
    assert await waits_of(OSError(), OSError(), False, OSError(), True) == [0.05, 0.1, IDLE_S, 0.05]


@pytest.mark.parametrize(
    "failure",
    [
        OSError("away"),
        TimeoutError(),
        asyncpg.InterfaceError("pool is closing"),
        asyncpg.QueryCanceledError("too slow"),
        ValueError("a defect"),
        ExceptionGroup("several", [ValueError("a defect")]),
    ],
)
async def test_no_failure_ends_the_loop(failure: Exception) -> None:
    assert await waits_of(failure, failure, True) == [0.05, 0.1]


async def test_a_kind_of_failure_is_told_once_and_recovery_too(entries: list[Any]) -> None:
    await waits_of(OSError("a"), OSError("b"), ValueError("c"), ValueError("d"), OSError("e"), True, True)
    assert [entry["event"] for entry in entries] == [
        "worker_waits_for_server",
        "worker_step_failed",
        "worker_waits_for_server",
        "worker_recovered",
    ]


async def test_nothing_runs_once_it_is_to_stop() -> None:
    stopping = Stopping()
    stopping.set()

    async def step() -> bool:
        raise AssertionError

    await repeat(step, stopping, idle_s=IDLE_S)


async def test_a_pause_ends_with_the_signal_to_stop() -> None:
    stopping, idle = Stopping(), asyncio.Event()

    async def step() -> bool:
        idle.set()
        return False

    async with asyncio.timeout(DEADLINE_S):
        repeating = asyncio.create_task(repeat(step, stopping, idle_s=10 * DEADLINE_S))
        await idle.wait()
        stopping.set()
        await repeating


async def test_a_cancelled_step_ends_the_loop() -> None:
    async def step() -> bool:
        raise asyncio.CancelledError

    with pytest.raises(asyncio.CancelledError):
        await repeat(step, Stopping(), idle_s=IDLE_S)


async def test_stopping_is_said_as_often_as_one_likes() -> None:
    stopping = Stopping()
    assert not stopping
    assert not await stopping.wait(0)
    stopping.set()
    stopping.set()
    assert stopping
    assert await stopping.wait()


# ---------------------------------------------------------------- run


@pytest_asyncio.fixture
async def signals(monkeypatch: pytest.MonkeyPatch) -> AsyncIterator[None]:
    """A signal that nobody takes ends the test, not the test run; afterwards all is as before."""
    numbers = (signal.SIGTERM, signal.SIGINT)
    before = {number: signal.signal(number, signal.SIG_IGN) for number in numbers}
    monkeypatch.setattr(loop, "BEAT_EVERY_S", 0.005)
    monkeypatch.delenv(loop.PARENT_VARIABLE, raising=False)
    yield
    for number in numbers:
        asyncio.get_running_loop().remove_signal_handler(number)
        signal.signal(number, before[number])


class Heart:
    """Remembers the states that were written, each change once."""

    def __init__(self, failure: Exception | None = None) -> None:
        self.states: list[str] = []
        self.beats = 0
        self.enough = asyncio.Event()
        self._failure = failure

    async def beat(self, state: str) -> None:
        self.beats += 1
        if self.beats >= 5:
            self.enough.set()
        if self.states[-1:] != [state]:
            self.states.append(state)
        if self._failure is not None:
            raise self._failure


async def until_stopping(stopping: Stopping) -> None:
    await stopping.wait()


async def running(*actors: loop.Actor, heart: Heart, drain_timeout_s: float = DEADLINE_S) -> None:
    async with asyncio.timeout(2 * DEADLINE_S):
        await run("test", actors, heart.beat, drain_timeout_s=drain_timeout_s)


@pytest.mark.proves("G25")
@pytest.mark.usefixtures("signals")
@pytest.mark.parametrize("number", [signal.SIGTERM, signal.SIGINT])
async def test_a_signal_stops_it_and_it_finishes_what_it_has_begun(number: signal.Signals) -> None:
    heart, done = Heart(), []

    async def actor(stopping: Stopping) -> None:
        await heart.enough.wait()
        os.kill(os.getpid(), number)
        await stopping.wait()
        heart.enough.clear()
        await heart.enough.wait()
        done.append("begun work")

    await running(actor, until_stopping, heart=heart)
    assert done == ["begun work"]
    assert heart.states == ["running", "draining", "stopped"]


@pytest.mark.usefixtures("signals")
async def test_signals_may_come_again() -> None:
    heart = Heart()

    async def actor(stopping: Stopping) -> None:
        for _ in range(3):
            os.kill(os.getpid(), signal.SIGTERM)
            os.kill(os.getpid(), signal.SIGINT)
            await asyncio.sleep(0)
        await stopping.wait()

    await running(actor, heart=heart)
    assert heart.states[-1] == "stopped"


@pytest.mark.usefixtures("signals")
async def test_what_does_not_end_in_time_is_cut(entries: list[Any]) -> None:
    heart, cut = Heart(), []

    async def late(_stopping: Stopping) -> None:
        os.kill(os.getpid(), signal.SIGTERM)
        try:
            await asyncio.Event().wait()
        except asyncio.CancelledError:
            cut.append("late")
            raise

    await running(late, until_stopping, heart=heart, drain_timeout_s=0.05)
    assert cut == ["late"]
    assert entries[-1] == {"event": "worker_stopped", "role": "test", "cut": 1, "log_level": "info"}
    assert heart.states[-1] == "stopped"


@pytest.mark.usefixtures("signals")
async def test_the_end_of_one_actor_ends_the_others_and_is_told() -> None:
    heart, ended = Heart(), []

    async def breaks(_stopping: Stopping) -> None:
        raise LookupError("a defect")

    async def other(stopping: Stopping) -> None:
        await stopping.wait()
        ended.append("other")

    with pytest.raises(LookupError, match="a defect"):
        await running(breaks, other, heart=heart)
    assert ended == ["other"]
    assert heart.states[-1] == "stopped"


@pytest.mark.usefixtures("signals")
@pytest.mark.parametrize(
    "failure",
    [
        OSError("away"),
        asyncpg.InterfaceError("pool is closing"),
        asyncpg.AdminShutdownError("terminating connection due to administrator command"),
        asyncpg.QueryCanceledError("canceling statement due to statement timeout"),
        asyncpg.TooManyConnectionsError("sorry, too many clients already"),
    ],
)
async def test_a_beat_that_fails_stops_neither_heart_nor_work(failure: Exception) -> None:
    heart = Heart(failure)

    async def actor(_stopping: Stopping) -> None:
        await heart.enough.wait()

    await running(actor, heart=heart)
    assert heart.states[-1] == "stopped"


@pytest.mark.usefixtures("signals")
async def test_it_leaves_no_task_behind() -> None:
    before = asyncio.all_tasks()
    heart = Heart()

    async def actor(_stopping: Stopping) -> None:
        await heart.enough.wait()

    await running(actor, until_stopping, heart=heart)
    assert asyncio.all_tasks() == before


async def test_it_ends_when_its_parent_has_gone(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv(loop.PARENT_VARIABLE, str(os.getppid() + 1))
    stopping = Recorded()
    async with asyncio.timeout(DEADLINE_S):
        await watch_parent(stopping)
    assert stopping


@pytest.mark.parametrize("parent", ["", None])
async def test_without_a_parent_nobody_watches(monkeypatch: pytest.MonkeyPatch, parent: str | None) -> None:
    if parent is None:
        monkeypatch.delenv(loop.PARENT_VARIABLE, raising=False)
    else:
        monkeypatch.setenv(loop.PARENT_VARIABLE, parent)
    stopping = Recorded()
    await watch_parent(stopping)
    assert not stopping
    assert stopping.waits == []


async def test_a_parent_that_is_there_is_watched_until_the_end(
    monkeypatch: pytest.MonkeyPatch, entries: list[Any]
) -> None:
    monkeypatch.setenv(loop.PARENT_VARIABLE, str(os.getppid()))

    class Thrice(Recorded):
        async def wait(self, timeout_s: float | None = None) -> bool:
            if len(self.waits) == 2:
                self.set()
            return await super().wait(timeout_s)

    stopping: Any = Thrice()
    await watch_parent(stopping)
    assert len(stopping.waits) == 3
    assert entries == []

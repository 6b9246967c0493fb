"""How every worker lives: start, beat, drain, stop. Roles bring actors; an actor is one loop with one verb.

SIGTERM or SIGINT, or the end of the parent that started us, sets `Stopping`; actors finish what they have begun and
return. What has not ended after the drain time is cancelled; the database heals what that leaves.
"""

import asyncio
import contextlib
import os
import signal
from collections.abc import Awaitable, Callable, Sequence

from server.core import db, garbage, valkey
from server.core.log import get_logger
from server.workers.watchdog import Watchdog

log = get_logger(__name__)

PARENT_VARIABLE = "TREEEX_PARENT_PID"
BEAT_EVERY_S = 2.0
_LONGEST_BACKOFF_S = 2.0


class Stopping:
    """Set once, when the worker is to end."""

    def __init__(self) -> None:
        self._event = asyncio.Event()

    def set(self) -> None:
        self._event.set()

    def __bool__(self) -> bool:
        return self._event.is_set()

    async def wait(self, timeout_s: float | None = None) -> bool:
        """Waits for the end, at most `timeout_s` seconds. True when it has come."""
        with contextlib.suppress(TimeoutError):
            async with asyncio.timeout(timeout_s):
                await self._event.wait()
        return self._event.is_set()


Actor = Callable[[Stopping], Awaitable[None]]
Beat = Callable[[str], Awaitable[None]]
"""Writes the heartbeat with the worker's state: `running`, `draining` or `stopped`."""


async def repeat(step: Callable[[], Awaitable[bool]], stopping: Stopping, *, idle_s: float) -> None:
    """Calls `step` until stopping: at once again when it says that it did work, else after `idle_s`.

    A failure never ends the loop: it is logged once a kind, and the pause grows to two seconds.
    """
    backoff_s, last = 0.05, ""
    while not stopping:
        try:
            worked = await step()
        except Exception as failure:  # a worker outlives whatever one step met
            last = _report(failure, last)
            await stopping.wait(backoff_s)
            backoff_s = min(backoff_s * 2, _LONGEST_BACKOFF_S)
            continue
        if last:
            log.info("worker_recovered")
        backoff_s, last = 0.05, ""
        if not worked:
            await stopping.wait(idle_s)


def _report(failure: Exception, last: str) -> str:
    kind = type(failure).__name__
    if kind == last:
        return last
    if isinstance(failure, (*db.UNREACHABLE, *valkey.UNREACHABLE)):
        log.warning("worker_waits_for_server", error=failure)
    else:
        log.error("worker_step_failed", error=kind, exc_info=failure)
    return kind


async def run(role: str, actors: Sequence[Actor], beat: Beat, *, drain_timeout_s: float) -> None:
    """Runs the actors until a signal, the parent's end, or the unexpected end of one of them."""
    stopping = Stopping()
    loop = asyncio.get_running_loop()
    for number in (signal.SIGTERM, signal.SIGINT):
        loop.add_signal_handler(number, stopping.set)
    garbage.spare_what_stays()
    log.info("worker_started", role=role, pid=os.getpid())
    async with Watchdog():
        await _work(role, actors, beat, stopping, drain_timeout_s)


async def _work(role: str, actors: Sequence[Actor], beat: Beat, stopping: Stopping, drain_timeout_s: float) -> None:
    tasks = [asyncio.ensure_future(actor(stopping)) for actor in actors]
    companions = [asyncio.create_task(_heartbeat(beat, stopping)), asyncio.create_task(watch_parent(stopping))]
    ended = asyncio.create_task(stopping.wait())
    await asyncio.wait([ended, *tasks], return_when=asyncio.FIRST_COMPLETED)
    stopping.set()
    _, late = await asyncio.wait(tasks, timeout=drain_timeout_s)
    for task in [*late, *companions]:
        task.cancel()
    await asyncio.gather(*late, *companions, ended, return_exceptions=True)
    await _beat_if_possible(beat, "stopped")
    log.info("worker_stopped", role=role, cut=len(late))
    for task in tasks:
        if not task.cancelled():
            task.result()


async def watch_parent(stopping: Stopping) -> None:
    """Ends us when `treeex up` has gone without a word, so that nothing of it is left behind."""
    parent = os.environ.get(PARENT_VARIABLE)
    while parent and not await stopping.wait(1.0):
        if os.getppid() != int(parent):
            log.warning("parent_gone", parent=parent)
            stopping.set()


async def _heartbeat(beat: Beat, stopping: Stopping) -> None:
    while True:
        await _beat_if_possible(beat, "draining" if stopping else "running")
        await asyncio.sleep(BEAT_EVERY_S)


async def _beat_if_possible(beat: Beat, state: str) -> None:
    """A server that stops or starts refuses in many ways; none of them may end the heart for good."""
    try:
        await beat(state)
    except db.UNREACHABLE:
        pass  # the actors say so already
    except Exception as failure:
        log.warning("beat_failed", state=state, error=failure)

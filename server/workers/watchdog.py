"""Ends a worker whose event loop does not turn any more. Its supervisor starts another; the database heals the rest.

A thread counts its own ticks, so a process that was stopped and continued gets its chance to go on.
"""

import asyncio
import os
import threading
from collections.abc import Callable

from server.core.log import get_logger

log = get_logger(__name__)

TICK_S = 1.0
PATIENCE_TICKS = 5
EXIT_STATUS = 70


class Watchdog:
    """To be entered in the loop that it watches."""

    def __init__(self, *, tick_s: float = TICK_S, bite: Callable[[], None] | None = None) -> None:
        self._tick_s = tick_s
        self._bite = bite or _end_process
        self._missed = 0
        self._over = threading.Event()
        self._thread = threading.Thread(target=self._watch, name="watchdog", daemon=True)
        self._beating: asyncio.Task[None] | None = None

    async def __aenter__(self) -> None:
        self._beating = asyncio.create_task(self._beat())
        self._thread.start()

    async def __aexit__(self, *_failure: object) -> None:
        self._over.set()
        if self._beating is not None:
            self._beating.cancel()
            await asyncio.gather(self._beating, return_exceptions=True)

    async def _beat(self) -> None:
        while True:
            self._missed = 0
            await asyncio.sleep(self._tick_s / 2)

    def _watch(self) -> None:
        while not self._over.wait(self._tick_s):
            self._missed += 1
            if self._missed > PATIENCE_TICKS:
                self._bite()
                return


def _end_process() -> None:
    log.critical("event_loop_hangs", ticks=PATIENCE_TICKS)
    os._exit(EXIT_STATUS)

"""Runs actions later, in simulated time: the statuses to come, the answers of people, the webhook retries.

One heap and one timer for all of them, because a campaign keeps tens of thousands waiting at once.
Whoever schedules must not expect an action to survive a restart; `recovery.py` says what is resumed.
"""

from __future__ import annotations

import asyncio
import heapq
import logging
from collections.abc import Callable
from typing import Protocol

from simulator.clock import Clock

log = logging.getLogger("simulator.scheduler")

Action = Callable[[], None]


class Timer(Protocol):
    def cancel(self) -> None: ...


CallLater = Callable[[float, Action], Timer]


def call_later_on_loop(delay_s: float, action: Action) -> Timer:
    return asyncio.get_running_loop().call_later(delay_s, action)


class Scheduler:
    """`call_later` is given in tests, which then move time by hand and call `run_due`."""

    def __init__(self, clock: Clock, *, call_later: CallLater = call_later_on_loop) -> None:
        self._clock = clock
        self._call_later = call_later
        self._heap: list[tuple[float, int, Action]] = []
        self._sequence = 0
        self._timer: Timer | None = None
        self._timer_at = 0.0
        self._stopped = False

    def __len__(self) -> int:
        return len(self._heap)

    def after(self, simulated_s: float, action: Action) -> None:
        """Run `action` once, `simulated_s` simulated seconds from now; ties run in the order of the calls."""
        if self._stopped:
            return
        at = self._clock.monotonic() + self._clock.real_seconds(simulated_s)
        self._sequence += 1
        heapq.heappush(self._heap, (at, self._sequence, action))
        if self._timer is None or at < self._timer_at:
            self._arm()

    def run_due(self) -> None:
        """Run everything whose time has come, then wait for the next."""
        self._timer = None
        now = self._clock.monotonic()
        while self._heap and self._heap[0][0] <= now:
            _, _, action = heapq.heappop(self._heap)
            self._run(action)
        self._arm()

    def stop(self) -> None:
        self._stopped = True
        self._heap.clear()
        if self._timer is not None:
            self._timer.cancel()
            self._timer = None

    def _arm(self) -> None:
        if self._stopped or not self._heap:
            return
        if self._timer is not None:
            self._timer.cancel()
        self._timer_at = self._heap[0][0]
        self._timer = self._call_later(max(0.0, self._timer_at - self._clock.monotonic()), self.run_due)

    def _run(self, action: Action) -> None:
        try:
            action()
        except Exception:
            # One failed action must not silence all later ones.
            log.exception("a scheduled action failed")

"""Runs actions later, in simulated time: the statuses to come, the answers of people, the webhook retries.

One heap and one timer for all of them, because a campaign keeps tens of thousands waiting at once. With a manual clock
there is no timer: `manual_time.py` runs what is due. Whoever schedules must not expect an action to survive a restart.
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
    """`call_later` is given in tests, which then move time by hand and call `run_due`.

    `len` is what a quiet world has none of: all actions but those in the background, which belong to the course of the
    world (an end of a pause, an expiry) and not to anything that was sent.
    """

    def __init__(self, clock: Clock, *, call_later: CallLater = call_later_on_loop) -> None:
        self._clock = clock
        self._call_later = call_later
        self._heap: list[tuple[float, int, bool, Action]] = []
        self._in_background = 0
        self._sequence = 0
        self._timer: Timer | None = None
        self._timer_at = 0.0
        self._running = False
        self._stopped = False

    def __len__(self) -> int:
        return len(self._heap) - self._in_background

    @property
    def next_at(self) -> float | None:
        """When the next action is due, as the clock's `monotonic` counts."""
        return self._heap[0][0] if self._heap else None

    def after(self, simulated_s: float, action: Action, *, background: bool = False) -> None:
        """Run `action` once, `simulated_s` simulated seconds from now; ties run in the order of the calls.

        In the background is what a quiet world may have too, and `len` does not count.
        """
        self._push(self._clock.monotonic() + self._clock.real_seconds(simulated_s), action, background=background)

    def at(self, point: float, action: Action) -> None:
        """Run `action` once, in the background, when the clock shows this point in time."""
        self._push(self._clock.monotonic() + self._clock.seconds_until(point), action, background=True)

    def run_due(self) -> None:
        """Run everything whose time has come, then wait for the next."""
        self._timer = None
        self._running = True  # until then nobody needs a timer
        now = self._clock.monotonic()
        while self._heap and self._heap[0][0] <= now:
            _, _, background, action = heapq.heappop(self._heap)
            self._in_background -= background
            try:
                action()
            except Exception:
                # One failed action must not silence all later ones.
                log.exception("a scheduled action failed")
        self._running = False
        self._arm()

    def stop(self) -> None:
        self._stopped = True
        self._heap.clear()
        self._in_background = 0
        if self._timer is not None:
            self._timer.cancel()
            self._timer = None

    def _push(self, at: float, action: Action, *, background: bool) -> None:
        if self._stopped:
            return
        self._sequence += 1
        self._in_background += background
        heapq.heappush(self._heap, (at, self._sequence, background, action))
        if not self._running and (self._timer is None or at < self._timer_at):
            self._arm()

    def _arm(self) -> None:
        if self._stopped or not self._heap or self._clock.manual:
            return
        if self._timer is not None:
            self._timer.cancel()
        self._timer_at = self._heap[0][0]
        self._timer = self._call_later(max(0.0, self._timer_at - self._clock.monotonic()), self.run_due)

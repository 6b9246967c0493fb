"""The simulator's time: everything that asks what time it is or how long to wait asks this object.

Called by the scheduler, the ledger, the limits and the webhook sender. Two things are told apart: delays (statuses,
reading, retries) and points in time (timestamps, windows, expiry, limits). The clocks differ in what they scale.
"""

from __future__ import annotations

import time
from typing import Literal

ClockKind = Literal["real", "scaled", "manual"]

LATEST = 253_402_300_799.0  # the end of the year 9999, beyond which there are no dates


class Clock:
    """Time that passes by itself. Delays are divided by the time scale.

    Points in time stay as long as real ones, so that they agree with the product's own clock, unless `scale_points`.
    `start_at`: Unix seconds that it shows at first, and goes on from there.
    """

    manual = False

    def __init__(self, time_scale: float = 1.0, *, start_at: float | None = None, scale_points: bool = False) -> None:
        self.time_scale = time_scale
        self.scale_points = scale_points
        self._speed = time_scale if scale_points else 1.0
        self._follows_machine = start_at is None and not scale_points
        self._first_monotonic = time.monotonic()
        self._start_at = time.time() if start_at is None else start_at

    @property
    def kind(self) -> ClockKind:
        return "real" if self.time_scale == 1.0 else "scaled"

    def now(self) -> float:
        """Unix time in seconds."""
        if self._follows_machine:
            return time.time()
        return self._start_at + (time.monotonic() - self._first_monotonic) * self._speed

    def monotonic(self) -> float:
        """Seconds that only grow, in which the scheduler counts; for measuring, never for showing."""
        return time.monotonic()

    def real_seconds(self, simulated_s: float) -> float:
        """How long a simulated delay takes in seconds of `monotonic`."""
        return simulated_s / self.time_scale

    def seconds_until(self, point: float) -> float:
        """How long, in seconds of `monotonic`, until `now` shows this point in time; 0 when it has passed."""
        return max(0.0, point - self.now()) / self._speed

    def elapsed_s(self, since_monotonic: float) -> float:
        """Simulated seconds since a reading of `monotonic`."""
        return (self.monotonic() - since_monotonic) * self.time_scale


class ManualClock(Clock):
    """Stands still until it is moved; delays and points in time are the same seconds."""

    manual = True

    def __init__(self, start_at: float | None = None) -> None:
        # A whole second at first, so that sums of delays stay readable.
        super().__init__(start_at=float(int(time.time())) if start_at is None else start_at)
        self._now = self._start_at

    @property
    def kind(self) -> ClockKind:
        return "manual"

    def now(self) -> float:
        return self._now

    def monotonic(self) -> float:
        return self._now

    def move_to(self, point: float) -> None:
        """Never back: an earlier point changes nothing."""
        self._now = max(self._now, point)

"""The simulator's time: everything that asks what time it is or how long to wait asks this object.

Called by the scheduler, the ledger and the webhook sender. Simulated durations are divided by the time
scale; points in time stay those of the machine, so that the timestamps in webhooks remain believable.
"""

from __future__ import annotations

import time


class Clock:
    def __init__(self, time_scale: float = 1.0) -> None:
        self.time_scale = time_scale

    def now(self) -> float:
        """Unix time in seconds."""
        return time.time()

    def monotonic(self) -> float:
        """Real seconds that only grow; for measuring, never for showing."""
        return time.monotonic()

    def real_seconds(self, simulated_s: float) -> float:
        """How long a simulated duration really takes."""
        return simulated_s / self.time_scale

    def elapsed_s(self, since_monotonic: float) -> float:
        """Simulated seconds since a reading of `monotonic`."""
        return (self.monotonic() - since_monotonic) * self.time_scale

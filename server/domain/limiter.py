"""A limiter as GCRA, without a clock of its own. The queue's Lua scripts keep the same rule in Valkey."""

from dataclasses import dataclass


@dataclass(slots=True)
class Limiter:
    """Lets `rate` a second through, and at most `depth_s` seconds' worth at once, but at least one.

    It starts empty, so that losing one adds no burst. `arrival` is GCRA's theoretical arrival time, in seconds.
    """

    rate: float
    depth_s: float
    arrival: float | None = None

    def take(self, at: float, wanted: int) -> int:
        """How many of `wanted` may go at the instant `at`; they are charged."""
        interval = 1 / self.rate
        depth = max(self.depth_s, interval)
        arrival = at + depth if self.arrival is None else max(self.arrival, at)
        granted = min(int((at + depth - arrival) / interval + 1e-6), wanted)
        self.arrival = arrival + granted * interval
        return granted

    def give_back(self, unused: int) -> None:
        """Returns what was charged and not used."""
        if self.arrival is not None:
            self.arrival -= unused / self.rate

    def free_at(self) -> float:
        """When all of its depth is there again."""
        return self.arrival or 0.0

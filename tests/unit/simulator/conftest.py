"""What the simulator's unit tests share: time that moves only when told to."""

import pytest

from simulator.clock import Clock


class ManualClock(Clock):
    def __init__(self, time_scale: float = 1.0) -> None:
        super().__init__(time_scale)
        self.time = 1_790_000_000.0

    def now(self) -> float:
        return self.time

    def monotonic(self) -> float:
        return self.time

    def advance(self, seconds: float) -> None:
        self.time += seconds


@pytest.fixture
def clock() -> ManualClock:
    return ManualClock()


@pytest.fixture
def fast_clock() -> ManualClock:
    """Ten simulated seconds in each real one."""
    return ManualClock(10.0)

"""How long something takes: evenly between two values, which may be the same, or lognormal as networks are.

A type of the settings, drawn by whoever schedules from its own seeded stream. All values are simulated seconds.
"""

from __future__ import annotations

import math
from random import Random
from typing import Annotated

import msgspec

Seconds = Annotated[float, msgspec.Meta(ge=0, le=86_400)]
Range = tuple[Seconds, Seconds]

_SIGMAS_TO_P99 = 2.3263478740408408
_LONGEST_S = 86_400.0


class Lognormal(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """Half of all take at most `p50`, 99 of 100 at most `p99`; none takes longer than a day."""

    p50: Annotated[float, msgspec.Meta(gt=0, le=86_400)]
    p99: Annotated[float, msgspec.Meta(gt=0, le=86_400)]

    def __post_init__(self) -> None:
        if self.p50 > self.p99:
            raise ValueError("p99 must not be below p50")


Delay = Range | Lognormal


def draw(delay: Delay, chance: Random) -> float:
    if isinstance(delay, Lognormal):
        sigma = math.log(delay.p99 / delay.p50) / _SIGMAS_TO_P99
        return min(math.exp(math.log(delay.p50) + sigma * chance.gauss()), _LONGEST_S)
    return chance.uniform(*delay)


def is_ascending(delay: Delay) -> bool:
    return not isinstance(delay, tuple) or delay[0] <= delay[1]

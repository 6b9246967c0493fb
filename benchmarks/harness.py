"""Runs a bench: both sides in turn, round by round, and says how they compare.

A bench yields comparisons; each has two sides that do the same work. The order of the sides changes with every round,
and the ratio is the median of the rounds' own ratios, so that a machine that slows down for a while spoils both alike.
"""

import math
import platform
import statistics
from collections.abc import Awaitable, Callable, Sequence
from contextlib import AbstractAsyncContextManager
from dataclasses import dataclass
from typing import Any

import psutil  # type: ignore[import-untyped]  # it ships no types

ROUNDS = 5


@dataclass(frozen=True, slots=True)
class Measured:
    """One round of one side. `cpu_s`: CPU seconds of the processes that did the work; None where nobody looked."""

    items: int
    seconds: float
    cpu_s: float | None = None

    @property
    def rate(self) -> float:
        """Items a second."""
        return self.items / self.seconds


Side = Callable[[], Awaitable[Measured]]


@dataclass(frozen=True, slots=True)
class Comparison:
    """Two sides that do the same. `bar`: the least ratio that is good enough; `most_cpu_us`: the most CPU an item."""

    name: str
    unit: str
    ours: Side
    reference: Side
    bar: float
    most_cpu_us: float = math.inf


@dataclass(frozen=True, slots=True)
class Reading:
    """A figure that stands for itself, with the most that it may be."""

    name: str
    unit: str
    take: Callable[[], Awaitable[float]]
    most: float


@dataclass(frozen=True, slots=True)
class Result:
    """What a comparison or a reading came to. `spread`: of the rounds' ratios, (largest - smallest) / median."""

    name: str
    unit: str
    value: float
    reference: float
    ratio: float
    spread: float
    cpu_us_per_item: float | None
    is_met: bool

    def as_json(self) -> dict[str, Any]:
        return {
            "name": self.name,
            "unit": self.unit,
            "value": round(self.value, 2),
            "reference": round(self.reference, 2),
            "ratio": round(self.ratio, 3),
            "spread": round(self.spread, 3),
            "cpu_us_per_item": None if self.cpu_us_per_item is None else round(self.cpu_us_per_item, 1),
        }


@dataclass(frozen=True, slots=True)
class Waits:
    """Two waits, the less the better. `most`: how long ours may be; the ratio is only told."""

    name: str
    unit: str
    ours: Callable[[], Awaitable[float]]
    reference: Callable[[], Awaitable[float]]
    most: float


Part = Comparison | Reading | Waits
Tell = Callable[[str], None]
Bench = Callable[[], AbstractAsyncContextManager[Sequence[Part]]]


async def measure(part: Part, *, rounds: int = ROUNDS, tell: Tell = lambda _: None) -> Result:
    """Whatever it is."""
    match part:
        case Comparison():
            return await compare(part, rounds=rounds, tell=tell)
        case Waits():
            return await wait(part, rounds=rounds, tell=tell)
        case Reading():
            return await read(part)


async def compare(comparison: Comparison, *, rounds: int = ROUNDS, tell: Tell = lambda _: None) -> Result:
    """One round of each side is thrown away first."""
    await comparison.reference()
    await comparison.ours()
    ours, theirs = [], []
    for number in range(rounds):
        if number % 2:
            ours.append(await comparison.ours())
            theirs.append(await comparison.reference())
        else:
            theirs.append(await comparison.reference())
            ours.append(await comparison.ours())
        tell(
            f"{comparison.name} {number + 1}/{rounds}: {ours[-1].rate:,.0f} of {theirs[-1].rate:,.0f} {comparison.unit}"
        )
    return _result(comparison, ours, theirs)


async def wait(waits: Waits, *, rounds: int = ROUNDS, tell: Tell = lambda _: None) -> Result:
    """Both in turn; the medians are told."""
    ours, theirs = [], []
    for number in range(rounds):
        theirs.append(await waits.reference())
        ours.append(await waits.ours())
        tell(f"{waits.name} {number + 1}/{rounds}: {ours[-1]:,.0f} beside {theirs[-1]:,.0f} {waits.unit}")
    ratios = [one / other for one, other in zip(ours, theirs, strict=True)]
    ratio = statistics.median(ratios)
    return Result(
        name=waits.name,
        unit=waits.unit,
        value=statistics.median(ours),
        reference=statistics.median(theirs),
        ratio=ratio,
        spread=(max(ratios) - min(ratios)) / ratio,
        cpu_us_per_item=None,
        is_met=statistics.median(ours) <= waits.most,
    )


async def read(reading: Reading) -> Result:
    """Taken once; the ratio is the part of what it may be."""
    value = await reading.take()
    return Result(
        name=reading.name,
        unit=reading.unit,
        value=value,
        reference=reading.most,
        ratio=value / reading.most,
        spread=0.0,
        cpu_us_per_item=None,
        is_met=value <= reading.most,
    )


def machine() -> dict[str, Any]:
    """Where the figures come from."""
    return {
        "cores": psutil.cpu_count(),
        "memory_gib": round(psutil.virtual_memory().total / 2**30, 1),
        "load_1m": round(psutil.getloadavg()[0], 2),
        "python": platform.python_version(),
        "system": f"{platform.system()} {platform.machine()}",
    }


def _result(comparison: Comparison, ours: Sequence[Measured], theirs: Sequence[Measured]) -> Result:
    ratios = [one.rate / other.rate for one, other in zip(ours, theirs, strict=True)]
    ratio = statistics.median(ratios)
    costs = [one.cpu_s / one.items * 1e6 for one in ours if one.cpu_s is not None]
    cost = statistics.median(costs) if costs else None
    return Result(
        name=comparison.name,
        unit=comparison.unit,
        value=statistics.median(one.rate for one in ours),
        reference=statistics.median(other.rate for other in theirs),
        ratio=ratio,
        spread=(max(ratios) - min(ratios)) / ratio,
        cpu_us_per_item=cost,
        is_met=ratio >= comparison.bar and (cost or 0.0) <= comparison.most_cpu_us,
    )

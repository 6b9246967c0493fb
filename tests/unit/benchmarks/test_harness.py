"""What a bench reports is computed as it says: paired rounds, medians, spread, and whether the bar is met."""

import json
from collections.abc import Iterator

import pytest

from benchmarks.harness import Comparison, Measured, Reading, Side, compare, read


def side(order: list[str], name: str, seconds: list[float], cpu_s: float | None = None) -> Side:
    """The first one is thrown away."""
    left: Iterator[float] = iter(seconds)

    async def run() -> Measured:
        order.append(name)
        return Measured(100, next(left), cpu_s)

    return run


async def test_rounds_are_paired_and_take_turns() -> None:
    order: list[str] = []
    ours = side(order, "ours", [9.0, 2.0, 4.0, 2.0], cpu_s=0.001)
    theirs = side(order, "theirs", [9.0, 1.0, 2.0, 2.0])
    result = await compare(Comparison("vs_reference", "items/s", ours, theirs, bar=0.5), rounds=3)
    # The machine was half as fast in the second round, for both.
    assert (result.ratio, result.spread) == (0.5, 1.0)
    assert (result.value, result.reference, result.is_met) == (50.0, 50.0, True)
    assert result.cpu_us_per_item == pytest.approx(10.0)
    assert order == ["theirs", "ours", "theirs", "ours", "ours", "theirs", "theirs", "ours"]


async def test_a_ratio_below_the_bar_is_not_met() -> None:
    ours, theirs = side([], "ours", [1.0, 2.0]), side([], "theirs", [1.0, 1.0])
    result = await compare(Comparison("vs_reference", "items/s", ours, theirs, bar=0.51), rounds=1)
    assert not result.is_met
    assert result.cpu_us_per_item is None


@pytest.mark.parametrize(("value", "is_met"), [(50.0, True), (50.1, False)])
async def test_a_reading_has_a_most(value: float, *, is_met: bool) -> None:
    async def take() -> float:
        return value

    result = await read(Reading("growth", "MiB", take, most=50.0))
    assert result.is_met is is_met


async def test_the_json_has_the_documented_fields() -> None:
    ours, theirs = side([], "ours", [1.0, 1.0]), side([], "theirs", [1.0, 1.0])
    result = await compare(Comparison("vs_reference", "items/s", ours, theirs, bar=1.0), rounds=1)
    assert list(json.loads(json.dumps(result.as_json()))) == [
        *("name", "unit", "value", "reference", "ratio", "spread", "cpu_us_per_item")
    ]

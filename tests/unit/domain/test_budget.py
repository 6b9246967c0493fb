"""A number's budget stays below Meta's figure in every sliding second."""

import math
from dataclasses import dataclass

import pytest
from hypothesis import given
from hypothesis import strategies as st

from server.domain import budget

throughputs = st.floats(min_value=1, max_value=5000)


@pytest.mark.proves("G13")
@given(throughputs)
def test_what_can_reach_the_wire_in_a_second_is_at_most_metas_figure(throughput: float) -> None:
    """The steady stream, one burst, and what left late from the time before."""
    rate = budget.rate(throughput)
    assert rate * (1 + budget.BURST_S + budget.LEASE_TO_WIRE_S) <= throughput * (1 + 1e-9)


@given(throughputs)
def test_the_budget_is_not_needlessly_small(throughput: float) -> None:
    assert budget.rate(throughput) >= 0.85 * throughput


@pytest.mark.parametrize(("throughput", "rate"), [(80, 69.57), (1000, 869.57), (20, 17.39)])
def test_metas_usual_figures(throughput: float, rate: float) -> None:
    assert math.isclose(budget.rate(throughput), rate, abs_tol=0.01)


@dataclass(frozen=True)
class Turn:
    """A worker asks what may go, so long after the turn before; what goes is on the wire at most so much later."""

    after_s: float
    to_wire_s: float


turns = st.lists(
    st.builds(Turn, st.floats(0, 0.3) | st.just(0.0), st.floats(0, budget.LEASE_TO_WIRE_S)), min_size=20, max_size=80
)


def arrivals(throughput: int, schedule: list[Turn], burst_at: int) -> list[float]:
    """When what counting workers send reaches Meta: they take turns, and each counts what all have begun.

    At one of the turns one burst comes on top, of a grant from the time before.
    """
    at, began, wire = 0.0, [], []
    for place, turn in enumerate(schedule):
        at += turn.after_s
        lately = sum(at - budget.COUNTED_S < begin for begin in began)
        just_now = sum(at - budget.SLICE_S < begin for begin in began)
        goes = budget.allowance(throughput, lately=lately, just_now=just_now)
        if place == burst_at:
            goes += max(1, math.floor(budget.rate(throughput) * budget.BURST_S))
        began += [at] * goes
        wire += [at + turn.to_wire_s] * goes
    return sorted(wire)


def fullest_second(wire: list[float]) -> int:
    return max((sum(arrival - 1 < earlier <= arrival for earlier in wire) for arrival in wire), default=0)


@pytest.mark.proves("G13")
@given(st.integers(2, 120), turns, st.integers(0, 79))
def test_counting_workers_never_exceed_metas_figure_whenever_they_come(
    throughput: int, schedule: list[Turn], burst_at: int
) -> None:
    assert fullest_second(arrivals(throughput, schedule, burst_at)) <= throughput


@pytest.mark.proves("G13")
@pytest.mark.parametrize("throughput", [2, 3, 5, 10, 20, 30, 80, 250])
@pytest.mark.parametrize("burst_at", [0, 100, 101, 250])
def test_counting_workers_that_ask_all_the_time_never_exceed_metas_figure(throughput: int, burst_at: int) -> None:
    """Everything of the first second reaches Meta as late as it may, and everything after it at once."""
    schedule = [Turn(0.01, budget.LEASE_TO_WIRE_S if place < 100 else 0.0) for place in range(300)]
    assert fullest_second(arrivals(throughput, schedule, burst_at)) <= throughput


@pytest.mark.proves("G11")
@pytest.mark.parametrize("throughput", [1, 2, 5, 20, 80, 250, 1000])
def test_counting_workers_have_at_least_half_of_the_shared_budget(throughput: int) -> None:
    at, began = 0.0, []
    while at < 3 * budget.COUNTED_S:
        lately = sum(at - budget.COUNTED_S < begin for begin in began)
        just_now = sum(at - budget.SLICE_S < begin for begin in began)
        began += [at] * budget.allowance(throughput, lately=lately, just_now=just_now)
        at += budget.SLICE_S / 2
    assert len(began) >= at * budget.rate(throughput) / 2

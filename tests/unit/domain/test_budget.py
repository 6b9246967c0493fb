"""A number's budget stays below Meta's figure in every sliding second."""

import math

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

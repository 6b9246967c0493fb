"""Meta's pair rate, held against what Meta's page says and against a count of what arrives."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from server.domain.pair_rate import BURST, INTERVAL_S, MARGIN_S, MEMORY_S, Debt, charged, owed, wait


def burst(count: int, *, within_s: float = 1.0) -> Debt | None:
    return owed(place * within_s / count for place in range(count))


def test_a_pair_that_owes_nothing_may_go() -> None:
    assert wait(None, 0.0) == 0
    assert wait(Debt(0.0, 6.0), 6.0 + MARGIN_S) == 0


def test_twenty_at_once_are_followed_by_two_minutes() -> None:
    debt = burst(20)
    assert wait(debt, 1.0) == 0  # still within the six seconds
    assert wait(debt, 6.0) == pytest.approx(114 + MARGIN_S)
    assert wait(debt, 120.0 + MARGIN_S) == 0


def test_the_burst_has_an_end() -> None:
    assert wait(burst(BURST - 1), 1.0) == 0
    assert wait(burst(BURST), 1.0) == pytest.approx(BURST * INTERVAL_S - 1.0 + MARGIN_S)


def test_one_message_an_interval_never_waits() -> None:
    debt = None
    for turn in range(100):
        at = turn * (INTERVAL_S + MARGIN_S)
        assert wait(debt, at) == 0
        debt = charged(debt, at)


class Meta:
    """Its rule as its page has it: a burst within six seconds, then silence for as long as its messages would take."""

    def __init__(self) -> None:
        self.began, self.count = float("-inf"), 0

    def takes(self, at: float) -> bool:
        if at >= self.began + self.count * INTERVAL_S:
            self.began, self.count = at, 1
            return True
        self.count += 1
        return at < self.began + INTERVAL_S and self.count <= BURST


@pytest.mark.proves("G13")
@given(st.lists(st.floats(0, 3) | st.floats(0, 400), max_size=150), st.lists(st.floats(0, 0.2), min_size=1))
def test_meta_takes_whatever_leaves_by_this_rule(gaps: list[float], on_the_way: list[float]) -> None:
    """Asked at any times; what leaves is a little longer on its way, one message more than another."""
    at, debt, meta = 0.0, None, Meta()
    for place, gap in enumerate(gaps):
        at += gap
        if wait(debt, at) == 0:
            debt = charged(debt, at)
            at += on_the_way[place % len(on_the_way)]  # one at a time is on the wire
            assert meta.takes(at)


@given(st.lists(st.floats(-1000, 0), max_size=60))
def test_what_is_older_than_the_memory_does_not_matter(tries: list[float]) -> None:
    """Had each been let go by the rule."""
    debt, gone = None, []
    for at in sorted(tries):
        if wait(debt, at) == 0:
            debt, gone = charged(debt, at), [*gone, at]
    recent = [at for at in gone if at > -MEMORY_S]
    assert wait(owed(recent), 0.0) >= wait(debt, 0.0) - 1e-6

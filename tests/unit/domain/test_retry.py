"""The pauses between certain, temporary failures."""

from datetime import timedelta
from itertools import pairwise

import pytest

from server.domain import retry


def test_it_doubles_from_one_second() -> None:
    assert [retry.delay(attempt).total_seconds() for attempt in range(1, 6)] == [1, 2, 4, 8, 16]


def test_it_never_shrinks_and_ends_at_five_minutes() -> None:
    delays = [retry.delay(attempt) for attempt in range(1, 40)]
    assert all(later >= earlier for earlier, later in pairwise(delays))
    assert delays[-1] == timedelta(minutes=5)
    assert retry.delay(10**9) == timedelta(minutes=5)


@pytest.mark.parametrize("attempt", [0, -1])
def test_a_first_pause_is_never_shorter_than_the_shortest(attempt: int) -> None:
    assert retry.delay(attempt) == timedelta(seconds=1)


def test_a_pair_waits_four_seconds_to_the_power_of_its_refusals() -> None:
    assert [retry.pair_delay(4.0, refusals).total_seconds() for refusals in range(4)] == [4, 4, 16, 64]


def test_a_pair_waits_a_day_at_most() -> None:
    assert retry.pair_delay(86_400.0, 3) == timedelta(days=1)
    assert retry.pair_delay(4.0, 10**9) == timedelta(seconds=4**6)

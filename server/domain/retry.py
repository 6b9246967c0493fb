"""When to try again after a failure that was certain and temporary. Pure; the settlement asks."""

from datetime import timedelta

FIRST = timedelta(seconds=1)
LONGEST = timedelta(minutes=5)
LONGEST_OF_A_PAIR = timedelta(days=1)


def delay(failures: int) -> timedelta:
    """After so many tries that could not be written: doubles from one second to five minutes."""
    doublings = min(max(failures - 1, 0), 16)
    return min(FIRST * (1 << doublings), LONGEST)


def pair_delay(first_s: float, refusals: int) -> timedelta:
    """After so many refusals of a pair: `first_s` to their power (Meta: error code 131056, 4^n seconds)."""
    return min(timedelta(seconds=min(first_s ** min(max(refusals, 1), 6), 1e9)), LONGEST_OF_A_PAIR)

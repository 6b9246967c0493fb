"""When to try again after a failure that was certain and temporary."""

from datetime import timedelta

FIRST = timedelta(seconds=1)
LONGEST = timedelta(minutes=5)


def delay(attempt: int) -> timedelta:
    """Doubles from one second to five minutes; attempt counts from 1."""
    doublings = min(max(attempt - 1, 0), 16)
    return min(FIRST * (1 << doublings), LONGEST)

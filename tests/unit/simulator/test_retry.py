from simulator.webhooks.retry import GIVE_UP_AFTER_S, wait_before_next_s


def schedule() -> list[float]:
    """Every wait until Meta would give up, when attempts take no time."""
    waits: list[float] = []
    while (wait := wait_before_next_s(len(waits) + 1, sum(waits))) is not None:
        waits.append(wait)
    return waits


def test_the_first_retry_is_immediate():
    assert wait_before_next_s(1, 0.0) == 0.0


def test_the_waits_grow():
    waits = schedule()
    assert waits == sorted(waits)
    assert waits[1] > 0
    assert waits[-1] == 3600


def test_it_ends_within_seven_days_and_not_much_earlier():
    total = sum(schedule())
    assert GIVE_UP_AFTER_S == 7 * 24 * 3600
    assert GIVE_UP_AFTER_S - 3600 < total <= GIVE_UP_AFTER_S


def test_slow_attempts_count():
    assert wait_before_next_s(2, GIVE_UP_AFTER_S) is None

import pytest

from simulator.settings import Settings
from simulator.webhooks.retry import wait_before_next_s

DAYS_7 = 7 * 24 * 3600


def schedule(settings: Settings) -> list[float]:
    """Every wait until Meta would give up, when attempts take no time."""
    waits: list[float] = []
    while (wait := next_wait(settings, len(waits) + 1, sum(waits))) is not None:
        waits.append(wait)
    return waits


def next_wait(settings: Settings, attempts_made: int, elapsed_s: float) -> float | None:
    steps = settings.webhook_retry_steps_s
    return wait_before_next_s(attempts_made, elapsed_s, steps_s=steps, give_up_s=settings.webhook_give_up_s)


def test_the_first_retry_is_immediate():
    assert next_wait(Settings(), 1, 0.0) == 0.0


def test_the_waits_grow():
    waits = schedule(Settings())
    assert waits == sorted(waits)
    assert waits[1] > 0
    assert waits[-1] == 3600


def test_it_ends_within_seven_days_and_not_much_earlier():
    total = sum(schedule(Settings()))
    assert DAYS_7 - 3600 < total <= DAYS_7


def test_slow_attempts_count():
    assert next_wait(Settings(), 2, DAYS_7) is None


@pytest.mark.parametrize(
    ("steps", "give_up", "waits"),
    [
        ((0.0, 0.2, 0.5), 2.0, [0.0, 0.2, 0.5, 0.5, 0.5]),
        ((1.0,), 3.0, [1.0, 1.0, 1.0]),
        ((1.0,), 0.0, []),
    ],
)
def test_the_settings_decide(steps, give_up, waits):
    assert schedule(Settings(webhook_retry_steps_s=steps, webhook_give_up_s=give_up)) == waits

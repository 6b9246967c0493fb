import random

import msgspec
import pytest

from simulator.delays import Lognormal, draw, is_ascending
from simulator.settings import Settings


def draws(delay, count: int = 4000) -> list[float]:
    chance = random.Random(5)
    return sorted(draw(delay, chance) for _ in range(count))


def test_a_range_is_drawn_evenly():
    drawn = draws((2.0, 4.0))
    assert (drawn[0] >= 2.0, drawn[-1] <= 4.0) == (True, True)
    assert drawn[len(drawn) // 2] == pytest.approx(3.0, abs=0.1)


def test_a_range_of_one_value_is_always_that():
    assert set(draws((0.25, 0.25), 10)) == {0.25}


def test_a_lognormal_delay_has_its_percentiles():
    drawn = draws(Lognormal(0.25, 2.0))
    assert drawn[2000] == pytest.approx(0.25, rel=0.1)
    assert drawn[3960] == pytest.approx(2.0, rel=0.2)


def test_nothing_takes_longer_than_a_day():
    assert draws(Lognormal(40_000.0, 86_400.0))[-1] == 86_400.0


def test_settings_take_both_forms():
    body = b'{"sent_delay_s":{"p50":0.25,"p99":2},"delivered_delay_s":[1,2]}'
    settings = msgspec.json.decode(body, type=Settings)
    assert (settings.sent_delay_s, settings.delivered_delay_s) == (Lognormal(0.25, 2.0), (1.0, 2.0))


@pytest.mark.parametrize("delay", ['{"p50":2,"p99":1}', '{"p50":0,"p99":1}', "[-1,2]", "[1]", '{"p50":1}', "5"])
def test_delays_that_are_none_are_refused(delay):
    with pytest.raises(msgspec.ValidationError):
        msgspec.json.decode(f'{{"sent_delay_s":{delay}}}', type=Settings)


def test_a_range_ascends():
    assert is_ascending((1.0, 1.0))
    assert is_ascending(Lognormal(1.0, 2.0))
    assert not is_ascending((2.0, 1.0))

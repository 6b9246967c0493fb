"""What each kind of clock scales, and what it leaves as long as it is."""

import time

import pytest

from simulator.clock import Clock, ManualClock

NOON = 1_800_000_000.0


def test_a_real_clock_shows_the_time_of_the_machine():
    clock = Clock()
    assert clock.kind == "real"
    assert abs(clock.now() - time.time()) < 5
    assert clock.real_seconds(3.0) == 3.0


def test_a_scaled_clock_divides_delays_and_leaves_points_in_time():
    clock = Clock(10.0)
    assert clock.kind == "scaled"
    assert clock.real_seconds(30.0) == 3.0
    assert clock.seconds_until(clock.now() + 30.0) == pytest.approx(30.0, abs=5)


def test_points_in_time_can_scale_too():
    clock = Clock(10.0, start_at=NOON, scale_points=True)
    assert clock.real_seconds(30.0) == 3.0
    assert clock.seconds_until(NOON + 3000.0) == pytest.approx(300.0, abs=5)


def test_a_clock_that_starts_elsewhere_goes_on_from_there():
    before = time.monotonic()
    clock = Clock(start_at=NOON)
    first = clock.now()
    assert NOON <= first <= NOON + (time.monotonic() - before)
    assert clock.now() >= first


def test_a_point_that_has_passed_is_no_wait():
    assert Clock(start_at=NOON).seconds_until(NOON - 100) == 0.0


def test_a_manual_clock_stands_still_and_never_goes_back():
    clock = ManualClock(NOON)
    assert (clock.kind, clock.now(), clock.monotonic()) == ("manual", NOON, NOON)
    clock.move_to(NOON + 5)
    clock.move_to(NOON + 1)
    assert clock.now() == NOON + 5
    assert clock.elapsed_s(NOON) == 5.0
    assert clock.seconds_until(NOON + 9) == 4.0


def test_a_manual_clock_without_a_start_begins_now():
    assert abs(ManualClock().now() - time.time()) < 5

from functools import partial

import pytest

from simulator.clock import ManualClock
from simulator.scheduler import Scheduler


class Timers:
    """Stands in for the loop: remembers what was asked for last, fires only by hand."""

    def __init__(self) -> None:
        self.delays: list[float] = []
        self.cancelled = 0

    def __call__(self, delay_s, _action):
        self.delays.append(delay_s)
        return self

    def cancel(self) -> None:
        self.cancelled += 1


@pytest.fixture
def timers() -> Timers:
    return Timers()


def test_runs_what_is_due_in_the_order_of_time_then_of_asking(clock, timers):
    ran: list[str] = []
    scheduler = Scheduler(clock, call_later=timers)
    for delay, name in [(2.0, "late"), (1.0, "first"), (1.0, "second"), (9.0, "not yet")]:
        scheduler.after(delay, partial(ran.append, name))
    clock.advance(2.0)
    scheduler.run_due()
    assert ran == ["first", "second", "late"]
    assert len(scheduler) == 1


def test_delays_are_divided_by_the_time_scale(fast_clock, timers):
    scheduler = Scheduler(fast_clock, call_later=timers)
    scheduler.after(50.0, lambda: None)
    assert timers.delays == [pytest.approx(5.0)]


def test_an_earlier_action_moves_the_timer(clock, timers):
    scheduler = Scheduler(clock, call_later=timers)
    scheduler.after(10.0, lambda: None)
    scheduler.after(20.0, lambda: None)
    scheduler.after(1.0, lambda: None)
    assert timers.delays == [pytest.approx(10.0), pytest.approx(1.0)]
    assert timers.cancelled == 1


def test_many_actions_that_schedule_more_set_one_timer(clock, timers):
    scheduler = Scheduler(clock, call_later=timers)
    for wait_s in (5.0, 3.0, 1.0):
        scheduler.after(0.0, partial(scheduler.after, wait_s, lambda: None))
    del timers.delays[:]
    scheduler.run_due()
    assert timers.delays == [pytest.approx(1.0)]


def test_an_action_may_schedule_the_next(clock, timers):
    ran: list[str] = []
    scheduler = Scheduler(clock, call_later=timers)
    scheduler.after(1.0, lambda: scheduler.after(1.0, partial(ran.append, "next")))
    clock.advance(1.0)
    scheduler.run_due()
    assert ran == []
    clock.advance(1.0)
    scheduler.run_due()
    assert ran == ["next"]


def test_a_failing_action_does_not_silence_the_others(clock, timers, caplog):
    ran: list[str] = []
    scheduler = Scheduler(clock, call_later=timers)
    scheduler.after(1.0, lambda: 1 // 0)
    scheduler.after(1.0, partial(ran.append, "other"))
    clock.advance(1.0)
    scheduler.run_due()
    assert ran == ["other"]
    assert "a scheduled action failed" in caplog.text


def test_after_a_stop_nothing_runs(clock, timers):
    ran: list[str] = []
    scheduler = Scheduler(clock, call_later=timers)
    scheduler.after(1.0, partial(ran.append, "before"))
    scheduler.stop()
    scheduler.after(1.0, partial(ran.append, "after"))
    clock.advance(5.0)
    scheduler.run_due()
    assert ran == []
    assert len(scheduler) == 0


def test_a_point_in_time_is_not_divided_and_does_not_keep_the_world_from_being_quiet(fast_clock, timers):
    scheduler = Scheduler(fast_clock, call_later=timers)
    ran: list[str] = []
    scheduler.at(fast_clock.now() + 50.0, partial(ran.append, "expired"))
    assert timers.delays == [pytest.approx(50.0)]
    assert len(scheduler) == 0
    fast_clock.advance(50.0)
    scheduler.run_due()
    assert ran == ["expired"]
    assert len(scheduler) == 0


def test_with_a_manual_clock_no_timer_is_set(timers):
    scheduler = Scheduler(ManualClock(100.0), call_later=timers)
    scheduler.after(1.0, lambda: None)
    assert timers.delays == []
    assert scheduler.next_at == 101.0

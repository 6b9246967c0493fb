"""How long a supervisor waits before it starts a child again."""

from server.cli.supervisor.child import LONGEST_PAUSE_S, STEADY_AFTER_S, Pauses


def test_pauses_double_up_to_a_limit() -> None:
    pauses = Pauses()
    assert [round(pauses.after(0.1), 3) for _ in range(7)] == [0.2, 0.4, 0.8, 1.6, 3.2, 5.0, LONGEST_PAUSE_S]


def test_a_steady_run_makes_the_next_pause_short() -> None:
    pauses = Pauses()
    for _ in range(4):
        pauses.after(0.1)
    assert pauses.after(STEADY_AFTER_S) == 0.2
    assert pauses.after(STEADY_AFTER_S - 1) == 0.4

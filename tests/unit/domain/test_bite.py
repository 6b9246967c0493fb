"""How many messages a claim takes."""

from server.domain.bite import LEAST, MOST, Bite


def test_late_messages_halve_it_once_an_episode_and_never_to_nothing() -> None:
    bite = Bite()
    for _ in range(30):  # all were claimed together
        bite.cut(claimed_at=1.0, at=1.2)
    assert bite.size == MOST // 2
    for round_ in range(2, 12):
        bite.cut(claimed_at=round_, at=round_ + 0.2)
    assert bite.size == LEAST


def test_it_grows_back() -> None:
    bite = Bite()
    bite.cut(claimed_at=1.0, at=1.2)
    for _ in range(MOST):
        bite.grow()
    assert bite.size == MOST

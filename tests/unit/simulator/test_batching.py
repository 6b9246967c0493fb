from simulator.webhooks.batching import Batcher
from simulator.webhooks.updates import Update


def batcher(*changes: str) -> Batcher:
    made = Batcher()
    for seq, change in enumerate(changes, start=1):
        made.add(Update(seq, "1", change))
    return made


def seqs(updates: list[Update]) -> list[int]:
    return [update.seq for update in updates]


def test_collects_until_the_batch_is_full():
    waiting = batcher("a", "b")
    assert waiting.take(3, 0.01) == []
    waiting.add(Update(3, "1", "c"))
    assert seqs(waiting.take(3, 0.01)) == [1, 2, 3]
    assert len(waiting) == 0


def test_goes_out_when_the_window_is_over():
    waiting = batcher("a", "b")
    waiting.end_window()
    assert seqs(waiting.take(10, 0.01)) == [1, 2]


def test_the_end_of_a_window_counts_once():
    waiting = batcher("a")
    waiting.end_window()
    waiting.take(10, 0.01)
    waiting.add(Update(2, "1", "b"))
    assert waiting.take(10, 0.01) == []


def test_an_empty_window_opens_nothing_for_later():
    waiting = batcher()
    waiting.end_window()
    waiting.add(Update(1, "1", "a"))
    assert waiting.take(10, 0.01) == []


def test_a_window_of_zero_collects_nothing():
    assert seqs(batcher("a").take(10, 0)) == [1]


def test_never_more_than_the_size_of_a_batch():
    waiting = batcher(*"abcde")
    waiting.end_window()
    assert seqs(waiting.take(2, 0.01)) == [1, 2]
    assert seqs(waiting.take(2, 0.01)) == [3, 4]
    assert seqs(waiting.take(2, 0.01)) == [5]


def test_a_body_stays_under_metas_three_megabytes():
    waiting = batcher(*["x" * 1_200_000] * 3)
    assert seqs(waiting.take(3, 0.01)) == [1, 2]


def test_one_update_larger_than_that_still_goes():
    waiting = batcher("x" * 4_000_000, "b")
    assert seqs(waiting.take(2, 0.01)) == [1]


def test_an_empty_batcher_has_nothing_to_take_whatever_is_asked_for():
    assert Batcher().take(0, 0) == []

"""Which files are whole, and when fetching them is tried again or given up."""

from itertools import pairwise

import pytest

from server.domain import fetching
from server.domain.fetching import DOUBTS, KEPT_S, Away, Doubtful, Got, Told, Unwanted

SHA, OTHER = b"a" * 32, b"b" * 32
TOLD = Told("image/jpeg", 10, frozenset({SHA}))


def test_a_file_as_it_was_told_has_no_flaw() -> None:
    assert fetching.flaw(TOLD, Got("Image/JPEG", 10, SHA)) is None
    assert fetching.flaw(Told("audio/ogg; codecs=opus", 10, frozenset()), Got("audio/ogg", 10, OTHER)) is None


@pytest.mark.parametrize("came_as", [None, "", "application/octet-stream"])
def test_a_host_that_says_nothing_of_the_type_does_not_contradict(came_as: str | None) -> None:
    assert fetching.flaw(TOLD, Got(came_as, 10, SHA)) is None


@pytest.mark.parametrize(
    ("told", "got", "words"),
    [
        (TOLD, Got("image/jpeg", 9, SHA), "9 bytes"),
        (TOLD, Got("image/jpeg", 10, OTHER), "SHA-256"),
        (Told("image/jpeg", 10, frozenset({SHA, OTHER})), Got("image/jpeg", 10, SHA), "SHA-256"),
        (TOLD, Got("text/html; charset=utf-8", 10, SHA), "it came as text/html"),
        (Told(None, None, frozenset()), Got(None, 0, SHA), "empty"),
    ],
)
def test_anything_else_is_doubtful(told: Told, got: Got, words: str) -> None:
    found = fetching.flaw(told, got)
    assert found is not None
    assert words in found.reason


def waits(failure: fetching.Failure, *, attempts: int = 1, doubts: int = 0, age_s: float = 0) -> float | None:
    return fetching.wait_s(failure, attempts=attempts, doubts=doubts, age_s=age_s)


def test_the_pause_grows_to_half_an_hour() -> None:
    pauses = [waits(Away(""), attempts=attempts) or 0 for attempts in range(1, 40)]
    assert pauses[:3] == [5, 10, 20]
    assert all(one <= after for one, after in pairwise(pauses))
    assert pauses[-1] == waits(Away(""), attempts=10**9) == 1800


def test_meta_may_ask_for_more() -> None:
    assert waits(Away("", 3600)) == 3600


def test_an_outage_is_waited_for_as_long_as_meta_keeps_the_file() -> None:
    assert waits(Away(""), attempts=500, doubts=DOUBTS - 1, age_s=KEPT_S - 1801) == 1800
    assert waits(Away(""), attempts=500, age_s=KEPT_S - 1800) is None


def test_a_few_wrong_answers_are_enough() -> None:
    assert waits(Doubtful(""), doubts=DOUBTS - 1) is not None
    assert waits(Doubtful(""), doubts=DOUBTS) is None


def test_what_is_too_large_is_not_tried_again() -> None:
    assert waits(Unwanted("")) is None
    assert fetching.too_large("video", 16 * 1024 * 1024).reason == (
        "the file is larger than 16 MB, the limit for a video (inbound_video_max_mb)"
    )


@pytest.mark.parametrize(
    ("mime_type", "kind"),
    [
        ("image/jpeg", "image"),
        ("IMAGE/WEBP", "sticker"),
        ("audio/ogg; codecs=opus", "audio"),
        ("video/mp4", "video"),
        ("text/csv", "document"),
        ("", "document"),
    ],
)
def test_every_type_has_a_limit(mime_type: str, kind: str) -> None:
    assert fetching.kind_of(mime_type) == kind
    assert kind in fetching.KINDS

"""The customer service window: 24 hours from the person's last message."""

from datetime import UTC, datetime, timedelta

from server.domain import window

WRITTEN = datetime(2030, 1, 1, 12, tzinfo=UTC)
INSTANT = timedelta(microseconds=1)


def test_it_was_never_open_for_someone_who_never_wrote() -> None:
    assert not window.is_open(None, WRITTEN)
    assert window.closes_at(None) is None


def test_it_is_open_from_the_message_to_just_before_24_hours() -> None:
    assert window.is_open(WRITTEN, WRITTEN)
    assert window.is_open(WRITTEN, WRITTEN + timedelta(hours=24) - INSTANT)


def test_it_is_closed_at_24_hours() -> None:
    assert not window.is_open(WRITTEN, WRITTEN + timedelta(hours=24))
    assert window.closes_at(WRITTEN) == WRITTEN + timedelta(hours=24)


def test_a_message_dated_after_our_clock_opens_it() -> None:
    assert window.is_open(WRITTEN + timedelta(seconds=5), WRITTEN)

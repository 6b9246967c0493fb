"""Identifiers sort by time."""

from datetime import UTC, datetime, timedelta
from itertools import pairwise
from uuid import UUID

import pytest

from server.core.ids import new_id, time_of


def test_they_are_uuids_of_version_7_as_the_standard_library_knows_them() -> None:
    identifier = new_id()
    assert isinstance(identifier, UUID)
    assert (identifier.version, identifier.variant) == (7, "specified in RFC 4122")


def test_each_is_greater_than_the_one_before() -> None:
    made = [new_id() for _ in range(20_000)]
    assert all(earlier < later for earlier, later in pairwise(made))
    assert all(earlier.bytes < later.bytes and str(earlier) < str(later) for earlier, later in pairwise(made))


def test_the_time_of_one_is_when_it_was_made() -> None:
    before = datetime.now(UTC) - timedelta(milliseconds=1)
    at = time_of(new_id())
    assert before <= at <= datetime.now(UTC) + timedelta(milliseconds=1)


@pytest.mark.parametrize(
    ("text", "at"),
    [
        ("017f22e2-79b0-7cc3-98c4-dc0c0c07398f", datetime(2022, 2, 22, 19, 22, 22, tzinfo=UTC)),
        ("00000000-0000-7000-8000-000000000000", datetime(1970, 1, 1, tzinfo=UTC)),
    ],
)
def test_known_instants(text: str, at: datetime) -> None:
    """The first is the example of RFC 9562, appendix A.6."""
    assert time_of(UUID(text)) == at

"""Cursors come back as they were made, and nothing else is taken for one."""

import base64
from datetime import UTC, datetime, timedelta
from typing import Literal, NamedTuple
from uuid import UUID

import pytest
from hypothesis import given
from hypothesis import strategies as st

from server.domain.errors import Refused
from server.schemas import cursors


class Position(NamedTuple):
    of: Literal["things"]
    at: datetime
    id: UUID


POSITION = Position("things", datetime(2026, 1, 31, 12, tzinfo=UTC), UUID(int=7))
instants = st.datetimes(min_value=datetime(1970, 1, 1), max_value=datetime(2200, 1, 1)).map(  # noqa: DTZ001 - made aware below
    lambda at: at.replace(tzinfo=UTC)
)


def raw(cursor: str) -> bytes:
    return base64.urlsafe_b64decode(cursor + "==")


@given(instants, st.uuids())
def test_a_cursor_comes_back_to_the_microsecond(at: datetime, identifier: UUID) -> None:
    position = Position("things", at, identifier)
    assert cursors.decode(cursors.encode(position), Position) == position


def test_a_cursor_fits_into_a_url_and_into_its_limit() -> None:
    cursor = cursors.encode(POSITION._replace(at=POSITION.at + timedelta(microseconds=1)))
    assert len(cursor) < 130
    assert cursor.replace("-", "").replace("_", "").isalnum()


@pytest.mark.parametrize("text", ["", "=", "?", "a", "AAAA", "null", "é", "\x00", "x" * 201])
def test_garbage_is_refused(text: str) -> None:
    with pytest.raises(Refused) as refused:
        cursors.decode(text, Position)
    assert refused.value.code == "invalid_cursor"


@pytest.mark.parametrize(
    "text",
    [
        cursors.encode(("others", POSITION.at, POSITION.id)),
        cursors.encode(("things", POSITION.at)),
        cursors.encode(("things", POSITION.at, "7")),
        cursors.encode((*POSITION, 1)),
        cursors.encode(POSITION) + "!",
        " " + cursors.encode(POSITION),
    ],
)
def test_whatever_is_no_cursor_of_this_list_is_refused(text: str) -> None:
    with pytest.raises(Refused) as refused:
        cursors.decode(text, Position)
    assert refused.value.code == "invalid_cursor"


@given(st.text(max_size=250))
def test_no_text_is_worse_than_refused(text: str) -> None:
    with pytest.raises(Refused, match="cursor"):
        cursors.decode(text, Position)


@given(st.binary(max_size=60))
def test_no_bytes_are_worse_than_refused(content: bytes) -> None:
    with pytest.raises(Refused):
        cursors.decode(base64.urlsafe_b64encode(content).decode(), Position)

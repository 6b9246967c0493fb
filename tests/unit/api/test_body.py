"""The strict reader of JSON bodies."""

import json
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from server.api.body import MAX_DEPTH, parse
from server.domain.errors import Refused

JSON = st.recursive(
    st.none()
    | st.booleans()
    | st.integers(-(2**63), 2**63)
    | st.floats(allow_nan=False, allow_infinity=False)
    | st.text(),
    lambda inner: st.lists(inner, max_size=4) | st.dictionaries(st.text(), inner, max_size=4),
    max_leaves=20,
)


@given(st.dictionaries(st.text(), JSON, max_size=4), st.booleans())
def test_what_another_program_wrote_is_read_as_meant(value: dict[str, Any], ascii_only: bool) -> None:
    assert parse(json.dumps(value, ensure_ascii=ascii_only).encode()) == value


@given(st.binary(max_size=200) | st.text(alphabet='{}[]":,\\ud8ecf0123.eE-NaItrufls \t\n', max_size=60).map(str.encode))
def test_anything_else_is_refused_and_never_fails(raw: bytes) -> None:
    try:
        found: object = parse(raw)
    except Refused as refused:
        found = refused.code
    assert isinstance(found, dict) or found == "bad_json"


def test_nesting_is_taken_to_its_limit_and_no_further() -> None:
    assert parse(nested(MAX_DEPTH))
    with pytest.raises(Refused, match=f"more than {MAX_DEPTH} deep"):
        parse(nested(MAX_DEPTH + 1))


def test_a_place_is_given_where_there_is_one() -> None:
    with pytest.raises(Refused, match="line 2, column 3"):
        parse(b'{"a":1,\n  }')
    with pytest.raises(Refused, match="UTF-8 at byte 6"):
        parse(b'{"a":"\xff"}')


def test_a_pair_of_escapes_is_one_character() -> None:
    assert parse(b'{"a":"\\ud83d\\ude00"}') == {"a": "\N{GRINNING FACE}"}
    assert parse(b'{"a":"\\\\ud83d"}') == {"a": "\\ud83d"}


def nested(depth: int) -> bytes:
    return b'{"a":' * depth + b"1" + b"}" * depth

import json

import pytest
from hypothesis import given
from hypothesis import strategies as st

from simulator import wire

TEXTS = st.text(st.characters(codec=None))
VALUES = st.recursive(
    st.none() | st.booleans() | st.integers(-(2**53), 2**53) | TEXTS,
    lambda inner: st.lists(inner, max_size=4) | st.dictionaries(TEXTS, inner, max_size=4),
    max_leaves=12,
)


@given(VALUES)
def test_bytes_are_those_of_the_escaping_encoder(value):
    expected = json.dumps(value, ensure_ascii=True, separators=(",", ":")).replace("/", "\\/")
    assert wire.dump_bytes(value) == expected.encode("ascii")


@pytest.mark.parametrize(
    ("value", "expected"),
    [
        ({"a": "grün"}, rb'{"a":"gr\u00fcn"}'),
        ({"url": "https://example.test/a"}, rb'{"url":"https:\/\/example.test\/a"}'),
        ("\ud83d", rb'"\ud83d"'),
        ("🙂", rb'"\ud83d\ude42"'),
        ('a\u0000\n"\\', rb'"a\u0000\n\"\\"'),
    ],
)
def test_escapes_as_meta_does(value, expected):
    assert wire.dump_bytes(value) == expected

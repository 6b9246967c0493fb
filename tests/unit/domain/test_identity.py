"""Phone numbers in one form."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from server.domain.identity import phone_digits


@pytest.mark.parametrize(
    "text",
    [
        "+15550100123",
        "15550100123",
        "+1 555 010 0123",
        "+1 (555) 010-0123",
        "+1.555.010.0123",
        "+1\N{NO-BREAK SPACE}555\N{NON-BREAKING HYPHEN}010\N{EN DASH}0123",
        "\t+15550100123\n",
    ],
)
def test_the_ways_to_write_one_number(text: str) -> None:
    assert phone_digits(text) == "15550100123"


@pytest.mark.parametrize("text", ["1555010", "+1555010", "155501001234567"])
def test_the_shortest_and_the_longest(text: str) -> None:
    assert phone_digits(text) == text.removeprefix("+")


@pytest.mark.parametrize(
    "text",
    [
        "",
        " ",
        "+",
        "555010",
        "1555010012345678",
        "05550100123",
        "+05550100123",
        "++15550100123",
        "1+5550100123",
        "+1555010x123",
        "US.15550100123",
        "+1５５５0100123",
        "+1٥٥٥0100123",
        "15550100123\x00",
    ],
)
def test_what_is_no_number(text: str) -> None:
    assert phone_digits(text) is None


@given(st.text(alphabet="+0123456789 ()-.x\u0661", max_size=24))
def test_what_is_found_is_found_again(text: str) -> None:
    digits = phone_digits(text)
    if digits is not None:
        assert digits.isascii()
        assert digits.isdigit()
        assert 7 <= len(digits) <= 15
        assert not digits.startswith("0")
        assert phone_digits(digits) == phone_digits(f"+{digits}") == digits


@given(st.text())
def test_any_text_is_taken(text: str) -> None:
    phone_digits(text)

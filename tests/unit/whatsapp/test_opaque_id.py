"""The id that comes back in statuses is read only if we made it."""

from uuid import UUID

import pytest
from hypothesis import given
from hypothesis import strategies as st

from server.core.crypto import Keyring, new_keyring, parse_keyring
from server.core.ids import new_id
from server.whatsapp.opaque_id import OpaqueIds

OURS = OpaqueIds(parse_keyring(new_keyring()))
MESSAGE = UUID("0193a0b0-0000-7000-8000-0000000000aa")
attempts = st.integers(0, 32_767)


@given(st.uuids(), attempts)
def test_what_was_made_is_read(message: UUID, attempt: int) -> None:
    text = OURS.make(message, attempt)
    assert OURS.read(text) == (message, attempt)
    assert len(text) <= 70
    assert text.isascii()
    assert text.isprintable()


def test_ids_of_other_tries_and_messages_differ() -> None:
    made = {OURS.make(message, attempt) for message in (MESSAGE, new_id()) for attempt in (1, 2, 11)}
    assert len(made) == 6


@given(st.text())
def test_any_other_text_is_not_ours(text: str) -> None:
    assert OURS.read(text) is None


@given(st.text(alphabet=st.characters(categories=["Cs"]) | st.sampled_from(".t1?a\x00"), min_size=1))
def test_odd_characters_are_not_ours(text: str) -> None:
    assert OURS.read(text) is None
    assert OURS.read(f"{OURS.make(MESSAGE, 1)}{text}") is None
    assert OURS.read(f"{text}{OURS.make(MESSAGE, 1)}") is None


@given(st.from_regex(r"t1\.[0-9a-f]{32}\.[0-9]{1,5}\.[A-Za-z0-9_-]{16}", fullmatch=True))
def test_the_right_form_alone_is_not_enough(text: str) -> None:
    assert OURS.read(text) is None


def test_no_changed_character_goes_unnoticed() -> None:
    text = OURS.make(MESSAGE, 3)
    for place, original in enumerate(text):
        for other in "0123456789abcdefABCDEFtz._-+/=? é":
            if other != original:
                assert OURS.read(text[:place] + other + text[place + 1 :]) is None


def test_nothing_cut_or_added_goes_unnoticed() -> None:
    text = OURS.make(MESSAGE, 3)
    for place in range(len(text)):
        assert OURS.read(text[:place]) is None
        assert OURS.read(text[place + 1 :]) is None
    for odd in (f" {text}", f"{text} ", f"{text}\n", f"{text}=", text.upper(), f"{text}.{text}", text * 2):
        assert OURS.read(odd) is None


def test_another_attempt_with_this_mac_is_not_ours() -> None:
    form, message, _, mac = OURS.make(MESSAGE, 1).split(".")
    assert OURS.read(f"{form}.{message}.2.{mac}") is None
    assert OURS.read(f"{form}.{message}.01.{mac}") is None


@pytest.mark.parametrize("hashing_key", [b"\x00" * 32, b"\xff" * 32])
def test_another_keyring_does_not_read_it(hashing_key: bytes) -> None:
    others = OpaqueIds(Keyring("k1", {"k1": b"k" * 32}, hashing_key))
    assert others.read(OURS.make(MESSAGE, 1)) is None
    assert OURS.read(others.make(MESSAGE, 1)) is None

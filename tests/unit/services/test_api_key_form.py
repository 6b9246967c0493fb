"""The form of API keys: what is no key of ours is known without asking the database."""

import string

import pytest
from hypothesis import given
from hypothesis import strategies as st

from server.core.crypto import new_keyring, parse_keyring
from server.domain.errors import Refused
from server.services.api_keys import ApiKeys, _Parts, _random, _split

ALPHABET = string.digits + string.ascii_letters


def token(environment: str = "live") -> str:
    return _Parts(environment, _random(12), _random(43)).token


def test_a_key_has_its_form() -> None:
    made = token()
    assert made.startswith("treeex_live_")
    assert len(made) == len("treeex_live_") + 12 + 43 + 6
    parts = _split(made)
    assert parts is not None
    assert parts.token == made


@pytest.mark.proves("S5")
@given(st.integers(0, 72), st.sampled_from(ALPHABET + "_-= é"))
def test_one_wrong_character_is_found(place: int, character: str) -> None:
    made = token("test")
    changed = made[:place] + character + made[place + 1 :]
    assert (_split(changed) is None) == (changed != made)


@given(st.integers(12, 71))
def test_two_swapped_characters_are_found(place: int) -> None:
    made = token()
    swapped = made[:place] + made[place + 1] + made[place] + made[place + 2 :]
    assert (_split(swapped) is None) == (swapped != made)


@pytest.mark.proves("S5")
@given(st.text(max_size=100))
def test_anything_else_is_no_key(text: str) -> None:
    assert _split(text) is None


class Poolless:
    """A database that cannot be asked: what asks it fails."""

    pool = None


async def test_what_is_no_key_is_refused_without_a_query() -> None:
    keys = ApiKeys(Poolless(), parse_keyring(new_keyring()))  # type: ignore[arg-type]  # a query would fail on it
    with pytest.raises(Refused) as caught:
        await keys.authenticate(token()[:-1] + "-")
    assert caught.value.code == "invalid_key"


@pytest.mark.proves("G21")
def test_secrets_do_not_show_in_what_is_printed() -> None:
    parts = _split(token())
    assert parts is not None
    assert parts.secret not in repr(parts)

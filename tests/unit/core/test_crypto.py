"""A secret opens only whole, at its place, with its key."""

import base64
import json
from dataclasses import replace
from uuid import UUID

import pytest

from server.core.crypto import (
    CannotDecrypt,
    DataKey,
    Keyring,
    KeyringInvalid,
    Place,
    new_keyring,
    parse_keyring,
)

PLACE = Place("phone_numbers", "access_token", UUID(int=1), UUID(int=2))
ELSEWHERE = [
    replace(PLACE, table="apps"),
    replace(PLACE, column="app_secret"),
    replace(PLACE, workspace_id=UUID(int=3)),
    replace(PLACE, row_id=UUID(int=3)),
    replace(PLACE, workspace_id=PLACE.row_id, row_id=PLACE.workspace_id),
]
SECRET = b"EAAcanary" * 12


@pytest.fixture(scope="module")
def keys() -> Keyring:
    return parse_keyring(new_keyring())


def flipped(blob: bytes) -> list[bytes]:
    """Every blob that differs in one bit."""
    number = int.from_bytes(blob)
    return [(number ^ (1 << bit)).to_bytes(len(blob)) for bit in range(len(blob) * 8)]


@pytest.mark.proves("G20")
@pytest.mark.parametrize("plaintext", [b"", b"\x00", SECRET, bytes(range(256)) * 40])
def test_what_was_closed_opens_again(keys: Keyring, plaintext: bytes) -> None:
    data_key = DataKey.new()
    assert data_key.decrypt(data_key.encrypt(plaintext, PLACE), PLACE) == plaintext
    assert keys.open(keys.seal(plaintext, PLACE), PLACE) == plaintext


@pytest.mark.proves("G20", "S6")
def test_no_flipped_bit_goes_unnoticed_in_a_ciphertext() -> None:
    data_key = DataKey.new()
    blobs = flipped(data_key.encrypt(SECRET, PLACE))
    assert len(blobs) > 1000
    for blob in blobs:
        with pytest.raises(CannotDecrypt):
            data_key.decrypt(blob, PLACE)


@pytest.mark.proves("G20", "S6")
def test_no_flipped_bit_goes_unnoticed_in_a_sealed_value(keys: Keyring) -> None:
    """With a second key whose name is one flipped bit away."""
    both = Keyring("k1", {**keys.keys, "k3": DataKey.new().key, "": DataKey.new().key}, keys.hashing_key)
    for blob in flipped(both.seal(SECRET, PLACE)):
        with pytest.raises(CannotDecrypt):
            both.open(blob, PLACE)


@pytest.mark.proves("G20", "S6")
@pytest.mark.parametrize("place", ELSEWHERE)
def test_what_is_moved_does_not_open(keys: Keyring, place: Place) -> None:
    data_key = DataKey.new()
    ciphertext, sealed = data_key.encrypt(SECRET, PLACE), keys.seal(SECRET, PLACE)
    with pytest.raises(CannotDecrypt):
        data_key.decrypt(ciphertext, place)
    with pytest.raises(CannotDecrypt):
        keys.open(sealed, place)


@pytest.mark.proves("G20", "S6")
def test_what_is_cut_or_grown_does_not_open(keys: Keyring) -> None:
    data_key = DataKey.new()
    ciphertext, sealed = data_key.encrypt(SECRET, PLACE), keys.seal(SECRET, PLACE)
    for length in range(len(ciphertext)):
        with pytest.raises(CannotDecrypt):
            data_key.decrypt(ciphertext[:length], PLACE)
    for length in range(len(sealed)):
        with pytest.raises(CannotDecrypt):
            keys.open(sealed[:length], PLACE)
    for grown in (ciphertext + b"\x00", b"\x01" + ciphertext):
        with pytest.raises(CannotDecrypt):
            data_key.decrypt(grown, PLACE)


@pytest.mark.proves("G20", "S6")
def test_another_data_key_does_not_open_it() -> None:
    with pytest.raises(CannotDecrypt):
        DataKey.new().decrypt(DataKey.new().encrypt(SECRET, PLACE), PLACE)


@pytest.mark.proves("G20", "S6")
def test_a_key_that_the_keyring_lacks_is_told(keys: Keyring) -> None:
    renamed = Keyring("k2", {"k2": keys.keys["k1"]}, keys.hashing_key)
    with pytest.raises(CannotDecrypt, match="a key-encryption key that the keyring does not hold"):
        renamed.open(keys.seal(SECRET, PLACE), PLACE)


def test_an_older_key_still_opens_and_the_current_one_seals(keys: Keyring) -> None:
    sealed = keys.seal(SECRET, PLACE)
    rotated = Keyring("k2", {**keys.keys, "k2": DataKey.new().key}, keys.hashing_key)
    assert rotated.open(sealed, PLACE) == SECRET
    assert rotated.seal(SECRET, PLACE)[2:4] == b"k2"


@pytest.mark.proves("S6")
def test_the_same_secret_never_looks_the_same(keys: Keyring) -> None:
    data_key = DataKey.new()
    made = [data_key.encrypt(SECRET, PLACE) for _ in range(2000)]
    assert len({blob[1:13] for blob in made}) == len(made)
    assert len({keys.seal(SECRET, PLACE) for _ in range(100)}) == 100
    assert not any(SECRET in blob for blob in made)


def test_keyed_hashes_depend_on_purpose_message_and_keyring(keys: Keyring) -> None:
    other = parse_keyring(new_keyring())
    made = {keys.mac("a", b"1"), keys.mac("b", b"1"), keys.mac("a", b"2"), other.mac("a", b"1")}
    assert len(made) == 4
    assert keys.mac("a", b"1") in made
    assert {len(mac) for mac in made} == {32}
    assert keys.derive("a") not in (keys.hashing_key, keys.keys["k1"])


@pytest.mark.proves("G21")
def test_no_key_shows_in_a_repr() -> None:
    text = new_keyring()
    keyring, data_key = parse_keyring(text), DataKey.new()
    shown = f"{keyring!r} {keyring} {data_key!r} {data_key} {[keyring]} {[data_key]}"
    for key in (*keyring.keys.values(), keyring.hashing_key, data_key.key):
        assert repr(key) not in shown
        assert key.hex() not in shown
        assert base64.b64encode(key).decode() not in shown
    assert "k1" in shown


def test_a_keyring_of_more_keys_is_read() -> None:
    raw = json.loads(new_keyring())
    raw["keys"]["2030-01.new_one"] = base64.b64encode(b"x" * 32).decode()
    raw["current"] = "2030-01.new_one"
    keyring = parse_keyring(json.dumps(raw))
    assert keyring.open(keyring.seal(SECRET, PLACE), PLACE) == SECRET


CANARY = base64.b64encode(b"canary-of-thirty-two-bytes-long!").decode()
SHORT = base64.b64encode(b"canary").decode()


@pytest.mark.proves("G21")
@pytest.mark.parametrize(
    "text",
    [
        "",
        "null",
        "[]",
        f'"{CANARY}"',
        f'{{"current": "k1", "keys": {{"k1": "{CANARY}"}}',
        json.dumps({"current": "k1", "keys": {"k1": CANARY}}),
        json.dumps({"current": "k1", "hashing_key": CANARY}),
        json.dumps({"keys": {"k1": CANARY}, "hashing_key": CANARY}),
        json.dumps({"current": "k2", "keys": {"k1": CANARY}, "hashing_key": CANARY}),
        json.dumps({"current": [CANARY], "keys": {"k1": CANARY}, "hashing_key": CANARY}),
        json.dumps({"current": None, "keys": {"k1": CANARY}, "hashing_key": CANARY}),
        json.dumps({"current": "k1", "keys": [CANARY], "hashing_key": CANARY}),
        json.dumps({"current": "k1", "keys": {"k1": 5}, "hashing_key": CANARY}),
        json.dumps({"current": "k1", "keys": {"k1": SHORT}, "hashing_key": CANARY}),
        json.dumps({"current": "k1", "keys": {"k1": CANARY}, "hashing_key": SHORT}),
        json.dumps({"current": "k1", "keys": {"k1": CANARY + "*"}, "hashing_key": CANARY}),
        json.dumps({"current": "k1", "keys": {"k1": CANARY + "é"}, "hashing_key": CANARY}),
        json.dumps({"current": "", "keys": {"": CANARY}, "hashing_key": CANARY}),
        json.dumps({"current": "ä", "keys": {"ä": CANARY}, "hashing_key": CANARY}),
        json.dumps({"current": "k" * 300, "keys": {"k" * 300: CANARY}, "hashing_key": CANARY}),
        '{"current":' * 100_000,
    ],
)
def test_a_keyring_that_cannot_be_read_is_refused_without_quoting_it(text: str) -> None:
    with pytest.raises(KeyringInvalid) as caught:
        parse_keyring(text)
    told = f"{caught.value}"
    assert "keyring" in told
    assert ";" in told
    assert CANARY not in told
    assert SHORT not in told
    assert caught.value.__suppress_context__ or caught.value.__context__ is None

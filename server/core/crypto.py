"""Encryption at rest and keyed hashes, from one keyring.

A secret of a workspace is sealed with the workspace's data key, which is itself sealed with a key-encryption key. The
additional data (table, column, workspace, row) binds a ciphertext to its place: moved elsewhere it does not open.
"""

import base64
import hmac
import json
import os
import re
import secrets
from dataclasses import dataclass
from hashlib import sha256
from uuid import UUID

from cryptography.exceptions import InvalidTag
from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.ciphers.aead import AESGCM
from cryptography.hazmat.primitives.kdf.hkdf import HKDF

_VERSION = b"\x01"
_NONCE_BYTES = 12
KEY_BYTES = 32
_KEY_NAME = re.compile(r"[A-Za-z0-9._-]{1,64}")  # it travels with each ciphertext, behind one byte of length
PLATFORM = UUID(int=0)
"""Stands for the workspace in the additional data of a secret that belongs to none."""


class KeyringInvalid(Exception):
    """The keyring cannot be read; the message says why and how to mend it."""


class CannotDecrypt(Exception):
    """The ciphertext was changed, moved from its place, or sealed with a key that the keyring lacks."""


@dataclass(frozen=True, slots=True)
class Place:
    """Where a ciphertext lives. It only opens there."""

    table: str
    column: str
    workspace_id: UUID
    row_id: UUID

    def additional_data(self) -> bytes:
        return f"{self.table}|{self.column}|{self.workspace_id}|{self.row_id}".encode()


@dataclass(frozen=True, slots=True)
class Keyring:
    """Key-encryption keys by name, the name of the one that seals, and the root of all keyed hashes."""

    current: str
    keys: dict[str, bytes]
    hashing_key: bytes

    def __repr__(self) -> str:
        return f"Keyring(current={self.current!r}, keys={sorted(self.keys)})"

    def seal(self, plaintext: bytes, place: Place) -> bytes:
        """Seals with the current key-encryption key, whose name travels with the ciphertext."""
        name = self.current.encode()
        return _VERSION + bytes([len(name)]) + name + _encrypt(self.keys[self.current], plaintext, place)

    def open(self, sealed: bytes, place: Place) -> bytes:
        """Raises CannotDecrypt."""
        if sealed[:1] != _VERSION or len(sealed) < 2:
            raise CannotDecrypt("unknown format of a sealed value")
        end = 2 + sealed[1]
        key = self.keys.get(sealed[2:end].decode("ascii", "replace"))
        if key is None:
            raise CannotDecrypt("sealed with a key-encryption key that the keyring does not hold")
        return _decrypt(key, sealed[end:], place)

    def mac(self, purpose: str, message: bytes) -> bytes:
        """HMAC-SHA256 under a key derived for `purpose`; 32 bytes."""
        return hmac.digest(self.derive(purpose), message, sha256)

    def derive(self, purpose: str) -> bytes:
        """A key of 32 bytes for one purpose only."""
        return HKDF(hashes.SHA256(), KEY_BYTES, salt=None, info=purpose.encode()).derive(self.hashing_key)


@dataclass(frozen=True, slots=True, repr=False)
class DataKey:
    """The key of one workspace."""

    key: bytes

    @staticmethod
    def new() -> "DataKey":
        return DataKey(secrets.token_bytes(KEY_BYTES))

    def encrypt(self, plaintext: bytes, place: Place) -> bytes:
        return _VERSION + _encrypt(self.key, plaintext, place)

    def decrypt(self, ciphertext: bytes, place: Place) -> bytes:
        """Raises CannotDecrypt."""
        if ciphertext[:1] != _VERSION:
            raise CannotDecrypt("unknown format of a ciphertext")
        return _decrypt(self.key, ciphertext[1:], place)


def _encrypt(key: bytes, plaintext: bytes, place: Place) -> bytes:
    nonce = os.urandom(_NONCE_BYTES)
    return nonce + AESGCM(key).encrypt(nonce, plaintext, place.additional_data())


def _decrypt(key: bytes, blob: bytes, place: Place) -> bytes:
    if len(blob) < _NONCE_BYTES + 16:
        raise CannotDecrypt("the ciphertext is too short")
    try:
        return AESGCM(key).decrypt(blob[:_NONCE_BYTES], blob[_NONCE_BYTES:], place.additional_data())
    except InvalidTag:
        raise CannotDecrypt("the ciphertext was changed or does not belong here") from None


def new_keyring() -> str:
    """The text of a fresh keyring, for a key file or a secret store."""
    return json.dumps(
        {
            "current": "k1",
            "keys": {"k1": base64.b64encode(secrets.token_bytes(KEY_BYTES)).decode()},
            "hashing_key": base64.b64encode(secrets.token_bytes(KEY_BYTES)).decode(),
        },
        indent=2,
    )


def parse_keyring(text: str) -> Keyring:
    """Reads what `new_keyring` writes. Raises KeyringInvalid, never quoting a key."""
    try:
        raw = json.loads(text)
        keys = {name: _key(value) for name, value in raw["keys"].items()}
        current, hashing_key = raw["current"], _key(raw["hashing_key"])
    except (ValueError, KeyError, TypeError, AttributeError, RecursionError):
        raise KeyringInvalid(
            "the keyring is not of the form that `treeex keyring` prints; make one with it, or restore yours"
        ) from None
    if not all(_KEY_NAME.fullmatch(name) for name in keys):
        raise KeyringInvalid("a key of the keyring has a name that is not 1 to 64 of A-Z a-z 0-9 . _ -; rename it")
    if not isinstance(current, str) or current not in keys:
        raise KeyringInvalid("the keyring's `current` names no key in `keys`; correct it")
    return Keyring(current, keys, hashing_key)


def _key(value: str) -> bytes:
    key = base64.b64decode(value, validate=True)
    if len(key) != KEY_BYTES:
        raise ValueError("a key has 32 bytes")
    return key

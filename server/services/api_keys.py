"""API keys: made once and shown once, looked up by their public part, proved by an HMAC of the whole.

`treeex_live_<12 id><43 secret><6 checksum>`, all base62. The checksum refuses typing errors without a query. What is
stored is an HMAC-SHA256 under a key of the keyring, over environment, id and secret, so no part can be exchanged.
"""

import hmac
import re
import secrets
import string
import zlib
from dataclasses import dataclass
from datetime import datetime
from functools import lru_cache, partial
from uuid import UUID

from server.core import clock
from server.core.crypto import Keyring
from server.core.db import Database
from server.core.ids import new_id
from server.core.mac import Mac
from server.domain.enums import Scope
from server.domain.errors import Refused
from server.models.workspaces import ApiKey
from server.repositories import workspaces as rows
from server.services.shared_lookup import SharedLookup
from server.services.workspaces import checked_name

ENVIRONMENTS = ("live", "test")
_ID, _SECRET, _CHECKSUM = 12, 43, 6
_ALPHABET = string.digits + string.ascii_letters
_TOKEN = re.compile(rf"treeex_(live|test)_([0-9A-Za-z]{{{_ID}}})([0-9A-Za-z]{{{_SECRET}}})([0-9A-Za-z]{{{_CHECKSUM}}})")
_NOBODY = b"\x00" * 32


@dataclass(frozen=True, slots=True)
class Principal:
    """Who calls, and what they may do."""

    workspace_id: UUID
    api_key_id: UUID
    environment: str
    scopes: frozenset[Scope]


@dataclass(frozen=True, slots=True)
class ApiKeyInfo:
    """A key, as it is shown. Its secret is not known here."""

    workspace_id: UUID
    id: UUID
    key_id: str
    name: str
    environment: str
    scopes: tuple[Scope, ...]
    created_at: datetime
    expires_at: datetime | None
    revoked_at: datetime | None


@dataclass(frozen=True, slots=True, repr=False)
class NewKey:
    """A key that was just made, with the token that is shown this once."""

    info: ApiKeyInfo
    token: str


class ApiKeys:
    """The keys of all workspaces."""

    def __init__(self, db: Database, keyring: Keyring) -> None:
        self._db = db
        self._mac = Mac(keyring.derive("api-key"))
        self._lookup = SharedLookup(partial(rows.find_keys, db.pool))

    async def authenticate(self, token: str) -> Principal:
        """Raises Refused("invalid_key"), the same for every way in which a key can be bad."""
        parts = _split(token)
        if parts is None:
            raise Refused("invalid_key")
        found = await self._lookup.get(parts.key_id)
        # An unknown id costs the same comparison as a wrong secret.
        proved = hmac.compare_digest(self._proof(parts), found.secret_hmac if found else _NOBODY)
        if found is None or not proved or found.revoked_at is not None or _is_past(found.expires_at):
            raise Refused("invalid_key")
        return Principal(found.workspace_id, found.id, found.environment, _granted(found.scopes))

    async def create(
        self,
        workspace_id: UUID,
        *,
        name: str,
        scopes: frozenset[Scope],
        environment: str = "live",
        expires_at: datetime | None = None,
    ) -> NewKey:
        """A new key. Raises Refused with invalid_name, or with not_found when there is no such workspace."""
        if environment not in ENVIRONMENTS:
            raise ValueError(f"an environment is one of {ENVIRONMENTS}")
        name = checked_name(name)
        parts = _Parts(environment, _random(_ID), _random(_SECRET))
        values = {
            "workspace_id": workspace_id,
            "id": new_id(),
            "key_id": parts.key_id,
            "name": name,
            "environment": environment,
            "secret_hmac": self._proof(parts),
            "scopes": sorted(scopes),
            "expires_at": expires_at,
        }
        async with self._db.transaction(workspace_id) as connection:
            if await rows.sealed_data_key(connection, workspace_id) is None:
                raise Refused("not_found", f"There is no workspace {workspace_id}")
            return NewKey(_info(await rows.add_key(connection, values)), parts.token)

    async def list(self, workspace_id: UUID) -> list[ApiKeyInfo]:
        """Newest first, the revoked and expired ones too."""
        async with self._db.transaction(workspace_id) as connection:
            return [_info(row) for row in await rows.keys(connection, workspace_id)]

    async def get(self, workspace_id: UUID, api_key_id: UUID) -> ApiKeyInfo:
        """Raises Refused("not_found")."""
        async with self._db.transaction(workspace_id) as connection:
            row = await rows.key(connection, workspace_id, api_key_id)
        if row is None:
            raise Refused("not_found")
        return _info(row)

    async def revoke(self, workspace_id: UUID, key_id: str) -> ApiKeyInfo:
        """Ends a key at once; doing it again changes nothing. Raises Refused("not_found")."""
        async with self._db.transaction(workspace_id) as connection:
            row = await rows.revoke_key(connection, workspace_id, key_id, clock.now())
        if row is None:
            raise Refused("not_found", f"There is no API key {key_id} in this workspace")
        return _info(row)

    def _proof(self, parts: "_Parts") -> bytes:
        return self._mac.digest(parts.unchecked.encode())


@dataclass(frozen=True, slots=True, repr=False)
class _Parts:
    environment: str
    key_id: str
    secret: str

    @property
    def unchecked(self) -> str:
        return f"treeex_{self.environment}_{self.key_id}{self.secret}"

    @property
    def token(self) -> str:
        return self.unchecked + _checksum(self.unchecked)


def _split(token: str) -> _Parts | None:
    """None for what cannot be one of our keys: a wrong form, or a typing error."""
    match = _TOKEN.fullmatch(token)
    if match is None:
        return None
    parts = _Parts(match[1], match[2], match[3])
    return parts if hmac.compare_digest(_checksum(parts.unchecked), match[4]) else None


def _checksum(text: str) -> str:
    number, digits = zlib.crc32(text.encode()), ""
    for _ in range(_CHECKSUM):  # 62^6 is more than 2^32
        number, digit = divmod(number, 62)
        digits = _ALPHABET[digit] + digits
    return digits


def _random(length: int) -> str:
    return "".join(secrets.choice(_ALPHABET) for _ in range(length))


def _is_past(at: datetime | None) -> bool:
    return at is not None and at <= clock.now()


@lru_cache(maxsize=256)
def _granted(scopes: tuple[str, ...]) -> frozenset[Scope]:
    return frozenset(_known(scopes))


def _known(scopes: tuple[str, ...]) -> list[Scope]:
    """A scope that a newer version wrote grants nothing here."""
    return [scope for scope in Scope if scope.value in scopes]


def _info(row: ApiKey) -> ApiKeyInfo:
    return ApiKeyInfo(
        workspace_id=row.workspace_id,
        id=row.id,
        key_id=row.key_id,
        name=row.name,
        environment=row.environment,
        scopes=tuple(_known(tuple(row.scopes))),
        created_at=row.created_at,
        expires_at=row.expires_at,
        revoked_at=row.revoked_at,
    )

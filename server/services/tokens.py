"""Opens Meta's access tokens for the moment of a call. Plain tokens live in this process's memory only."""

from typing import Any, Protocol
from uuid import UUID

from server.core.crypto import DataKey, Keyring, Place
from server.services.apps import secret_place
from server.whatsapp.access_token import AccessToken, proven

_KEPT = 10_000


def data_key_place(workspace_id: UUID) -> Place:
    """Where a workspace's sealed data key lives."""
    return Place("workspaces", "data_key", workspace_id, workspace_id)


def access_token_place(workspace_id: UUID, number_id: UUID) -> Place:
    """Where a number's encrypted token lives."""
    return Place("phone_numbers", "access_token", workspace_id, number_id)


class Columns(Protocol):
    """A row of the view sealed_tokens: access_token, data_key; app_id and app_secret, or None where no app is known."""

    def __getitem__(self, name: str, /) -> Any: ...


class Tokens:
    """A small cache by ciphertexts, so that a rotated token or secret is never mixed up with the one before."""

    def __init__(self, keyring: Keyring) -> None:
        self._keyring = keyring
        self._opened: dict[tuple[bytes, bytes | None, UUID], AccessToken] = {}

    def open(self, sealed: Columns, workspace_id: UUID, number_id: UUID) -> AccessToken:
        """Raises core.crypto.CannotDecrypt."""
        name = (sealed["access_token"], sealed["app_secret"], number_id)
        cached = self._opened.get(name)
        if cached is not None:
            return cached
        data_key = DataKey(self._keyring.open(sealed["data_key"], data_key_place(workspace_id)))
        text = data_key.decrypt(sealed["access_token"], access_token_place(workspace_id, number_id)).decode()
        token = AccessToken(text) if sealed["app_id"] is None else proven(text, self._secret(sealed))
        if len(self._opened) >= _KEPT:
            self._opened.clear()
        self._opened[name] = token
        return token

    def _secret(self, sealed: Columns) -> str:
        return self._keyring.open(sealed["app_secret"], secret_place("app_secret", sealed["app_id"])).decode()

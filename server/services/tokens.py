"""Opens Meta's access tokens for the moment of a send. Plain tokens live in this process's memory only."""

from uuid import UUID

from server.core.crypto import DataKey, Keyring, Place

_KEPT = 10_000


def data_key_place(workspace_id: UUID) -> Place:
    """Where a workspace's sealed data key lives."""
    return Place("workspaces", "data_key", workspace_id, workspace_id)


def access_token_place(workspace_id: UUID, number_id: UUID) -> Place:
    """Where a number's encrypted token lives."""
    return Place("phone_numbers", "access_token", workspace_id, number_id)


class Tokens:
    """A small cache by ciphertext, so that a rotated token is never mixed up with the one before."""

    def __init__(self, keyring: Keyring) -> None:
        self._keyring = keyring
        self._opened: dict[tuple[bytes, UUID], str] = {}

    def open(self, encrypted: bytes, sealed_data_key: bytes, workspace_id: UUID, number_id: UUID) -> str:
        """Raises core.crypto.CannotDecrypt."""
        cached = self._opened.get((encrypted, number_id))
        if cached is not None:
            return cached
        data_key = DataKey(self._keyring.open(sealed_data_key, data_key_place(workspace_id)))
        token = data_key.decrypt(encrypted, access_token_place(workspace_id, number_id)).decode()
        if len(self._opened) >= _KEPT:
            self._opened.clear()
        self._opened[(encrypted, number_id)] = token
        return token

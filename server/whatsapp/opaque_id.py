"""The opaque id that travels with a send and comes back in its statuses: `t1.<message>.<attempt>.<mac>`.

It joins a status to its message even when Meta's answer was lost. The MAC keeps anybody who shares the WhatsApp account
from naming our messages.
"""

import base64
import hmac
from uuid import UUID

from server.core.crypto import Keyring
from server.core.mac import Mac

_FORM = "t1"
_MAC_BYTES = 12


class OpaqueIds:
    """Makes and reads opaque ids under one key."""

    def __init__(self, keyring: Keyring) -> None:
        self._macs = Mac(keyring.derive("opaque-id"))

    def make(self, message_id: UUID, attempt: int) -> str:
        """At most 70 characters; Meta echoes up to 512."""
        stem = f"{_FORM}.{message_id.hex}.{attempt}"
        return f"{stem}.{self._mac(stem)}"

    def read(self, text: str) -> tuple[UUID, int] | None:
        """The message and the attempt, or None when it is not ours."""
        stem, _, mac = text.rpartition(".")
        if not hmac.compare_digest(self._mac(stem).encode(), mac.encode("utf-8", "replace")):
            return None
        _, message, attempt = stem.split(".")
        return UUID(hex=message), int(attempt)

    def _mac(self, stem: str) -> str:
        mac = self._macs.digest(stem.encode("utf-8", "replace"))
        return base64.urlsafe_b64encode(mac[:_MAC_BYTES]).decode()

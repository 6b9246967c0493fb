"""Addresses of files that anybody can read for a while: the store's own where it signs them, else ours.

Ours is `/files/<token>`; the token names workspace, medium and end, under a MAC, so that nothing is kept for it. It is
worth what an API key is worth for this one file, so it is as short-lived as its maker asks.
"""

import base64
import binascii
import hmac
import struct
from datetime import UTC, datetime, timedelta
from uuid import UUID

from server.core import clock
from server.core.crypto import Keyring
from server.domain.errors import Refused
from server.schemas.media import MediumLink
from server.services.media import Content, Media

PATH = "/files/"
LONGEST = timedelta(days=7)
"""What S3 and Azure let a signature last at most."""
_PURPOSE = "media-link"
_FACTS = struct.Struct(">16s16sQ")
_MAC_SIZE = 32


class MediaLinks:
    """Makes and follows the addresses, for all workspaces."""

    def __init__(self, media: Media, keyring: Keyring, *, public_url: str | None) -> None:
        self._media = media
        self._public_url = public_url
        self._key = keyring.derive(_PURPOSE)

    async def make(self, workspace_id: UUID, media_id: UUID, *, seconds: int, asked_at: str) -> MediumLink:
        """`asked_at`: the address of the API as the request had it. Raises Refused("not_found")."""
        expires_at = clock.now().replace(microsecond=0) + timedelta(seconds=seconds)
        signed = await self._media.signed_url(workspace_id, media_id, seconds=seconds)
        ours = (self._public_url or asked_at).rstrip("/")
        url = signed or f"{ours}{PATH}{self._token(workspace_id, media_id, expires_at)}"
        return MediumLink(url=url, expires_at=expires_at)

    async def follow(self, token: str) -> Content:
        """Raises Refused("not_found"), alike for what is wrong, over, or of a file that is gone."""
        facts = self._facts(token)
        if facts is None:
            raise Refused("not_found")
        return await self._media.content(*facts)

    def _token(self, workspace_id: UUID, media_id: UUID, expires_at: datetime) -> str:
        facts = _FACTS.pack(workspace_id.bytes, media_id.bytes, int(expires_at.timestamp()))
        return base64.urlsafe_b64encode(facts + self._mac(facts)).decode().rstrip("=")

    def _facts(self, token: str) -> tuple[UUID, UUID] | None:
        try:
            raw = base64.b64decode(token + "=" * (-len(token) % 4), altchars=b"-_", validate=True)
        except (binascii.Error, ValueError):
            return None
        facts, mac = raw[: _FACTS.size], raw[_FACTS.size :]
        if len(raw) != _FACTS.size + _MAC_SIZE or not hmac.compare_digest(mac, self._mac(facts)):
            return None
        workspace, medium, end = _FACTS.unpack(facts)
        return None if datetime.fromtimestamp(end, UTC) <= clock.now() else (UUID(bytes=workspace), UUID(bytes=medium))

    def _mac(self, facts: bytes) -> bytes:
        return hmac.digest(self._key, facts, "sha256")

"""The Meta apps that may send webhooks, with their secrets in memory for a few seconds. The inbox asks here.

All apps are read at once, so that requests for unknown apps or with wrong signatures cost no query each. No secret
leaves an app's object, and none is ever shown.
"""

import asyncio
import hmac
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import Any
from uuid import UUID

from server.core.clock import monotonic, now
from server.core.crypto import CannotDecrypt, Keyring
from server.core.db import Database
from server.core.log import get_logger
from server.repositories import webhooks as rows
from server.services.apps import secret_place
from server.whatsapp.signature import Signer, is_authentic

log = get_logger(__name__)

KEPT_S = 5.0
RENEWED_AT_MOST_EVERY_S = 1.0


class AppUnreadable(Exception):
    """The app's secrets do not open with this keyring; its webhooks are refused so that Meta keeps them."""


@dataclass(frozen=True, slots=True, repr=False)
class SigningApp:
    """One app. `previous_secret` verifies until `previous_until`."""

    id: UUID
    secret: Signer
    previous_secret: Signer | None
    previous_until: datetime | None
    verify_token: bytes

    def signed(self, body: bytes, headers: list[bytes]) -> bool:
        """Whether this app signed these bytes."""
        return is_authentic(body, headers, self._secrets())

    def is_verified_by(self, token: str) -> bool:
        """Whether the handshake's token is ours."""
        return hmac.compare_digest(self.verify_token, token.encode("utf-8", "replace"))

    def _secrets(self) -> list[Signer]:
        in_grace = self.previous_until is not None and now() < self.previous_until
        return [self.secret, self.previous_secret] if in_grace and self.previous_secret is not None else [self.secret]


class SigningApps:
    """Finds apps by slug."""

    def __init__(self, db: Database, keyring: Keyring) -> None:
        self._db = db
        self._keyring = keyring
        self._apps: Mapping[str, SigningApp | None] = {}
        self._read_at = -KEPT_S
        self._reading = asyncio.Lock()

    def known(self, slug: str) -> SigningApp | None:
        """The app, if it is in memory and fresh. Nearly every webhook finds it here, without waiting for anything."""
        return self._apps.get(slug) if monotonic() - self._read_at < KEPT_S else None

    async def find(self, slug: str, *, renewed: bool = False) -> SigningApp | None:
        """None when there is no such app. `renewed` asks for what was read within the last second.

        Raises AppUnreadable, or what the database raises when it is away.
        """
        kept_s = RENEWED_AT_MOST_EVERY_S if renewed else KEPT_S
        if slug not in self._apps:
            kept_s = RENEWED_AT_MOST_EVERY_S
        await self._read(kept_s)
        app = self._apps.get(slug)
        if app is None and slug in self._apps:
            raise AppUnreadable(slug)
        return app

    async def _read(self, kept_s: float) -> None:
        async with self._reading:
            if monotonic() - self._read_at < kept_s:
                return
            async with self._db.pool.acquire() as connection:
                found = await rows.signing_apps(connection)
            self._apps = {row["slug"]: self._open(row) for row in found}
            self._read_at = monotonic()

    def _open(self, row: Any) -> SigningApp | None:
        try:
            return SigningApp(
                id=row["id"],
                secret=Signer(self._secret(row, "app_secret")),
                previous_secret=(
                    Signer(self._secret(row, "previous_app_secret")) if row["previous_app_secret"] else None
                ),
                previous_until=row["previous_secret_until"],
                verify_token=self._secret(row, "verify_token"),
            )
        except CannotDecrypt as error:
            log.error("app_secret_unreadable", app=row["slug"], reason=str(error))  # noqa: TRY400 - the sentence says all
            return None

    def _secret(self, row: Any, column: str) -> bytes:
        return self._keyring.open(row[column], secret_place(column, row["id"]))

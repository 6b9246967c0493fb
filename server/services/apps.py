"""Meta apps: the secrets that sign webhooks and the tokens that verify their address. Of no workspace."""

import re
from dataclasses import dataclass
from datetime import datetime, timedelta
from uuid import UUID

from sqlalchemy.exc import IntegrityError

from server.core import clock
from server.core.crypto import PLATFORM, Keyring, Place
from server.core.db import Database
from server.core.ids import new_id
from server.domain.errors import Refused
from server.models.phone_numbers import App
from server.repositories import workspaces as rows

GRACE = timedelta(hours=24)
"""How long webhooks that are signed with the secret before are still taken."""
_SLUG = re.compile(r"[a-z0-9][a-z0-9-]{0,62}")
_SECRET_MAX = 512


@dataclass(frozen=True, slots=True)
class AppInfo:
    """An app, as it is shown. Its secrets are not."""

    id: UUID
    slug: str
    meta_app_id: str | None
    previous_secret_until: datetime | None
    created_at: datetime


def secret_place(column: str, app_id: UUID) -> Place:
    """Where a secret of an app lives: app_secret, previous_app_secret or verify_token."""
    return Place("apps", column, PLATFORM, app_id)


class Apps:
    """The Meta apps of this installation."""

    def __init__(self, db: Database, keyring: Keyring) -> None:
        self._db = db
        self._keyring = keyring

    async def create(self, *, slug: str, app_secret: str, verify_token: str, meta_app_id: str | None = None) -> AppInfo:
        """A new app; its webhooks come to `/webhooks/whatsapp/<slug>`. Raises Refused: invalid_app, slug_taken,
        app_taken.
        """
        _check_slug(slug)
        _check_secret("app secret", app_secret)
        _check_secret("verify token", verify_token)
        app_id = new_id()
        values = {
            "id": app_id,
            "slug": slug,
            "meta_app_id": meta_app_id,
            "app_secret": self._seal("app_secret", app_id, app_secret),
            "verify_token": self._seal("verify_token", app_id, verify_token),
        }
        try:
            async with self._db.transaction() as connection:
                return _info(await rows.add_app(connection, values))
        except IntegrityError as taken:
            if "meta_app_id" in str(taken.orig):
                raise Refused("app_taken", f"Meta's app {meta_app_id} is here already, under another slug") from None
            raise Refused("slug_taken", f"There is an app {slug} already") from None

    async def list(self) -> list[AppInfo]:
        """By slug."""
        async with self._db.transaction() as connection:
            return [_info(row) for row in await rows.apps(connection)]

    async def rotate(self, slug: str, *, app_secret: str, grace: timedelta = GRACE) -> AppInfo:
        """Takes a new secret; the one before still verifies for `grace`. Raises Refused: not_found, invalid_app."""
        _check_secret("app secret", app_secret)
        async with self._db.transaction() as connection:
            app = await rows.lock_app(connection, slug)
            if app is None:
                raise Refused("not_found", f"There is no app {slug}")
            before = self._keyring.open(app.app_secret, secret_place("app_secret", app.id))
            values = {
                "app_secret": self._seal("app_secret", app.id, app_secret),
                # Sealed anew: a ciphertext opens in its own column only.
                "previous_app_secret": self._keyring.seal(before, secret_place("previous_app_secret", app.id)),
                "previous_secret_until": clock.now() + grace,
            }
            return _info(await rows.change_app(connection, app.id, values))

    def _seal(self, column: str, app_id: UUID, secret: str) -> bytes:
        return self._keyring.seal(secret.encode(), secret_place(column, app_id))


def _check_slug(slug: str) -> None:
    if not _SLUG.fullmatch(slug):
        raise Refused("invalid_app", "A slug has 1 to 63 lower-case letters, digits and hyphens")


def _check_secret(name: str, secret: str) -> None:
    if not 1 <= len(secret) <= _SECRET_MAX or not secret.isascii() or not secret.isprintable():
        raise Refused("invalid_app", f"The {name} is not 1 to {_SECRET_MAX} printable ASCII characters")


def _info(row: App) -> AppInfo:
    return AppInfo(row.id, row.slug, row.meta_app_id, row.previous_secret_until, row.created_at)

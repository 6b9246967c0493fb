"""Files: taking them in for sending, showing them, deleting them, and clearing away what nothing refers to.

A file is read once into a temporary file of the system, measured and checked there, and then stored under its digest.
The same bytes are stored once for a workspace; the same bytes with the same type and name are one medium. What people
send comes in by `services.media_fetches`.
"""

import hashlib
import tempfile
from collections.abc import AsyncIterator
from dataclasses import asdict, dataclass
from datetime import timedelta
from typing import IO
from uuid import UUID

from server.core.clock import now
from server.core.db import Database
from server.core.ids import new_id
from server.core.log import get_logger
from server.domain import media as rules
from server.domain.errors import Refused
from server.repositories import media as rows
from server.schemas.media import MediumShown
from server.storage import ObjectMissing, Objects

log = get_logger(__name__)

_PREFIX = "media"
_TRIES = 3
STRAY_AFTER = timedelta(days=1)
"""Objects that nothing refers to are deleted when they are so old. Uploads that have just stored theirs are younger."""


@dataclass(frozen=True, slots=True)
class Content:
    """A file's bytes, to be read once."""

    shown: MediumShown
    pieces: AsyncIterator[bytes]


@dataclass(frozen=True, slots=True)
class NewMedium:
    """A file before it is a medium."""

    workspace_id: UUID
    sha256: bytes
    mime_type: str
    size: int
    filename: str | None

    @property
    def storage_key(self) -> str:
        """Made of the digest, so that storing it again changes nothing."""
        return f"{_PREFIX}/{self.workspace_id}/{self.sha256.hex()[:2]}/{self.sha256.hex()}"

    def values(self) -> rows.Row:
        """The columns of a new row."""
        return {"id": new_id(), "storage_key": self.storage_key, **asdict(self)}


@dataclass(frozen=True, slots=True)
class _Read:
    """What was found out about a file while it was read."""

    size: int
    sha256: bytes
    head: bytes


class Media:
    """The media of all workspaces, one workspace at a time."""

    def __init__(self, db: Database, objects: Objects) -> None:
        self._db = db
        self._objects = objects

    async def add(
        self, workspace_id: UUID, *, content_type: str, filename: str | None, pieces: AsyncIterator[bytes]
    ) -> tuple[MediumShown, bool]:
        """The medium, and whether it is new. It is stored when this returns.

        Raises Refused: media_type_unsupported, media_too_large, media_mismatch.
        """
        mime_type = rules.essence(content_type)
        if mime_type not in rules.LIMITS:
            raise Refused("media_type_unsupported", f"Meta takes {', '.join(rules.LIMITS)}")
        with tempfile.TemporaryFile() as file:
            read = await _read(file, pieces, most=rules.LIMITS[mime_type])
            unfit = rules.unfit(mime_type, head=read.head, size=read.size)
            if unfit is not None:
                raise Refused("media_too_large" if unfit.too_large else "media_mismatch", unfit.reason)
            medium = NewMedium(workspace_id, read.sha256, mime_type, read.size, filename)
            return await self._store(medium, file)

    async def register(self, medium: NewMedium) -> tuple[MediumShown, bool] | None:
        """The medium of an object that is stored, and whether it is new. None when the object was deleted meanwhile."""
        async with self._db.transaction(medium.workspace_id) as connection:
            await rows.lock_object(connection, medium.storage_key)
            if not await self._objects.holds(medium.storage_key):
                return None
            row, is_new = await rows.add(connection, medium.values())
            return _shown(row), is_new

    async def get(self, workspace_id: UUID, media_id: UUID) -> MediumShown:
        """Raises Refused("not_found")."""
        return _shown(await self._found(workspace_id, media_id))

    async def content(self, workspace_id: UUID, media_id: UUID) -> Content:
        """Raises Refused("not_found"), also where the store has lost the file."""
        row = await self._found(workspace_id, media_id)
        try:
            return Content(_shown(row), await self._objects.open(row["storage_key"]))
        except ObjectMissing:
            log.error("medium_lost", media_id=str(media_id))  # noqa: TRY400 - there is no more to say
            raise Refused("not_found", "The store has no such file any more") from None

    async def signed_url(self, workspace_id: UUID, media_id: UUID, *, seconds: int) -> str | None:
        """The store's own address of the file; None where it has none. Raises Refused("not_found")."""
        row = await self._found(workspace_id, media_id)
        return await self._objects.signed_url(row["storage_key"], seconds=seconds)

    async def delete(self, workspace_id: UUID, media_id: UUID) -> None:
        """Messages that still need it fail; Meta's copy ends within 30 days. Raises Refused("not_found")."""
        async with self._db.transaction(workspace_id) as connection:
            key = await rows.remove(connection, workspace_id, media_id)
        if key is None:
            raise Refused("not_found")
        await self._drop(workspace_id, key)

    async def _store(self, medium: NewMedium, file: IO[bytes]) -> tuple[MediumShown, bool]:
        """The object first, so that no medium is ever without one, and again if it was deleted meanwhile."""
        for _ in range(_TRIES):
            file.seek(0)
            await self._objects.put(medium.storage_key, file)
            registered = await self.register(medium)
            if registered is not None:
                return registered
        raise Refused("unavailable", "The file is being deleted while it is uploaded", retry_after_s=1)

    async def _drop(self, workspace_id: UUID, key: str) -> None:
        """Deletes an object unless something refers to it. Under the lock, so that no upload can begin to."""
        async with self._db.transaction(workspace_id) as connection:
            await rows.lock_object(connection, key)
            if not await rows.referred_to(connection, workspace_id, [key]):
                await self._objects.delete(key)

    async def collect(self) -> None:
        """Deletes the objects that crashes left behind, of all workspaces. For a role that may see all of them."""
        dropped = 0
        async for keys in self._objects.keys(_PREFIX, before=now() - STRAY_AFTER):
            for workspace_id, some in _by_workspace(keys).items():
                async with self._db.transaction() as connection:
                    strays = set(some) - await rows.referred_to(connection, workspace_id, some)
                for key in strays:
                    await self._drop(workspace_id, key)
                dropped += len(strays)
        if dropped:
            log.info("stray_objects_deleted", count=dropped)

    async def _found(self, workspace_id: UUID, media_id: UUID) -> rows.Row:
        async with self._db.transaction(workspace_id) as connection:
            row = await rows.one(connection, workspace_id, media_id)
        if row is None:
            raise Refused("not_found")
        return row


async def _read(file: IO[bytes], pieces: AsyncIterator[bytes], *, most: int) -> _Read:
    """Writes the pieces down. Raises Refused("media_too_large") as soon as there are too many."""
    size, digest, head = 0, hashlib.sha256(), b""
    async for piece in pieces:
        size += len(piece)
        if size > most:
            raise Refused("media_too_large", rules.too_large(most))
        digest.update(piece)
        head += piece[: rules.HEAD_SIZE - len(head)]
        file.write(piece)
    return _Read(size, digest.digest(), head)


def _by_workspace(keys: list[str]) -> dict[UUID, list[str]]:
    """Keys of another form are not ours, and are left alone."""
    found: dict[UUID, list[str]] = {}
    for key in keys:
        parts = key.split("/")
        workspace_id = rules.own_id(parts[1]) if len(parts) == 4 else None
        if workspace_id is not None:
            found.setdefault(workspace_id, []).append(key)
    return found


def _shown(row: rows.Row) -> MediumShown:
    names = ("id", "mime_type", "size", "filename", "created_at")
    return MediumShown(**{name: row[name] for name in names}, sha256=row["sha256"].hex())

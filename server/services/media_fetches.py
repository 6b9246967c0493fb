"""Fetches from Meta the files that people sent, each once, and makes them media of their workspaces.

Called by the media worker. A file is leased, fetched into a temporary file and stored outside of any transaction, and
settled; one whose fetcher was killed is fetched again when its lease is over, onto the same object and the same row.
"""

import asyncio
import contextlib
import tempfile
from collections import Counter
from collections.abc import Mapping
from typing import IO, TYPE_CHECKING
from uuid import UUID

from server.core.crypto import CannotDecrypt, Keyring
from server.core.db import UNREACHABLE, Database
from server.core.failpoints import fp
from server.core.log import get_logger
from server.domain import fetching
from server.domain.fetching import Away, Doubtful, Failure, Got, Told
from server.domain.media import essence, safe_name
from server.repositories import events
from server.repositories import inbound_media as rows
from server.repositories.events import NewEvent
from server.repositories.inbound_media import Try
from server.schemas.media import MediumShown
from server.services.media import Media, NewMedium
from server.services.tokens import Tokens
from server.storage import Objects, StorageAway
from server.whatsapp.access_token import AccessToken
from server.whatsapp.downloads import Address, MediaDownloads, digest_of

if TYPE_CHECKING:
    from asyncpg import Record

log = get_logger(__name__)

AT_ONCE_A_NUMBER = 2
"""Fetches of one number that this process has under way, so that files which do not come leave room for others."""
LEASE_S = 60.0
"""After which the file of a fetcher that died is taken by another. Those who live renew it."""
_ANY_BYTES = "application/octet-stream"


class MediaFetches:
    """Fetches what is due, one a step. Any number of them may run at once. `most`: bytes, by kind of file."""

    def __init__(
        self,
        db: Database,
        media: Media,
        objects: Objects,
        downloads: MediaDownloads,
        keyring: Keyring,
        *,
        most: Mapping[str, int],
        lease_s: float = LEASE_S,
    ) -> None:
        self._db = db
        self._media = media
        self._objects = objects
        self._downloads = downloads
        self._tokens = Tokens(keyring)
        self._most = most
        self._lease_s = lease_s
        self._under_way: Counter[UUID] = Counter()
        self._leasing = asyncio.Lock()

    async def step(self) -> bool:
        """Whether there was something to fetch. Raises core.db.UNREACHABLE."""
        owed = await self._lease()
        if owed is None:
            return False
        renewing = asyncio.create_task(self._renew(_this(owed)))
        try:
            failure = await self._try(owed)
        finally:
            renewing.cancel()
            await asyncio.gather(renewing, return_exceptions=True)
            self._under_way[owed["phone_number_id"]] -= 1
        if failure is not None:
            await self._failed(owed, failure)
        return True

    async def _lease(self) -> "Record | None":
        async with self._leasing:  # so that the next one sees what this one took
            busy = [number for number, count in self._under_way.items() if count >= AT_ONCE_A_NUMBER]
            async with self._db.hot() as connection:
                owed = await rows.lease(connection, seconds=self._lease_s, besides=busy)
            if owed is not None:
                self._under_way += Counter([owed["phone_number_id"]])  # forgets numbers that have none
            return owed

    async def _renew(self, this: Try) -> None:
        """Until it is cancelled. While the database is away the lease may end, and another fetch the file as well."""
        while True:
            await asyncio.sleep(self._lease_s / 3)
            with contextlib.suppress(*UNREACHABLE):
                async with self._db.hot() as connection:
                    await rows.renew(connection, this, seconds=self._lease_s)

    async def _try(self, owed: "Record") -> Failure | None:
        try:
            token = self._tokens.open(owed, owed["workspace_id"], owed["phone_number_id"])
            return await self._fetch(owed, token)
        except CannotDecrypt:
            return Away("the number's access token cannot be opened with this keyring")
        except StorageAway:
            return Away("the store of files does not answer")
        except OSError as failure:
            return Away(f"the file could not be written down here: {type(failure).__name__}")

    async def _fetch(self, owed: "Record", token: AccessToken) -> Failure | None:
        found = await self._downloads.look_up(
            media_id=owed["meta_media_id"], phone_number_id=owed["meta_number"], token=token
        )
        if not isinstance(found, Address):
            return found
        kind = fetching.kind_of(found.mime_type or owed["mime_type"] or _ANY_BYTES)
        most = self._most[kind]
        if found.size is not None and found.size > most:
            return fetching.too_large(kind, most)
        with tempfile.TemporaryFile() as file:
            got = await self._downloads.download(found, token=token, kind=kind, most=most, file=file)
            if not isinstance(got, Got):
                return got
            flaw = fetching.flaw(_told(owed, found), got)
            if flaw is not None:
                return flaw
            fp("ww.media_fetched")
            return await self._keep(owed, _medium(owed, found, got), file)

    async def _keep(self, owed: "Record", medium: NewMedium, file: IO[bytes]) -> Failure | None:
        """The object first, so that no medium is without one, and then the row."""
        file.seek(0)
        await self._objects.put(medium.storage_key, file)
        fp("ww.media_stored")
        registered = await self._media.register(medium)
        if registered is None:
            return Away("the same file was deleted while it was stored")
        await self._stored(owed, registered[0])
        return None

    async def _stored(self, owed: "Record", medium: MediumShown) -> None:
        data = {
            "message_id": owed["message_id"],
            "phone_number_id": owed["phone_number_id"],
            **medium.model_dump(include={"mime_type", "size", "sha256", "filename"}),
            "media_id": medium.id,
        }
        async with self._db.hot() as connection:
            if await rows.stored(connection, _this(owed), medium.id, medium.size):
                await events.append(connection, [_event(owed, "message.media_stored", data)])

    async def _failed(self, owed: "Record", failure: Failure) -> None:
        doubts = owed["doubts"] + isinstance(failure, Doubtful)
        wait_s = fetching.wait_s(failure, attempts=owed["attempts"], doubts=doubts, age_s=owed["age_s"])
        if wait_s is None:
            await self._give_up(owed, failure, doubts)
            return
        log.warning("media_not_fetched", message_id=str(owed["message_id"]), reason=failure.reason)
        async with self._db.hot() as connection:
            await rows.put_off(connection, _this(owed), wait_s=wait_s, doubts=doubts, error=failure.reason)

    async def _give_up(self, owed: "Record", failure: Failure, doubts: int) -> None:
        data = {
            "message_id": owed["message_id"],
            "phone_number_id": owed["phone_number_id"],
            "reason": failure.reason,
        }
        async with self._db.hot() as connection:
            if await rows.give_up(connection, _this(owed), doubts=doubts, error=failure.reason):
                log.error("media_given_up", message_id=str(owed["message_id"]), reason=failure.reason)
                await events.append(connection, [_event(owed, "message.media_failed", data)])


def _this(owed: "Record") -> Try:
    return Try(owed["workspace_id"], owed["message_id"], owed["attempts"])


def _told(owed: "Record", found: Address) -> Told:
    digests = (digest_of(owed["sha256"]), found.sha256)
    return Told(found.mime_type or owed["mime_type"], found.size, frozenset(filter(None, digests)))


def _medium(owed: "Record", found: Address, got: Got) -> NewMedium:
    mime_type = essence(found.mime_type or owed["mime_type"] or got.mime_type or _ANY_BYTES)
    return NewMedium(owed["workspace_id"], got.sha256, mime_type, got.size, safe_name(owed["filename"]))


def _event(owed: "Record", kind: str, data: dict[str, object]) -> NewEvent:
    return NewEvent(owed["workspace_id"], kind, owed["message_id"], data)

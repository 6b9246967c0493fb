"""Gives Meta the files that messages wait for, each once a number, and then lets the messages go or fail.

Called by the media worker. An upload is leased, done outside of any transaction, and settled; one that was killed is
done again when its lease is over, which is harmless. What Meta calls a file is committed before its messages are
touched.
"""

from typing import TYPE_CHECKING

import msgspec

from server.core.crypto import CannotDecrypt, Keyring
from server.core.db import Database
from server.core.failpoints import fp
from server.core.log import get_logger
from server.domain import budget, retry
from server.queue.outbound import OutboundQueue, Ring
from server.repositories import dispatch as dispatch_rows
from server.repositories import media_uploads as rows
from server.repositories.media_uploads import Place
from server.repositories.phone_numbers import Pause
from server.services import pauses
from server.services.dispatch import fail
from server.services.settlement import DOWN_RECHECK_S, error_json
from server.services.tokens import Tokens
from server.storage import ObjectMissing, Objects, StorageAway
from server.whatsapp.errors import Down, Rejected, Throttled
from server.whatsapp.media import File, MediaClient, Uploaded, UploadOutcome

if TYPE_CHECKING:
    from asyncpg import Record

log = get_logger(__name__)

USABLE_S = 29 * 86_400.0
"""Meta keeps an upload for 30 days (Meta: media reference). The day less is for messages that are on their way."""
_SPARE_S = 30.0
_LOST = msgspec.json.encode({"source": "treeex", "code": "media_lost"}).decode()


class MediaUploads:
    """Uploads what is owed, one a step. Any number of them may run at once."""

    def __init__(
        self,
        db: Database,
        queue: OutboundQueue,
        objects: Objects,
        client: MediaClient,
        keyring: Keyring,
        *,
        timeout_s: float,
    ) -> None:
        self._db = db
        self._queue = queue
        self._objects = objects
        self._client = client
        self._tokens = Tokens(keyring)
        self._lease_s = timeout_s + _SPARE_S

    async def step(self) -> bool:
        """Whether there was something to upload. Raises core.db.UNREACHABLE."""
        async with self._db.hot() as connection:
            owed = await rows.lease(connection, seconds=self._lease_s)
        if owed is None:
            return False
        fp("mw.leased")
        place = Place(owed["workspace_id"], owed["media_id"], owed["phone_number_id"])
        try:
            outcome = await self._upload(owed, place)
        except ObjectMissing:
            log.error("medium_lost", media_id=str(place.media_id))  # noqa: TRY400 - there is no more to say
            await self._give_up(place, _LOST)
        except StorageAway as failure:
            log.warning("media_not_read", error=failure)
            await self._put_off(place, retry.delay(owed["failures"] + 1).total_seconds())
        except CannotDecrypt:
            await self._pause(place, "token: it cannot be decrypted with this keyring")
        else:
            fp("mw.uploaded")
            await self._settle(place, outcome, failures=owed["failures"])
        return True

    async def _upload(self, owed: "Record", place: Place) -> UploadOutcome:
        token = self._tokens.open(owed, place.workspace_id, place.number_id)
        pieces = await self._objects.open(owed["storage_key"])
        file = File(owed["mime_type"], owed["filename"] or "file", owed["size"], pieces)
        return await self._client.upload(phone_number_id=owed["meta_number"], token=token, file=file)

    async def _settle(self, place: Place, outcome: UploadOutcome, *, failures: int) -> None:
        match outcome:
            case Uploaded(media_id):
                await self._uploaded(place, media_id)
            case Rejected(error):
                log.warning("media_refused", media_id=str(place.media_id), code=error.code)
                await self._give_up(place, error_json(error))
            case Down(reason, error):
                await self._pause(place, f"{reason}: Meta answered {error.code} {error.message}"[:300])
            case Throttled(retry_after_s=wait_s):
                await self._put_off(place, wait_s)
            case _:
                await self._put_off(place, retry.delay(failures + 1).total_seconds())

    async def _uploaded(self, place: Place, media_id: str) -> None:
        async with self._db.hot() as connection:
            await rows.uploaded(connection, place, media_id, usable_s=USABLE_S)
        fp("mw.id_committed")
        async with self._db.hot() as connection:
            await rows.free(connection, place)
        await self._ring(place)

    async def _give_up(self, place: Place, error: str) -> None:
        """The messages that wait for it fail, and hold nobody up any more. One that is claimed just now makes it owed
        again."""
        async with self._db.hot() as connection:
            await rows.forget(connection, place)
        async with self._db.hot() as connection:
            await fail(connection, [(row, error) for row in await rows.waiting(connection, place)])
        await self._ring(place)

    async def _ring(self, place: Place) -> None:
        async with self._db.hot() as connection:
            busy = await dispatch_rows.numbers_with_work(connection, [place.number_id])
        await self._queue.ring([Ring(number, budget.rate(throughput)) for number, throughput in busy])

    async def _pause(self, place: Place, reason: str) -> None:
        async with self._db.hot() as connection:
            await pauses.pause(connection, {place.number_id: Pause(reason)})
        await self._put_off(place, DOWN_RECHECK_S)

    async def _put_off(self, place: Place, wait_s: float) -> None:
        async with self._db.hot() as connection:
            await rows.put_off(connection, place, wait_s=wait_s)

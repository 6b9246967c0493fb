"""The media worker: gives Meta the files that messages wait for, several at once, fetches those that people sent
likewise, and clears away stray objects."""

from server.services.media import Media
from server.services.media_fetches import MediaFetches
from server.services.media_uploads import MediaUploads
from server.workers.loop import Actor, Stopping, repeat

UPLOADS_AT_ONCE = 4
FETCHES_AT_ONCE = 8
IDLE_S = 0.25
FETCH_IDLE_S = 1.0
"""There are more of them, and nobody waits for the file before the message itself is told."""
COLLECT_EVERY_S = 3600.0


def actors(uploads: MediaUploads, fetches: MediaFetches, media: Media) -> list[Actor]:
    """What the worker loop runs. Any number of media workers may run at once."""

    async def upload(stopping: Stopping) -> None:
        await repeat(uploads.step, stopping, idle_s=IDLE_S)

    async def fetch(stopping: Stopping) -> None:
        await repeat(fetches.step, stopping, idle_s=FETCH_IDLE_S)

    async def collect(stopping: Stopping) -> None:
        await repeat(collect_once, stopping, idle_s=COLLECT_EVERY_S)

    async def collect_once() -> bool:
        await media.collect()
        return False

    return [*[upload] * UPLOADS_AT_ONCE, *[fetch] * FETCHES_AT_ONCE, collect]

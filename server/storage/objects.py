"""Objects by their keys, streamed in pieces, so that no file is in memory as a whole.

StorageUrlInvalid    the URL names no store
ObjectMissing        there is no object of that key
StorageAway          the store does not answer, or refuses (an OSError: an outage like that of a server)
"""

from collections.abc import AsyncIterator, Callable, Iterator
from contextlib import contextmanager
from datetime import datetime, timedelta
from functools import cached_property
from typing import IO, TYPE_CHECKING

import obstore
from obstore.exceptions import BaseError, NotFoundError
from obstore.store import AzureStore, GCSStore, ObjectStore, S3Store, from_url

if TYPE_CHECKING:
    from obstore import GetResult

_PIECE = 256 * 1024
_PART = 5 * 1024 * 1024
"""The least that S3 takes as a part of a larger upload."""
_PARTS_AT_ONCE = 2
_KEYS_A_PAGE = 1000
_SCHEMES = ("file", "s3", "s3a", "gs", "az", "azure", "abfs", "abfss", "adl")

_SIGNING = (S3Store, AzureStore, GCSStore)


class StorageUrlInvalid(Exception):
    """The URL names no store; the message says why, without the URL."""


class ObjectMissing(Exception):
    """There is no object of that key."""


class StorageAway(OSError):
    """The store gave no answer that says anything of the object."""


def open_url(url: str) -> "Objects":
    """The store that `file:///…`, `s3://…`, `gs://…` or `az://…` names. Raises StorageUrlInvalid.

    Nothing is connected yet. Credentials come from the URL's query or from the variables that the cloud's tools use.
    """
    scheme = url.partition("://")[0].lower()
    if scheme not in _SCHEMES:
        raise StorageUrlInvalid("it does not begin with file://, s3://, gs:// or az://")
    if scheme == "file":  # the folder is made when it is first needed
        return Objects(lambda: from_url(url, mkdir=True))
    try:
        store = from_url(url)
    except (BaseError, ValueError, OSError) as error:
        raise StorageUrlInvalid(type(error).__name__) from None
    return Objects(lambda: store)


class Objects:
    """One store, opened at its first use."""

    def __init__(self, open_store: Callable[[], ObjectStore]) -> None:
        self._open_store = open_store

    @cached_property
    def _store(self) -> ObjectStore:
        return self._open_store()

    async def put(self, key: str, file: IO[bytes]) -> None:
        """Keeps the file under the key, whole or not at all, whatever was there. Raises StorageAway."""
        with _failures():
            await obstore.put_async(self._store, key, file, chunk_size=_PART, max_concurrency=_PARTS_AT_ONCE)

    async def open(self, key: str) -> AsyncIterator[bytes]:
        """The object's bytes, piece by piece. Raises ObjectMissing or StorageAway, also while they are read."""
        with _failures():
            found = await obstore.get_async(self._store, key)
        return _pieces(found)

    async def signed_url(self, key: str, *, seconds: int) -> str | None:
        """Where anybody can read the object for so long; None where the store has no addresses. Raises StorageAway."""
        if not isinstance(self._store, _SIGNING):
            return None
        with _failures():
            return await obstore.sign_async(self._store, "GET", key, timedelta(seconds=seconds))

    async def holds(self, key: str) -> bool:
        """Whether there is an object of that key. Raises StorageAway."""
        try:
            with _failures():
                await obstore.head_async(self._store, key)
        except ObjectMissing:
            return False
        return True

    async def delete(self, key: str) -> None:
        """Harmless when there is none. Raises StorageAway."""
        try:
            with _failures():
                await obstore.delete_async(self._store, key)
        except ObjectMissing:
            return

    async def keys(self, prefix: str, *, before: datetime) -> AsyncIterator[list[str]]:
        """The keys below the prefix that were last written before an instant, a page at a time. Raises StorageAway."""
        with _failures():
            async for page in obstore.list(self._store, prefix, chunk_size=_KEYS_A_PAGE):
                yield [entry["path"] for entry in page if entry["last_modified"] < before]


async def _pieces(found: "GetResult") -> AsyncIterator[bytes]:
    with _failures():
        async for piece in found.stream(min_chunk_size=_PIECE):
            yield bytes(piece)


@contextmanager
def _failures() -> Iterator[None]:
    """The library's errors as ours. Their words may quote keys and addresses, so only the kind is passed on."""
    try:
        yield
    except (NotFoundError, FileNotFoundError):
        raise ObjectMissing from None
    except (BaseError, OSError) as error:
        raise StorageAway(type(error).__name__) from None

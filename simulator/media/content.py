"""The bytes of media, addressed by their SHA-256: in a private folder with `--data`, otherwise in memory.

Used by the shelf, which knows what is still needed, and by uploads, which write a draft piece by piece so that
no file is ever whole in memory on its way to the disk.
"""

from __future__ import annotations

import contextlib
import hashlib
import os
import secrets
from collections.abc import Iterator
from pathlib import Path
from typing import BinaryIO, Protocol

import msgspec

from simulator.errors import CannotStart
from simulator.media.magic import HEAD_SIZE, is_animated, types_of

PIECE = 256 * 1024

_PRIVATE = 0o600
_DRAFT = ".draft-"


class Blob(msgspec.Struct, frozen=True):
    """Bytes that are kept: their hex digest, their number, and what they are, whatever was said of them."""

    sha256: str
    size: int
    types: tuple[str, ...]
    animated: bool


class Draft(Protocol):
    """A file that is just being written: its size and its first bytes so far.

    End it with `finish` or `discard`; a discarded one leaves nothing.
    """

    size: int
    head: bytes

    def write(self, piece: bytes) -> None: ...

    def finish(self) -> Blob: ...

    def discard(self) -> None: ...


class Contents(Protocol):
    def draft(self) -> Draft: ...

    def pieces(self, sha256: str) -> Iterator[bytes]:
        """The bytes, piece by piece, also when they are dropped meanwhile. Raises FileNotFoundError at once."""
        ...

    def drop(self, sha256: str) -> None: ...

    def keep_only(self, wanted: set[str]) -> set[str]:
        """Drop everything else, also drafts of an earlier run; returns which of the wanted are there."""
        ...


class _Hashing:
    """What both kinds of drafts count while they are written."""

    def __init__(self) -> None:
        self.size = 0
        self._hash = hashlib.sha256()
        self.head = b""

    def _count(self, piece: bytes) -> None:
        self.size += len(piece)
        self._hash.update(piece)
        if len(self.head) < HEAD_SIZE:
            self.head = (self.head + piece)[:HEAD_SIZE]

    def _blob(self) -> Blob:
        return Blob(self._hash.hexdigest(), self.size, types_of(self.head), is_animated(self.head))


class MemoryContents:
    def __init__(self) -> None:
        self._bytes: dict[str, bytearray] = {}

    def draft(self) -> MemoryDraft:
        return MemoryDraft(self._bytes)

    def pieces(self, sha256: str) -> Iterator[bytes]:
        whole = memoryview(self._found(sha256))
        return (bytes(whole[start : start + PIECE]) for start in range(0, len(whole), PIECE))

    def drop(self, sha256: str) -> None:
        self._bytes.pop(sha256, None)

    def keep_only(self, wanted: set[str]) -> set[str]:
        self._bytes = {sha256: whole for sha256, whole in self._bytes.items() if sha256 in wanted}
        return {*self._bytes}

    def _found(self, sha256: str) -> bytearray:
        try:
            return self._bytes[sha256]
        except KeyError:
            raise FileNotFoundError(sha256) from None


class MemoryDraft(_Hashing):
    def __init__(self, home: dict[str, bytearray]) -> None:
        super().__init__()
        self._home = home
        self._bytes = bytearray()

    def write(self, piece: bytes) -> None:
        self._count(piece)
        self._bytes += piece

    def finish(self) -> Blob:
        blob = self._blob()
        self._home.setdefault(blob.sha256, self._bytes)
        self._bytes = bytearray()  # what is kept may be dropped before this draft is
        return blob

    def discard(self) -> None:
        self._bytes = bytearray()


class DiskContents:
    """One file for each content, named by its digest. Raises CannotStart when the folder cannot be made."""

    def __init__(self, folder: Path) -> None:
        self._folder = folder
        try:
            folder.mkdir(mode=0o700, exist_ok=True)
        except OSError as error:
            raise CannotStart(f"cannot make {folder}: {error.strerror}; give another --data directory") from error

    def draft(self) -> DiskDraft:
        return DiskDraft(self._folder)

    def pieces(self, sha256: str) -> Iterator[bytes]:
        return _read((self._folder / sha256).open("rb"))

    def drop(self, sha256: str) -> None:
        (self._folder / sha256).unlink(missing_ok=True)

    def keep_only(self, wanted: set[str]) -> set[str]:
        there = {path.name for path in self._folder.iterdir() if path.is_file()}
        for name in there - wanted:
            self.drop(name)
        return there & wanted


def _read(file: BinaryIO) -> Iterator[bytes]:
    with file:
        while piece := file.read(PIECE):
            yield piece


class DiskDraft(_Hashing):
    def __init__(self, folder: Path) -> None:
        super().__init__()
        self._folder = folder
        self._path = folder / f"{_DRAFT}{secrets.token_hex(8)}"
        fd = os.open(self._path, os.O_WRONLY | os.O_CREAT | os.O_EXCL | os.O_CLOEXEC, _PRIVATE)
        self._file: BinaryIO = os.fdopen(fd, "wb")

    def write(self, piece: bytes) -> None:
        self._count(piece)
        self._file.write(piece)

    def finish(self) -> Blob:
        self._file.close()
        blob = self._blob()
        os.replace(self._path, self._folder / blob.sha256)
        return blob

    def discard(self) -> None:
        with contextlib.suppress(OSError):  # a full disk may refuse even what was still to be written
            self._file.close()
        self._path.unlink(missing_ok=True)

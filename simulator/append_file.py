"""A file that only grows, one line per entry: the ground under the ledger, the outbox and the configuration.

A line is handed to the operating system by `flush`, at the latest at the end of the loop's turn; so a killed
process loses nothing that was flushed, a power cut may. A half-written last line is cut off when reopened.
"""

from __future__ import annotations

import asyncio
import logging
import os
from collections.abc import Callable, Iterable, Iterator
from pathlib import Path

from simulator.errors import CannotStart

log = logging.getLogger("simulator.files")

_PRIVATE = 0o600


class AppendFile:
    """`after` names a file whose lines must never be behind this one's: it is always flushed first."""

    def __init__(self, path: Path, *, after: AppendFile | None = None) -> None:
        self.path = path
        self._after = after
        self._fd = _open(path)
        self.size = _cut_half_line(self._fd)
        self._pending: list[bytes] = []

    def append(self, line: bytes) -> int:
        """Queue one line (without its line feed) for the next flush; returns the offset where it starts."""
        if not self._pending:
            _soon(self._flush_quietly)
        offset = self.size
        self._pending.append(line + b"\n")
        self.size += len(line) + 1
        return offset

    def flush(self) -> None:
        """Hand every queued line to the operating system. Raises OSError; the lines then stay queued."""
        if not self._pending:
            return
        if self._after is not None:
            self._after.flush()
        rest = b"".join(self._pending)
        try:
            while rest:
                rest = rest[os.write(self._fd, rest) :]
        finally:
            self._pending = [rest] if rest else []

    def read_from(self, offset: int) -> Iterator[bytes]:
        self.flush()
        with self.path.open("rb") as file:
            file.seek(offset)
            for line in file:
                yield line.rstrip(b"\n")

    def replace(self, lines: Iterable[bytes]) -> None:
        """Put other lines in the place of all there are, atomically: after a crash it is the old file or the new."""
        self.flush()
        beside = self.path.with_suffix(".new")
        with open(beside, "wb", opener=_private_opener) as file:
            file.writelines(line + b"\n" for line in lines)
            file.flush()
            os.fsync(file.fileno())
        os.replace(beside, self.path)
        os.close(self._fd)
        self._fd = _open(self.path)
        self.size = os.fstat(self._fd).st_size

    def close(self) -> None:
        if self._fd >= 0:
            self._flush_quietly()
            os.close(self._fd)
            self._fd = -1

    def _flush_quietly(self) -> None:
        try:
            self.flush()
        except OSError as error:
            log.exception("cannot write %s: %s; free some space", self.path.name, error.strerror)


def _open(path: Path) -> int:
    try:
        return os.open(path, os.O_RDWR | os.O_APPEND | os.O_CREAT | os.O_CLOEXEC, _PRIVATE)
    except OSError as error:
        raise CannotStart(f"cannot open {path}: {error.strerror}; give another --data directory") from error


def _private_opener(path: str, flags: int) -> int:
    return os.open(path, flags, _PRIVATE)


def _cut_half_line(fd: int) -> int:
    end = os.fstat(fd).st_size
    keep = end
    while keep > 0:
        start = max(0, keep - 65_536)
        found = os.pread(fd, keep - start, start).rfind(b"\n")
        if found >= 0:
            keep = start + found + 1
            break
        keep = start
    if keep < end:
        os.ftruncate(fd, keep)
    return keep


def _soon(action: Callable[[], None]) -> None:
    try:
        asyncio.get_running_loop().call_soon(action)
    except RuntimeError:
        return  # no loop yet (start-up, unit tests): the caller flushes

"""Lines that nobody needs after the process, in a file without a name: the ledger of a run without a data directory.

Used as an `AppendFile` is, but lines are handed to the operating system many at a time.
"""

from __future__ import annotations

import os
import tempfile
from collections.abc import Iterator

_WRITTEN_TOGETHER = 256 * 1024


class ScratchFile:
    """It is gone with the process, also when that is killed."""

    def __init__(self) -> None:
        self._file = tempfile.TemporaryFile(buffering=0)  # noqa: SIM115 - `close` closes it
        self._pending: list[bytes] = []
        self._size = 0
        self._written = 0

    def append(self, line: bytes) -> int:
        """Queue one line (without its line feed); returns the offset where it starts."""
        offset = self._size
        self._pending.append(line)
        self._size = offset + len(line) + 1
        return offset

    def flush(self) -> None:
        """Write once enough is queued. Raises OSError; the lines then stay queued."""
        if self._size - self._written >= _WRITTEN_TOGETHER:
            self._write()

    def read_from(self, offset: int) -> Iterator[bytes]:
        self._write()
        rest = b""
        while chunk := os.pread(self._file.fileno(), _WRITTEN_TOGETHER, offset):
            offset += len(chunk)
            *lines, rest = (rest + chunk).split(b"\n")
            yield from lines

    def close(self) -> None:
        self._file.close()

    def _write(self) -> None:
        rest = b"".join(line + b"\n" for line in self._pending)
        try:
            while rest:
                written = self._file.write(rest)
                self._written += written
                rest = rest[written:]
        finally:
            self._pending = [rest[:-1]] if rest else []

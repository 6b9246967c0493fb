"""The servers' logs: opened for them, and read for the line that says why one would not start.

Used by the two launchers. The files belong to this user, so that an unprivileged server cannot make them point
elsewhere.
"""

import errno
import os
import re
from pathlib import Path

from server.embedded.errors import EmbeddedError, disk_full

LIMIT_BYTES = 10 * 2**20
COMPLAINT = re.compile(r"(?:FATAL|PANIC|ERROR|error):\s+(.*)")


def open_log(log: Path) -> int:
    """A descriptor to append to. A log that has grown large is put aside first, one generation deep."""
    if size_of(log) > LIMIT_BYTES:
        log.replace(log.with_suffix(".log.1"))
    return os.open(log, os.O_WRONLY | os.O_APPEND | os.O_CREAT | os.O_CLOEXEC, 0o600)


def size_of(log: Path) -> int:
    return log.stat().st_size if log.exists() else 0


def written_since(log: Path, offset: int) -> str:
    """What a log holds from byte `offset` on (from its beginning if it was begun anew)."""
    with log.open("rb") as file:
        file.seek(offset if offset <= size_of(log) else 0)
        return file.read().decode(errors="replace")


def start_failure(product: str, words: str, log: Path, *, timed_out_s: float | None) -> EmbeddedError:
    """`words` is what the server wrote since it was started; `timed_out_s` how long it was waited for, if it lives."""
    line = last_words(words)
    if is_disk_full(line):
        return disk_full(f"{product} started", log.parent.parent)
    problem = f"{product} stopped while it started"
    if timed_out_s is not None:
        problem = f"{product} was not ready after {timed_out_s:.0f} s"
    return EmbeddedError(f"{problem}: {line or 'it said nothing'}", f"mend that; its log is {log}")


def is_disk_full(line: str) -> bool:
    """The kernel uses the same words when it has no more System V shared memory to give."""
    return os.strerror(errno.ENOSPC) in line and "shared memory" not in line


def last_words(words: str) -> str:
    """The line that says what went wrong: the last complaint, else the last line."""
    complaints = [match[1] for match in COMPLAINT.finditer(words)]
    lines = complaints or [line.strip() for line in words.splitlines() if line.strip()]
    return lines[-1] if lines else ""

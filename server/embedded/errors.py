"""Every way in which the embedded servers can fail, told as one sentence: the problem and its mend.

Raised by all modules of this package and shown to people as it is. It carries no password.
"""

import errno
import os
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

DISK_FULL = {errno.ENOSPC, errno.EDQUOT}
FORBIDDEN = {errno.EACCES, errno.EPERM}
OTHER_DATA_DIR = "choose another data directory with TREEEX_DATA_DIR"
OTHER_SERVERS = (
    "give your own servers with TREEEX_DATABASE_URL and TREEEX_VALKEY_URL, for instance those of deploy/compose.yaml"
)


class EmbeddedError(Exception):
    """An embedded server cannot run. `str()` is one sentence: `problem; mend`."""

    def __init__(self, problem: str, mend: str) -> None:
        super().__init__(problem, mend)
        self.problem = problem
        self.mend = mend

    def __str__(self) -> str:
        return f"{self.problem}; {self.mend}"


def disk_full(doing: str, folder: Path) -> EmbeddedError:
    return EmbeddedError(f"the disk of {folder} became full while {doing}", f"free some space or {OTHER_DATA_DIR}")


@contextmanager
def told_plainly(doing: str, folder: Path) -> Iterator[None]:
    """Turns an OSError of the block into an EmbeddedError. `doing` reads well after "while"."""
    try:
        yield
    except OSError as error:
        raise from_os_error(doing, folder, error) from error


def from_os_error(doing: str, folder: Path, error: OSError) -> EmbeddedError:
    place = error.filename if isinstance(error.filename, str) else folder
    if error.errno in DISK_FULL:
        return disk_full(doing, folder)
    if error.errno == errno.EROFS:
        return EmbeddedError(f"{place} is on a read-only file system", OTHER_DATA_DIR)
    if error.errno in FORBIDDEN:
        return EmbeddedError(
            f"permission for {place} was denied while {doing}",
            f"give this user the right to write there or {OTHER_DATA_DIR}",
        )
    if error.errno == errno.ENOTDIR:
        return EmbeddedError(f"a part of the path {place} is a file, not a folder", OTHER_DATA_DIR)
    reason = os.strerror(error.errno) if error.errno else str(error)
    return EmbeddedError(f"{doing} failed at {place}: {reason}", f"mend that or {OTHER_DATA_DIR}")

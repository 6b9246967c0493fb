"""One launcher per server and data directory, so that nobody attaches to the servers of a launcher that lives.

Held by the instances of the two launchers until they stop. The kernel drops it when its holder dies, however it dies.
"""

import fcntl
import os
from pathlib import Path

from server.embedded.errors import OTHER_DATA_DIR, EmbeddedError, told_plainly


class Lock:
    """Taken when made. Raises EmbeddedError if another launcher holds it."""

    def __init__(self, path: Path) -> None:
        with told_plainly("locking the data directory", path.parent):
            self._file = path.open("a+")
            try:
                fcntl.flock(self._file, fcntl.LOCK_EX | fcntl.LOCK_NB)
            except BlockingIOError:
                holder = self._read_holder()
                self._file.close()
                raise EmbeddedError(
                    f"another TREEEX (process {holder}) is using the data directory {path.parent}",
                    f"stop it first or {OTHER_DATA_DIR}",
                ) from None
            self._write_holder(f"{os.getpid()}\n")

    def release(self) -> None:
        if not self._file.closed:
            self._write_holder("")
            self._file.close()

    def _read_holder(self) -> str:
        self._file.seek(0)
        return self._file.read().strip() or "unknown"

    def _write_holder(self, text: str) -> None:
        self._file.truncate(0)
        self._file.write(text)
        self._file.flush()

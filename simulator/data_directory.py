"""The files of a run: `ledger.jsonl`, `webhooks.jsonl`, `configuration.jsonl`, `media.jsonl` with the folder
`media`, and a lock against a second run.

Opened by the command, handed to `world.py`. Everything in it is private to its owner.
"""

from __future__ import annotations

import contextlib
import fcntl
import os
from pathlib import Path

from simulator.append_file import AppendFile
from simulator.configuration import ConfigurationFile
from simulator.errors import CannotStart
from simulator.media.content import DiskContents


class DataDirectory:
    """Raises CannotStart when the directory cannot be made, written or had for oneself."""

    def __init__(self, path: Path) -> None:
        try:
            path.mkdir(mode=0o700, parents=True, exist_ok=True)
        except OSError as error:
            raise CannotStart(
                f"cannot make the data directory {path}: {error.strerror}; give another one with --data"
            ) from error
        self._lock = _lock(path)
        self.outbox = AppendFile(path / "webhooks.jsonl")
        self.ledger = AppendFile(path / "ledger.jsonl", after=self.outbox)
        self.configuration = ConfigurationFile(AppendFile(path / "configuration.jsonl"))
        self.media = AppendFile(path / "media.jsonl")
        self.media_contents = DiskContents(path / "media")

    def close(self) -> None:
        self.ledger.close()
        self.outbox.close()
        self.configuration.close()
        self.media.close()
        with contextlib.suppress(OSError):
            os.close(self._lock)


def _lock(path: Path) -> int:
    try:
        fd = os.open(path / "lock", os.O_RDWR | os.O_CREAT | os.O_CLOEXEC, 0o600)
    except OSError as error:
        raise CannotStart(
            f"cannot write in the data directory {path}: {error.strerror}; give another one with --data"
        ) from error
    try:
        fcntl.flock(fd, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except OSError as error:
        os.close(fd)
        raise CannotStart(
            f"another simulator uses the data directory {path}; stop it, or give another one with --data"
        ) from error
    return fd

"""One `treeex up` per data directory: the lock, and `running.json`, by which other commands find what runs.

The kernel drops the lock when its holder dies. A lock file that is found without a holder tells that the last `up`
was killed, so that children of it may still be about.
"""

import fcntl
import json
import os
from collections.abc import Mapping
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any

from server.cli.up.errors import CannotRun

LOCK = "up.lock"
RUNNING = "running.json"


@dataclass(frozen=True, slots=True)
class Running:
    """What `running.json` holds. `settings` has secrets: the file is for this user alone."""

    pid: int
    api_url: str
    simulator_url: str | None
    started_at: str
    settings: Mapping[str, str]
    """Settings by name, as this `up` gives them to its processes: database_url, valkey_url, keyring_file, …"""


class Claim:
    """The lock of a data directory, held until `release`."""

    def __init__(self, data_dir: Path, fd: int, *, is_first: bool) -> None:
        self._data_dir = data_dir
        self._fd = fd
        self.after_a_kill = not is_first
        """Whether the holder before went without a word."""

    @classmethod
    def take(cls, data_dir: Path) -> "Claim":
        """Raises CannotRun when another `up` holds it."""
        path = data_dir / LOCK
        while True:
            is_first = not path.exists()
            fd = os.open(path, os.O_RDWR | os.O_CREAT | os.O_CLOEXEC, 0o600)
            try:
                fcntl.flock(fd, fcntl.LOCK_EX | fcntl.LOCK_NB)
            except BlockingIOError:
                os.close(fd)
                raise CannotRun(_taken(data_dir, path)) from None
            if _is_still(path, fd):
                os.ftruncate(fd, 0)
                os.write(fd, f"{os.getpid()}\n".encode())
                return cls(data_dir, fd, is_first=is_first)
            os.close(fd)  # its holder removed it while we waited for nothing

    def publish(self, running: Running) -> None:
        """Tells other commands where everything is."""
        write_private(self._data_dir / RUNNING, json.dumps(asdict(running), indent=2) + "\n")

    def release(self) -> None:
        """Removes both files."""
        (self._data_dir / RUNNING).unlink(missing_ok=True)
        (self._data_dir / LOCK).unlink(missing_ok=True)
        os.close(self._fd)


def read_running(data_dir: Path) -> dict[str, Any] | None:
    """What an `up` of this data directory published, alive or killed; None if there is nothing to read."""
    try:
        found = json.loads((data_dir / RUNNING).read_text("utf-8"))
    except (OSError, ValueError):
        return None
    return found if isinstance(found, dict) else None


def write_private(path: Path, text: str) -> None:
    """A file for this user alone, whole or not at all."""
    unfinished = path.with_name(f"{path.name}.new")
    unfinished.unlink(missing_ok=True)
    fd = os.open(unfinished, os.O_WRONLY | os.O_CREAT | os.O_EXCL | os.O_CLOEXEC, 0o600)
    with os.fdopen(fd, "w", encoding="utf-8") as file:
        file.write(text)
        file.flush()
        os.fsync(fd)
    unfinished.replace(path)


def _taken(data_dir: Path, lock: Path) -> str:
    pid = lock.read_text().strip() or "unknown"
    running = read_running(data_dir) or {}
    where = running.get("api_url", "") if str(running.get("pid")) == pid else ""
    state = f"at {where}" if where else "and is starting or stopping"
    return (
        f"`treeex up` already runs on {data_dir} (process {pid}) {state}; "
        "use that one, stop it with Ctrl-C, or choose another folder with --data-dir"
    )


def _is_still(path: Path, fd: int) -> bool:
    try:
        return os.path.samestat(path.stat(), os.fstat(fd))
    except FileNotFoundError:
        return False

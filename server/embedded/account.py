"""The system account that the servers run as: this user, or `nobody` when this user is root.

Used wherever a process is started or a folder is given to the servers. It never creates or changes an account.
"""

import os
import pwd
import subprocess
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import IO, TypedDict

from server.embedded.errors import OTHER_SERVERS, EmbeddedError

UNPRIVILEGED = "nobody"
KEPT_VARIABLES = ("PATH", "LD_LIBRARY_PATH", "TMPDIR")
FIRST_FORBIDDEN = 'for folder do [ -x "$folder" ] || { printf %s "$folder"; exit 1; }; done'


class SpawnOptions(TypedDict, total=False):
    user: int
    group: int
    extra_groups: Sequence[int]


@dataclass(frozen=True)
class Account:
    """`switched`: it is another account than that of this process, which is root then."""

    uid: int
    gid: int
    name: str
    switched: bool

    def spawn(self, command: Sequence[str], output: int | IO[bytes]) -> subprocess.Popen[bytes]:
        """Starts a program as this account, in a session of its own, so that Ctrl-C on the terminal spares it."""
        options: SpawnOptions = {"user": self.uid, "group": self.gid, "extra_groups": []} if self.switched else {}
        return subprocess.Popen(
            command,
            stdin=subprocess.DEVNULL,
            stdout=output,
            stderr=subprocess.STDOUT,
            cwd="/",
            env=clean_environment(),
            umask=0o077,
            start_new_session=True,
            **options,
        )

    def first_forbidden(self, folders: Sequence[Path]) -> Path | None:
        """The first of the existing folders that this account may not traverse."""
        if not self.switched:
            return next((folder for folder in folders if not os.access(folder, os.X_OK)), None)
        # The kernel is asked as that account, since mode bits alone know nothing of access control lists.
        probe = self.spawn(["/bin/sh", "-c", FIRST_FORBIDDEN, "sh", *map(str, folders)], subprocess.PIPE)
        printed, _ = probe.communicate()
        return Path(os.fsdecode(printed)) if probe.returncode else None


def server_account() -> Account:
    """Raises EmbeddedError if this process is root and there is no unprivileged account."""
    if os.geteuid() != 0:
        return Account(os.geteuid(), os.getegid(), "this user", switched=False)
    try:
        entry = pwd.getpwnam(UNPRIVILEGED)
    except KeyError:
        raise EmbeddedError(
            f"PostgreSQL refuses to run as root and this system has no account {UNPRIVILEGED}",
            f"start TREEEX as an ordinary user, or {OTHER_SERVERS}",
        ) from None
    return Account(entry.pw_uid, entry.pw_gid, UNPRIVILEGED, switched=True)


def clean_environment() -> dict[str, str]:
    """No PG… variable of the caller, and no secret of ours, reaches a server."""
    kept = {name: os.environ[name] for name in KEPT_VARIABLES if name in os.environ}
    return kept | {"LC_ALL": "C", "TZ": "UTC"}

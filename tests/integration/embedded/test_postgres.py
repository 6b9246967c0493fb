"""The embedded PostgreSQL in good days: first start, restart, settings, stop."""

import os
import stat
from collections.abc import Callable
from pathlib import Path
from typing import Any

import psutil
import pytest

from server.embedded import EmbeddedError, EmbeddedPostgres, PostgresAddress

Sql = Callable[[PostgresAddress, str], str]
SETTINGS = {
    "TimeZone": "UTC",
    "data_checksums": "on",
    # Nothing in /dev/shm: a killed server leaves no memory behind outside its data directory.
    "dynamic_shared_memory_type": "mmap",
    "fsync": "on",
    "full_page_writes": "on",
    "listen_addresses": "",
    "log_statement": "none",
    "max_connections": "100",
    "password_encryption": "scram-sha-256",
    "server_encoding": "UTF8",
    "synchronous_commit": "on",
}


def test_a_first_start_tells_its_stages_and_answers(empty_dir: Path, sql: Sql) -> None:
    stages: list[str] = []
    server = EmbeddedPostgres.start(empty_dir, stages.append)
    try:
        copying = ["Copying PostgreSQL's programs"] if os.geteuid() == 0 else []
        assert stages == [*copying, "Creating the database cluster", "Starting PostgreSQL"]
        assert server.alive()
        assert not server.attached
        assert sql(server.address, "SELECT 6 * 7") == "42"
    finally:
        server.stop()


def test_the_server_is_durable_and_local(fleet: Any, sql: Sql) -> None:
    names = ", ".join(f"'{name}'" for name in SETTINGS)
    query = f"SELECT name || '=' || setting FROM pg_settings WHERE name IN ({names})"
    address = fleet.postgres().address
    assert dict(row.split("=", 1) for row in sql(address, query).splitlines()) == SETTINGS
    assert sql(address, "SELECT DISTINCT datcollate, datctype FROM pg_database") == "C|C"


def test_only_the_password_opens_it(fleet: Any, sql: Sql) -> None:
    address = fleet.postgres().address
    wrong = PostgresAddress(address.socket_dir, address.port, address.user, "wrong")
    assert "password authentication failed" in sql(wrong, "SELECT 1")
    assert len(address.password) >= 32
    assert address.password not in repr(address)


def test_files_are_closed_to_others(fleet: Any, data_dir: Path) -> None:
    server = fleet.postgres()
    owner = psutil.Process(server.pid).uids().real
    assert owner != 0
    for path, mode in {"run": 0o700, "postgres": 0o700, "run/.s.PGSQL.5432": 0o700}.items():
        found = (data_dir / path).stat()
        assert (stat.S_IMODE(found.st_mode), found.st_uid) == (mode, owner), path
    for path, mode in {"postgres.password": 0o600, "log": 0o700, "log/postgres.log": 0o600}.items():
        found = (data_dir / path).stat()
        assert (stat.S_IMODE(found.st_mode), found.st_uid) == (mode, os.geteuid()), path


def test_a_restart_keeps_the_data_and_repeats_no_work(fleet: Any, sql: Sql) -> None:
    first = fleet.postgres()
    sql(first.address, "CREATE TABLE kept AS SELECT 'yes' AS answer")
    first.stop()
    fleet.stages.clear()
    second = fleet.postgres()
    assert fleet.stages == ["Starting PostgreSQL"]
    assert second.address == first.address
    assert sql(second.address, "SELECT answer FROM kept") == "yes"


def test_what_an_operator_sets_survives_a_restart(fleet: Any, sql: Sql) -> None:
    first = fleet.postgres()
    sql(first.address, "ALTER SYSTEM SET work_mem = '7MB'")
    first.stop()
    assert sql(fleet.postgres().address, "SHOW work_mem") == "7MB"


def test_a_path_with_unusual_characters_works(empty_dir: Path, sql: Sql) -> None:
    server = EmbeddedPostgres.start(empty_dir / "a b%41ü(c);&#")
    try:
        assert sql(server.address, "SELECT 1") == "1"
    finally:
        server.stop()


def test_a_link_leads_to_the_same_database(data_dir: Path, sql: Sql) -> None:
    link = data_dir / "link"
    link.symlink_to(data_dir)
    server = EmbeddedPostgres.start(link)
    try:
        assert str(link) in server.address.url("postgres").replace("%2F", "/")
        assert sql(server.address, "SELECT 1") == "1"
    finally:
        server.stop()


def test_the_url_carries_other_roles_and_hostile_characters() -> None:
    address = PostgresAddress(Path("/data dir/run"), 5432, "postgres", "p@ss/word")
    assert address.url("db") == "postgresql://postgres:p%40ss%2Fword@/db?host=%2Fdata%20dir%2Frun&port=5432"
    assert address.url("d?b", user="treeex_api", password="").startswith("postgresql://treeex_api:@/d%3Fb?")


@pytest.mark.proves("G21")
def test_the_log_keeps_no_data_of_customers(fleet: Any, sql: Sql, data_dir: Path) -> None:
    address = fleet.postgres().address
    sql(address, "CREATE TABLE bodies (body text UNIQUE)")
    twice = "INSERT INTO bodies VALUES ('the-secret-body'), ('the-secret-body')"
    assert "duplicate key" in sql(address, twice)
    log = (data_dir / "log" / "postgres.log").read_text()
    assert "duplicate key" in log
    assert "the-secret-body" not in log


def test_stop_leaves_nothing(fleet: Any, data_dir: Path, processes_in: Callable[[Path], list[Any]]) -> None:
    server = fleet.postgres()
    pid_file = (data_dir / "postgres" / "postmaster.pid").read_text().splitlines()
    segment = pid_file[6].split()[1]
    assert segment in shared_memory_ids()
    server.stop()
    assert not server.alive()
    assert processes_in(data_dir) == []
    assert list((data_dir / "run").iterdir()) == []
    assert not (data_dir / "postgres" / "postmaster.pid").exists()
    assert segment not in shared_memory_ids()


def shared_memory_ids() -> set[str]:
    listing = Path("/proc/sysvipc/shm")
    if not listing.exists():
        pytest.skip("this system does not list its System V shared memory in /proc")
    return {line.split()[1] for line in listing.read_text().splitlines()[1:]}


def test_stop_may_be_repeated(fleet: Any) -> None:
    server = fleet.postgres()
    server.stop()
    server.stop()
    assert not server.alive()


def test_stop_ends_open_sessions(fleet: Any, busy_session: Callable[[PostgresAddress], Any]) -> None:
    server = fleet.postgres()
    session = busy_session(server.address)
    server.stop()
    assert not server.alive()
    assert "terminating connection" in session.communicate(timeout=30)[1]


def test_find_tells_the_address_of_a_running_server_only(fleet: Any, data_dir: Path) -> None:
    assert EmbeddedPostgres.find(data_dir) is None
    server = fleet.postgres()
    assert EmbeddedPostgres.find(data_dir) == server.address
    server.stop()
    assert EmbeddedPostgres.find(data_dir) is None


def test_a_second_launcher_is_refused_while_the_first_lives(fleet: Any, data_dir: Path) -> None:
    server = fleet.postgres()
    with pytest.raises(EmbeddedError, match=rf"another TREEEX \(process {os.getpid()}\)"):
        EmbeddedPostgres.start(data_dir)
    assert server.alive()

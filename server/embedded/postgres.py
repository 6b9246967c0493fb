"""The embedded PostgreSQL: start or attach, address, stop.

Called by the supervisor of `treeex up` and by test harnesses. It holds the lock of the data directory until stopped.
It opens no database connection.
"""

import signal
import time
from collections.abc import Callable
from pathlib import Path
from typing import Self

from server.embedded import cluster
from server.embedded.account import Account, server_account
from server.embedded.address import PostgresAddress, read_address
from server.embedded.binaries import Programs, find_postgres
from server.embedded.datadir import DataDir, prepare_data_dir
from server.embedded.errors import OTHER_DATA_DIR, EmbeddedError, told_plainly
from server.embedded.lock import Lock
from server.embedded.process import (
    ServerProcess,
    answers,
    find_processes,
    may_run_in,
    process_exists,
    runs,
    start_process,
    stays_in_use,
    wait_until,
)
from server.embedded.programs import reachable_programs
from server.embedded.serverlog import size_of, start_failure, written_since

START_BUDGET_S = 180.0
"""Generous: after a crash the write-ahead log is replayed first."""
RETRY_BUDGET_S = 15.0
ORPHAN_BUDGET_S = 5.0
QUIT_BUDGET_S = 3.0
RETRY_PAUSE_S = 0.2
STILL_HELD = ("pre-existing shared memory block", 'lock file "postmaster.pid" already exists')


class EmbeddedPostgres:
    """A running server. Made by `start`, ended by `stop`; both block."""

    def __init__(self, layout: DataDir, account: Account, process: ServerProcess, lock: Lock) -> None:
        self._layout = layout
        self._account = account
        self._process = process
        self._lock = lock
        self.address = read_address(layout)

    @classmethod
    def start(cls, data_dir: Path, say: Callable[[str], None] = lambda stage: None) -> Self:
        """Starts the server, or attaches to the one that a killed launcher left.

        Raises EmbeddedError.
        """
        prepare_data_dir(data_dir)
        layout, account = DataDir.at(data_dir), server_account()
        lock = Lock(layout.root / "postgres.lock")
        try:
            with told_plainly("starting PostgreSQL", layout.root):
                cluster.require_own_cluster(layout, account)
                process = attach(layout, account, say) or launch(layout, account, say)
            return cls(layout, account, process, lock)
        except BaseException:
            lock.release()
            raise

    @classmethod
    def find(cls, data_dir: Path) -> PostgresAddress | None:
        """The address of a running server, whoever started it, for commands beside `treeex up`. Starts nothing."""
        layout = DataDir.at(data_dir)
        if not answers(layout.postgres_socket):
            return None
        return read_address(layout)

    @property
    def pid(self) -> int:
        return self._process.pid

    @property
    def attached(self) -> bool:
        """Whether the server was running already."""
        return self._process.attached

    def alive(self) -> bool:
        return self._process.alive()

    def stop(self, timeout_s: float = 8.0) -> None:
        """Stops the server and removes what it left. Harmless to repeat, and after the server died.

        Sessions are ended and the data is written out within `timeout_s` seconds, else the server quits at once and
        recovers at its next start.
        """
        shut_down(self._process, timeout_s)
        remove_orphans(self._layout, self._account, wait_s=0)
        remove_sockets(self._layout)
        self._lock.release()


def attach(layout: DataDir, account: Account, say: Callable[[str], None]) -> ServerProcess | None:
    """The live server of a launcher that was killed, once it accepts connections; None if there is none."""
    cluster_path = str(layout.real.cluster)
    found = find_processes(account, lambda words: runs(words, ("postgres",), "-D", cluster_path))
    if not found:
        return None
    # A child that was just forked still shows the command line of its parent.
    recorded = read_pid(layout.cluster / "postmaster.pid")
    process = next((process for process in found if process.pid == recorded), found[0])
    say("Attaching to the PostgreSQL that is running")
    wait_until(lambda: is_ready(layout, process.pid) or not process.alive(), START_BUDGET_S)
    if process.alive() and answers(layout.postgres_socket):
        return process
    # It was leaving already, or nobody can reach it any more.
    shut_down(process, QUIT_BUDGET_S)
    return None


def is_ready(layout: DataDir, pid: int) -> bool:
    """Whether the server's own pid file says so: its first line is the pid, its eighth the state."""
    try:
        lines = (layout.cluster / "postmaster.pid").read_text().splitlines()
    except OSError:
        return False
    return len(lines) >= 8 and lines[0].strip() == str(pid) and lines[7].strip() == "ready"


def launch(layout: DataDir, account: Account, say: Callable[[str], None]) -> ServerProcess:
    remove_orphans(layout, account, wait_s=ORPHAN_BUDGET_S)
    found = find_postgres()
    cluster.require_major(layout, found.major)
    programs = reachable_programs(found, layout, account, "PostgreSQL", say)
    if not layout.cluster.exists():
        cluster.create_cluster(layout, programs, account, say)
    cluster.write_configuration(layout, account)
    clear_stale_files(layout)
    say("Starting PostgreSQL")
    return start_until_ready(layout, programs, account)


def remove_orphans(layout: DataDir, account: Account, wait_s: float) -> None:
    """Backends outlive a killed server for a while, and their shared memory forbids a new one.

    They leave by themselves when they notice; those that do not within `wait_s` seconds are killed, which is safe:
    what they did is in the write-ahead log or was never promised.
    """
    title = f"postgres: {cluster.cluster_name(layout)}: "

    def orphans() -> list[ServerProcess]:
        return find_processes(account, lambda words: " ".join(words).startswith(title))

    if wait_until(lambda: not orphans(), wait_s):
        return
    for orphan in orphans():
        orphan.send(signal.SIGKILL)
    wait_until(lambda: not orphans(), QUIT_BUDGET_S)


def clear_stale_files(layout: DataDir) -> None:
    """Removes what would block a start although no server of ours runs any more."""
    if stays_in_use(layout.postgres_socket):
        raise EmbeddedError(f"another program listens on {layout.postgres_socket}", f"stop it or {OTHER_DATA_DIR}")
    remove_sockets(layout)
    pid_file = layout.cluster / "postmaster.pid"
    pid = read_pid(pid_file)
    if may_run_in(layout.cluster, pid, "postgres"):
        raise EmbeddedError(
            f"another PostgreSQL (process {pid}) seems to run on {layout.cluster}",
            f"stop it, or remove {pid_file} if it does not, or {OTHER_DATA_DIR}",
        )
    # PostgreSQL itself handles a pid file whose process is gone, and finds its old shared memory by it. But it gives
    # up if the pid is some other process's by now, which is common in containers and after a power cut.
    if pid == 0 or process_exists(pid):
        pid_file.unlink(missing_ok=True)


def read_pid(pid_file: Path) -> int:
    """0 if there is none, or if a power cut left the file empty."""
    try:
        return int(pid_file.read_text().split("\n", 1)[0])
    except (FileNotFoundError, ValueError):
        return 0


def remove_sockets(layout: DataDir) -> None:
    for file in (layout.postgres_socket, layout.postgres_socket.with_name(f"{layout.postgres_socket.name}.lock")):
        file.unlink(missing_ok=True)


def start_until_ready(layout: DataDir, programs: Programs, account: Account) -> ServerProcess:
    """Tries again for a while if memory of a server that was just killed is still held."""
    configuration = f"config_file={cluster.configuration_path(layout.real)}"
    command = [str(programs.bin / "postgres"), "-D", str(layout.real.cluster), "-c", configuration]
    log = layout.log / "postgres.log"
    deadline = time.monotonic() + RETRY_BUDGET_S
    while True:
        offset = size_of(log)
        process = start_process(command, account, log)
        if is_ready_in_time(layout, process):
            return process
        waited_s = START_BUDGET_S if process.alive() else None
        shut_down(process, QUIT_BUDGET_S)
        words = written_since(log, offset)
        if time.monotonic() > deadline or not any(reason in words for reason in STILL_HELD):
            raise start_failure("PostgreSQL", words, log, timed_out_s=waited_s)
        time.sleep(RETRY_PAUSE_S)


def is_ready_in_time(layout: DataDir, process: ServerProcess) -> bool:
    try:
        wait_until(lambda: is_ready(layout, process.pid) or not process.alive(), START_BUDGET_S)
    except BaseException:
        shut_down(process, QUIT_BUDGET_S)
        raise
    return process.alive() and is_ready(layout, process.pid)


def shut_down(process: ServerProcess, timeout_s: float) -> None:
    """Fast shutdown, then an immediate one, which still releases its shared memory; killing comes last."""
    process.leave(
        [(signal.SIGINT, timeout_s), (signal.SIGQUIT, QUIT_BUDGET_S), (signal.SIGKILL, QUIT_BUDGET_S)],
    )

"""The embedded Valkey: start or attach, address, stop.

Called by the supervisor of `treeex up` and by test harnesses. It keeps nothing on disk: what it holds can be lost at
any moment by design. The only command that it sends is PING.
"""

import signal
import socket
from collections.abc import Callable
from pathlib import Path
from typing import Self
from urllib.parse import quote

from server.embedded.account import Account, server_account
from server.embedded.binaries import find_valkey
from server.embedded.datadir import DataDir, prepare_data_dir
from server.embedded.errors import OTHER_DATA_DIR, EmbeddedError, told_plainly
from server.embedded.lock import Lock
from server.embedded.process import (
    ServerProcess,
    find_processes,
    runs,
    start_process,
    stays_in_use,
    wait_until,
)
from server.embedded.programs import reachable_programs
from server.embedded.serverlog import size_of, start_failure, written_since

START_BUDGET_S = 30.0
ATTACH_BUDGET_S = 3.0
KILL_BUDGET_S = 3.0
PROGRAM_NAMES = ("valkey-server", "redis-server")
CONFIGURATION = """\
# Written by TREEEX at each start.
port 0
unixsocket "{socket}"
unixsocketperm 700
dir "{folder}"
pidfile "{pid_file}"
logfile ""
daemonize no
# Its command line stays as it was started, by which a later launcher knows it.
set-proc-title no
save ""
appendonly no
maxmemory 256mb
maxmemory-policy noeviction
# Our hashes hold a field a number and are asked for a few: a list would be read from its beginning for each.
hash-max-listpack-entries 32
# Concerns only servers that save to disk.
ignore-warnings ARM64-COW-BUG
"""


class EmbeddedValkey:
    """A running server. Made by `start`, ended by `stop`; both block."""

    def __init__(self, layout: DataDir, process: ServerProcess, lock: Lock) -> None:
        self._layout = layout
        self._process = process
        self._lock = lock
        self.url = url_of(layout)

    @classmethod
    def start(cls, data_dir: Path, say: Callable[[str], None] = lambda stage: None) -> Self:
        """Starts the server, or attaches to the one that a killed launcher left.

        Raises EmbeddedError.
        """
        prepare_data_dir(data_dir)
        layout, account = DataDir.at(data_dir), server_account()
        lock = Lock(layout.root / "valkey.lock")
        try:
            with told_plainly("starting Valkey", layout.root):
                process = attach(layout, account, say) or launch(layout, account, say)
            return cls(layout, process, lock)
        except BaseException:
            lock.release()
            raise

    @classmethod
    def find(cls, data_dir: Path) -> str | None:
        """The URL of a running server, whoever started it, for commands beside `treeex up`. Starts nothing."""
        layout = DataDir.at(data_dir)
        return url_of(layout) if is_ready(layout) else None

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
        """Stops the server within `timeout_s` seconds or kills it. Harmless to repeat, and after the server died."""
        self._process.leave([(signal.SIGTERM, timeout_s), (signal.SIGKILL, KILL_BUDGET_S)])
        remove_leftovers(self._layout)
        self._lock.release()


def url_of(layout: DataDir) -> str:
    return f"unix://{quote(str(layout.valkey_socket))}"


def configuration_path(layout: DataDir) -> Path:
    return layout.root / "valkey.conf"


def pid_file(layout: DataDir) -> Path:
    return layout.run / "valkey.pid"


def attach(layout: DataDir, account: Account, say: Callable[[str], None]) -> ServerProcess | None:
    """The live server of a launcher that was killed; None if there is none. One that does not answer is killed."""
    configuration = str(configuration_path(layout.real))
    found = find_processes(account, lambda words: runs(words, PROGRAM_NAMES, configuration))
    if not found:
        return None
    say("Attaching to the Valkey that is running")
    if wait_until(lambda: is_ready(layout), ATTACH_BUDGET_S):
        return found[0]
    for process in found:
        process.leave([(signal.SIGKILL, KILL_BUDGET_S)])
    return None


def is_ready(layout: DataDir) -> bool:
    with socket.socket(socket.AF_UNIX, socket.SOCK_STREAM) as client:
        client.settimeout(1)
        try:
            client.connect(str(layout.valkey_socket))
            client.sendall(b"PING\r\n")
            return client.recv(16).startswith(b"+PONG")
        except OSError:
            return False


def launch(layout: DataDir, account: Account, say: Callable[[str], None]) -> ServerProcess:
    programs = reachable_programs(find_valkey(), layout, account, "Valkey", say)
    if stays_in_use(layout.valkey_socket):
        raise EmbeddedError(f"another program listens on {layout.valkey_socket}", f"stop it or {OTHER_DATA_DIR}")
    remove_leftovers(layout)
    write_configuration(layout, account)
    say("Starting Valkey")
    program = next(programs.bin / name for name in PROGRAM_NAMES if (programs.bin / name).is_file())
    return start_until_ready([str(program), str(configuration_path(layout.real))], layout, account)


def start_until_ready(command: list[str], layout: DataDir, account: Account) -> ServerProcess:
    log = layout.log / "valkey.log"
    offset = size_of(log)
    process = start_process(command, account, log)
    if is_ready_in_time(layout, process):
        return process
    waited_s = START_BUDGET_S if process.alive() else None
    process.leave([(signal.SIGKILL, KILL_BUDGET_S)])
    raise start_failure("Valkey", written_since(log, offset), log, timed_out_s=waited_s)


def is_ready_in_time(layout: DataDir, process: ServerProcess) -> bool:
    try:
        wait_until(lambda: is_ready(layout) or not process.alive(), START_BUDGET_S)
    except BaseException:
        process.leave([(signal.SIGKILL, KILL_BUDGET_S)])
        raise
    return process.alive() and is_ready(layout)


def write_configuration(layout: DataDir, account: Account) -> None:
    text = CONFIGURATION.format(socket=layout.valkey_socket, folder=layout.valkey, pid_file=pid_file(layout))
    with told_plainly("writing Valkey's configuration", layout.root):
        configuration_path(layout).write_text(text)
        configuration_path(layout).chmod(0o644 if account.switched else 0o600)


def remove_leftovers(layout: DataDir) -> None:
    for file in (layout.valkey_socket, pid_file(layout)):
        file.unlink(missing_ok=True)

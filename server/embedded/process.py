"""Server processes: starting, finding, watching and asking to leave.

Used by the two launchers. Those only ever signal a process that they started, or that runs as the servers' account
with a command line that names our own data directory.
"""

import errno
import os
import signal
import socket
import subprocess
import time
from collections.abc import Callable, Collection, Sequence
from contextlib import suppress
from pathlib import Path

import psutil  # type: ignore[import-untyped]  # it ships no types

from server.embedded.account import Account
from server.embedded.errors import OTHER_SERVERS, EmbeddedError, from_os_error
from server.embedded.serverlog import open_log

POLL_S = 0.01
LAST_THREAD_S = 1.0


class ServerProcess:
    """A server that we started (`child` given) or found running (`attached`)."""

    def __init__(self, pid: int, child: subprocess.Popen[bytes] | None = None) -> None:
        """Raises ProcessLookupError if the process is gone."""
        self.pid = pid
        self.attached = child is None
        self._child = child
        try:
            self._process = psutil.Process(pid)
        except psutil.NoSuchProcess:
            raise ProcessLookupError(pid) from None

    def alive(self) -> bool:
        """A zombie is gone: it waits only for a parent that may never ask."""
        if self._child is not None:
            return self._child.poll() is None
        try:
            return bool(self._process.is_running() and self._process.status() != psutil.STATUS_ZOMBIE)
        except psutil.NoSuchProcess:
            return False

    def send(self, number: signal.Signals) -> None:
        """Never reaches another process that was given the same pid."""
        with suppress(psutil.NoSuchProcess):
            self._process.send_signal(number)

    def leave(self, steps: Sequence[tuple[signal.Signals, float]]) -> bool:
        """Sends each signal in turn and gives it its seconds. True if the process is gone."""
        for number, seconds in steps:
            if not self.alive():
                return True
            self.send(number)
            wait_until(lambda: not self.alive(), seconds)
        return not self.alive()


def find_processes(account: Account, is_ours: Callable[[list[str]], bool]) -> list[ServerProcess]:
    """The running processes of `account` whose command line `is_ours` accepts."""
    found = []
    for process in psutil.process_iter():
        try:
            if process.uids().real == account.uid and is_ours(process.cmdline()):
                found.append(ServerProcess(process.pid))
        except (psutil.NoSuchProcess, psutil.AccessDenied, ProcessLookupError):
            continue
    return [process for process in found if process.alive()]


def runs(words: list[str], programs: Collection[str], *arguments: str) -> bool:
    """Whether a command line is one of the programs with these first arguments, not, say, an editor of its files."""
    return bool(words) and Path(words[0]).name in programs and words[1 : 1 + len(arguments)] == list(arguments)


def kill_group(process: ServerProcess) -> None:
    """Kills a process that we started, and its children, which are in a session of their own."""
    with suppress(ProcessLookupError, PermissionError):
        os.killpg(process.pid, signal.SIGKILL)


def may_run_in(folder: Path, pid: int, program: str) -> bool:
    """Whether process `pid` may be `program` working in `folder`. If the system will not tell, it may."""
    try:
        process = psutil.Process(pid)
        if process.name() != program:
            return False
        return os.path.samefile(process.cwd(), folder)
    except (psutil.NoSuchProcess, FileNotFoundError):
        return False
    except (psutil.AccessDenied, PermissionError):
        return True


def process_exists(pid: int) -> bool:
    return bool(psutil.pid_exists(pid))


def wait_until(condition: Callable[[], bool], timeout_s: float) -> bool:
    deadline = time.monotonic() + timeout_s
    while not condition():
        if time.monotonic() > deadline:
            return False
        time.sleep(POLL_S)
    return True


def start_process(command: Sequence[str], account: Account, log: Path) -> ServerProcess:
    """Starts a server that writes to `log`. Raises EmbeddedError if the program cannot be executed here."""
    descriptor = open_log(log)
    try:
        child = account.spawn(command, descriptor)
    except OSError as error:
        raise cannot_execute(Path(command[0]), account, error) from error
    finally:
        os.close(descriptor)
    return ServerProcess(child.pid, child)


def cannot_execute(program: Path, account: Account, error: OSError) -> EmbeddedError:
    if error.errno == errno.ENOENT and program.exists():
        return EmbeddedError(f"{program} needs glibc, which this system lacks", OTHER_SERVERS)
    if error.errno == errno.ENOEXEC:
        return EmbeddedError(f"{program} was built for another kind of processor", OTHER_SERVERS)
    if error.errno == errno.EACCES:
        return EmbeddedError(
            f"{account.name} may not execute {program}",
            "see whether its file system is mounted noexec and its folders can be entered, or choose another data "
            "directory with TREEEX_DATA_DIR",
        )
    return from_os_error(f"starting {program.name}", program.parent, error)


def answers(path: Path) -> bool:
    """Whether some process accepts connections on a Unix socket."""
    with socket.socket(socket.AF_UNIX, socket.SOCK_STREAM) as client:
        client.settimeout(1)
        try:
            client.connect(str(path))
        except OSError:
            return False
    return True


def stays_in_use(path: Path) -> bool:
    """Whether a Unix socket is still served a moment later: the threads of a killed process do not end at once."""
    return not wait_until(lambda: not answers(path), LAST_THREAD_S)

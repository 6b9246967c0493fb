"""Runs `treeex up` and `treeex demo` on a terminal of their own, as a person would, and sees what they leave behind."""

import os
import pty
import re
import signal
import subprocess
import sys
import tempfile
import threading
import time
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager, suppress
from pathlib import Path

import psutil  # type: ignore[import-untyped]  # it ships no types

from tests.processes import environment

PATIENCE_S = 180.0
_ESCAPES = re.compile(r"\x1b\[[0-9;?]*[A-Za-z]")
_COMMAND = (sys.executable, "-m", "server.cli.app")


class Up:
    """A `treeex up` (or demo) on a pseudo-terminal. `said` is all that it has written so far."""

    def __init__(
        self, data_dir: Path, *options: str, command: str = "up", settings: Mapping[str, object] | None = None
    ) -> None:
        self.data_dir = data_dir
        self.said = ""
        environ = environment(settings or {}) | {"TERM": "dumb", "COLUMNS": "400", "TMPDIR": str(data_dir)}
        if command == "up":
            options = ("--data-dir", str(data_dir), "--port", "0", "--simulator-port", "0", *options)
        arguments = (*_COMMAND, command, *options)
        self.pid, self._terminal = pty.fork()
        if self.pid == 0:
            os.execve(arguments[0], arguments, environ)
        self._status: int | None = None
        self._reader = threading.Thread(target=self._read, daemon=True)
        self._reader.start()

    def wait_ready(self) -> "Up":
        self.until(lambda: "Ctrl-C stops everything" in self.said)
        return self

    def until(self, condition: Callable[[], object]) -> None:
        deadline = time.monotonic() + PATIENCE_S
        while not condition():
            assert self.running(), f"it ended with {self._status}:\n{self.said}"
            assert time.monotonic() < deadline, self.said
            time.sleep(0.02)

    def found(self, pattern: str) -> str:
        """The first group of a pattern in what it said."""
        match = re.search(pattern, self.said)
        assert match is not None, self.said
        return match[1]

    @property
    def api_url(self) -> str:
        return self.found(r"API +(http://[^/\s]+)")

    @property
    def simulator_url(self) -> str:
        return self.found(r"Simulator +(http://[^/\s]+)")

    def children(self) -> dict[int, str]:
        """The command lines of everything that belongs to the data directory, but `up` itself."""
        return {pid: line for pid, line in processes_of(self.data_dir).items() if pid != self.pid}

    def child(self, words: str) -> int:
        """The one process whose command line holds these words."""
        [pid] = [pid for pid, line in self.children().items() if words in line]
        return pid

    def press_ctrl_c(self) -> None:
        """The terminal sends SIGINT to whoever is in its foreground."""
        os.write(self._terminal, b"\x03")

    def send(self, number: signal.Signals) -> None:
        os.kill(self.pid, number)

    def running(self) -> bool:
        if self._status is None:
            pid, status = os.waitpid(self.pid, os.WNOHANG)
            if pid:
                self._status = os.waitstatus_to_exitcode(status)
        return self._status is None

    def wait_gone(self) -> int:
        """The exit status."""
        deadline = time.monotonic() + PATIENCE_S
        while self.running():
            assert time.monotonic() < deadline, f"it still runs:\n{self.said}"
            time.sleep(0.02)
        self._reader.join(timeout=5)
        assert self._status is not None
        return self._status

    def end(self) -> None:
        """For the end of a test: whatever state it is in, nothing stays."""
        if self.running():
            self.send(signal.SIGKILL)
            self.wait_gone()
        end_processes_of(self.data_dir)
        os.close(self._terminal)

    def _read(self) -> None:
        with suppress(OSError):  # how a terminal without a process on the other side reads on Linux
            while chunk := os.read(self._terminal, 65_536):
                self.said += _ESCAPES.sub("", chunk.decode(errors="replace")).replace("\r\n", "\n")


@contextmanager
def short_data_dir() -> Iterator[Path]:
    """A folder whose path is short enough for a Unix socket, and that the servers' account may pass."""
    with tempfile.TemporaryDirectory(prefix="tx-", ignore_cleanup_errors=True) as name:
        folder = Path(name).resolve()
        folder.chmod(0o711)
        try:
            yield folder
        finally:
            end_processes_of(folder)


@contextmanager
def running_up(data_dir: Path, *options: str, settings: Mapping[str, object] | None = None) -> Iterator[Up]:
    """A `treeex up` that is ready."""
    up = Up(data_dir, *options, settings=settings)
    try:
        yield up.wait_ready()
    finally:
        up.end()


def processes_of(data_dir: Path) -> dict[int, str]:
    """Command lines by pid of all that has the folder, or one in it, in its command line or its settings."""
    found: dict[int, str] = {}
    for process in psutil.process_iter():
        with suppress(psutil.Error):
            line = " ".join(process.cmdline())
            is_alive = process.status() != psutil.STATUS_ZOMBIE
            if is_alive and str(data_dir) in line + _environment_of(process).get("TREEEX_DATA_DIR", ""):
                found[process.pid] = line
    found.pop(os.getpid(), None)
    return found


def _environment_of(process: psutil.Process) -> dict[str, str]:
    try:
        return dict(process.environ())
    except psutil.Error:
        return {}


def end_processes_of(data_dir: Path) -> None:
    for pid in processes_of(data_dir):
        with suppress(ProcessLookupError):
            os.kill(pid, signal.SIGKILL)
    deadline = time.monotonic() + 10
    while processes_of(data_dir) and time.monotonic() < deadline:
        time.sleep(0.05)


def sockets_in(data_dir: Path) -> list[Path]:
    return [path for path in data_dir.rglob("*") if path.is_socket()]


def run_command(
    *arguments: str, settings: Mapping[str, object] | None = None, tmpdir: Path | None = None
) -> "subprocess.CompletedProcess[str]":
    """A command to its end, without a terminal."""
    return subprocess.run(
        [*_COMMAND, *arguments],
        env=environment(settings or {}) | ({"TMPDIR": str(tmpdir)} if tmpdir else {}),
        capture_output=True,
        text=True,
        timeout=PATIENCE_S,
        check=False,
        stdin=subprocess.DEVNULL,
    )

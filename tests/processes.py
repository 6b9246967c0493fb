"""Runs our own commands as processes, for tests that need them whole: `treeex …` and the simulator."""

import os
import socket
import subprocess
import sys
import time
import urllib.error
import urllib.request
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

TREEEX = Path(sys.executable).with_name("treeex")
PATIENCE_S = 120.0


@dataclass(frozen=True)
class Finished:
    """How a command ended."""

    status: int
    out: str
    err: str


def environment(settings: Mapping[str, object]) -> dict[str, str]:
    """Our variables only from `settings`, all else from here."""
    inherited = {name: value for name, value in os.environ.items() if not name.startswith("TREEEX_")}
    return {**inherited, **{f"TREEEX_{name.upper()}": str(value) for name, value in settings.items()}}


def treeex(
    *arguments: str,
    settings: Mapping[str, object] | None = None,
    cwd: Path,
    typed: str = "",
    timeout_s: float = PATIENCE_S,
) -> Finished:
    """Runs a command to its end."""
    done = subprocess.run(
        [TREEEX, *arguments],
        env=environment(settings or {}),
        cwd=cwd,
        input=typed,
        capture_output=True,
        text=True,
        timeout=timeout_s,
        check=False,
    )
    return Finished(done.returncode, done.stdout, done.stderr)


@contextmanager
def serving(command: list[str], *, settings: Mapping[str, object], cwd: Path, probe: str) -> Iterator[str]:
    """A process that serves on a socket that it inherits. Yields its address once `probe` answers."""
    with socket.create_server(("127.0.0.1", 0)) as listener, (cwd / "process.log").open("wb") as log:
        address = f"http://127.0.0.1:{listener.getsockname()[1]}"
        process = subprocess.Popen(
            [*command, "--fd", str(listener.fileno())],
            env=environment(settings),
            cwd=cwd,
            pass_fds=[listener.fileno()],
            stdout=log,
            stderr=log,
        )
        try:
            wait_until(lambda: answers(address + probe) or process.poll() is not None)
            assert process.poll() is None, (cwd / "process.log").read_text()
            yield address
        finally:
            process.terminate()
            process.wait(PATIENCE_S)


def answers(url: str) -> bool:
    """Whether anything answers, with whatever status."""
    try:
        urllib.request.urlopen(url, timeout=5).close()
    except urllib.error.HTTPError:
        return True
    except OSError:
        return False
    return True


def wait_until(condition: Callable[[], bool]) -> None:
    """Polls, with a generous deadline."""
    deadline = time.monotonic() + PATIENCE_S
    while not condition():
        assert time.monotonic() < deadline, "it did not happen in time"
        time.sleep(0.05)

"""The processes of one machine: their commands, and how to tell that each is ready."""

import asyncio
import socket
import sys
from collections.abc import Mapping
from pathlib import Path

from server.cli.supervisor import ChildSpec, Written
from server.cli.up import local_http
from server.cli.up.listeners import url_of

WORKERS = ("outbound", "webhook", "media", "maintenance")
STOP_S = 4.5
SIMULATOR_STOP_S = 1.5
# -P: a folder named `server` where the user happens to stand must not be taken for ours.
_PYTHON = (sys.executable, "-P", "-m")


def simulator(environment: Mapping[str, str], data_dir: Path, listener: socket.socket) -> ChildSpec:
    """The stand-in for Meta, with a memory of its own in the data directory."""
    fd = listener.fileno()
    return ChildSpec(
        name="simulator",
        argv=(*_PYTHON, "simulator", "--fd", str(fd), "--data", str(data_dir / "simulator")),
        environment=environment,
        log=_log(data_dir, "simulator"),
        fds=(fd,),
        ready=_Answers(f"{url_of(listener)}/_sim/health"),
        stop_timeout_s=SIMULATOR_STOP_S,
    )


def api(environment: Mapping[str, str], data_dir: Path, listener: socket.socket) -> ChildSpec:
    """The API."""
    fd = listener.fileno()
    return ChildSpec(
        name="api",
        argv=(*_PYTHON, "server.cli.app", "api", "--fd", str(fd)),
        environment=environment,
        log=_log(data_dir, "api"),
        fds=(fd,),
        ready=_Answers(f"{url_of(listener)}/readyz"),
        stop_timeout_s=STOP_S,
    )


def worker(environment: Mapping[str, str], data_dir: Path, role: str) -> ChildSpec:
    """A worker of one role."""
    return ChildSpec(
        name=f"{role} worker",
        argv=(*_PYTHON, "server.cli.app", "worker", role),
        environment=environment,
        log=_log(data_dir, f"worker-{role}"),
        ready=_says_that_it_started,
        stop_timeout_s=STOP_S,
    )


def begin_logs(data_dir: Path) -> None:
    """Puts the logs of the last time aside, one generation deep."""
    for name in ("simulator", "api", *(f"worker-{role}" for role in WORKERS)):
        log = _log(data_dir, name)
        if log.exists():
            log.replace(log.with_name(f"{log.name}.1"))


def _log(data_dir: Path, name: str) -> Path:
    return data_dir / "log" / f"{name}.log"


class _Answers:
    """Ready when a GET is answered well. The socket is ours, so a connection waits until a process takes it."""

    def __init__(self, url: str) -> None:
        self._url = url

    async def __call__(self, _written: Written) -> bool:
        return await asyncio.to_thread(local_http.answers_well, self._url)


async def _says_that_it_started(written: Written) -> bool:
    return '"worker_started"' in await asyncio.to_thread(written.text)

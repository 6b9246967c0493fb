"""`treeex api` as a process: it ends well, and with the parent that started it."""

import json
import signal
import socket
import subprocess
import sys
import urllib.request
from pathlib import Path

import pytest

from tests.processes import PATIENCE_S, TREEEX, environment, serving, treeex, wait_until


def test_it_serves_on_an_inherited_socket_and_ends_well(given: dict[str, object], tmp_path: Path) -> None:
    with (
        serving([str(TREEEX), "api"], settings=given, cwd=tmp_path, probe="/healthz") as address,
        urllib.request.urlopen(f"{address}/readyz", timeout=PATIENCE_S) as answer,
    ):
        assert json.load(answer)["ready"]
    log = (tmp_path / "process.log").read_text()
    assert "Traceback" not in log
    assert "/readyz" not in log, "requests are counted, not logged"


@pytest.mark.parametrize("number", [signal.SIGTERM, signal.SIGINT])
def test_a_signal_ends_it_with_success(given: dict[str, object], tmp_path: Path, number: int) -> None:
    with (tmp_path / "log").open("w+") as log:
        process = subprocess.Popen([TREEEX, "api"], env=environment(given), cwd=tmp_path, stderr=log)
        wait_until(lambda: "Application startup complete" in (tmp_path / "log").read_text())
        process.send_signal(number)
        assert process.wait(PATIENCE_S) == 0, (tmp_path / "log").read_text()


def test_it_ends_with_the_parent_that_started_it(given: dict[str, object], tmp_path: Path) -> None:
    """A parent that is killed says nothing; the child sees that it has another one."""
    parent = (
        "import os, subprocess, sys\n"
        "os.environ['TREEEX_PARENT_PID'] = str(os.getpid())\n"
        "child = subprocess.Popen(sys.argv[1:], stderr=open('log', 'w'))\n"
        "print(child.pid, flush=True)\n"
        "child.wait()\n"
    )
    started = subprocess.Popen(
        [sys.executable, "-c", parent, str(TREEEX), "api"],
        env=environment(given),
        cwd=tmp_path,
        stdout=subprocess.PIPE,
        text=True,
    )
    assert started.stdout is not None
    child = int(started.stdout.readline())
    log = tmp_path / "log"
    wait_until(lambda: log.exists() and "Application startup complete" in log.read_text())
    started.kill()
    started.wait(PATIENCE_S)
    started.stdout.close()
    wait_until(lambda: not _runs(child))
    assert "parent_gone" in log.read_text()


def _runs(pid: int) -> bool:
    try:
        state = Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()[0]
    except OSError:
        return False
    return state != "Z"


def test_a_port_that_is_taken_is_told_so(given: dict[str, object], tmp_path: Path) -> None:
    with socket.create_server(("127.0.0.1", 0)) as taken:
        port = taken.getsockname()[1]
        done = treeex("api", cwd=tmp_path, settings={**given, "port": port})
    assert done.status == 3
    assert done.err == (
        f"treeex: cannot listen on 127.0.0.1 port {port}: address already in use; "
        "choose another with TREEEX_HOST and TREEEX_PORT\n"
    )


def test_a_database_that_does_not_answer_is_told_so(given: dict[str, object], tmp_path: Path) -> None:
    gone = {**given, "database_url": "postgresql://a:hush@127.0.0.1:9/x", "log_level": "error"}
    done = treeex("api", cwd=tmp_path, settings=gone)
    assert done.status == 4
    assert "PostgreSQL does not answer at TREEEX_DATABASE_URL" in done.err
    assert "Traceback" not in done.err
    assert "hush" not in done.err


def test_a_worker_ends_well_and_tells_what_it_lacks(given: dict[str, object], tmp_path: Path) -> None:
    with (tmp_path / "log").open("w") as log:
        process = subprocess.Popen([TREEEX, "worker", "all"], env=environment(given), cwd=tmp_path, stderr=log)
        wait_until(lambda: "worker_started" in (tmp_path / "log").read_text() or process.poll() is not None)
        process.terminate()
        assert process.wait(PATIENCE_S) == 0, (tmp_path / "log").read_text()
    lacking = {name: value for name, value in given.items() if name != "worker_database_url"}
    done = treeex("worker", "outbound", cwd=tmp_path, settings=lacking)
    assert done.status == 3
    assert "TREEEX_WORKER_DATABASE_URL" in done.err

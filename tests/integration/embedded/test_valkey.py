"""The embedded Valkey: start, take over, stop, and nothing on disk."""

import os
import signal
import socket
import subprocess
from collections.abc import Callable
from pathlib import Path
from typing import Any

import psutil
import pytest

from server.embedded import EmbeddedError, EmbeddedValkey
from server.embedded.account import server_account

CONFIGURED = {
    "save": "",
    "appendonly": "no",
    "maxmemory": str(256 * 2**20),
    "maxmemory-policy": "noeviction",
    "port": "0",
    "unixsocketperm": "700",
}


@pytest.fixture
def data_dir(empty_dir: Path) -> Path:
    """Valkey needs no database."""
    return empty_dir


def ask(data_dir: Path, command: str) -> list[str]:
    """The lines of the answer to one command of at most two bulk strings."""
    with socket.socket(socket.AF_UNIX) as client:
        client.settimeout(10)
        client.connect(str(data_dir / "run" / "valkey.sock"))
        client.sendall(command.encode() + b"\r\nQUIT\r\n")
        answer = b""
        while not answer.endswith(b"+OK\r\n"):
            answer += client.recv(4096)
    return answer.decode().split("\r\n")


def test_it_starts_and_answers(empty_dir: Path) -> None:
    stages: list[str] = []
    server = EmbeddedValkey.start(empty_dir, stages.append)
    try:
        copying = ["Copying Valkey's programs"] if os.geteuid() == 0 else []
        assert stages == [*copying, "Starting Valkey"]
        assert server.alive()
        assert not server.attached
        assert server.url == f"unix://{empty_dir}/run/valkey.sock"
        assert ask(empty_dir, "PING")[0] == "+PONG"
    finally:
        server.stop()


def test_it_keeps_nothing_and_listens_on_its_socket_only(fleet: Any, data_dir: Path) -> None:
    server = fleet.valkey()
    assert {name: ask(data_dir, f"CONFIG GET {name}")[4] for name in CONFIGURED} == CONFIGURED
    assert psutil.Process(server.pid).uids().real != 0


def test_the_socket_is_closed_to_others(fleet: Any, data_dir: Path) -> None:
    fleet.valkey()
    assert (data_dir / "run" / "valkey.sock").stat().st_mode & 0o777 == 0o700


def test_stop_leaves_nothing(fleet: Any, data_dir: Path, processes_in: Callable[[Path], list[Any]]) -> None:
    server = fleet.valkey()
    ask(data_dir, "SET key value")
    server.stop()
    server.stop()
    assert not server.alive()
    assert processes_in(data_dir) == []
    assert list((data_dir / "run").iterdir()) == []
    assert list((data_dir / "valkey").iterdir()) == []


def test_a_killed_server_starts_again_empty(fleet: Any, data_dir: Path) -> None:
    killed = fleet.valkey()
    ask(data_dir, "SET key value")
    os.kill(killed.pid, signal.SIGKILL)
    psutil.Process(killed.pid).wait(timeout=30)
    assert not killed.alive()
    killed.stop()
    fleet.valkey()
    assert ask(data_dir, "EXISTS key")[0] == ":0"


def test_a_server_survives_its_killed_launcher_and_is_taken_over(fleet: Any, launcher: Any, data_dir: Path) -> None:
    ask(data_dir, "SET key value")
    launcher.process.kill()
    launcher.process.wait()
    server = fleet.valkey()
    assert server.attached
    assert server.pid == launcher.valkey_pid
    assert fleet.stages == ["Attaching to the Valkey that is running"]
    assert ask(data_dir, "EXISTS key")[0] == ":1"
    server.stop()
    assert not server.alive()


def test_a_frozen_server_is_replaced(fleet: Any, launcher: Any, data_dir: Path) -> None:
    launcher.process.kill()
    launcher.process.wait()
    os.kill(launcher.valkey_pid, signal.SIGSTOP)
    server = fleet.valkey()
    assert not server.attached
    assert server.pid != launcher.valkey_pid
    assert ask(data_dir, "PING")[0] == "+PONG"


def test_a_program_that_reads_the_configuration_is_not_taken_for_the_server(fleet: Any, data_dir: Path) -> None:
    fleet.valkey().stop()
    reader = server_account().spawn(["/usr/bin/tail", "-f", str(data_dir / "valkey.conf")], subprocess.DEVNULL)
    try:
        assert not fleet.valkey().attached
        assert reader.poll() is None
    finally:
        reader.kill()
        reader.wait()


def test_a_frozen_server_is_killed_when_stopped(fleet: Any) -> None:
    server = fleet.valkey()
    os.kill(server.pid, signal.SIGSTOP)
    server.stop(timeout_s=0.2)
    assert not server.alive()


def test_a_second_launcher_is_refused_while_the_first_lives(fleet: Any, data_dir: Path) -> None:
    fleet.valkey()
    with pytest.raises(EmbeddedError, match=rf"another TREEEX \(process {os.getpid()}\)"):
        EmbeddedValkey.start(data_dir)


def test_a_socket_in_use_by_another_program_is_named(data_dir: Path) -> None:
    with socket.socket(socket.AF_UNIX) as other:
        (data_dir / "run").mkdir(mode=0o700)
        other.bind(str(data_dir / "run" / "valkey.sock"))
        other.listen()
        with pytest.raises(EmbeddedError, match=r"another program listens on .*valkey\.sock; stop it"):
            EmbeddedValkey.start(data_dir)


def test_find_tells_the_url_of_a_running_server_only(fleet: Any, data_dir: Path) -> None:
    assert EmbeddedValkey.find(data_dir) is None
    server = fleet.valkey()
    assert EmbeddedValkey.find(data_dir) == server.url


def test_the_url_of_an_unusual_path_is_encoded(empty_dir: Path) -> None:
    server = EmbeddedValkey.start(empty_dir / "a b%41#")
    try:
        assert server.url == f"unix://{empty_dir}/a%20b%2541%23/run/valkey.sock"
        assert ask(empty_dir / "a b%41#", "PING")[0] == "+PONG"
    finally:
        server.stop()

"""`treeex up` from a terminal: Ctrl-C leaves nothing behind, and the next one finds everything."""

import json
import os
import shutil
import signal
import socket
import subprocess
import time
import urllib.request
from collections.abc import Callable
from pathlib import Path
from urllib.parse import urlsplit

import pytest

from tests.e2e.running_up import Up, processes_of, run_command, running_up, short_data_dir, sockets_in


def test_up_stops_cleanly_and_finds_its_data() -> None:
    with short_data_dir() as data_dir:
        with running_up(data_dir) as up:
            key = up.found(r"API key +(treeex_live_\w+) ")
            workspace, api_url = up.found(r"Workspace +(\S+)"), up.api_url
            assert key not in (data_dir / "running.json").read_text()
            assert (data_dir / "running.json").stat().st_mode & 0o777 == 0o600
            message_id = run_what_it_says(up)
            up.press_ctrl_c()
            assert up.wait_gone() == 0
            assert_nothing_is_left(data_dir, api_url)
        with running_up(data_dir) as again:
            assert again.found(r"Workspace +(\S+)") == workspace
            assert "treeex_live_" not in again.said
            until_read(again.api_url, key, message_id)
            again.send(signal.SIGTERM)
            assert again.wait_gone() == 0
            assert_nothing_is_left(data_dir, again.api_url)


@pytest.mark.long
def test_a_killed_up_leaves_only_the_servers_and_the_next_one_takes_them_over() -> None:
    with short_data_dir() as data_dir, running_up(data_dir) as up:
        workspace = up.found(r"Workspace +(\S+)")
        servers = {pid for pid, line in up.children().items() if is_server(line)}
        up.send(signal.SIGKILL)
        up.wait_gone()
        until(lambda: all(is_server(line) for line in up.children().values()))
        assert servers <= up.children().keys()
        with running_up(data_dir) as again:
            assert "Attaching to the PostgreSQL that is running" in again.said
            assert again.found(r"Workspace +(\S+)") == workspace
            # A child that does not even hear the signal; whoever presses twice does not want to wait for it.
            os.kill(again.child("worker outbound"), signal.SIGSTOP)
            again.press_ctrl_c()
            again.until(lambda: "Stopping" in again.said)
            again.press_ctrl_c()
            assert again.wait_gone() == 0
            assert_nothing_is_left(data_dir, again.api_url)


@pytest.mark.parametrize("stage", ["Creating the database cluster", "Starting the API"])
def test_ctrl_c_while_it_starts_leaves_nothing(stage: str) -> None:
    with short_data_dir() as data_dir:
        up = Up(data_dir)
        try:
            up.until(lambda: stage in up.said)
            up.press_ctrl_c()
            assert up.wait_gone() == 0
            assert processes_of(data_dir) == {}
            assert sockets_in(data_dir) == []
            assert not (data_dir / "up.lock").exists()
        finally:
            up.end()


def test_a_taken_port_is_one_sentence() -> None:
    with short_data_dir() as data_dir, socket.create_server(("127.0.0.1", 0)) as taken:
        port = taken.getsockname()[1]
        done = run_command("up", "--data-dir", str(data_dir), "--port", str(port))
        assert done.returncode != 0
        assert done.stderr.splitlines() == [
            f"treeex: port {port} of 127.0.0.1 is taken by another program; choose another with --port "
            "(0 takes a free one)"
        ]
        assert not (data_dir / "postgres").exists()


def is_server(line: str) -> bool:
    return "-m server.cli.app" not in line and "-m simulator" not in line


def until(condition: Callable[[], bool]) -> None:
    deadline = time.monotonic() + 30
    while not condition():
        assert time.monotonic() < deadline
        time.sleep(0.05)


def run_what_it_says(up: Up) -> str:
    """Pastes the command that it prints into a shell; the id of the message."""
    if shutil.which("curl") is None:
        pytest.skip("there is no curl here to paste the printed command with")
    command = up.found(r"(?s)answer:\n\n(curl .*?)\n\n")
    done = subprocess.run(["sh", "-c", command], capture_output=True, text=True, timeout=30, check=True)
    answer = json.loads(done.stdout)
    assert answer.get("state") == "queued", answer
    return str(answer["id"])


def messages(api_url: str, key: str) -> list[dict[str, object]]:
    request = urllib.request.Request(f"{api_url}/v1/messages", headers={"Authorization": f"Bearer {key}"})
    with urllib.request.urlopen(request, timeout=10) as response:
        found: list[dict[str, object]] = json.load(response)["data"]
        return found


def until_read(api_url: str, key: str, message_id: str) -> None:
    deadline = time.monotonic() + 60
    while True:
        found = {str(m["id"]): m["state"] for m in messages(api_url, key)}
        if found[message_id] == "read":
            return
        assert time.monotonic() < deadline, found
        time.sleep(0.1)


def assert_nothing_is_left(data_dir: Path, api_url: str) -> None:
    assert processes_of(data_dir) == {}
    assert sockets_in(data_dir) == []
    assert not (data_dir / "running.json").exists()
    assert not (data_dir / "up.lock").exists()
    parts = urlsplit(api_url)
    with pytest.raises(ConnectionRefusedError), socket.create_connection((str(parts.hostname), int(parts.port or 0))):
        pass

"""The pieces of `treeex up` that need files, sockets or processes: lock, ports, keys, leftovers."""

import os
import re
import signal
import socket
import subprocess
import sys
from pathlib import Path

import pytest

from server.cli.up.claim import Claim, Running, read_running
from server.cli.up.database import role_passwords
from server.cli.up.errors import CannotRun
from server.cli.up.keyring import ensure_keyring
from server.cli.up.leftovers import end_leftovers
from server.cli.up.listeners import listen, url_of
from server.cli.up.plan import Plan, make_plan
from server.cli.up.signals import Leave, Signals

NOBODY = "999999999"
RUNNING = Running(os.getpid(), "http://127.0.0.1:8080", None, "2026-01-01T00:00:00+00:00", {"port": "8080"})
# A process whose parent is gone, as those of a killed `up` are: `sh` starts it and leaves.
ORPHAN = 'import subprocess, sys; print(subprocess.Popen([sys.executable, "-c", sys.argv[1]], stdout=2).pid)'
OBEDIENT = "import time; time.sleep(600)"
DEAF = "import signal, time; signal.signal(signal.SIGTERM, signal.SIG_IGN); time.sleep(600)"


def plan_of(data_dir: Path, **environ: str) -> Plan:
    return make_plan({"TREEEX_CONFIG": os.devnull, "TREEEX_DATA_DIR": str(data_dir), **environ}, simulator=True)


def test_only_one_can_claim_a_data_directory(tmp_path: Path) -> None:
    claim = Claim.take(tmp_path)
    assert not claim.after_a_kill
    with pytest.raises(CannotRun, match=rf"process {os.getpid()}\) and is starting or stopping"):
        Claim.take(tmp_path)
    claim.publish(RUNNING)
    with pytest.raises(CannotRun, match=rf"process {os.getpid()}\) at http://127\.0\.0\.1:8080; "):
        Claim.take(tmp_path)
    claim.release()
    assert list(tmp_path.iterdir()) == []
    Claim.take(tmp_path).release()


def test_a_claim_knows_that_the_one_before_was_killed(tmp_path: Path) -> None:
    source = "import os, sys; from pathlib import Path; from server.cli.up.claim import Claim; "
    source += "Claim.take(Path(sys.argv[1])); os.kill(os.getpid(), 9)"
    killed = subprocess.run([sys.executable, "-c", source, str(tmp_path)], timeout=60, check=False)
    assert killed.returncode == -signal.SIGKILL
    claim = Claim.take(tmp_path)
    assert claim.after_a_kill
    claim.release()


def test_what_runs_is_published_for_this_user_only(tmp_path: Path) -> None:
    claim = Claim.take(tmp_path)
    claim.publish(RUNNING)
    assert (tmp_path / "running.json").stat().st_mode & 0o777 == 0o600
    assert (read_running(tmp_path) or {})["settings"] == {"port": "8080"}
    claim.release()
    assert read_running(tmp_path) is None


@pytest.mark.parametrize("text", ["", "[]", "{", '"text"'])
def test_a_damaged_publication_is_as_good_as_none(tmp_path: Path, text: str) -> None:
    (tmp_path / "running.json").write_text(text)
    assert read_running(tmp_path) is None


def test_a_port_that_is_taken_is_told_with_the_option_that_mends_it() -> None:
    with listen("127.0.0.1", 0, "--port") as taken:
        port = taken.getsockname()[1]
        assert url_of(taken) == f"http://127.0.0.1:{port}"
        with pytest.raises(CannotRun, match=f"^port {port} of 127.0.0.1 is taken by .* another with --port"):
            listen("127.0.0.1", port, "--port")


@pytest.mark.parametrize("host", ["192.0.2.1", "no such host"])
def test_an_address_that_is_not_ours_is_told(host: str) -> None:
    with pytest.raises(CannotRun, match=f"^cannot listen on {re.escape(host)}: .*; set TREEEX_HOST"):
        listen(host, 0, "--port")


def test_a_socket_on_all_addresses_is_reached_at_this_machine() -> None:
    with listen("0.0.0.0", 0, "--port") as listener, socket.create_connection(("127.0.0.1", listener.getsockname()[1])):
        assert url_of(listener) == f"http://127.0.0.1:{listener.getsockname()[1]}"


def test_a_keyring_is_made_once_and_never_replaced(tmp_path: Path) -> None:
    path = ensure_keyring(plan_of(tmp_path))
    assert path == tmp_path / "keyring.json"
    assert path.stat().st_mode & 0o777 == 0o600
    before = path.read_text()
    (tmp_path / "postgres").mkdir()
    ensure_keyring(plan_of(tmp_path))
    assert path.read_text() == before
    path.unlink()
    with pytest.raises(CannotRun, match=r"keyring\.json, the keyring .* is missing; restore it from a backup"):
        ensure_keyring(plan_of(tmp_path))
    assert ensure_keyring(plan_of(tmp_path, TREEEX_KEYRING_FILE="/elsewhere")) is None


def test_the_roles_passwords_are_kept(tmp_path: Path) -> None:
    path = tmp_path / "roles.json"
    first = role_passwords(path)
    assert role_passwords(path) == first
    assert path.stat().st_mode & 0o777 == 0o600
    path.write_text("{}")
    assert role_passwords(path).keys() == first.keys()


@pytest.mark.parametrize("source", [OBEDIENT, DEAF])
def test_leftovers_of_a_killed_up_are_ended_and_others_are_not(
    tmp_path: Path, source: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("server.cli.up.leftovers._PATIENCE_S", 1.0)
    ours, elsewhere = orphan(source, tmp_path), orphan(source, tmp_path / "other")
    kept = subprocess.Popen([sys.executable, "-c", source], env=surroundings(tmp_path, str(os.getpid())))
    try:
        assert end_leftovers(tmp_path) == 1
        assert gone(ours)
        assert not gone(elsewhere)
        assert kept.poll() is None
    finally:
        kept.kill()
        kept.wait()
        for pid in (ours, elsewhere):
            if not gone(pid):
                os.kill(pid, signal.SIGKILL)


def test_the_first_signal_raises_and_later_ones_are_counted() -> None:
    with Signals() as signals:
        os.kill(os.getpid(), signal.SIGTERM)
        assert signals.received == 1
        with pytest.raises(Leave), signals.raising():
            pytest.fail("a signal that came before has to be heard")
        with pytest.raises(Leave), signals.raising_again():
            os.kill(os.getpid(), signal.SIGINT)
        os.kill(os.getpid(), signal.SIGINT)
        assert signals.received == 3


def surroundings(data_dir: Path, parent: str) -> dict[str, str]:
    return {**os.environ, "TREEEX_DATA_DIR": str(data_dir), "TREEEX_PARENT_PID": parent}


def orphan(source: str, data_dir: Path) -> int:
    done = subprocess.run(
        [sys.executable, "-c", ORPHAN, source],
        env=surroundings(data_dir, NOBODY),
        stdout=subprocess.PIPE,
        stderr=subprocess.DEVNULL,
        text=True,
        check=True,
        timeout=30,
    )
    return int(done.stdout)


def gone(pid: int) -> bool:
    try:
        return Path(f"/proc/{pid}/stat").read_text().rsplit(")", 1)[1].split()[0] == "Z"
    except FileNotFoundError:
        return True

"""`./treeex` on machines of many kinds: the real script with real pip and uv, in a folder with a space in its name.

No package index is asked: the packages come from a shelf of wheels that are packed here from this environment,
and the checkout around the script is a small one whose locks name them.
"""

from __future__ import annotations

import hashlib
import os
import re
import signal
import subprocess
import sys
import tarfile
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest

from tests.e2e.wrapper_machine import REPOSITORY, Call, Machine, wheel

pytestmark = [
    pytest.mark.long,
    pytest.mark.skipif(sys.platform == "win32", reason="the wrapper is for POSIX systems"),
]


def assert_one_sentence(call: Call, *words: str) -> str:
    """The call failed, and its last line (there is no traceback) says what is wrong and how to mend it."""
    assert call.returncode == 1, call
    assert call.stdout == ""
    lines = call.stderr.splitlines()
    assert all(line.startswith("treeex: ") for line in lines), call.stderr
    for word in words:
        assert word in lines[-1]
    return lines[-1]


@pytest.fixture
def bare(tmp_path: Path) -> Machine:
    """A machine with no Python, no packages and no index."""
    machine = Machine(tmp_path)
    machine.locks = dict.fromkeys(["requirements-uv.lock", "requirements.lock", "requirements-dev.lock"], "")
    return machine


@pytest.fixture(scope="module")
def machine(tmp_path_factory: pytest.TempPathFactory) -> Machine:
    machine = Machine(tmp_path_factory.mktemp("machine"))
    machine.stock()
    machine.python("python3")
    return machine


@pytest.fixture(scope="module")
def first_calls(machine: Machine) -> tuple[Path, list[Call]]:
    """A new checkout in which two people call the script at the same time."""
    root = machine.checkout(machine.folder / "my checkout")
    command, settings = [str(root / "treeex"), "demo", "a b", "*"], machine.settings()
    calls = [
        subprocess.Popen(command, env=settings, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True)
        for _ in range(2)
    ]
    ended = [(call, *call.communicate(timeout=300)) for call in calls]
    return root, [Call(command, call.returncode, out, err) for call, out, err in ended]


@pytest.fixture
def installed(first_calls: tuple[Path, list[Call]]) -> Path:
    return first_calls[0]


def everything_in(folder: Path) -> dict[Path, int]:
    return {path: path.lstat().st_mtime_ns for path in folder.rglob("*") if "__pycache__" not in path.parts}


def test_two_first_calls_at_once_install_once_and_both_run(first_calls: tuple[Path, list[Call]]) -> None:
    root, calls = first_calls
    assert [call.returncode for call in calls] == [0, 0], calls
    assert {call.stdout for call in calls} == {"ran ['demo', 'a b', '*']\n"}
    said = "".join(call.stderr for call in calls)
    assert said.count("treeex: making .venv with Python ") == 1
    assert said.count("treeex: installing uv") == 1
    assert len(re.findall(r"treeex: installing \d+ packages from requirements.lock\n", said)) == 1
    assert said.count("another call is installing here; waiting for it") == 1
    assert not (root / "uv.lock").exists()


def test_a_later_call_says_nothing_and_changes_nothing(machine: Machine, installed: Path) -> None:
    machine.call(installed, "demo")
    before = everything_in(installed)
    (machine.folder / "link").symlink_to(installed / "treeex")
    for script in (installed / "treeex", Path("link")):
        call = machine.run([str(script) if script.is_absolute() else f"./{script}", "demo"], machine.offline())
        assert (call.returncode, call.stdout, call.stderr) == (0, "ran ['demo']\n", "")
    assert everything_in(installed) == before


def test_what_the_tests_need_is_added_once_and_stays(machine: Machine, installed: Path) -> None:
    first = machine.call(installed, "test", "--version")
    assert first.returncode == 0, first
    assert first.stdout.startswith("pytest ")
    assert "packages from requirements-dev.lock" in first.stderr
    for arguments in (["demo"], ["test", "--version"]):
        assert machine.call(installed, *arguments).stderr == ""
    # The benchmarks lie in the checkout; all that is installed here is the script and a package that stands for ours.
    assert machine.call(installed, "bench").stderr.endswith("No module named benchmarks\n")


def test_a_changed_lock_is_followed_also_after_a_kill(machine: Machine, installed: Path) -> None:
    look = [str(installed / ".venv/bin/python"), "-c", "import importlib.util as u; print(u.find_spec('sample'))"]
    with locked_also(installed, wheel(machine.shelf, "sample", "1.0", {"sample.py": b""})):
        kill_while_installing(installed, machine.settings())
        assert not (installed / ".venv" / "installed").exists()
        assert "ready after" in machine.call(installed).stderr
        assert machine.call(installed).stderr == ""
        assert "sample.py" in machine.run(look, machine.settings()).stdout
    assert "ready after" in machine.call(installed).stderr
    assert machine.run(look, machine.settings()).stdout == "None\n"


def kill_while_installing(root: Path, settings: dict[str, str]) -> None:
    command = [str(root / "treeex")]
    with subprocess.Popen(command, env=settings, stderr=subprocess.PIPE, text=True, start_new_session=True) as call:
        assert call.stderr is not None
        assert any("treeex: installing" in line for line in iter(call.stderr.readline, ""))
        os.killpg(call.pid, signal.SIGKILL)


@contextmanager
def locked_also(root: Path, line: str) -> Iterator[None]:
    """Name one more package in the locks for a while."""
    locks = {path: path.read_text() for path in (root / "requirements.lock", root / "requirements-dev.lock")}
    for path, text in locks.items():
        path.write_text(text + line)
    yield
    for path, text in locks.items():
        path.write_text(text)


def wrong_hash(shelf: Path) -> str:
    return re.sub("[0-9a-f]{64}", "0" * 64, wheel(shelf, "altered", "1.0", {"altered.py": b""}))


def other_machine(shelf: Path) -> str:
    return wheel(shelf, "elsewhere", "1.0", {"elsewhere.py": b""}, tag="cp39-cp39-win_arm64")


def only_source(shelf: Path) -> str:
    path = shelf / "unbuilt-1.0.tar.gz"
    with tarfile.open(path, "w:gz") as archive:
        archive.add(REPOSITORY / "LICENSE", "unbuilt-1.0/LICENSE")
    return f"unbuilt==1.0 --hash=sha256:{hashlib.sha256(path.read_bytes()).hexdigest()}\n"


def no_hash(shelf: Path) -> str:
    return wheel(shelf, "unhashed", "1.0", {"unhashed.py": b""}).split(" ")[0] + "\n"


@pytest.mark.parametrize(
    ("line", "words"),
    [
        (no_hash, ["the installation failed", "install.log"]),
        (only_source, ["no ready-made package of unbuilt for this machine", "install.log"]),
        (wrong_hash, ["not the one that the lock file names", "run again", "install.log"]),
        (other_machine, ["no ready-made package of elsewhere for this machine", "install.log"]),
    ],
)
def test_a_package_that_cannot_be_used_is_one_sentence(
    machine: Machine, installed: Path, line: Callable[[Path], str], words: list[str]
) -> None:
    with locked_also(installed, line(machine.shelf)):
        assert_one_sentence(machine.call(installed), *words)


def test_uv_without_network_is_one_sentence(machine: Machine, installed: Path) -> None:
    with locked_also(installed, f"absent==1.0 --hash=sha256:{'0' * 64}\n"):
        call = machine.run([str(installed / "treeex")], machine.offline())
        assert_one_sentence(call, "the package index is not reached", "install.log")


def test_a_moved_checkout_gets_a_new_venv(machine: Machine, installed: Path) -> None:
    moved = installed.rename(machine.folder / "moved away")
    try:
        call = machine.call(moved, "demo")
        assert (call.returncode, call.stdout) == (0, "ran ['demo']\n"), call
        assert "making .venv" in call.stderr
        shebangs = (moved / ".venv" / "bin" / "treeex").read_text()
        assert str(moved) in shebangs
    finally:
        moved.rename(installed)


def test_a_vanished_python_and_no_network(machine: Machine, tmp_path: Path) -> None:
    root = machine.checkout(tmp_path / "my checkout")
    (root / ".venv" / "bin").mkdir(parents=True)
    (root / ".venv" / "made").write_text(f"{root}\n")
    (root / ".venv" / "bin" / "python").symlink_to(tmp_path / "removed" / "python3")
    call = machine.run([str(root / "treeex"), "demo"], machine.offline())
    assert call.stderr.startswith("treeex: making .venv with Python ")
    assert_one_sentence(call, "the package index is not reached", str(root / ".venv" / "install.log"))
    assert (root / ".venv" / "install.log").stat().st_size > 0


def test_no_python(bare: Machine) -> None:
    root = bare.checkout(bare.folder / "my checkout")
    (bare.bin / "python3.12").write_text("#!/bin/sh\necho 'a version manager without this version' >&2; exit 127\n")
    (bare.bin / "python3.12").chmod(0o755)
    assert_one_sentence(bare.call(root, "demo"), "found no Python", "3.11 or newer", "apt-get install python3 ")
    assert not (root / ".venv").exists()


def test_a_python_that_is_too_old(bare: Machine) -> None:
    root = bare.checkout(bare.folder / "my checkout")
    bare.python("python3", "import sys; sys.version_info = (3, 9, 2, 'final', 0); ")
    assert_one_sentence(bare.call(root, "demo"), "found only Python 3.9.2", "3.11 or newer", "TREEEX_PYTHON")


def test_a_python_without_its_venv_module(bare: Machine) -> None:
    root = bare.checkout(bare.folder / "my checkout")
    bare.python("python3", "import sys; sys.modules['ensurepip'] = None; ")
    bare.python("python3.12", "import sys; sys.version_info = (3, 9, 2, 'final', 0); ")
    assert_one_sentence(bare.call(root, "demo"), "has no venv module", "apt-get install python3-venv")
    assert not (root / ".venv").exists()


def test_a_chosen_python_that_does_not_run(bare: Machine) -> None:
    root = bare.checkout(bare.folder / "my checkout")
    bare.python("python3")
    call = bare.call(root, "demo", TREEEX_PYTHON="/nowhere/python")
    assert_one_sentence(call, "TREEEX_PYTHON is /nowhere/python", "unset it")


def test_a_missing_lock_file(bare: Machine) -> None:
    root = bare.checkout(bare.folder / "my checkout")
    (root / "requirements.lock").unlink()
    call = bare.call(root, "demo")
    assert call.returncode == 1
    assert "requirements.lock" in call.stderr
    assert "get the missing file back" in call.stderr


@pytest.fixture
def small_disk(tmp_path: Path) -> Iterator[Path]:
    """A file system of 4 MB, which this user may mount only as root."""
    place = tmp_path / "small disk"
    place.mkdir()
    mount = ["mount", "-t", "tmpfs", "-o", "size=4m", "treeex-test", str(place)]
    if os.geteuid() != 0 or subprocess.run(mount, capture_output=True, check=False).returncode != 0:
        pytest.skip("mounting a small file system needs root")
    yield place
    subprocess.run(["umount", str(place)], check=True)


def test_a_full_disk(machine: Machine, small_disk: Path) -> None:
    root = machine.checkout(small_disk / "my checkout")
    assert_one_sentence(machine.call(root, "demo"), "the disk is full", "run again")


def test_a_folder_that_cannot_be_written(machine: Machine, small_disk: Path) -> None:
    root = machine.checkout(small_disk / "my checkout")
    subprocess.run(["mount", "-o", "remount,ro", str(small_disk)], check=True)
    assert_one_sentence(machine.call(root, "demo"), f"cannot write in {root}", "make the folder writable")

"""`./treeex` on machines of many kinds: the real script with real pip and uv, in a folder with a space in its name.

No package index is asked: the packages come from a shelf of wheels that are packed here from this environment,
and the checkout around the script is a small one whose locks name them.
"""

from __future__ import annotations

import hashlib
import os
import re
import shutil
import signal
import socket
import subprocess
import sys
import zipfile
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from importlib.metadata import Distribution, distribution
from pathlib import Path

import pytest
from packaging.requirements import Requirement
from packaging.utils import canonicalize_name

REPOSITORY = Path(__file__).parents[2]
PYTHON = os.path.realpath(sys.executable)
# All that the script may use besides Python: what a bare Debian, Fedora or macOS has.
PROGRAMS = [
    "cat",
    "cksum",
    "date",
    "dirname",
    "grep",
    "head",
    "id",
    "mkdir",
    "mv",
    "readlink",
    "rm",
    "sed",
    "sh",
    "uname",
]

pytestmark = pytest.mark.skipif(sys.platform == "win32", reason="the wrapper is for POSIX systems")

Call = subprocess.CompletedProcess[str]


def wheel(shelf: Path, name: str, version: str, files: dict[str, bytes], tag: str = "py3-none-any") -> str:
    """Put a wheel on the shelf and return its line for a lock."""
    stem = f"{name.replace('-', '_')}-{version}"
    info = {
        f"{stem}.dist-info/METADATA": f"Metadata-Version: 2.1\nName: {name}\nVersion: {version}\n".encode(),
        f"{stem}.dist-info/WHEEL": f"Wheel-Version: 1.0\nRoot-Is-Purelib: true\nTag: {tag}\n".encode(),
    }
    content = info | files
    record = f"{stem}.dist-info/RECORD"
    content[record] = "".join(f"{entry},,\n" for entry in [*content, record]).encode()
    path = shelf / f"{stem}-{tag}.whl"
    with zipfile.ZipFile(path, "w") as archive:
        for entry, data in content.items():
            packed = zipfile.ZipInfo(entry)
            packed.external_attr = (0o100755 if ".data/scripts/" in entry else 0o100644) << 16
            archive.writestr(packed, data)
    return f"{name}=={version} --hash=sha256:{hashlib.sha256(path.read_bytes()).hexdigest()}\n"


def repacked(shelf: Path, found: Distribution) -> str:
    """Pack an installed distribution again; its programs move to where a wheel keeps them."""
    name = canonicalize_name(found.name)
    files = {}
    for path in found.files or []:
        if path.suffix == ".pyc" or path.name in {"INSTALLER", "REQUESTED", "RECORD", "direct_url.json"}:
            continue
        if path.parts[0] != "..":
            files[str(path)] = path.read_binary()
        elif name == "uv":
            files[f"uv-{found.version}.data/scripts/{path.name}"] = path.read_binary()
    return wheel(shelf, name, found.version, files)


def with_requirements(*names: str) -> dict[str, Distribution]:
    found: dict[str, Distribution] = {}
    for name in names:
        found[name] = distribution(name)
        for requirement in map(Requirement, found[name].requires or []):
            if requirement.marker is None or requirement.marker.evaluate({"extra": ""}):
                found |= with_requirements(requirement.name)
    return found


class Machine:
    """A shelf of packages, a PATH, an empty home, and checkouts that are called there."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        self.shelf = folder / "shelf"
        self.bin = folder / "bin"
        for needed in (self.shelf, self.bin, folder / "home"):
            needed.mkdir()
        for program in PROGRAMS:
            (self.bin / program).symlink_to(shutil.which(program) or pytest.skip(f"no {program} here"))
        self.locks: dict[str, str] = {}

    def stock(self) -> None:
        runtime = with_requirements("hatchling", "editables")
        dev = with_requirements("pytest")
        pins = {name: repacked(self.shelf, found) for name, found in (runtime | dev).items()}
        self.locks = {
            "requirements-uv.lock": repacked(self.shelf, distribution("uv")),
            "requirements.lock": "".join(pins[name] for name in runtime),
            "requirements-dev.lock": "".join(pins.values()),
        }

    def python(self, name: str, before: str = "") -> Path:
        """Put a Python on the PATH, which runs some lines before what it is asked to run."""
        shim = self.bin / name
        shim.write_text(f'#!/bin/sh\nexec "{PYTHON}" -c "{before}import sys; exec(sys.argv.pop())" "$2"\n')
        if not before:
            shim.write_text(f'#!/bin/sh\nexec "{PYTHON}" "$@"\n')
        shim.chmod(0o755)
        return shim

    def checkout(self, root: Path) -> Path:
        (root / "server" / "cli").mkdir(parents=True)
        (root / "server" / "cli" / "app.py").write_text("import sys\ndef main(): print('ran', sys.argv[1:])\n")
        shutil.copy2(REPOSITORY / "treeex", root)
        for name, text in self.locks.items():
            (root / name).write_text(text)
        (root / "pyproject.toml").write_text(
            '[build-system]\nrequires = ["hatchling"]\nbuild-backend = "hatchling.build"\n'
            '[project]\nname = "treeex-wbsp"\nversion = "0.1.0"\nscripts.treeex = "server.cli.app:main"\n'
            '[tool.hatch.build.targets.wheel]\npackages = ["server"]\n'
        )
        return root

    def settings(self, **more: str) -> dict[str, str]:
        shelf = {
            "PIP_NO_INDEX": "1",
            "PIP_FIND_LINKS": str(self.shelf),
            "UV_OFFLINE": "1",
            "UV_FIND_LINKS": str(self.shelf),
            "UV_DEFAULT_INDEX": self.shelf.as_uri(),
        }
        places = {"PATH": str(self.bin), "HOME": str(self.folder / "home"), "PIP_CONFIG_FILE": os.devnull}
        return shelf | places | more

    def offline(self) -> dict[str, str]:
        """Settings with a package index that refuses every connection; uv has to learn of it from pip's."""
        with socket.socket() as closed:
            closed.bind(("127.0.0.1", 0))
            index = f"http://127.0.0.1:{closed.getsockname()[1]}/simple"
        kept = {
            name: value for name, value in self.settings().items() if not name.startswith(("UV_", "PIP_N", "PIP_F"))
        }
        return kept | {"PIP_INDEX_URL": index, "PIP_RETRIES": "0", "UV_HTTP_RETRIES": "0"}

    def call(self, root: Path, *arguments: str, **more: str) -> Call:
        return self.run([str(root / "treeex"), *arguments], self.settings(**more))

    def run(self, command: list[str], settings: dict[str, str]) -> Call:
        return subprocess.run(
            command, env=settings, cwd=self.folder, capture_output=True, text=True, check=False, timeout=60
        )


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
    ended = [(call, *call.communicate(timeout=100)) for call in calls]
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
    for arguments in (["demo"], ["test", "--version"], ["bench"]):
        assert machine.call(installed, *arguments).stderr == ""


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


@pytest.mark.parametrize(
    ("line", "words"),
    [
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

"""A small machine for the tests of `./treeex`: a shelf of wheels in place of a package index, a PATH, checkouts.

The wheels are packed from this environment, so pip and uv do their real work and no network is asked.
"""

from __future__ import annotations

import hashlib
import os
import shutil
import socket
import subprocess
import sys
import zipfile
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
            command, env=settings, cwd=self.folder, capture_output=True, text=True, check=False, timeout=300
        )

"""Says whether the lock files are in step with pyproject.toml, without asking any package index.

Run by `.ci/run` and by hand: `.venv/bin/python tools/check_locks.py [folder]`. It changes nothing: it prints
what is wrong and the commands that mend it, and ends with 1 if anything is.
"""

from __future__ import annotations

import re
import subprocess
import sys
import tomllib
from collections.abc import Iterator
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from packaging.requirements import InvalidRequirement, Requirement
from packaging.utils import canonicalize_name

COMPILE = (
    "uv pip compile -q --universal --generate-hashes --no-header --no-annotate --python-version 3.11 {what} -o {lock}"
)
HASH = re.compile(r"--hash=sha256:[0-9a-f]{64}")


@dataclass(frozen=True)
class Lock:
    """One lock file and what of pyproject.toml it has to satisfy."""

    name: str
    groups: tuple[str, ...]
    with_project: bool = True

    def mend(self) -> str:
        what = ["pyproject.toml"] if self.with_project else []
        return COMPILE.format(what=" ".join([*what, *(f"--group {group}" for group in self.groups)]), lock=self.name)


RUNTIME = Lock("requirements.lock", ("build",))
DEV = Lock("requirements-dev.lock", ("build", "dev"))
WRAPPER = Lock("requirements-uv.lock", ("wrapper",), with_project=False)


@dataclass
class Pin:
    """One entry of a lock: `name==version ; marker` with the hashes of its files."""

    requirement: Requirement
    hashes: list[str] = field(default_factory=list)

    @property
    def name(self) -> str:
        return canonicalize_name(self.requirement.name)

    @property
    def version(self) -> str | None:
        """The one exact version, or None where the entry leaves a choice."""
        specifiers = list(self.requirement.specifier)
        exact = len(specifiers) == 1 and specifiers[0].operator == "==" and "*" not in specifiers[0].version
        return specifiers[0].version if exact else None


def check(root: Path) -> Iterator[tuple[str, str]]:
    """Yield each fault with the command that mends it."""
    project = tomllib.loads((root / "pyproject.toml").read_text())
    pins: dict[str, list[Pin]] = {}
    for lock in (RUNTIME, DEV, WRAPPER):
        try:
            text = (root / lock.name).read_text()
        except FileNotFoundError:
            yield f"{lock.name} is missing", lock.mend()
            continue
        pins[lock.name], strange = parse(text)
        for fault in (*strange, *unhashed(pins[lock.name]), *out_of_step(lock, project, pins[lock.name])):
            yield f"{lock.name}: {fault}", lock.mend()
    if RUNTIME.name in pins and DEV.name in pins:
        for fault in not_in_both(pins[RUNTIME.name], pins[DEV.name]):
            yield fault, f"{RUNTIME.mend()} && {DEV.mend()}"
    yield from tracked_uv_locks(root)


def parse(text: str) -> tuple[list[Pin], list[str]]:
    """Read a lock. A line that is neither a pin nor a hash is a fault: an index, a URL, an editable path."""
    pins: list[Pin] = []
    strange: list[str] = []
    for number, line in enumerate(text.splitlines(), 1):
        entry = line.strip().removesuffix("\\").strip()
        if HASH.fullmatch(entry) and pins:
            pins[-1].hashes.append(entry)
            continue
        if not entry:
            continue
        try:
            requirement = Requirement(entry)
        except InvalidRequirement:
            requirement = None
        if requirement is None or requirement.url is not None:
            strange.append(f"line {number} is neither a pinned package nor its hash")
        else:
            pins.append(Pin(requirement))
    return pins, strange


def unhashed(pins: list[Pin]) -> Iterator[str]:
    for pin in pins:
        if pin.version is None:
            yield f"{pin.name} is not pinned to one version"
        if not pin.hashes:
            yield f"{pin.name} has no hash"


def out_of_step(lock: Lock, project: dict[str, Any], pins: list[Pin]) -> Iterator[str]:
    """Yield what pyproject.toml asks for and the lock does not give."""
    for wanted in requirements_of(lock, project):
        matching = [pin for pin in pins if pin.name == canonicalize_name(wanted.name)]
        if not matching:
            yield f"{wanted.name}, which pyproject.toml asks for, is missing"
        for pin in matching:
            if pin.version is not None and not wanted.specifier.contains(pin.version, prereleases=True):
                yield f"{pin.name} is {pin.version}, but pyproject.toml asks for {wanted.specifier}"


def requirements_of(lock: Lock, project: dict[str, Any]) -> Iterator[Requirement]:
    if lock.with_project:
        yield from map(Requirement, project["project"]["dependencies"])
    for group in lock.groups:
        yield from group_members(group, project.get("dependency-groups", {}))


def group_members(group: str, groups: dict[str, list[Any]]) -> Iterator[Requirement]:
    for member in groups.get(group, []):
        if isinstance(member, dict):
            yield from group_members(member["include-group"], groups)
        else:
            yield Requirement(member)


def not_in_both(runtime: list[Pin], dev: list[Pin]) -> Iterator[str]:
    """Yield what the tests would run with another version of, or without."""
    locked = {str(pin.requirement) for pin in dev}
    for pin in runtime:
        if str(pin.requirement) not in locked:
            others = ", ".join(other.version or "?" for other in dev if other.name == pin.name) or "nothing"
            yield f"{RUNTIME.name} has {pin.requirement}, but {DEV.name} has {others}"


def tracked_uv_locks(root: Path) -> Iterator[tuple[str, str]]:
    """Ask git. A folder that is no repository (an unpacked archive) tracks nothing."""
    if not (root / ".git").exists():
        return
    command = ["git", "-C", str(root), "ls-files", ":(glob)**/uv.lock"]
    listing = subprocess.run(command, capture_output=True, text=True, check=False)
    if listing.returncode != 0:
        yield f"git cannot say what is tracked: {listing.stderr.strip()}", " ".join(command)
    for path in listing.stdout.splitlines():
        yield f"{path} is tracked, but the locks are requirements*.lock", f"git rm --cached {path}"


def main(arguments: list[str]) -> int:
    root = Path(arguments[0]) if arguments else Path(__file__).resolve().parent.parent
    faults = list(check(root))
    for fault, _ in faults:
        print(fault)
    if faults:
        print("Mend with:", *dict.fromkeys(mend for _, mend in faults), sep="\n  ")
        return 1
    print("The locks are in step with pyproject.toml.")
    return 0


if __name__ == "__main__":
    raise SystemExit(main(sys.argv[1:]))

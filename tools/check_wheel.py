"""Says whether a built wheel holds all that the packages need, not only their Python files.

Run by `.ci/run` on the wheel it has just built: `python tools/check_wheel.py FILE.whl [folder]`. SQL, Lua,
templates and `py.typed` are easily left out of a wheel, and no test in the checkout would notice.
"""

from __future__ import annotations

import sys
import zipfile
from collections.abc import Iterator
from pathlib import Path

PACKAGES = ("server", "simulator")
LEFT_OUT = {".pyc", ".pyo"}


def check(wheel: Path, root: Path) -> Iterator[str]:
    """Yield what the wheel lacks, has in another version, or should not have."""
    with zipfile.ZipFile(wheel) as archive:
        names = {name for name in archive.namelist() if not name.endswith("/")}
        for path in sources(root):
            if path not in names:
                yield f"{path} is missing"
            elif archive.read(path) != (root / path).read_bytes():
                yield f"{path} is not what the checkout has"
        scripts = [archive.read(name).decode() for name in names if name.endswith(".dist-info/entry_points.txt")]
    if not any("treeex = " in text for text in scripts):
        yield "the command treeex is missing"
    for name in sorted(names):
        if not name.startswith((*(f"{package}/" for package in PACKAGES), "treeex_wbsp-")):
            yield f"{name} does not belong into it"


def sources(root: Path) -> list[str]:
    files = (path for package in PACKAGES for path in (root / package).rglob("*") if path.is_file())
    return sorted(str(path.relative_to(root)) for path in files if path.suffix not in LEFT_OUT)


def main(arguments: list[str]) -> int:
    if not arguments:
        print("name the wheel to check: python tools/check_wheel.py FILE.whl")
        return 2
    wheel = Path(arguments[0])
    root = Path(arguments[1]) if len(arguments) > 1 else Path(__file__).resolve().parent.parent
    faults = list(check(wheel, root))
    for fault in faults:
        print(f"{wheel.name}: {fault}")
    if faults:
        print("Mend [tool.hatch.build] in pyproject.toml, or add the file to the repository.")
        return 1
    print(f"{wheel.name} holds all {len(sources(root))} files of {' and '.join(PACKAGES)}.")
    return 0


if __name__ == "__main__":
    raise SystemExit(main(sys.argv[1:]))

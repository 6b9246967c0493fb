"""The wheel check notices what a wheel lacks; the wheels are small ones, packed here."""

from __future__ import annotations

import subprocess
import sys
import zipfile
from pathlib import Path

import pytest

SCRIPT = Path(__file__).parents[3] / "tools" / "check_wheel.py"
INFO = "treeex_wbsp-0.1.0.dist-info/entry_points.txt"
FILES = {
    "server/__init__.py": "",
    "server/py.typed": "",
    "server/migrations/sql/0001.sql": "SELECT 1;",
    "server/queue/scripts/lease.lua": "return 1",
    "simulator/__init__.py": "",
}


@pytest.fixture
def checkout(tmp_path: Path) -> Path:
    for name, text in (FILES | {"server/__pycache__/main.pyc": "not shipped"}).items():
        (tmp_path / name).parent.mkdir(parents=True, exist_ok=True)
        (tmp_path / name).write_text(text)
    return tmp_path


def check(checkout: Path, packed: dict[str, str]) -> subprocess.CompletedProcess[str]:
    wheel = checkout / "treeex_wbsp-0.1.0-py3-none-any.whl"
    with zipfile.ZipFile(wheel, "w") as archive:
        for name, text in packed.items():
            archive.writestr(name, text)
    command = [sys.executable, str(SCRIPT), str(wheel), str(checkout)]
    return subprocess.run(command, capture_output=True, text=True, check=False)


WHOLE = FILES | {INFO: "[console_scripts]\ntreeex = server.cli.app:main\n"}


def test_a_whole_wheel_is_accepted(checkout: Path) -> None:
    answer = check(checkout, WHOLE)
    assert (answer.returncode, answer.stderr) == (0, "")
    assert "all 5 files" in answer.stdout


@pytest.mark.parametrize(
    "left_out", ["server/py.typed", "server/migrations/sql/0001.sql", "server/queue/scripts/lease.lua"]
)
def test_a_file_left_out_is_named(checkout: Path, left_out: str) -> None:
    answer = check(checkout, {name: text for name, text in WHOLE.items() if name != left_out})
    assert answer.returncode == 1
    assert f"{left_out} is missing" in answer.stdout


@pytest.mark.parametrize(
    ("change", "sentence"),
    [
        ({"server/queue/scripts/lease.lua": "return 2"}, "lease.lua is not what the checkout has"),
        ({INFO: ""}, "the command treeex is missing"),
        ({"tests/test_x.py": ""}, "tests/test_x.py does not belong into it"),
    ],
)
def test_what_differs_is_named(checkout: Path, change: dict[str, str], sentence: str) -> None:
    answer = check(checkout, WHOLE | change)
    assert answer.returncode == 1
    assert sentence in answer.stdout

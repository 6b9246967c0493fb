"""Each fault that the lock check is there for is planted once, in a small project of our own."""

from __future__ import annotations

import subprocess
import sys
from collections.abc import Callable
from pathlib import Path

import pytest

SCRIPT = Path(__file__).parents[3] / "tools" / "check_locks.py"
HASH = f"--hash=sha256:{'0123456789abcdef' * 4}"
PROJECT = """
[project]
dependencies = ["Alpha_Net>=2", "beta[fast]>=1.4,<2 ; python_version >= '3.11'"]
[dependency-groups]
wrapper = ["uv>=0.13"]
build = ["hatchling"]
dev = ["pytest>=9", {include-group = "types"}]
types = ["alpha-stubs"]
"""


def lock(*pins: str) -> str:
    return "".join(f"{pin} \\\n    {HASH} \\\n    {HASH}\n" for pin in pins)


RUNTIME = ["alpha-net==2.1", "beta==1.4.2 ; python_full_version >= '3.11'", "hatchling==1.33.0"]
DEV = [*RUNTIME, "alpha-stubs==1.0", "pytest==9.0"]

Edit = Callable[[Path], object]


@pytest.fixture
def project(tmp_path: Path) -> Path:
    (tmp_path / "pyproject.toml").write_text(PROJECT)
    (tmp_path / "requirements.lock").write_text(lock(*RUNTIME))
    (tmp_path / "requirements-dev.lock").write_text(lock(*DEV))
    (tmp_path / "requirements-uv.lock").write_text(lock("uv==0.13.9"))
    return tmp_path


def run(root: Path) -> subprocess.CompletedProcess[str]:
    return subprocess.run([sys.executable, str(SCRIPT), str(root)], capture_output=True, text=True, check=False)


def replace(name: str, old: str, new: str) -> Edit:
    def edit(root: Path) -> None:
        text = (root / name).read_text()
        assert old in text
        (root / name).write_text(text.replace(old, new, 1))

    return edit


def append(name: str, text: str) -> Edit:
    return lambda root: (root / name).write_text((root / name).read_text() + text)


def test_locks_in_step_are_accepted(project: Path) -> None:
    answer = run(project)
    assert (answer.returncode, answer.stderr) == (0, "")
    assert "in step" in answer.stdout


def test_the_locks_of_this_repository_are_in_step() -> None:
    answer = run(SCRIPT.parents[1])
    assert answer.returncode == 0, answer.stdout


MEND_RUNTIME = "uv pip compile -q --universal --generate-hashes --no-header --no-annotate --python-version 3.11"


@pytest.mark.parametrize(
    ("plant", "sentence", "mend"),
    [
        pytest.param(
            replace("requirements.lock", "alpha-net==2.1", "alpha-net==1.9"),
            "requirements.lock: alpha-net is 1.9, but pyproject.toml asks for >=2",
            f"{MEND_RUNTIME} pyproject.toml --group build -o requirements.lock",
            id="a version below the floor",
        ),
        pytest.param(
            replace("pyproject.toml", "beta[fast]>=1.4,<2", "beta[fast]>=1.5,<2"),
            "requirements-dev.lock: beta is 1.4.2, but pyproject.toml asks for <2,>=1.5",
            f"{MEND_RUNTIME} pyproject.toml --group build --group dev -o requirements-dev.lock",
            id="a floor raised without compiling",
        ),
        pytest.param(
            replace("pyproject.toml", '"Alpha_Net>=2", ', '"Alpha_Net>=2", "gamma", '),
            "requirements.lock: gamma, which pyproject.toml asks for, is missing",
            "-o requirements.lock",
            id="a dependency added without compiling",
        ),
        pytest.param(
            replace("pyproject.toml", '"alpha-stubs"', '"alpha-stubs", "delta"'),
            "requirements-dev.lock: delta, which pyproject.toml asks for, is missing",
            "-o requirements-dev.lock",
            id="a member of an included group",
        ),
        pytest.param(
            replace("requirements-uv.lock", "uv==0.13.9", "uv==0.12.0"),
            "requirements-uv.lock: uv is 0.12.0, but pyproject.toml asks for >=0.13",
            f"{MEND_RUNTIME} --group wrapper -o requirements-uv.lock",
            id="the wrapper's uv",
        ),
        pytest.param(
            append("requirements.lock", "gamma==1.0\n"),
            "requirements.lock: gamma has no hash",
            "-o requirements.lock",
            id="an entry without hash",
        ),
        pytest.param(
            replace("requirements.lock", "alpha-net==2.1", "alpha-net>=2.1"),
            "requirements.lock: alpha-net is not pinned to one version",
            "-o requirements.lock",
            id="a range instead of a version",
        ),
        pytest.param(
            append("requirements.lock", f"gamma @ https://packages.example/gamma.whl \\\n    {HASH}\n"),
            "is neither a pinned package nor its hash",
            "-o requirements.lock",
            id="a package by URL",
        ),
        pytest.param(
            append("requirements-dev.lock", "--index-url https://packages.example/simple\n"),
            "requirements-dev.lock: line 16 is neither a pinned package nor its hash",
            "-o requirements-dev.lock",
            id="an index in a lock",
        ),
        pytest.param(
            replace("requirements-dev.lock", "alpha-net==2.1", "alpha-net==2.2"),
            "requirements.lock has alpha-net==2.1, but requirements-dev.lock has 2.2",
            "-o requirements-dev.lock",
            id="tests with another version than production",
        ),
        pytest.param(
            lambda root: (root / "requirements-dev.lock").unlink(),
            "requirements-dev.lock is missing",
            "-o requirements-dev.lock",
            id="no lock",
        ),
    ],
)
def test_a_planted_fault_is_named_with_its_mend(project: Path, plant: Edit, sentence: str, mend: str) -> None:
    plant(project)
    answer = run(project)
    assert (answer.returncode, answer.stderr) == (1, "")
    assert sentence in answer.stdout
    assert mend in answer.stdout


def test_a_tracked_uv_lock_is_refused_and_an_untracked_one_is_not(project: Path) -> None:
    def git(*arguments: str) -> None:
        subprocess.run(["git", "-C", str(project), *arguments], check=True, capture_output=True)

    git("init")
    (project / "sub").mkdir()
    (project / "sub" / "uv.lock").touch()
    assert run(project).returncode == 0
    git("add", "sub/uv.lock")
    answer = run(project)
    assert answer.returncode == 1
    assert "git rm --cached sub/uv.lock" in answer.stdout

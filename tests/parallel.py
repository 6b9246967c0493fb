"""How the tests share the machine: folders in several processes, each with servers of its own, anything else in one.

Loaded by tests/conftest.py, and consulted by pytest-xdist because of `-n auto` in pyproject.toml; `-n 3` on the command
line says otherwise, `-n 0` is one process. A file is never divided, since its tests share a database.
"""

import os
from pathlib import Path

import pytest

from tests.proving import asked_for, named_in

PROCESSES_PER_CORE = 2
"""Most of the time is waiting: for servers that start, processes that die, times that pass."""
MOST_PROCESSES = 16
"""Beyond that the longest file decides how long it takes, and each process has a PostgreSQL and a Valkey."""
LONGEST_FIRST = ("chaos", "e2e", "integration", "conformance", "unit")
"""Folders in the order in which they are handed out, so that small files level out the end."""


def pytest_configure() -> None:
    """Lets the processes of tests keep bytecode: compiling all of the product anew would take each of them seconds."""
    os.environ.pop("PYTHONDONTWRITEBYTECODE", None)


def pytest_xdist_auto_num_workers(config: pytest.Config) -> int:
    """0 for tests, files and names that were asked for: collecting once is quicker than several times."""
    if config.option.keyword or config.option.collectonly:
        return 0
    files = {file for name in config.args if (folder := Path(name)).is_dir() for file in folder.rglob("test_*.py")}
    if wanted := asked_for(config):
        files = {file for file in files if wanted & named_in(file)}
    return min(len(files), PROCESSES_PER_CORE * cores(), MOST_PROCESSES) if len(files) > 1 else 0


def cores() -> int:
    """Those that this process may use."""
    return len(os.sched_getaffinity(0)) if hasattr(os, "sched_getaffinity") else os.cpu_count() or 1


def pytest_collection_modifyitems(config: pytest.Config, items: list[pytest.Item]) -> None:
    """Orders what is to be shared out."""
    if hasattr(config, "workerinput"):
        items.sort(key=lambda item: rank(item.path))


def rank(file: Path) -> int:
    folder = file.relative_to(Path(__file__).parent).parts[0]
    return LONGEST_FIRST.index(folder) if folder in LONGEST_FIRST else 0

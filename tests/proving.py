"""The marker `proves` and the option `--proves`: which test shows which guarantee, crash point, fault or security item.

Loaded by tests/conftest.py. docs/guarantees.md says what the items are; tools/guarantees.py writes there what proves
each of them. A marker that names nothing, or an item that does not exist, is refused when tests are collected.
"""

import re
from collections.abc import Generator
from functools import cache
from pathlib import Path

import pytest

FAMILIES = {"G": 28, "K": 33, "C": 30, "P": 4, "S": 17}
"""Letter and last number: guarantees, crash points, fault tests, property tests, security tests."""
ITEMS = tuple(f"{letter}{number}" for letter, last in FAMILIES.items() for number in range(1, last + 1))
MARKER = "proves"


def pytest_addoption(parser: pytest.Parser) -> None:
    parser.addoption(
        "--proves",
        action="append",
        default=[],
        metavar="ITEM",
        help="run only the tests that prove this item of docs/guarantees.md, such as G7 or K16; may be repeated",
    )


def pytest_configure(config: pytest.Config) -> None:
    """Refuses items that do not exist, before there are processes for the tests."""
    if unknown := sorted(asked_for(config).difference(ITEMS)):
        raise pytest.UsageError(f"--proves {', '.join(unknown)}: {mend()}")


def asked_for(config: pytest.Config) -> set[str]:
    """The items whose proofs are to run; empty when all tests are."""
    return {item.upper() for item in config.getoption("--proves")}


def pytest_ignore_collect(collection_path: Path, config: pytest.Config) -> bool | None:
    """A file that does not name what is asked for need not be imported."""
    wanted = asked_for(config)
    return True if wanted and collection_path.suffix == ".py" and not wanted & named_in(collection_path) else None


@pytest.hookimpl(wrapper=True)
def pytest_make_collect_report() -> Generator[None, pytest.CollectReport, pytest.CollectReport]:
    """A wrong marker is an error of its file, as one of its syntax would be."""
    report = yield
    try:
        for node in report.result:
            if isinstance(node, pytest.Item):
                proved_by(node)
    except pytest.UsageError as error:
        report.outcome, report.longrepr, report.result = "failed", str(error), []
    return report


def pytest_collection_modifyitems(config: pytest.Config, items: list[pytest.Item]) -> None:
    """Keeps what was asked for."""
    if wanted := asked_for(config):
        proved = [(item, proved_by(item)) for item in items]
        config.hook.pytest_deselected(items=[item for item, proves in proved if not wanted & proves])
        items[:] = [item for item, proves in proved if wanted & proves]


def proved_by(item: pytest.Item) -> set[str]:
    """The items that a test proves, by itself, its parameters, its class or its module. Raises pytest.UsageError."""
    proves: set[str] = set()
    for mark in item.iter_markers(MARKER):
        if complaint := wrong(mark.args, mark.kwargs):
            raise pytest.UsageError(f"{item.nodeid}: {complaint}")
        proves.update(mark.args)
    if proves - named_in(item.path):
        raise pytest.UsageError(f"{item.nodeid}: the marker {MARKER} stands in another file; write it beside the test")
    return proves


@cache
def named_in(path: Path) -> frozenset[str]:
    """Every item that a file writes out, in a marker or elsewhere: its tests can prove no others."""
    return frozenset(re.findall(r"""["']([A-Z]\d+)["']""", path.read_text("utf-8"))).intersection(ITEMS)


def wrong(items: tuple[object, ...], options: object) -> str | None:
    """What is wrong with the arguments of a marker."""
    if not items or options:
        return f"the marker {MARKER} names no item; {mend()}"
    unknown = [str(item) for item in items if item not in ITEMS]
    return f"the marker {MARKER} names {', '.join(unknown)}; {mend()}" if unknown else None


def mend() -> str:
    """Which items there are."""
    return f"items are {', '.join(f'{letter}1 to {letter}{last}' for letter, last in FAMILIES.items())}"

"""The option `--seed`, and what tests that draw by chance say when they fail: how to have the same again.

Loaded by tests/conftest.py. A test that takes the fixture `seed` draws from nothing else.
"""

import random
from collections.abc import Generator

import pytest


def pytest_addoption(parser: pytest.Parser) -> None:
    parser.addoption(
        "--seed", type=int, default=None, help="have crash tests draw from this seed, as a failure names it"
    )


@pytest.fixture
def seed(request: pytest.FixtureRequest) -> int:
    """Given, or fresh. Every failure prints it."""
    given: int | None = request.config.getoption("--seed")
    chosen = random.SystemRandom().randrange(1, 1_000_000) if given is None else given
    request.node.user_properties.append(("seed", chosen))
    return chosen


@pytest.hookimpl(wrapper=True)
def pytest_runtest_makereport(item: pytest.Item) -> Generator[None, pytest.TestReport, pytest.TestReport]:
    """Says with what seed a test failed."""
    report = yield
    seed = dict(item.user_properties).get("seed")
    if report.failed and seed is not None:
        report.sections.append(("Seed", f"./treeex test '{item.nodeid}' --seed {seed}"))
    return report

"""docs/guarantees.md says of every item what proves it, as the markers do, and hides nothing that is unproved."""

import importlib.util
import os
import re
import subprocess
import sys
from pathlib import Path
from types import ModuleType

import pytest

from server.core.failpoints import KNOWN
from tests.proving import ITEMS

ROOT = Path(__file__).parents[3]
SCRIPT = ROOT / "tools" / "guarantees.py"
DOCUMENT = ROOT / "docs" / "guarantees.md"


@pytest.fixture(scope="module")
def tool() -> ModuleType:
    spec = importlib.util.spec_from_file_location("guarantees", SCRIPT)
    assert spec is not None
    assert spec.loader is not None
    module = importlib.util.module_from_spec(spec)
    sys.modules[spec.name] = module  # dataclasses look their module up
    spec.loader.exec_module(module)
    return module


@pytest.fixture
def document(tool: ModuleType) -> str:
    return f"# Title\n\n{tool.BEGIN}\n{tool.END}\n\n| # | what | not shown | proved by |\n|---|---|---|---|\n"


@pytest.mark.long
def test_the_document_is_in_step_with_the_markers() -> None:
    mine = {name: value for name, value in os.environ.items() if not name.startswith("PYTEST_")}
    done = subprocess.run([sys.executable, SCRIPT, "--check"], capture_output=True, text=True, check=False, env=mine)
    assert done.returncode == 0, done.stdout + done.stderr


def test_a_row_names_the_files(tool: ModuleType, document: str) -> None:
    proofs = {"G1": {"tests/unit/test_b.py", "tests/e2e/test_a.py"}}
    text = tool.renewed(document + "| G1 | It holds. | — | |\n", proofs)
    assert "| G1 | It holds. | — | [e2e/a](../tests/e2e/test_a.py), [unit/b](../tests/unit/test_b.py) |" in text
    assert "1 are proved as they stand here and 0 in part" in text
    assert tool.renewed(text, proofs) == text


def test_an_item_that_loses_its_proof_is_shown_as_unproved_and_changes_the_document(
    tool: ModuleType, document: str
) -> None:
    proofs = {"G1": {"tests/unit/test_b.py"}}
    before = tool.renewed(document + "| G1 | It holds. | — | |\n| G2 | Not yet: more. | all | |\n", proofs)
    assert "- G2: Not yet: more." in before
    assert "- G1:" not in before
    after = tool.renewed(before, {})
    assert "- G1: It holds." in after
    assert after.count(tool.NOTHING) == 2
    assert after != before


@pytest.mark.parametrize(
    ("rows", "complaint"),
    [
        ("| G1 | It holds. | — | nothing yet |\n", "nothing proves G1; say so"),
        ("| G1 | Not yet: this. | all | [x](y) |\n", "G1 is proved, so it does not begin with 'Not yet'"),
        ("| G1 | It holds. | all | nothing yet |\n" * 2, "G1 has 2 rows"),
        ("| G29 | It holds. | all | nothing yet |\n", "G29 is no item"),
        ("", "G1 is missing"),
    ],
)
def test_what_people_write_is_checked(tool: ModuleType, document: str, rows: str, complaint: str) -> None:
    assert any(complaint in told for told in tool.complaints(document + rows))


def test_every_item_stands_in_its_order(tool: ModuleType) -> None:
    assert [row.item for row in tool.rows_of(DOCUMENT.read_text("utf-8"))] == list(ITEMS)


def test_the_crash_points_are_those_of_the_code(tool: ModuleType) -> None:
    rows = [row for row in tool.rows_of(DOCUMENT.read_text("utf-8")) if row.item.startswith("K")]
    named = {name for row in rows for name in re.findall(r"^`([a-z]+\.[a-z_]+)`:", row.cells[0])}
    assert named == KNOWN

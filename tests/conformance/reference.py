"""Finds the samples of Meta's payloads. They are other people's data and no part of this project.

`TREEEX_META_REFERENCE` names their folder; a sibling folder `shared/meta` of the repository is found by itself; without
either the tests that need them skip.
"""

import csv
import json
import os
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pytest


@dataclass(frozen=True)
class Sample:
    """One payload. `path` and `subtype` are empty where the index does not know them."""

    name: str
    kind: str
    path: str
    subtype: str
    payload: Any


def folder() -> Path:
    named = os.environ.get("TREEEX_META_REFERENCE")
    found = Path(named) if named else Path(__file__).parents[3] / "shared" / "meta"
    if not (found / "corpus" / "INDEX.tsv").is_file():
        pytest.skip(f"no samples of Meta's payloads in {found}; set TREEEX_META_REFERENCE to their folder")
    return found


def samples(kind: str) -> list[Sample]:
    corpus = folder() / "corpus"
    with (corpus / "INDEX.tsv").open(newline="") as index:
        rows = [row for row in csv.DictReader(index, delimiter="\t") if row["kind"] == kind]
    return [
        Sample(row["file"], kind, row["path"], row["subtype"], json.loads((corpus / row["file"]).read_text()))
        for row in rows
    ]

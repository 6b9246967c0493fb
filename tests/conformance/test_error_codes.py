"""The simulator's table of error codes against Meta's list, read where it lies.

`TREEEX_META_REFERENCE` names the folder of the list; a sibling folder `shared/meta` of the repository is found by
itself; without either these tests skip.
"""

import os
from pathlib import Path

import pytest

from simulator import meta_errors
from simulator.graph import errors
from simulator.meta_errors import MetaErrorCode


@pytest.fixture(scope="module")
def listed() -> dict[tuple[str, str], dict[str, str]]:
    """Rows by code and subcode; ranges of codes are written as 200-299."""
    named = os.environ.get("TREEEX_META_REFERENCE")
    folder = Path(named) if named else Path(__file__).parents[3] / "shared" / "meta"
    if not (folder / "error_codes.tsv").is_file():
        pytest.skip(f"no error_codes.tsv in {folder}; set TREEEX_META_REFERENCE to its folder")
    head, *lines = (folder / "error_codes.tsv").read_text().splitlines()
    rows = [dict(zip(head.split("\t"), line.split("\t"), strict=False)) for line in lines]
    return {(row["code"], row["subcode"].strip()): row for row in rows if row["code"][0].isdigit()}


def name(row: MetaErrorCode) -> tuple[str, str]:
    code = str(row.code) if row.last_code is None else f"{row.code}-{row.last_code}"
    return code, str(row.subcode or "")


def test_every_code_of_meta_is_in_the_table_and_no_other(listed):
    assert {name(row) for row in meta_errors.rows()} == listed.keys()


def test_http_statuses_and_places_are_metas(listed):
    for row in meta_errors.rows():
        meta = listed[name(row)]
        assert row.where == meta["where"], row
        assert str(row.http) == (meta["http"] or "400"), row


def test_a_planned_error_is_as_meta_documents_it(listed):
    for row in meta_errors.rows():
        code = row.last_code or row.code
        error = errors.planned(code, http=None, subcode=row.subcode, message=None, is_transient=None)
        assert (error.code, error.http) == (code, row.http)
        assert row.title in error.message

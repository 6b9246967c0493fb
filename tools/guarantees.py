"""Writes into docs/guarantees.md which tests prove each of its items, as the markers of the tests say.

`python tools/guarantees.py` renews the last column of its tables and the part about what nothing proves; with
`--check` it changes nothing and says what is out of step. Tests are collected for that, none is run.
"""

from __future__ import annotations

import argparse
import contextlib
import difflib
import io
import re
import sys
from collections import Counter, defaultdict
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parent.parent
sys.path.insert(0, str(ROOT))

from tests.proving import ITEMS, named_in, proved_by  # noqa: E402 - found through the line above

DOCUMENT = ROOT / "docs" / "guarantees.md"
NOTHING, WHOLE, NOT_BUILT = "nothing yet", "—", "Not yet"
ROW = re.compile(r"\| ([A-Z]\d+) \|(.+)\|")
BEGIN, END = "<!-- what nothing proves: written by tools/guarantees.py -->", "<!-- until here -->"
NEVER_RUN = ("skip", "xfail")
OPTIONS = ("--collect-only", "-qq", "-m", "", "-p", "no:cacheprovider", "--assert=plain")

Proofs = Mapping[str, set[str]]
"""By item: the files, relative to the root, with a test that is marked with it."""


class Collector:
    """A plugin that keeps what pytest has collected."""

    def __init__(self) -> None:
        self.proofs: dict[str, set[str]] = defaultdict(set)

    def pytest_collection_finish(self, session: pytest.Session) -> None:
        for test in session.items:
            if any(test.get_closest_marker(name) for name in NEVER_RUN):
                continue
            for item in proved_by(test):
                self.proofs[item].add(test.nodeid.partition("::")[0])


def collect() -> Proofs:
    """What the tests of this checkout prove. Raises RuntimeError with pytest's words when they cannot be collected."""
    collector, said = Collector(), io.StringIO()
    with contextlib.chdir(ROOT), contextlib.redirect_stdout(said), contextlib.redirect_stderr(said):
        files = sorted(path for path in Path("tests").rglob("test_*.py") if named_in(path))
        status = pytest.main([*OPTIONS, *map(str, files)], plugins=[collector])
    if status != pytest.ExitCode.OK:
        raise RuntimeError(said.getvalue())
    return collector.proofs


@dataclass(frozen=True)
class Row:
    """One item of the document: what it says, what of it nothing shows yet, and what proves the rest."""

    item: str
    cells: tuple[str, ...]

    @property
    def missing(self) -> str:
        return self.cells[-2]

    @property
    def proofs(self) -> str:
        return self.cells[-1]

    def with_proofs(self, proofs: str) -> str:
        return f"| {' | '.join((self.item, *self.cells[:-1], proofs))} |"


def renewed(text: str, proofs: Proofs) -> str:
    """The document with the proofs as they are."""
    lines = [
        row.with_proofs(told(proofs.get(row.item, set()))) if (row := parsed(line)) else line
        for line in text.splitlines()
    ]
    text = "\n".join(lines) + "\n"
    before, _, rest = text.partition(BEGIN)
    _, _, after = rest.partition(END)
    return f"{before}{BEGIN}\n\n{summary(rows_of(text))}\n{END}{after}"


def told(files: set[str]) -> str:
    """A cell: a link to each file."""
    return ", ".join(map(link, sorted(files))) or NOTHING


def link(file: str) -> str:
    path = Path(file)
    return f"[{path.parent.relative_to('tests')}/{path.stem.removeprefix('test_')}](../{file})"


def parsed(line: str) -> Row | None:
    match = ROW.fullmatch(line)
    return Row(match[1], tuple(cell.strip() for cell in match[2].split("|"))) if match else None


def rows_of(text: str) -> list[Row]:
    return [row for line in text.splitlines() if (row := parsed(line))]


def summary(rows: list[Row]) -> str:
    """How many items are proved, and by name all that are not."""
    unproved = [row for row in rows if row.proofs == NOTHING]
    whole = sum(row.missing == WHOLE for row in rows)
    lines = [
        f"Of {len(rows)} items, {whole} are proved as they stand here and {len(rows) - whole - len(unproved)} in part;",
        f"nothing proves these {len(unproved)}:" if unproved else "nothing is left unproved.",
        "",
        *(f"- {row.item}: {row.cells[0]}" for row in unproved),
    ]
    return "\n".join(lines) + "\n"


def complaints(text: str) -> Iterator[str]:
    """What is wrong with the part of the document that people write."""
    count = Counter(row.item for row in rows_of(text))
    yield from (f"{item} is missing; describe it" for item in ITEMS if not count[item])
    yield from (f"{item} is no item; tests/proving.py has the list" for item in count if item not in ITEMS)
    yield from (f"{item} has {times} rows; leave one" for item, times in count.items() if times > 1)
    for row in rows_of(text):
        if row.proofs == NOTHING and row.missing == WHOLE:
            yield f"nothing proves {row.item}; say so in its column before the last"
        if row.proofs != NOTHING and row.cells[0].startswith(NOT_BUILT):
            yield f"{row.item} is proved, so it does not begin with {NOT_BUILT!r}; say what holds now"


def main(arguments: list[str]) -> int:
    parser = argparse.ArgumentParser(description=__doc__.partition("\n")[0] if __doc__ else None)
    parser.add_argument("--check", action="store_true", help="change nothing, and say what is out of step")
    check: bool = parser.parse_args(arguments).check
    text = DOCUMENT.read_text("utf-8")
    try:
        wanted = renewed(text, collect())
    except RuntimeError as error:
        print(f"the tests cannot be collected, mend that first:\n{error}")
        return 1
    faults = list(complaints(wanted))
    if check and wanted != text:
        faults += difflib.unified_diff(text.splitlines(), wanted.splitlines(), "written", "proved", n=0, lineterm="")
        faults.append("docs/guarantees.md is out of step with the tests: run `.venv/bin/python tools/guarantees.py`")
    if not check:
        DOCUMENT.write_text(wanted, "utf-8")
    print("\n".join(faults) or f"docs/guarantees.md is in step with the tests: {len(rows_of(wanted))} items.")
    return 1 if faults else 0


if __name__ == "__main__":
    raise SystemExit(main(sys.argv[1:]))

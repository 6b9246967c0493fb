"""Loads the SQL files that lie beside the repositories, one a verb."""

from collections.abc import Iterable
from functools import cache
from pathlib import Path
from typing import TypeVar

_T = TypeVar("_T")

_FOLDER = Path(__file__).parent / "sql"


@cache
def load(name: str) -> str:
    """The text of `sql/<name>.sql`."""
    return (_FOLDER / f"{name}.sql").read_text("utf-8")


def sparse(values: Iterable[_T | None]) -> list[_T | None]:
    """A column that is often None altogether, for an unnest beside full ones: empty then, which reads the same."""
    column = list(values)
    return column if any(value is not None for value in column) else []

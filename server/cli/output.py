"""How commands show results: JSON for machines, tables and lines for people, always on standard output."""

import json
import sys
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import asdict, is_dataclass
from datetime import UTC, datetime
from typing import Annotated, Any

import typer

_WHOLE_LINES = 100_000

Json = Annotated[bool, typer.Option("--json", help="Print JSON.")]


def show(values: Mapping[str, Any], *, as_json: bool) -> None:
    """One thing: a JSON object, or a line a field."""
    if as_json:
        write_json(values)
        return
    width = max(map(len, values))
    for name, value in values.items():
        print(f"{name.ljust(width)}  {plain(value)}")


def show_list(rows: Sequence[Mapping[str, Any]], columns: Iterable[str], *, as_json: bool, none: str) -> None:
    """Many things: a JSON list with all that is known, or a table of some columns. `none` is said of an empty one."""
    if as_json:
        write_json(rows)
        return
    if not rows:
        print(none)
        return
    from rich.console import Console
    from rich.table import Table

    table = Table(box=None, pad_edge=False, header_style="bold")
    for column in columns:
        table.add_column(column.replace("_", " "), overflow="fold")
    for row in rows:
        table.add_row(*(plain(row[column]) for column in columns))
    # A pipe gets whole lines; only a terminal has a width.
    width = None if sys.stdout.isatty() else _WHOLE_LINES
    Console(width=width, highlight=False, markup=False).print(table)


def write_json(value: Any) -> None:
    """Times in RFC 3339, ids and paths as texts."""
    print(json.dumps(value, default=_jsonable, ensure_ascii=False, indent=2))


def facts(value: Any) -> dict[str, Any]:
    """The fields of a dataclass."""
    if not is_dataclass(value) or isinstance(value, type):
        raise TypeError("not a dataclass")
    return asdict(value)


def plain(value: Any) -> str:
    """A value for people."""
    if value is None:
        return "-"
    if isinstance(value, datetime):
        return value.astimezone(UTC).strftime("%Y-%m-%d %H:%M:%S UTC")
    if isinstance(value, list | tuple):
        return ", ".join(map(plain, value)) or "-"
    return str(value)


def _jsonable(value: Any) -> Any:
    if isinstance(value, datetime):
        return value.astimezone(UTC).isoformat().replace("+00:00", "Z")
    if isinstance(value, set | frozenset):
        return sorted(value)
    return str(value)

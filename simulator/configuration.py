"""Keeps the configuration in the data directory: one line per change, rewritten as a snapshot at start.

Called by `Store` (as its journal) and by `recovery.py`. It holds secrets and tokens, so the file is private.
"""

from __future__ import annotations

import msgspec

from simulator.append_file import AppendFile
from simulator.errors import CannotStart
from simulator.settings import Settings
from simulator.state import App, Group, Number, Person, Record, Store, Token, Waba

_TYPES: dict[str, type[Record]] = {
    "app": App,
    "waba": Waba,
    "number": Number,
    "token": Token,
    "person": Person,
    "group": Group,
}


class _Line(msgspec.Struct):
    kind: str
    value: msgspec.Raw


class ConfigurationFile:
    def __init__(self, file: AppendFile) -> None:
        self._file = file

    def record(self, kind: str, value: Record | Settings) -> None:
        self._file.append(_encode(kind, value))
        self._file.flush()

    def load_into(self, store: Store) -> None:
        """Fill the store from the file and compact the file.

        Raises:
            CannotStart: a line cannot be understood.
        """
        for place, line in enumerate(self._file.read_from(0), start=1):
            try:
                _apply(store, msgspec.json.decode(line, type=_Line))
            except (msgspec.MsgspecError, KeyError) as error:
                raise CannotStart(
                    f"line {place} of {self._file.path} cannot be read; remove the line, or give another --data"
                ) from error
        self._file.replace(_lines(store))

    def close(self) -> None:
        self._file.close()


def _apply(store: Store, line: _Line) -> None:
    if line.kind == "settings":
        store.settle(msgspec.json.decode(line.value, type=Settings))
    else:
        store.put(msgspec.json.decode(line.value, type=_TYPES[line.kind]))


def _lines(store: Store) -> list[bytes]:
    kinds: dict[str, list[Record]] = {
        "app": [*store.apps.values()],
        "waba": [*store.wabas.values()],
        "number": [*store.numbers.values()],
        "token": [*store.tokens.values()],
        "person": [*store.people.values()],
        "group": [*store.groups.values()],
    }
    lines = [_encode(kind, value) for kind, values in kinds.items() for value in values]
    return [_encode("settings", store.settings), *lines]


def _encode(kind: str, value: Record | Settings) -> bytes:
    return msgspec.json.encode({"kind": kind, "value": value})

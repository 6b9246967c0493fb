"""Keeps the configuration in the data directory: one line per change, rewritten as a snapshot at start.

Called by `Store` (as its journal) and by `recovery.py`. It holds secrets and tokens, so the file is private.
"""

from __future__ import annotations

import msgspec

from simulator.append_file import AppendFile
from simulator.errors import CannotStart
from simulator.settings import Settings
from simulator.state import KINDS, Gone, Record, Store


class _Line(msgspec.Struct):
    kind: str
    value: msgspec.Raw


class ConfigurationFile:
    def __init__(self, file: AppendFile) -> None:
        self._file = file

    def record(self, kind: str, value: Record | Settings | Gone) -> None:
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
    elif line.kind == "gone":
        store.remove(msgspec.json.decode(line.value, type=Gone))
    else:
        store.put(msgspec.json.decode(line.value, type=KINDS[line.kind]))


def _lines(store: Store) -> list[bytes]:
    lines = [_encode(kind, value) for kind, records in store.by_kind.items() for value in records.values()]
    return [_encode("settings", store.settings), *lines]


def _encode(kind: str, value: Record | Settings | Gone) -> bytes:
    return msgspec.json.encode({"kind": kind, "value": value})

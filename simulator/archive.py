"""Messages that nobody has asked for lately, on disk: memory holds some thousands, and none is forgotten.

Called by `conversations.py` alone, which packs them and puts back what it has taken out, changed or not. The file is
SQLite's own, without a name, and gone with the process.
"""

from __future__ import annotations

import sqlite3
from collections.abc import Iterable
from typing import NamedTuple
from zlib import crc32

# Ids are looked up by a small number: an index of whole ids would not stay in the cache.
_SCHEMA = """
PRAGMA journal_mode = MEMORY;
PRAGMA synchronous = OFF;
PRAGMA locking_mode = EXCLUSIVE;
PRAGMA cache_size = -4096;
CREATE TABLE messages (place INTEGER PRIMARY KEY, wamid TEXT NOT NULL, crc INTEGER NOT NULL, packed BLOB NOT NULL);
CREATE INDEX messages_by_crc ON messages (crc);
"""
_BY_ID = "SELECT packed FROM messages WHERE crc = ? AND wamid = ? ORDER BY place DESC LIMIT 1"
_BY_PLACE = "SELECT packed FROM messages WHERE place = ?"


class Archived(NamedTuple):
    """`place`: the how many-th message of all it is."""

    place: int
    wamid: str
    packed: bytes


class Archive:
    def __init__(self) -> None:
        self._db = sqlite3.connect("")  # no name: a file of its own, deleted when it is closed
        self._db.executescript(_SCHEMA)

    def put(self, messages: Iterable[Archived]) -> None:
        """Keep all of them, each in the place of its earlier copy. Raises sqlite3.Error; then none is kept."""
        rows = ((one.place, one.wamid, _crc(one.wamid), one.packed) for one in messages)
        with self._db:
            self._db.executemany("INSERT OR REPLACE INTO messages VALUES (?, ?, ?, ?)", rows)

    def find(self, wamid: str) -> bytes | None:
        """The message with this id, the last of them if there are several."""
        row: tuple[bytes] | None = self._db.execute(_BY_ID, (_crc(wamid), wamid)).fetchone()
        return None if row is None else row[0]

    def at(self, place: int) -> bytes:
        packed: bytes = self._db.execute(_BY_PLACE, (place,)).fetchone()[0]
        return packed

    def close(self) -> None:
        self._db.close()


def _crc(wamid: str) -> int:
    return crc32(wamid.encode())

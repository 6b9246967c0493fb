"""The append-only record of what "Meta" processed: the outside truth that tests compare the product with.

Written by the Graph endpoints, the emitter and the webhook sender; read by `/_sim/ledger` and by whoever opens
`ledger.jsonl`. It holds ids, times, outcomes and hashes, and never a token, a secret or the text of a message.
"""

from __future__ import annotations

from collections import deque
from collections.abc import Iterator
from typing import Any

import msgspec

from simulator.append_file import AppendFile
from simulator.clock import Clock
from simulator.errors import CannotStart
from simulator.summary import Entry, Summary

_KEPT_IN_MEMORY = 50_000
_INDEX_STEP = 1024

_encode = msgspec.json.Encoder().encode


class Ledger:
    """`seq` grows by one per entry and goes on after a restart with the same file."""

    def __init__(self, clock: Clock, file: AppendFile | None = None) -> None:
        self._clock = clock
        self._file = file
        self._lines: deque[bytes] = deque(maxlen=_KEPT_IN_MEMORY)
        self._offsets: list[int] = []  # of the entries 1, 1 + step, 1 + 2 * step, …
        self.last_seq = 0
        self.summary = Summary()

    @property
    def next_seq(self) -> int:
        return self.last_seq + 1

    def append(self, kind: str, *, at: float | None = None, **fields: Any) -> int:
        """Add an entry and return its `seq`. `at` defaults to now; `flush` before anyone is told of it."""
        entry = {"seq": self.last_seq + 1, "at": self._clock.now() if at is None else at, "kind": kind, **fields}
        line = _encode(entry)
        self._keep(entry, line, None if self._file is None else self._file.append(line))
        return self.last_seq

    def flush(self) -> None:
        """Hand what was appended to the operating system. Raises OSError when the disk refuses."""
        if self._file is not None:
            self._file.flush()

    def replay(self) -> Iterator[Entry]:
        """Read the file of an earlier run, entry by entry, counting as it goes.

        Raises:
            CannotStart: an entry cannot be understood.
        """
        if self._file is None:
            return
        offset = 0
        for line in self._file.read_from(0):
            entry = self._decoded(line)
            self._keep(entry, line, offset)
            offset += len(line) + 1
            yield entry

    def page(self, after: int, limit: int) -> tuple[list[bytes], int]:
        """Up to `limit` encoded entries after the given `seq`, and the `after` of the next page.

        Without a file only the last 50,000 entries can be had; the page then starts with the oldest of them.
        """
        oldest = self.last_seq - len(self._lines) + 1
        start = max(after + 1, 1)
        if start < oldest and self._file is not None:
            lines = self._from_file(self._file, start, limit)
        else:
            start = max(start, oldest)
            lines = [self._lines[i - oldest] for i in range(start, min(start + limit, self.next_seq))]
        return lines, start - 1 + len(lines)

    def close(self) -> None:
        if self._file is not None:
            self._file.close()

    def _keep(self, entry: Entry, line: bytes, offset: int | None) -> None:
        self.last_seq = entry["seq"]
        if offset is not None and (self.last_seq - 1) % _INDEX_STEP == 0:
            self._offsets.append(offset)
        self._lines.append(line)
        self.summary.observe(entry)

    def _from_file(self, file: AppendFile, start: int, limit: int) -> list[bytes]:
        place, skip = divmod(start - 1, _INDEX_STEP)
        lines: list[bytes] = []
        for line in file.read_from(self._offsets[place]):
            if skip:
                skip -= 1
                continue
            lines.append(line)
            if len(lines) == limit:
                break
        return lines

    def _decoded(self, line: bytes) -> Entry:
        try:
            entry: Entry = msgspec.json.decode(line, type=dict[str, Any])
        except msgspec.MsgspecError:
            entry = {}
        if entry.get("seq") != self.next_seq or "kind" not in entry:
            raise CannotStart(
                f"the ledger of an earlier run is damaged after entry {self.last_seq}; "
                "give another --data directory, or move ledger.jsonl away"
            )
        return entry

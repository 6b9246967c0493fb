"""The append-only record of what "Meta" processed: the outside truth that tests compare the product with.

Written by the Graph endpoints, the emitter and the webhook sender; read by `/_sim/ledger` and by whoever opens
`ledger.jsonl`. It holds ids, times, outcomes and hashes, and never a token, a secret or the text of a message.
"""

from __future__ import annotations

from collections.abc import Iterator
from itertools import islice
from typing import Any

import msgspec

from simulator.append_file import AppendFile
from simulator.clock import Clock
from simulator.errors import CannotStart
from simulator.scratch_file import ScratchFile
from simulator.summary import Entry, Summary

_INDEX_STEP = 128

_encode = msgspec.json.Encoder().encode


class Ledger:
    """`seq` grows by one per entry and goes on after a restart with the same file."""

    def __init__(self, clock: Clock, file: AppendFile | None = None) -> None:
        self._clock = clock
        self._file = file or ScratchFile()
        self._offsets: list[int] = []  # of the entries 1, 1 + step, 1 + 2 * step, …
        self.last_seq = 0
        self.summary = Summary()

    @property
    def next_seq(self) -> int:
        return self.last_seq + 1

    def append(self, kind: str, *, at: float | None = None, **fields: Any) -> int:
        """Add an entry and return its `seq`. `at` defaults to now; `flush` before anyone is told of it."""
        entry = {"seq": self.last_seq + 1, "at": self._clock.now() if at is None else at, "kind": kind, **fields}
        self._keep(entry, self._file.append(_encode(entry)))
        return self.last_seq

    def flush(self) -> None:
        """Hand what was appended to the operating system. Raises OSError when the disk refuses."""
        self._file.flush()

    def replay(self) -> Iterator[Entry]:
        """Read the file of an earlier run, entry by entry, counting as it goes.

        Raises:
            CannotStart: an entry cannot be understood.
        """
        offset = 0
        for line in self._file.read_from(0):
            entry = self._decoded(line)
            self._keep(entry, offset)
            offset += len(line) + 1
            yield entry

    def page(self, after: int, limit: int) -> tuple[list[bytes], int]:
        """Up to `limit` encoded entries after the given `seq`, and the `after` of the next page."""
        if after >= self.last_seq:
            return [], after
        place, skipped = divmod(after, _INDEX_STEP)
        lines = list(islice(self._file.read_from(self._offsets[place]), skipped, skipped + limit))
        return lines, after + len(lines)

    def close(self) -> None:
        self._file.close()

    def _keep(self, entry: Entry, offset: int) -> None:
        self.last_seq = entry["seq"]
        if (self.last_seq - 1) % _INDEX_STEP == 0:
            self._offsets.append(offset)
        self.summary.observe(entry)

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

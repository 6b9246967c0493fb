"""The bodies of webhook updates that are still owed, so that a restarted simulator sends them.

Called by the emitter (keep) and the sender (forget). The ledger decides what is owed; this file only has the
contents, and it is private because inbound texts are in it until they have been acknowledged.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable

import msgspec

from simulator.append_file import AppendFile
from simulator.errors import CannotStart
from simulator.webhooks.updates import Update

_COMPACT_AFTER_BYTES = 32 * 1024 * 1024

_encode = msgspec.json.Encoder().encode


class Outbox:
    def __init__(self, file: AppendFile | None = None) -> None:
        self._file = file
        self._owed: dict[int, Update] = {}
        self._compact_at = _COMPACT_AFTER_BYTES

    def keep(self, update: Update) -> None:
        if self._file is not None:
            self._owed[update.seq] = update
            self._file.append(_encode(update))

    def forget(self, seqs: Iterable[int]) -> None:
        if self._file is None:
            return
        for seq in seqs:
            self._owed.pop(seq, None)
        if self._file.size > self._compact_at:
            self._compact(self._file)

    def load(self, is_owed: Callable[[int], bool]) -> list[Update]:
        """The updates of an earlier run that are still owed, oldest first; all others leave the file.

        Raises:
            CannotStart: the file is damaged.
        """
        if self._file is None:
            return []
        try:
            updates = [msgspec.json.decode(line, type=Update) for line in self._file.read_from(0)]
        except msgspec.MsgspecError as error:
            raise CannotStart(
                f"{self._file.path} is damaged; remove it (the webhooks that an earlier run still owed are then lost)"
            ) from error
        self._owed = {update.seq: update for update in updates if is_owed(update.seq)}
        self._compact(self._file)
        return list(self._owed.values())

    def close(self) -> None:
        if self._file is not None:
            self._file.close()

    def _compact(self, file: AppendFile) -> None:
        file.replace(_encode(update) for update in self._owed.values())
        self._compact_at = max(_COMPACT_AFTER_BYTES, 2 * file.size)

"""Collects the updates for one app and says when enough of them are together for a POST.

Called by the sender, which owns the timer: a batch is ready when it is full, when its window is over, or at
once when the window is zero. A backlog therefore goes out in full batches.
"""

from __future__ import annotations

from collections import deque

from simulator.webhooks.updates import Update

# Meta sends at most 3 MB in one POST (Meta: webhooks overview).
_LARGEST_BODY = 3_000_000
_ENVELOPE = 200


class Batcher:
    def __init__(self) -> None:
        self._waiting: deque[Update] = deque()
        self._window_over = False

    def __len__(self) -> int:
        return len(self._waiting)

    def add(self, update: Update) -> int:
        """Returns how many wait now."""
        self._waiting.append(update)
        return len(self._waiting)

    def end_window(self) -> None:
        """What waits now may go, full or not."""
        self._window_over = bool(self._waiting)

    def is_ready(self, size: int, window_s: float) -> bool:
        waiting = len(self._waiting)
        return waiting > 0 and (waiting >= size or self._window_over or window_s == 0)

    def take(self, size: int, window_s: float) -> list[Update]:
        """The next batch, or nothing while it is still being collected."""
        if not self.is_ready(size, window_s):
            return []
        batch = [self._waiting.popleft()]
        room = _LARGEST_BODY - _ENVELOPE - batch[0].size
        while self._waiting and len(batch) < size and room > (needed := self._waiting[0].size):
            batch.append(self._waiting.popleft())
            room -= needed + 1
        self._window_over = self._window_over and bool(self._waiting)
        return batch

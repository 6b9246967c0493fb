"""What happened in the last so many seconds, counted exactly: the ground of throughput and of call limits.

Called by `sends.py` and `calls.py`. Constant work an event; memory for as many as the limit, whatever comes.
"""

from __future__ import annotations

from collections import deque


class SlidingWindow:
    """An event is in the window until exactly `span_s` after it. Times must not go back."""

    def __init__(self, span_s: float) -> None:
        self._span_s = span_s
        self._times: deque[float] = deque()

    def used(self, at: float) -> int:
        ended = at - self._span_s
        while self._times and self._times[0] <= ended:
            self._times.popleft()
        return len(self._times)

    def take(self, at: float, limit: int) -> None:
        """Count an event, also one that no limit could keep out; older ones than the last `limit` decide nothing."""
        self._times.append(at)
        while len(self._times) > limit:
            self._times.popleft()

    def frees_at(self, at: float) -> float:
        """When the oldest event leaves the window; now, if there is none."""
        return self._times[0] + self._span_s if self._times else at

"""The messaging limit: how many different people a business portfolio reaches outside a window within 24 hours.

Called by `sends.py`; one `PeopleReached` for each portfolio, shared by all its numbers (Meta: messaging limits page).
"""

from __future__ import annotations

from collections import OrderedDict

DAY_S = 86_400.0

_REMEMBERED = 100_000  # the highest limit that there is


class PeopleReached:
    def __init__(self) -> None:
        # The oldest first; a dict would search for its first entry.
        self._last_at: OrderedDict[str, float] = OrderedDict()

    def used(self, at: float) -> int:
        self._forget(at - DAY_S)
        return len(self._last_at)

    def may_reach(self, wa_id: str, at: float, limit: int) -> bool:
        """Whether this person still counts from before, or there is room for one more."""
        return self.used(at) < limit or wa_id in self._last_at

    def take(self, wa_id: str, at: float) -> None:
        self._last_at[wa_id] = at
        self._last_at.move_to_end(wa_id)
        if len(self._last_at) > _REMEMBERED:
            self._last_at.popitem(last=False)

    def _forget(self, before: float) -> None:
        while self._last_at:
            wa_id = next(iter(self._last_at))
            if self._last_at[wa_id] > before:
                return
            del self._last_at[wa_id]

"""The pair rate: how often one number may write to one person, with a burst that is owed to the future.

Called by `sends.py`. One message an interval; up to `burst` of them may come at once, within the burst's own time, and
then their intervals have to pass before the next: 20 are followed by about two minutes (Meta: pair rate limits).
"""

from __future__ import annotations

from collections import OrderedDict

import msgspec

Pair = tuple[str, str]

_FORGOTTEN_A_STEP = 2


class _Debt(msgspec.Struct):
    since: float
    until: float


class PairDebts:
    def __init__(self) -> None:
        # By their last message, so that what is paid stands in front; a dict would search for its first entry.
        self._debts: OrderedDict[Pair, _Debt] = OrderedDict()

    def __len__(self) -> int:
        return len(self._debts)

    def may_go(self, pair: Pair, at: float, *, interval_s: float, burst: int, burst_window_s: float) -> bool:
        debt = self._debts.get(pair)
        if debt is None or at >= debt.until:
            return True
        return at < debt.since + burst_window_s and debt.until - at <= interval_s * (burst - 1)

    def take(self, pair: Pair, at: float, *, interval_s: float, burst: int) -> None:
        """Owe one more interval; never more than a whole burst, however many were let through."""
        debt = self._debts.get(pair)
        if debt is None or at >= debt.until:
            debt = self._debts[pair] = _Debt(at, at)
        debt.until = min(debt.until, at + interval_s * (burst - 1)) + interval_s
        self._debts.move_to_end(pair)
        self._forget_paid(at)

    def _forget_paid(self, at: float) -> None:
        for _ in range(_FORGOTTEN_A_STEP):
            pair = next(iter(self._debts))
            if self._debts[pair].until > at:
                return
            del self._debts[pair]

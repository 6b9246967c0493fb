"""Meta's pair rate: how often one number may write to one person. Pure; a script of the queue keeps the same in Valkey.

One message an interval. Up to BURST may leave within one interval, borrowed from the future: then all their intervals
pass before the next one may (Meta: pair rate limits; 20 messages within six seconds are followed by two minutes).
"""

from collections.abc import Iterable
from dataclasses import dataclass

INTERVAL_S = 6.0
BURST = 45
MARGIN_S = 0.5
"""Meta counts what arrives, a little after it left, now more and now less: bursts end earlier, debts later, by this."""
MEMORY_S = INTERVAL_S * BURST + MARGIN_S
"""After so long without a message a pair owes nothing."""


@dataclass(frozen=True, slots=True)
class Debt:
    """What a pair owes: its first message left at `since`, and all of it is paid at `until`; seconds of one clock."""

    since: float
    until: float


def wait(debt: Debt | None, at: float) -> float:
    """The seconds until the pair may have its next message; 0 when that is now."""
    if debt is None or at >= debt.until + MARGIN_S:
        return 0.0
    is_in_burst = at < debt.since + INTERVAL_S - MARGIN_S and debt.until - at <= INTERVAL_S * (BURST - 1)
    return 0.0 if is_in_burst else debt.until + MARGIN_S - at


def charged(debt: Debt | None, at: float) -> Debt:
    """With one message more; never more than a whole burst, however many there were."""
    if debt is None or at >= debt.until:
        debt = Debt(at, at)
    return Debt(debt.since, min(debt.until, at + INTERVAL_S * (BURST - 1)) + INTERVAL_S)


def owed(tries: Iterable[float]) -> Debt | None:
    """After messages at these times."""
    debt = None
    for at in sorted(tries):
        debt = charged(debt, at)
    return debt

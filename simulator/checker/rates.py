"""Whether sends kept to Meta's limits: exact sliding windows over the times at which requests arrived.

Filled by `history.py` while it reads the ledger, asked by `check` once. It needs some 25 bytes for each message, and
state only for numbers, pairs and people that were busy a moment ago.
"""

from __future__ import annotations

import math
from array import array
from collections import OrderedDict, deque
from collections.abc import Iterator
from typing import Final

from simulator.checker.joining import Entry
from simulator.checker.limits import Limits, Portfolio

_SECOND = 1.0
_DAY_S = 86_400.0
_PRUNE_EVERY = 65_536
_ROUNDING = 1e-6  # Unix times as floats are exact to a quarter of a microsecond

_INBOUND: Final = 0
_ARRIVED: Final = 1  # a request that came in, and was refused or came to nothing
_SENT: Final = 2

Pair = tuple[str, str]


class Arrivals:
    """Everything that counts towards a limit, in any order; `in_order` sorts it by time."""

    def __init__(self) -> None:
        self._at = array("d")
        self._what = bytearray()
        self._pairs = array("L")
        self._places: dict[Pair, int] = {}

    def read(self, entry: Entry) -> None:
        match entry["kind"]:
            case "send":
                self._add(entry, _SENT)
            case "inbound":
                self._add(entry, _INBOUND)
            case "refused":
                self._add(entry, _ARRIVED)
            case "fault" if _came_to_nothing(entry):
                self._add(entry, _ARRIVED)

    def in_order(self) -> Iterator[tuple[float, int, Pair]]:
        """Time, what it was, and the number with the person, who is "" where the ledger does not say."""
        pairs = list(self._places)
        for place in sorted(range(len(self._at)), key=self._at.__getitem__):
            yield self._at[place], self._what[place], pairs[self._pairs[place]]

    def _add(self, entry: Entry, what: int) -> None:
        pair = (entry["phone_number_id"], entry.get("wa_id") or "")
        self._at.append(entry["at"])
        self._what.append(what)
        self._pairs.append(self._places.setdefault(pair, len(self._places)))


def _came_to_nothing(entry: Entry) -> bool:
    """A send that a fault kept from being processed, unless it is in the ledger as refused, too."""
    return entry.get("processed") is False and entry.get("on", "sends") == "sends" and entry.get("code") is None


class Rates:
    """The worst of each number, pair and portfolio that exceeded a limit."""

    def __init__(self, arrivals: Arrivals, limits: Limits) -> None:
        self.numbers: dict[str, int] = {}
        self.numbers_with_inbound: dict[str, int] = {}
        self.pairs: dict[str, int] = {}
        self.portfolios: dict[str, int] = {}
        sent, all_ = _Throughput(limits, self.numbers), _Throughput(limits, self.numbers_with_inbound)
        debts = _PairDebts(limits, self.pairs)
        people = _People(limits.portfolios, self.portfolios)
        for count, (at, what, pair) in enumerate(arrivals.in_order(), start=1):
            if what == _INBOUND:
                people.wrote(pair, at)
            else:
                sent.add(pair[0], at)
                debts.add(pair, at)
            if limits.with_inbound:
                all_.add(pair[0], at)
            if what == _SENT:
                people.got(pair, at)
            if count % _PRUNE_EVERY == 0:
                debts.prune(at)
                people.prune(at)


class _Throughput:
    """Messages of a number in any second."""

    def __init__(self, limits: Limits, worst: dict[str, int]) -> None:
        self._limits = limits
        self._worst = worst
        self._recent: dict[str, deque[float]] = {}

    def add(self, number: str, at: float) -> None:
        recent = self._recent.setdefault(number, deque())
        recent.append(at)
        while at - recent[0] >= _SECOND:
            recent.popleft()
        if len(recent) > self._limits.mps_of(number):
            self._worst[number] = max(len(recent), self._worst.get(number, 0))


class _PairDebts:
    """In any time t a pair has at most burst + t/interval messages: a debt that each adds to and time pays off."""

    def __init__(self, limits: Limits, worst: dict[str, int]) -> None:
        self._interval_s = limits.pair_interval_s
        self._burst = limits.pair_burst
        self._worst = worst
        self._debts: dict[Pair, tuple[float, float]] = {}

    def add(self, pair: Pair, at: float) -> None:
        if not pair[1]:
            return
        debt = self._left(pair, at) + 1
        self._debts[pair] = (debt, at)
        if debt > self._burst + _ROUNDING:
            name = f"{pair[0]} to {pair[1]}"
            self._worst[name] = max(math.ceil(debt - _ROUNDING), self._worst.get(name, 0))

    def prune(self, at: float) -> None:
        self._debts = {pair: debt for pair, debt in self._debts.items() if self._left(pair, at) > 0}

    def _left(self, pair: Pair, at: float) -> float:
        debt, since = self._debts.get(pair, (0.0, at))
        return max(0.0, debt - (at - since) / self._interval_s)


class _People:
    """Different people of a portfolio in any 24 hours to whom it wrote outside their service windows."""

    def __init__(self, portfolios: tuple[Portfolio, ...], worst: dict[str, int]) -> None:
        self._worst = worst
        self._of_numbers = {number: portfolio for portfolio in portfolios for number in portfolio.numbers}
        self._last: dict[str, OrderedDict[str, float]] = {portfolio.name: OrderedDict() for portfolio in portfolios}
        self._wrote: dict[Pair, float] = {}

    def wrote(self, pair: Pair, at: float) -> None:
        if pair[0] in self._of_numbers:
            self._wrote[pair] = at

    def got(self, pair: Pair, at: float) -> None:
        portfolio = self._of_numbers.get(pair[0])
        if portfolio is None or at - self._wrote.get(pair, -math.inf) < _DAY_S:
            return
        last = self._last[portfolio.name]
        last[pair[1]] = at
        last.move_to_end(pair[1])
        while at - next(iter(last.values())) >= _DAY_S:
            last.popitem(last=False)
        if len(last) > portfolio.people:
            self._worst[portfolio.name] = max(len(last), self._worst.get(portfolio.name, 0))

    def prune(self, at: float) -> None:
        self._wrote = {pair: wrote for pair, wrote in self._wrote.items() if at - wrote < _DAY_S}

"""Limits that grow with use: a portfolio's messaging limit, and the throughput of a number (Meta: their pages).

Told by `graph/admission.py` of each message that reached someone outside a window. What is under way is in the records,
so it goes on after a restart; it happens in the background, since nothing that was sent waits for it.
"""

from __future__ import annotations

from collections.abc import Callable
from functools import partial

from msgspec.structs import replace

from simulator.clock import Clock
from simulator.limits.sends import SendLimits
from simulator.scheduler import Scheduler
from simulator.state import Number, Portfolio, Store
from simulator.tiers import LIMIT_OF_TIER, next_tier

HIGH_THROUGHPUT_MPS = 1000

_PEOPLE_FOR_HIGH_THROUGHPUT = 100_000


class Growth:
    """`change_number` and `change_portfolio` keep a changed record and tell of it."""

    def __init__(
        self,
        *,
        store: Store,
        scheduler: Scheduler,
        clock: Clock,
        limits: SendLimits,
        change_number: Callable[[Number], None],
        change_portfolio: Callable[[Portfolio], None],
    ) -> None:
        self._store = store
        self._scheduler = scheduler
        self._clock = clock
        self._limits = limits
        self._change_number = change_number
        self._change_portfolio = change_portfolio

    def notice(self, number: Number) -> None:
        """A message of this number has reached someone outside a window."""
        if not self._store.settings.limits_grow or number.quality_rating == "RED":
            return
        portfolio = self._store.portfolio_of(self._store.waba_of(number))
        limit = LIMIT_OF_TIER[portfolio.messaging_limit]
        if limit is not None:
            if portfolio.grows_at is None and 2 * self._reached(portfolio) >= limit:
                self._grow_later(portfolio)
        elif number.throughput_mps < HIGH_THROUGHPUT_MPS and self._reached(portfolio) >= _PEOPLE_FOR_HIGH_THROUGHPUT:
            self.upgrade(number)

    def upgrade(self, number: Number) -> None:
        """Begin the maintenance after which the number sends 1,000 messages a second."""
        if number.upgrade_until is None:
            until = self._clock.now() + self._store.settings.upgrade_lasts_s
            self._store.put(replace(number, upgrade_until=until))
            self._scheduler.at(until, partial(self._end_upgrade, number.id))

    def resume(self) -> None:
        """After a restart: wait again for what was under way."""
        for portfolio in self._store.portfolios.values():
            if portfolio.grows_at is not None:
                self._scheduler.at(portfolio.grows_at, partial(self._grow, portfolio.id))
        for number in self._store.numbers.values():
            if number.upgrade_until is not None:
                self._scheduler.at(number.upgrade_until, partial(self._end_upgrade, number.id))

    def _reached(self, portfolio: Portfolio) -> int:
        return self._limits.people_reached(portfolio.id, self._clock.now())

    def _grow_later(self, portfolio: Portfolio) -> None:
        at = self._clock.now() + self._store.settings.messaging_limit_grows_after_s
        self._store.put(replace(portfolio, grows_at=at))
        self._scheduler.at(at, partial(self._grow, portfolio.id))

    def _grow(self, portfolio_id: str) -> None:
        portfolio = self._store.portfolios[portfolio_id]
        higher = next_tier(portfolio.messaging_limit)
        if portfolio.grows_at is not None and higher is not None:
            self._change_portfolio(replace(portfolio, messaging_limit=higher, grows_at=None))

    def _end_upgrade(self, phone_number_id: str) -> None:
        number = self._store.numbers[phone_number_id]
        if number.upgrade_until is not None:
            throughput_mps = max(number.throughput_mps, HIGH_THROUGHPUT_MPS)
            self._change_number(replace(number, throughput_mps=throughput_mps, upgrade_until=None))

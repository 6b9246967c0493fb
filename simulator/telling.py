"""Tells something about an account, a number or a portfolio, and lets the world change with it.

Called by the control API and by the phones. Everything but messages and their statuses goes this way; who hears of
it is the emitter's business.
"""

from __future__ import annotations

from simulator import announcements, consequences
from simulator.clock import Clock
from simulator.emitter import Emitter
from simulator.payloads.parts import Scene, Value
from simulator.state import Number, Portfolio, Store, Template, Waba


class Telling:
    def __init__(self, *, store: Store, emitter: Emitter, clock: Clock) -> None:
        self._store = store
        self._emitter = emitter
        self._clock = clock

    def tell(self, field: str, value: Value, *, waba: Waba, number: Number | None = None, wa_id: str = "") -> None:
        """Tell it, then change what it says has changed."""
        self._emitter.notice(field, value, waba=waba, number=number, wa_id=wa_id)
        consequences.apply(value, Scene(waba, number, self._clock.now()), self._store)

    def change_number(self, new: Number) -> None:
        """Keep the changed number, and tell its account what Meta tells of such a change."""
        old = self._store.numbers.get(new.id)
        self._store.put(new)
        if old is None:
            return
        waba = self._store.waba_of(new)
        for field, value in announcements.of_number(old, new, self._store.portfolio_of(waba)):
            self._emitter.notice(field, value, waba=waba, number=new)

    def change_account(self, new: Waba) -> None:
        old = self._store.wabas.get(new.id)
        self._store.put(new)
        if old is None:
            return
        for field, value in announcements.of_account(old, new, self._clock.now()):
            self._emitter.notice(field, value, waba=new)

    def change_template(self, new: Template) -> None:
        old = self._store.templates.get(new.id)
        self._store.put(new)
        if old is None:
            return
        for field, value in announcements.of_template(old, new):
            self._emitter.notice(field, value, waba=self._store.wabas[new.waba_id])

    def change_portfolio(self, new: Portfolio) -> None:
        """Every account of the portfolio hears of it."""
        old = self._store.portfolios.get(new.id) or Portfolio(new.id)
        self._store.put(new)
        for field, value in announcements.of_portfolio(old, new):
            for waba in self._store.wabas.values():
                if waba.business_id == new.id:
                    self._emitter.notice(field, value, waba=waba)

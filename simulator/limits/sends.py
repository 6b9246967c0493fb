"""The limits of sending, asked once for each message: all of them let it through and count it, or none does.

Called by `graph/admission.py` (sends), the phones (what people write counts against throughput, too) and recovery.
It knows no HTTP; which limits are in force is in the settings and the number.
"""

from __future__ import annotations

from typing import Literal, NamedTuple

from msgspec.structs import asdict, replace

from simulator.limits.pairs import PairDebts
from simulator.limits.people import PeopleReached
from simulator.limits.windows import SlidingWindow
from simulator.settings import LimitModes
from simulator.state import Number, NumberLimits, Portfolio, Store
from simulator.tiers import LIMIT_OF_TIER

LimitName = Literal["throughput", "pair", "messaging"]

_SECOND_S = 1.0
_CLOCK_SET_BACK_S = 60.0


class Verdict(NamedTuple):
    """`refused_by` kept the message from being counted. It exceeds those of `passed`, which are only recorded.

    `fails`: it is accepted and fails later, because the portfolio may reach nobody more.
    """

    refused_by: LimitName | None = None
    passed: tuple[LimitName, ...] = ()
    fails: bool = False


_ADMITTED = Verdict()
_AS_IN_SETTINGS = NumberLimits()


class SendLimits:
    def __init__(self, store: Store) -> None:
        self._store = store
        self._throughput: dict[str, SlidingWindow] = {}
        self._pairs = PairDebts()
        self._people: dict[str, PeopleReached] = {}
        self._last_at = 0.0

    def admit(self, number: Number, wa_id: str | None, at: float, *, outside_window: bool) -> Verdict:
        """Whether a message may go now; counted if it may. `wa_id` is None for a group, which is no pair."""
        at = self._moment(at)
        modes = self._modes(number)
        exceeded = self._exceeded(number, wa_id, at, modes, outside_window=outside_window)
        if not exceeded:
            self._take(number, wa_id, at, modes, outside_window=outside_window)
            return _ADMITTED
        kept = [name for name in exceeded if getattr(modes, name) == "enforce"]
        fails = "messaging" in kept and self._store.settings.over_messaging_limit == "fail"
        if kept and kept != (["messaging"] if fails else []):
            return Verdict(refused_by=kept[0])
        self._take(number, wa_id, at, modes, outside_window=outside_window and not fails)
        return Verdict(passed=tuple(name for name in exceeded if name not in kept), fails=fails)

    def count_inbound(self, number: Number, at: float) -> None:
        """What people write is never refused, but leaves less room for what is sent (Meta: throughput page)."""
        self._throughput_of(number).take(self._moment(at), number.throughput_mps)

    def recall(self, number: Number, wa_id: str | None, at: float, *, outside_window: bool) -> None:
        """Count a message of an earlier run."""
        self._take(number, wa_id, self._moment(at), self._modes(number), outside_window=outside_window)

    def in_this_second(self, number: Number, at: float) -> int:
        """What was sent and what people wrote; at most as many as the number may send are counted."""
        return self._throughput_of(number).used(at)

    def people_reached(self, portfolio_id: str, at: float) -> int:
        """Outside a window, within the last 24 hours; at most 100,000 are counted."""
        people = self._people.get(portfolio_id)
        return people.used(at) if people else 0

    def _moment(self, at: float) -> float:
        """Arrivals may overtake each other a little. After the clock was set back nothing that was counted is true."""
        if at < self._last_at - _CLOCK_SET_BACK_S:
            self._throughput.clear()
            self._pairs = PairDebts()
            self._people.clear()
            self._last_at = at
        self._last_at = max(at, self._last_at)
        return self._last_at

    def _exceeded(
        self, number: Number, wa_id: str | None, at: float, modes: LimitModes, *, outside_window: bool
    ) -> list[LimitName]:
        settings = self._store.settings
        exceeded: list[LimitName] = []
        if modes.throughput != "off" and self._throughput_of(number).used(at) >= number.throughput_mps:
            exceeded.append("throughput")
        if wa_id is None:
            return exceeded
        if modes.pair != "off" and not self._pairs.may_go(
            (number.id, wa_id),
            at,
            interval_s=settings.pair_interval_s,
            burst=settings.pair_burst,
            burst_window_s=settings.pair_burst_window_s,
        ):
            exceeded.append("pair")
        if outside_window and modes.messaging != "off":
            portfolio = self._portfolio_of(number)
            limit = LIMIT_OF_TIER[portfolio.messaging_limit]
            if limit is not None and not self._people_of(portfolio.id).may_reach(wa_id, at, limit):
                exceeded.append("messaging")
        return exceeded

    def _take(self, number: Number, wa_id: str | None, at: float, modes: LimitModes, *, outside_window: bool) -> None:
        settings = self._store.settings
        if modes.throughput != "off":
            self._throughput_of(number).take(at, number.throughput_mps)
        if wa_id is None:
            return
        if modes.pair != "off":
            pair = (number.id, wa_id)
            self._pairs.take(pair, at, interval_s=settings.pair_interval_s, burst=settings.pair_burst)
        if outside_window and modes.messaging != "off":
            self._people_of(self._portfolio_of(number).id).take(wa_id, at)

    def _portfolio_of(self, number: Number) -> Portfolio:
        return self._store.portfolio_of(self._store.waba_of(number))

    def _modes(self, number: Number) -> LimitModes:
        modes, own = self._store.settings.limits, number.limits
        if own == _AS_IN_SETTINGS:
            return modes
        return replace(modes, **{name: mode for name, mode in asdict(own).items() if mode is not None})

    def _throughput_of(self, number: Number) -> SlidingWindow:
        window = self._throughput.get(number.id)
        if window is None:
            window = self._throughput[number.id] = SlidingWindow(_SECOND_S)
        return window

    def _people_of(self, portfolio_id: str) -> PeopleReached:
        people = self._people.get(portfolio_id)
        if people is None:
            people = self._people[portfolio_id] = PeopleReached()
        return people

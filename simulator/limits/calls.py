"""The limits of management calls: of an app on one account, and of an app on all of them, within a rolling hour.

Called by `graph/usage.py`. Sends and media are not counted here (Meta: WhatsApp Business Management API, rate limits).
"""

from __future__ import annotations

import math
from typing import Literal, NamedTuple

from simulator.limits.windows import SlidingWindow
from simulator.state import Store, Waba

HOUR_S = 3600.0


class Usage(NamedTuple):
    """`percent` of the limit, and the minutes until there is room again (0 while there is)."""

    percent: int
    regain_min: int


UNUSED = Usage(0, 0)


class CallLimits:
    def __init__(self, store: Store) -> None:
        self._store = store
        self._windows: dict[tuple[str, str], SlidingWindow] = {}

    def exceeded(self, app_id: str, waba: Waba, at: float, *, has_number: bool) -> Literal["app", "account"] | None:
        """Which limit has no room for one more call."""
        if self._window(app_id).used(at) >= self._store.settings.app_calls_per_hour:
            return "app"
        if self._window(app_id, waba.id).used(at) >= self._limit(has_number=has_number):
            return "account"
        return None

    def take(self, app_id: str, waba: Waba, at: float, *, has_number: bool) -> None:
        self._window(app_id).take(at, self._store.settings.app_calls_per_hour)
        self._window(app_id, waba.id).take(at, self._limit(has_number=has_number))

    def usage_of_app(self, app_id: str, at: float) -> Usage:
        window = self._windows.get((app_id, ""))
        return UNUSED if window is None else _usage(window, at, self._store.settings.app_calls_per_hour)

    def usage_of_account(self, app_id: str, waba: Waba, at: float, *, has_number: bool) -> Usage:
        window = self._windows.get((app_id, waba.id))
        return UNUSED if window is None else _usage(window, at, self._limit(has_number=has_number))

    def _limit(self, *, has_number: bool) -> int:
        settings = self._store.settings
        return settings.account_calls_per_hour if has_number else settings.account_calls_per_hour_without_number

    def _window(self, app_id: str, waba_id: str = "") -> SlidingWindow:
        window = self._windows.get((app_id, waba_id))
        if window is None:
            window = self._windows[app_id, waba_id] = SlidingWindow(HOUR_S)
        return window


def _usage(window: SlidingWindow, at: float, limit: int) -> Usage:
    used = window.used(at)
    if not used:
        return UNUSED
    regain_s = window.frees_at(at) - at if used >= limit else 0.0
    return Usage(math.ceil(100 * used / limit), math.ceil(regain_s / 60))

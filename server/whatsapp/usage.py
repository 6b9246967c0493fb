"""What Meta's answers say beside their bodies: how much of its limits is used, and how long to wait. Pure.

Called by the send. Whatever a header holds, nothing here raises: what cannot be read says nothing.
"""

import json
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from server.whatsapp.errors import LimitScope

LONGEST_WAIT_S = 86_400.0
_PERCENTAGES = ("call_count", "total_cputime", "total_time")
_REGAIN = "estimated_time_to_regain_access"


@dataclass(frozen=True, slots=True)
class Usage:
    """How many percent of its calls an app or an account has used, and when it has access again (0: it has it)."""

    scope: LimitScope
    percent: float
    regain_s: float = 0.0


def usages(headers: Mapping[str, str]) -> tuple[Usage, ...]:
    """`X-App-Usage` and `X-Business-Use-Case-Usage` (Meta: rate limits page; minutes until access is regained)."""
    found = []
    app = _json(headers.get("x-app-usage"))
    if isinstance(app, dict):
        found.append(_usage(LimitScope.APP, [app]))
    cases = _json(headers.get("x-business-use-case-usage"))
    if isinstance(cases, dict):
        entries = [entry for case in cases.values() if isinstance(case, list) for entry in case]
        found.append(_usage(LimitScope.ACCOUNT, [entry for entry in entries if isinstance(entry, dict)]))
    return tuple(found)


def retry_after_s(headers: Mapping[str, str]) -> float:
    """`Retry-After` in seconds; 0 when Meta gave none, or a date."""
    text = headers.get("retry-after", "").strip()
    return min(float(text), LONGEST_WAIT_S) if text.isascii() and text.isdecimal() else 0.0


def _usage(scope: LimitScope, entries: list[dict[str, Any]]) -> Usage:
    percent = max((_number(entry.get(name)) for entry in entries for name in _PERCENTAGES), default=0.0)
    regain_s = max((60 * _number(entry.get(_REGAIN)) for entry in entries), default=0.0)
    return Usage(scope, percent, min(regain_s, LONGEST_WAIT_S))


def _number(value: Any) -> float:
    # min also turns away infinity, and max not-a-number: a comparison with it is false.
    return max(0.0, min(value, 1e9)) if isinstance(value, int | float) and value == value else 0.0


def _json(text: str | None) -> Any:
    if text is None:
        return None
    try:
        return json.loads(text)
    except (ValueError, RecursionError):
        return None

"""What the state of a number or an account keeps from being sent, whatever the message: the code, or None.

Called by `graph/admission.py` for each send. Pure. Sources: Meta's pages on error codes, quality ratings, throughput
and account restrictions; where they leave room the README says what is assumed.
"""

from __future__ import annotations

from typing import Any, Final

from simulator.state import Number, Waba

_NOT_REGISTERED: Final = ("PENDING", "DISCONNECTED", "MIGRATED", "DELETED", "UNVERIFIED")
_LOCKED, _BLOCKED, _UNREGISTERED, _SPAM, _MAINTENANCE, _PAYMENT = 131031, 368, 133010, 131048, 131057, 131042


def obstacle(number: Number, waba: Waba, at: float, *, outside_window: bool) -> int | None:
    """The code with which a send is refused now."""
    if waba.ban_state == "DISABLE" or number.status == "BANNED":
        return _LOCKED
    if number.status in _NOT_REGISTERED:
        return _UNREGISTERED
    if number.upgrade_until is not None and at < number.upgrade_until:
        return _MAINTENANCE
    if waba.restrictions and _is_restricted(waba.restrictions, at, outside_window=outside_window):
        return _BLOCKED
    if outside_window and (number.quality_rating == "RED" or number.status == "RESTRICTED"):
        return _SPAM
    return None


def late_obstacle(waba: Waba, *, outside_window: bool) -> int | None:
    """The code with which an accepted message will fail."""
    return _PAYMENT if waba.payment_problem and outside_window else None


def _is_restricted(restrictions: list[dict[str, Any]], at: float, *, outside_window: bool) -> bool:
    kind = "RESTRICTED_BIZ_INITIATED_MESSAGING" if outside_window else "RESTRICTED_CUSTOMER_INITIATED_MESSAGING"
    return any(one["restriction_type"] == kind and at < one.get("expiration", at + 1) for one in restrictions)

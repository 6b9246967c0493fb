"""What one try to send can come to, and which of Meta's error codes means which. Codes are data: one row each.

Keyed on the code, then the subcode, never on the HTTP status (Meta: error codes). An unknown code falls to a default
that never repeats a message blindly, and is counted by the caller.
"""

from enum import StrEnum

import msgspec

from server.whatsapp.graph import GraphError


class LimitScope(StrEnum):
    """What a throttle holds back."""

    NUMBER = "number"
    BULK = "bulk"
    """The bulk lane of a number: what its quality does not allow any more."""
    PAIR = "pair"
    ACCOUNT = "account"
    """All numbers of a WhatsApp Business Account."""
    APP = "app"


class DownReason(StrEnum):
    """Why a whole number or account cannot send until somebody mends it."""

    TOKEN = "token"  # noqa: S105 - a word, not a secret
    REGISTRATION = "registration"
    INTEGRITY = "integrity"
    BILLING = "billing"


class Accepted(msgspec.Struct, frozen=True):
    """Meta took the message. `paced`: it holds it for quality assessment."""

    wamid: str
    wa_id: str | None = None
    paced: bool = False


class NotSent(msgspec.Struct, frozen=True):
    """No byte of the request was written: it may be repeated."""

    reason: str


class Late(NotSent, frozen=True):
    """Not written because its grant ran out first. Nobody refused it: it may be repeated at once."""


class Ambiguous(msgspec.Struct, frozen=True):
    """Perhaps Meta has it, perhaps not. Never repeated before it is reconciled."""

    reason: str
    error: GraphError | None = None


class Throttled(msgspec.Struct, frozen=True):
    """Refused for now; nothing was processed. `too_fast`: because the rate is too high, so that it must fall."""

    scope: LimitScope
    retry_after_s: float
    error: GraphError
    too_fast: bool = False


class Rejected(msgspec.Struct, frozen=True):
    """Refused for good, because of the message or its template."""

    error: GraphError


class Down(msgspec.Struct, frozen=True):
    """The number or its account cannot send; its messages wait."""

    reason: DownReason
    error: GraphError


Outcome = Accepted | NotSent | Ambiguous | Throttled | Rejected | Down

_TRANSIENT_S = 5.0
_MAINTENANCE_S = 60.0
_LONG_S = 3600.0
_DAY_S = 86_400.0

_THROTTLES: dict[int, tuple[LimitScope, float]] = {
    4: (LimitScope.APP, 60.0),
    17: (LimitScope.APP, 60.0),
    80007: (LimitScope.ACCOUNT, 60.0),
    80008: (LimitScope.ACCOUNT, 60.0),
    130429: (LimitScope.NUMBER, 1.0),
    131048: (LimitScope.BULK, _LONG_S),
    131049: (LimitScope.PAIR, _DAY_S),
    131056: (LimitScope.PAIR, 4.0),
    131057: (LimitScope.NUMBER, _MAINTENANCE_S),
    131064: (LimitScope.ACCOUNT, _LONG_S),
    133004: (LimitScope.NUMBER, _TRANSIENT_S),
}
_TOO_FAST = frozenset({4, 17, 80007, 80008, 130429})
_DOWN: dict[int, DownReason] = {
    **dict.fromkeys((3, 10, 102, 104, 190, 2500, 131005), DownReason.TOKEN),
    **dict.fromkeys(range(200, 300), DownReason.TOKEN),
    **dict.fromkeys((33, 803, 131037, 131045, 133000, 133006, 133010), DownReason.REGISTRATION),
    **dict.fromkeys((368, 131031, 139200), DownReason.INTEGRITY),
    **dict.fromkeys((131042, 134011), DownReason.BILLING),
}
OPTED_OUT = 131050
"""The person does not want marketing from this business (Meta: error codes)."""
TEMPLATE_STATUS = {132015: "PAUSED", 132016: "DISABLED"}
"""What these codes say of the template of the message."""
_INVALID_PARAMETER = 100
_DOWN_SUBCODES = {(_INVALID_PARAMETER, 33): DownReason.TOKEN}
# 2, 131000 and 131016 are Meta's own failures, seen also after a message was taken.
_AMBIGUOUS = frozenset({1, 2, 506, 131000, 131016})


_PROOF = "appsecret_proof"
"""Meta gives a missing or wrong proof no code of its own, only 100; its words name the argument."""


def classify(error: GraphError, *, http_status: int, told_s: float = 0.0) -> Outcome:
    """What an error answer to a send means. `told_s`: how long Meta said to wait, at least."""
    down = _DOWN_SUBCODES.get((error.code, error.subcode or 0)) or _DOWN.get(error.code)
    if error.code == _INVALID_PARAMETER and _PROOF in error.message:
        down = DownReason.TOKEN
    if down is not None:
        return Down(down, error)
    if error.code in _THROTTLES:
        scope, seconds = _THROTTLES[error.code]
        return Throttled(scope, max(seconds, told_s), error, too_fast=error.code in _TOO_FAST)
    if error.code in _AMBIGUOUS:
        return Ambiguous(f"Meta answered with code {error.code}", error)
    return _unlisted(error, http_status, told_s)


def _unlisted(error: GraphError, http_status: int, told_s: float) -> Outcome:
    if error.is_transient or http_status >= 500 or http_status < 400:
        return Ambiguous(f"Meta answered with HTTP {http_status}", error)
    if http_status == 429:
        return Throttled(LimitScope.NUMBER, max(_TRANSIENT_S, told_s), error, too_fast=True)
    if http_status in (401, 403):
        return Down(DownReason.TOKEN, error)
    if error.code == 0:
        # Not Meta's words: a proxy, a wrong address. That is no reason to give a message up for good.
        return Ambiguous(f"HTTP {http_status} without Meta's error", error)
    return Rejected(error)

"""The kinds of faults on webhooks, one type each, and the two outages. `webhooks/faults.py` carries the first out.

All times are simulated seconds.
"""

from __future__ import annotations

from typing import Annotated, Literal

import msgspec

from simulator.delays import Range
from simulator.faults.rule import Code, Rule, Timed, check_ascending
from simulator.summary import RARE_STATUSES, STATUSES

StatusName = Literal["sent", "delivered", "read", "failed"]
UpdateName = Literal["sent", "delivered", "read", "failed", "played", "deleted", "warning", "inbound", "notice"]
WindowSeconds = Annotated[float, msgspec.Meta(gt=0, le=86_400)]


class OnUpdates(Rule, frozen=True, kw_only=True):
    """`of`: the updates that it is about."""

    of: tuple[UpdateName, ...] = (*STATUSES, *RARE_STATUSES, "inbound", "notice")

    def concerns(self, name: str) -> bool:
        return name in self.of


class Delay(OnUpdates, frozen=True, kw_only=True, tag="delay"):
    """The update leaves so much later, at least and at most."""

    seconds: Range

    def __post_init__(self) -> None:
        super().__post_init__()
        check_ascending(self.seconds)


class Reorder(OnUpdates, frozen=True, kw_only=True, tag="reorder"):
    """The updates of a window are held until its end and leave in another order."""

    window_s: WindowSeconds


class Batch(OnUpdates, frozen=True, kw_only=True, tag="batch"):
    """Updates are held until `size` of them are together, or the window is over, and leave in one POST.

    What would be longer than the 3 MB of Meta's longest POST leaves in several.
    """

    size: Annotated[int, msgspec.Meta(ge=2, le=1000)] = 1000
    window_s: WindowSeconds = 5.0


class Repeat(OnUpdates, frozen=True, kw_only=True, tag="repeat"):
    """The POST with the update comes `times` more, at once or later, whatever it is answered with."""

    times: Annotated[int, msgspec.Meta(ge=1, le=100)] = 1
    later_s: Range = (0.0, 0.0)

    def __post_init__(self) -> None:
        super().__post_init__()
        check_ascending(self.later_s)


class Sign(OnUpdates, frozen=True, kw_only=True, tag="sign"):
    """The first `attempts` of the POST with the update are not signed with the app's secret.

    `using`: a secret that nobody has, or the one that the app had before.
    """

    using: Literal["wrong", "previous"] = "wrong"
    attempts: Annotated[int, msgspec.Meta(ge=1, le=1000)] = 1


class Drop(OnUpdates, frozen=True, kw_only=True, tag="drop"):
    """Updates are never sent, and nobody is told: decided once for a message, for all that `of` names."""

    of: tuple[UpdateName, ...] = STATUSES


class Only(Rule, frozen=True, kw_only=True, tag="only"):
    """No statuses of a message are ever sent but these."""

    statuses: tuple[StatusName, ...]

    def concerns(self, name: str) -> bool:
        return name in STATUSES and name not in self.statuses


class FailLater(OnUpdates, frozen=True, kw_only=True, tag="fail_later"):
    """A `failed` status follows one of these, as Meta may still fail what it has sent; once for a message."""

    of: tuple[Literal["sent", "delivered", "read"], ...] = ("delivered",)
    seconds: Range = (0.0, 0.0)
    code: Code = 131026

    def __post_init__(self) -> None:
        super().__post_init__()
        check_ascending(self.seconds)


class Outage(Timed, frozen=True, kw_only=True):
    """Nothing gets through until its end, which must be given."""

    def __post_init__(self) -> None:
        super().__post_init__()
        if self.until_s is None and self.until_at is None:
            raise ValueError("an outage needs its end, until_s or until_at")


class Refuse(Outage, frozen=True, kw_only=True, tag="refuse"):
    """New connections are refused, by the control API too, and calls on kept ones are cut before anything happens."""


class Hold(Outage, frozen=True, kw_only=True, tag="hold"):
    """No webhook is delivered, no retry either; at the end all of them are."""


UpdateRule = Delay | Reorder | Batch | Repeat | Sign | Drop | Only | FailLater
OutageRule = Refuse | Hold

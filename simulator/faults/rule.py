"""What all rules of planned faults have in common: whom they are about, how much of it, how often, and when.

Pure descriptions, used by `call_rules.py` and `update_rules.py`. `active.py` decides whom they strike.
"""

from __future__ import annotations

import math
from dataclasses import dataclass
from random import Random
from typing import Annotated, Literal

import msgspec

from simulator.delays import Lognormal, draw
from simulator.state import Id

Share = Annotated[float, msgspec.Meta(ge=0, le=1)]
Count = Annotated[int, msgspec.Meta(ge=1)]
Code = Annotated[int, msgspec.Meta(ge=0, le=99_999_999)]
Category = Literal["marketing", "utility", "authentication", "service"]
Word = Annotated[str, msgspec.Meta(min_length=1, max_length=512)]
SimulatedSeconds = Annotated[float, msgspec.Meta(ge=0, le=30 * 86_400)]
RealSeconds = Annotated[float, msgspec.Meta(gt=0, le=3600)]
UnixSeconds = Annotated[float, msgspec.Meta(gt=0)]

_TICK_S = 1e-6
_LONGEST_S = 3600


@dataclass(frozen=True, slots=True)
class Subject:
    """What a call or an update is about, as far as it says so. `type`: text, image, template and so on."""

    phone_number_id: str
    wa_id: str = ""
    type: str | None = None
    template: str | None = None
    category: str | None = None


class Where(msgspec.Struct, frozen=True, forbid_unknown_fields=True, kw_only=True):
    """Whom a rule is about; what is not given is any."""

    phone_number_id: Id | None = None
    recipient: Id | None = None
    type: Word | None = None
    template: Word | None = None
    category: Category | None = None

    def covers(self, subject: Subject) -> bool:
        return (
            self.phone_number_id in (None, subject.phone_number_id)
            and self.recipient in (None, subject.wa_id)
            and self.type in (None, subject.type)
            and self.template in (None, subject.template)
            and self.category in (None, subject.category)
        )

    @property
    def names_a_message(self) -> bool:
        """Whether only a message can be meant, because of what stands in its body."""
        return any((self.recipient, self.type, self.template, self.category))


class Timed(msgspec.Struct, frozen=True, forbid_unknown_fields=True, kw_only=True, tag_field="kind"):
    """Something that is in force for a while.

    `from_s`, `until_s`: simulated seconds after the rules were set. `from_at`, `until_at`: Unix time of the
    simulator's clock. All that are given must hold.
    """

    from_s: SimulatedSeconds = 0.0
    until_s: SimulatedSeconds | None = None
    from_at: UnixSeconds | None = None
    until_at: UnixSeconds | None = None

    def __post_init__(self) -> None:
        if self.until_s is not None and self.until_s <= self.from_s:
            raise ValueError("until_s must be after from_s")
        if self.until_at is not None and self.until_at <= (self.from_at or 0):
            raise ValueError("until_at must be after from_at")

    @property
    def kind(self) -> str:
        return str(self.__struct_config__.tag)

    def is_in_force(self, *, elapsed_s: float, now: float) -> bool:
        """`elapsed_s`: simulated seconds since the rules were set. `now`: Unix time."""
        wait_s, left_s = self.ends_s(elapsed_s=elapsed_s, now=now)
        return wait_s <= 0 < left_s

    def ends_s(self, *, elapsed_s: float, now: float) -> tuple[float, float]:
        """How long until it begins, and until it ends; not above zero for what is over, infinite for what never is."""
        wait_s = max(self.from_s - elapsed_s, (self.from_at or now) - now)
        left_s = math.inf if self.until_s is None else self.until_s - elapsed_s
        if self.until_at is not None:
            left_s = min(left_s, self.until_at - now)
        return _settled(wait_s), _settled(left_s)


class Rule(Timed, frozen=True, kw_only=True):
    """`share` of what `where` covers is struck, by chance from the seed, until it was struck `count` times."""

    where: Where = Where()
    share: Share = 1.0
    count: Count | None = None


# Bounds stand in `check_latency`: msgspec 0.22 crashes on a union of an array, an object and a bounded number.
Latency = float | tuple[float, float] | Lognormal
"""Fixed, evenly from least to most, or lognormal. Real seconds."""


def draw_s(latency: Latency, chance: Random) -> float:
    """Real seconds."""
    return latency if isinstance(latency, float) else draw(latency, chance)


def check_ascending(range_: tuple[float, float]) -> None:
    """Raises ValueError, which the decoder words."""
    if range_[0] > range_[1]:
        raise ValueError("a range is [least, most]; the first must not exceed the second")


def check_latency(latency: Latency) -> None:
    """Raises ValueError, which the decoder words."""
    if isinstance(latency, tuple):
        check_ascending(latency)
    if not isinstance(latency, Lognormal):
        least, most = latency if isinstance(latency, tuple) else (latency, latency)
        if not (0 <= least <= most <= _LONGEST_S and most > 0):
            raise ValueError(f"a latency is above 0 and at most {_LONGEST_S} seconds")


def _settled(seconds: float) -> float:
    """Sums of times are not exact; what is as good as over is over."""
    return seconds if seconds > _TICK_S else 0.0

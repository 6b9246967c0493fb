"""Meta's messaging limit: how many different people a portfolio may write to outside a window, in any 24 hours. Pure.

People are counted by the minute in which they were last written to, and leave a little late: when the whole minute is
24 hours ago. Whoever is over the limit is promised a place that leaves, each place once, so that few ask again.
"""

from collections.abc import Iterable
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from uuid import UUID

MINUTE = timedelta(minutes=1)
WINDOW = timedelta(hours=24)

LIMIT_OF_TIER: dict[str, int | None] = {
    "TIER_NOT_SET": 250,
    "TIER_50": 50,
    "TIER_250": 250,
    "TIER_1K": 1_000,
    "TIER_2K": 2_000,
    "TIER_10K": 10_000,
    "TIER_100K": 100_000,
    "TIER_UNLIMITED": None,
}
"""Meta: messaging limits page. A limit that was never set is that of a new portfolio."""


def minute_of(at: datetime) -> datetime:
    return at.replace(second=0, microsecond=0)


def leaves_at(minute: datetime) -> datetime:
    """When those of a minute are not counted any more."""
    return minute + MINUTE + WINDOW


def counted_since(at: datetime) -> datetime:
    """Minutes after this one are counted."""
    return at - WINDOW - MINUTE


@dataclass(slots=True)
class Minute:
    """How many people it holds, and how many of their places are promised."""

    people: int = 0
    promised: int = 0


@dataclass(frozen=True, slots=True)
class Start:
    """A message may go. `previous`: when its person was counted before, if they still are."""

    contact_id: UUID
    previous: datetime | None


@dataclass(frozen=True, slots=True)
class Wait:
    """It may not go before a place is free."""

    until: datetime


@dataclass(slots=True)
class Reach:
    """Whom a portfolio has reached: of all how many in which minute, and of some in which minute."""

    limit: int
    at: datetime
    minutes: dict[datetime, Minute] = field(default_factory=dict)
    people: dict[UUID, datetime] = field(default_factory=dict)

    def admit(self, contacts: Iterable[UUID]) -> list[Start | Wait]:
        """What becomes of messages to these people, in their order. `people` must hold all of them that are counted."""
        return [self._admit(contact) for contact in contacts]

    def _admit(self, contact: UUID) -> Start | Wait:
        previous = self.people.get(contact)
        if previous is not None and previous <= counted_since(self.at):
            previous = None
        if previous is None and self._used() >= self.limit:
            return self._promise()
        if previous is not None:
            self.minutes.setdefault(previous, Minute(people=1)).people -= 1
        minute = minute_of(self.at)
        self.minutes.setdefault(minute, Minute()).people += 1
        self.people[contact] = minute
        return Start(contact, previous)

    def _used(self) -> int:
        return sum(minute.people for at, minute in self.minutes.items() if at > counted_since(self.at))

    def _promise(self) -> Wait:
        for at, minute in sorted(self.minutes.items()):
            if at > counted_since(self.at) and minute.promised < minute.people:
                minute.promised += 1
                return Wait(leaves_at(at))
        return Wait(leaves_at(minute_of(self.at)))

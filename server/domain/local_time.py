"""Local times of people: what instant a wall clock in a zone means."""

from datetime import UTC, datetime
from zoneinfo import ZoneInfo


class NoSuchTime(Exception):
    """The clock of that zone jumps over this time."""


class NoSuchZone(Exception):
    """There is no zone of that name."""


def instant(wall: datetime, zone: str) -> datetime:
    """The instant in UTC at which the clocks of a zone show `wall`, a time without a zone.

    A time that comes twice, as when clocks are set back, means the first. Raises NoSuchTime, NoSuchZone.
    """
    try:
        at = wall.replace(tzinfo=ZoneInfo(zone), fold=0).astimezone(UTC)
    except (ValueError, OSError, LookupError) as error:
        raise NoSuchZone from error
    except OverflowError as error:
        raise NoSuchTime from error
    if at.astimezone(ZoneInfo(zone)).replace(tzinfo=None) != wall:
        raise NoSuchTime
    return at

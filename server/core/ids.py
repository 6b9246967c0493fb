"""Identifiers. UUIDv7 sorts by time, and tables are partitioned by it."""

from datetime import UTC, datetime
from uuid import UUID

from uuid_utils import compat


def new_id() -> UUID:
    """A fresh UUIDv7, greater than every earlier one of this process."""
    return compat.uuid7()


def time_of(identifier: UUID) -> datetime:
    """The instant in a UUIDv7, in UTC, to the millisecond."""
    return datetime.fromtimestamp((identifier.int >> 80) / 1000, UTC)

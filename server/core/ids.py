"""Identifiers. UUIDv7 sorts by time, and tables are partitioned by it."""

from datetime import UTC, datetime
from uuid import UUID

import uuid_utils
from asyncpg.pgproto import pgproto


def new_id() -> UUID:
    """A fresh UUIDv7, greater than every earlier one of this process."""
    # A UUID as asyncpg makes them: made, written out and encoded several times faster than the standard library's.
    return pgproto.UUID(uuid_utils.uuid7().bytes)


def new_trace_id() -> str:
    """A fresh UUIDv7 as text, which is ten times cheaper than an id and its text."""
    return str(uuid_utils.uuid7())


def time_of(identifier: UUID) -> datetime:
    """The instant in a UUIDv7, in UTC, to the millisecond."""
    return datetime.fromtimestamp((identifier.int >> 80) / 1000, UTC)

"""Tells an outage of a server behind us from a fault of our own, for the API and the command line.

PostgreSQL says "not now" in many ways, and SQLAlchemy wraps some of them.
"""

import traceback
from pathlib import Path

import asyncpg
from sqlalchemy.exc import DBAPIError
from sqlalchemy.exc import TimeoutError as PoolExhausted

from server.core.db import UNREACHABLE
from server.domain.errors import Refused

RETRY_AFTER_S = 2
_NOT_NOW = (
    *UNREACHABLE,
    PoolExhausted,
    asyncpg.OperatorInterventionError,  # stopping, starting, or a statement that ran out of time
    asyncpg.InsufficientResourcesError,  # connections, memory, disk
    asyncpg.LockNotAvailableError,
    asyncpg.DeadlockDetectedError,
    asyncpg.SerializationError,
    asyncpg.IdleInTransactionSessionTimeoutError,
    asyncpg.ReadOnlySQLTransactionError,  # a standby that was not promoted yet
    asyncpg.InvalidAuthorizationSpecificationError,
)


def is_outage(error: BaseException) -> bool:
    """Whether waiting, and not changing the request, can help."""
    if isinstance(error, DBAPIError) and error.orig is not None:
        return error.connection_invalidated or is_outage(error.orig.__cause__ or error.orig)
    return isinstance(error, _NOT_NOW)


def as_refusal(error: BaseException) -> Refused | None:
    """503 with Retry-After for an outage; None for anything else."""
    return Refused("unavailable", retry_after_s=RETRY_AFTER_S) if is_outage(error) else None


def whereabouts(error: BaseException, *, frames: int = 6) -> list[str]:
    """`file:line function` of the innermost calls: what a log needs, without values that an error's text may quote."""
    found = traceback.extract_tb(error.__traceback__)[-frames:]
    return [f"{Path(frame.filename).name}:{frame.lineno} {frame.name}" for frame in found]

"""Time, in the three forms that the product needs. Everything that asks for the time asks here."""

import time
from datetime import UTC, datetime


def now() -> datetime:
    """The wall clock, in UTC. Never used to decide whether a limit allows a send: Valkey's clock does that."""
    return datetime.now(UTC)


def monotonic() -> float:
    """Seconds that never go back; they may stand still while the machine sleeps."""
    return time.monotonic()


def boottime() -> float:
    """Seconds that also pass while this process is stopped or the machine sleeps (CLOCK_BOOTTIME on Linux)."""
    if hasattr(time, "CLOCK_BOOTTIME"):
        return time.clock_gettime(time.CLOCK_BOOTTIME)
    return time.monotonic()

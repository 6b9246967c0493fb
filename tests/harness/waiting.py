"""Waiting for what has no event of its own: looks until it holds, with a generous deadline."""

import asyncio
import time
from collections.abc import Awaitable, Callable

PATIENCE_S = 120.0
LOOK_EVERY_S = 0.05


async def comes_true(condition: Callable[[], Awaitable[bool]], *, patience_s: float = PATIENCE_S) -> bool:
    """Whether it holds in time."""
    deadline = time.monotonic() + patience_s
    while not await condition():
        if time.monotonic() > deadline:
            return False
        await asyncio.sleep(LOOK_EVERY_S)
    return True


async def until(condition: Callable[[], Awaitable[bool]], what: str, *, patience_s: float = PATIENCE_S) -> None:
    """`what` says what was waited for in vain."""
    assert await comes_true(condition, patience_s=patience_s), f"waited {patience_s:.0f} s in vain: {what}"

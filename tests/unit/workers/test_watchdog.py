"""The watchdog bites when the loop stands still, and only then."""

import asyncio
import threading
import time

from server.workers.watchdog import PATIENCE_TICKS, Watchdog

TICK_S = 0.02


async def test_a_loop_that_stands_still_is_ended() -> None:
    bitten = threading.Event()
    async with Watchdog(tick_s=TICK_S, bite=bitten.set):
        time.sleep(TICK_S * PATIENCE_TICKS * 20)  # noqa: ASYNC251 - the fault that is looked for
        assert bitten.is_set()


async def test_a_loop_that_turns_is_left_alone() -> None:
    bitten = threading.Event()
    async with Watchdog(tick_s=0.2, bite=bitten.set):
        for _ in range(20):
            await asyncio.sleep(0.1)
    assert not bitten.is_set()


async def test_after_its_end_it_bites_nobody() -> None:
    bitten = threading.Event()
    watchdog = Watchdog(tick_s=TICK_S, bite=bitten.set)
    async with watchdog:
        pass
    watchdog._thread.join(timeout=5)
    assert not watchdog._thread.is_alive()
    assert not bitten.is_set()

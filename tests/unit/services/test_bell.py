"""The bell rings every number, and makes nobody wait."""

import asyncio
from uuid import UUID

from server.queue.outbound import Ring
from server.services.bell import Bell

ONE, TWO = Ring(UUID(int=1), 10.0), Ring(UUID(int=2), 20.0)


class Queue:
    """Stands where the queue stands; its calls end when the test says so."""

    def __init__(self) -> None:
        self.calls: list[list[Ring]] = []
        self.open = asyncio.Event()

    async def ring(self, rings: list[Ring]) -> bool:
        self.calls.append(rings)
        await self.open.wait()
        return True


async def test_what_comes_during_a_call_goes_together_with_the_next() -> None:
    queue = Queue()
    bell = Bell(queue)
    bell.ring([ONE])
    await asyncio.sleep(0)
    for _ in range(100):
        bell.ring([ONE, TWO])
    assert queue.calls == [[ONE]]
    queue.open.set()
    await bell.silence()
    assert queue.calls == [[ONE], [ONE, TWO]]


async def test_nothing_to_ring_makes_no_call() -> None:
    queue = Queue()
    bell = Bell(queue)
    bell.ring([])
    await bell.silence()
    assert queue.calls == []


async def test_a_bell_rings_again_after_silence() -> None:
    queue = Queue()
    queue.open.set()
    bell = Bell(queue)
    for _ in range(2):
        bell.ring([ONE])
        await bell.silence()
    assert queue.calls == [[ONE], [ONE]]

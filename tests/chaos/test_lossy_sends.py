"""Meta cuts, loses, delays, refuses and garbles sends, and the outbound worker is killed all the while.

Statuses come as they should, or are lost, late, early, only `read`, or `failed` at last. The ledger judges.
"""

import itertools
from collections.abc import Sequence
from contextlib import AbstractAsyncContextManager

import pytest

from tests.chaos.harness.judge import Judgement
from tests.chaos.harness.product import WINDOW_S
from tests.chaos.harness.scene import Scene, World, set_scene
from tests.harness.nemesis import Nemesis

LATE_S = 2 * WINDOW_S + 1
"""Longer than a sender waits for an answer, and for statuses longer than the Rescuer and the window take together."""
THROUGHPUT_MPS = 400
"""Meta refuses one send of twenty for its rate, and a number halves its own each time: it needs some to lose."""
NUMBERS, MANY_NUMBERS = 2, 20
"""A number goes on alone when others rest or probe."""
LONGEST_PAUSE_S = 0.9
"""A kill each 0.45 seconds."""


def lossy_scene(world: World, seed: int, texts: int) -> AbstractAsyncContextManager[Scene]:
    few = texts < 500
    return set_scene(
        world,
        seed,
        people=12 if few else 100,
        numbers=NUMBERS if few else MANY_NUMBERS,
        throughput_mps=THROUGHPUT_MPS,
    )


async def send_lossily(scene: Scene, plan: str, *, texts: int, kills: int, policies: Sequence[str]) -> Judgement:
    """A judgement of what is left of so many texts and kills, with every fault of the plan."""
    await scene.let_people_write()
    await scene.windows_are_open()
    await scene.meta.play(plan, seed=scene.seed, late_s=LATE_S)
    nemesis = Nemesis(
        scene.seed, {"outbound": lambda: scene.product.roles["outbound"].kill()}, steps=kills, longest_pause_s=LONGEST_PAUSE_S
    )
    each = -(-texts // len(scene.people))
    await scene.send_under(nemesis, scene.texts(each, *policies))
    return await scene.judgement()

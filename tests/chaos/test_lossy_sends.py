"""Meta cuts, loses, delays, refuses and garbles sends, and the outbound worker is killed all the while.

Statuses come as they should, or are lost, late, early, only `read`, or `failed` at last. The ledger judges.
"""

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass

import pytest

from tests.chaos.harness.judge import Judgement
from tests.chaos.harness.product import WINDOW_S
from tests.chaos.harness.scene import Scene, World, set_scene
from tests.harness.nemesis import Nemesis

LATE_ANSWER_S = 2.5
"""Longer than a sender waits, and the statuses come within the window."""
LATE_STATUS_S = 2 * WINDOW_S + 1
"""Longer than the Rescuer and the window take together."""
THROUGHPUT_MPS = 400
"""Meta refuses one send of twenty for its rate, and a number halves its own each time: it needs some to lose."""
LONGEST_PAUSE_S = 0.9
"""A kill each 0.45 seconds."""


@dataclass(frozen=True)
class Size:
    """How much of it. Several numbers, since others go on where one rests or only probes."""

    numbers: int
    people: int
    each: int
    kills: int

    @property
    def texts(self) -> int:
        return self.people * self.each


SMALL = Size(numbers=3, people=30, each=2, kills=3)
OF_500 = Size(numbers=10, people=50, each=10, kills=10)
OF_1500 = Size(numbers=20, people=100, each=15, kills=25)


@asynccontextmanager
async def after_lossy_sends(
    world: World, seed: int, size: Size, policies: tuple[str, ...], *, plan: str, late_s: float
) -> AsyncIterator[tuple[Scene, Judgement]]:
    """What is left when all has been sent under the plan's faults and the kills, and nothing is under way."""
    await world.product.heal()
    await world.meta.lead_webhooks_to(f"{world.product.url}/webhooks/whatsapp")
    async with set_scene(world, seed, people=size.people, numbers=size.numbers, throughput_mps=THROUGHPUT_MPS) as scene:
        await scene.let_people_write()
        await scene.windows_are_open()
        await world.meta.play(plan, seed=seed, late_s=late_s)
        sender = world.product.roles["outbound"]
        before = sender.kills
        nemesis = Nemesis(seed, {"outbound": sender.kill}, steps=size.kills, longest_pause_s=LONGEST_PAUSE_S)
        try:
            await scene.send_under(nemesis, scene.texts(size.each, *policies))
            judgement = await scene.judgement(drain_within_s=size.texts)
        finally:
            await world.meta.plan()
        judgement.assert_clean()
        assert sender.kills - before == size.kills
        assert len(judgement.messages) == size.texts
        yield scene, judgement


async def tell(request: pytest.FixtureRequest, scene: Scene, judgement: Judgement) -> None:
    told = (
        f"seed {judgement.seed}: {judgement.verdict.states}, {judgement.verdict.counts}, {judgement.verdict.faults}, "
        f"tries {dict(await scene.outcomes())}, held {dict(await scene.reasons_to_hold())}, "
        f"excused {len(judgement.excused)}"
    )
    request.node.add_report_section("call", "chaos (shown by -rP)", told)


def of_policies(small: Size, large: Size) -> pytest.MarkDecorator:
    """Both policies in the small run; each in a large one of its own."""
    return pytest.mark.parametrize(
        ("size", "policies"),
        [
            pytest.param(small, ("hold", "retry"), id=f"{small.texts} of both"),
            pytest.param(large, ("hold",), id=f"{large.texts} hold", marks=pytest.mark.long),
            pytest.param(large, ("retry",), id=f"{large.texts} retry", marks=pytest.mark.long),
        ],
    )


@pytest.mark.proves("G7", "G8", "G9", "C12")
@pytest.mark.timeout(900)
@of_policies(SMALL, OF_1500)
async def test_statuses_come(
    world: World, seed: int, request: pytest.FixtureRequest, size: Size, policies: tuple[str, ...]
) -> None:
    async with after_lossy_sends(world, seed, size, policies, plan="c12", late_s=LATE_ANSWER_S) as (scene, judgement):
        await tell(request, scene, judgement)
        assert len(judgement.in_state("read")) + len(judgement.in_state("held")) == size.texts


@pytest.mark.proves("G7", "G8", "G9", "C13")
@pytest.mark.timeout(900)
@of_policies(SMALL, OF_500)
async def test_statuses_are_lost(
    world: World, seed: int, request: pytest.FixtureRequest, size: Size, policies: tuple[str, ...]
) -> None:
    """Nothing tells then that a message did not arrive, so that even `retry` has to hold it."""
    plan, late_s = "c13-lost", LATE_ANSWER_S
    async with after_lossy_sends(world, seed, size, policies, plan=plan, late_s=late_s) as (scene, judgement):
        await tell(request, scene, judgement)
        assert all(len(attempts) == 1 for attempts in judgement.sends.values())
        held = await scene.reasons_to_hold()
        assert set(held) <= {{"hold": "asked_to_hold", "retry": "no_evidence"}[policy] for policy in policies}
        assert {message["id"] for message in judgement.in_state("held")} <= await scene.doubtful()
        assert len(judgement.in_state("accepted")) + held.total() == size.texts
        assert held


@pytest.mark.long
@pytest.mark.proves("G7", "G8", "G9", "G10", "C13")
@pytest.mark.timeout(900)
@pytest.mark.parametrize("policy", ["hold", "retry"])
@pytest.mark.parametrize("plan", ["c13-late", "c13-early", "c13-only-read", "c13-failed-last"])
async def test_statuses_are_odd(
    world: World, seed: int, request: pytest.FixtureRequest, plan: str, policy: str
) -> None:
    late_s = LATE_STATUS_S if plan == "c13-late" else LATE_ANSWER_S
    async with after_lossy_sends(world, seed, OF_500, (policy,), plan=plan, late_s=late_s) as (scene, judgement):
        await tell(request, scene, judgement)
        assert len(judgement.in_state("read")) + len(judgement.in_state("held")) == OF_500.texts
        if policy == "hold":
            assert not judgement.excused

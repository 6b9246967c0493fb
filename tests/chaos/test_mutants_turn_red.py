"""Each mutant of the product is found out by the judge, for what it does; the product itself passes where they fail."""

from collections.abc import Awaitable, Callable

import pytest

from tests.chaos.harness.keeper import Arms
from tests.chaos.harness.meta import Json
from tests.chaos.harness.scene import Scene

NO_STATUSES: Json = {"kind": "drop"}
"""Nothing heals by itself then: what the product cannot know it must not act upon."""


async def answers_are_lost(scene: Scene, mutant: str | None) -> None:
    await scene.meta.plan(NO_STATUSES, {"kind": "drop_after", "count": 5})
    await scene.product.run("outbound", mutant=mutant)
    await scene.customer.send_all(scene.texts(1, "hold"))


async def senders_die_after_writing(scene: Scene, mutant: str | None) -> None:
    await scene.meta.plan(NO_STATUSES)
    sender = await scene.product.run("outbound", arms=Arms("ow.written=kill", 2), mutant=mutant)
    await scene.customer.send_all(scene.texts(1, "hold"))
    await sender.has_died(2)


async def senders_die_and_the_rescuer_comes(scene: Scene, mutant: str | None) -> None:
    await scene.product.run("maintenance", mutant=mutant)
    await senders_die_after_writing(scene, None)


async def the_api_dies_before_its_commit(scene: Scene, mutant: str | None) -> None:
    api = await scene.product.run("api", arms=Arms("wh.before_commit=kill", 1), mutant=mutant)
    await scene.let_people_write()
    await api.has_died(1)


async def the_webhook_worker_dies_in_a_batch(scene: Scene, mutant: str | None) -> None:
    worker = await scene.product.run("webhook", arms=Arms("ww.mid_batch=kill", 1), mutant=mutant)
    await scene.let_people_write()
    await worker.has_died(1)


async def the_api_dies_before_it_tells_the_queue(scene: Scene, mutant: str | None) -> None:
    await scene.product.run("webhook", mutant=mutant)
    api = await scene.product.run("api", arms=Arms("wh.acked=kill", 1))
    await scene.let_people_write()
    await api.has_died(1)


LOST_AFTER_S = 20.0
"""What a mutant has forgotten never comes, so there is no point in waiting for it as long as for the product."""

SCENARIOS: dict[str, tuple[Callable[[Scene, str | None], Awaitable[None]], str]] = {
    "blind-retry": (answers_are_lost, "duplicated"),
    "send-before-commit": (senders_die_after_writing, "duplicated"),
    "rescuer-to-queued": (senders_die_and_the_rescuer_comes, "duplicated"),
    "ack-before-commit": (the_api_dies_before_its_commit, "inbound lost"),
    "dedupe-before-commit": (the_webhook_worker_dies_in_a_batch, "inbound lost"),
    "pop-without-row": (the_api_dies_before_it_tells_the_queue, "inbound lost"),
}

WITHOUT_MUTANT = [play for play, _ in SCENARIOS.values() if play is not senders_die_after_writing]
"""Without a mutant, that one is what happens when the rescuer comes."""


@pytest.mark.proves("G1", "G7")
@pytest.mark.parametrize("mutant", SCENARIOS)
async def test_a_mutant_turns_the_judge_red(scene: Scene, mutant: str) -> None:
    play, fault = SCENARIOS[mutant]
    await play(scene, mutant)
    judgement = await scene.judgement(drain_within_s=LOST_AFTER_S)
    assert dict(judgement.verdict.findings())[fault], judgement.verdict.states


@pytest.mark.proves("G1", "G7", "C13")
@pytest.mark.parametrize("play", WITHOUT_MUTANT, ids=lambda play: play.__name__)
async def test_the_product_passes_where_they_fail(scene: Scene, play: Callable[[Scene, None], Awaitable[None]]) -> None:
    await play(scene, None)
    judgement = await scene.judgement()
    judgement.assert_clean()

"""The webhook worker is killed at its crash points: every webhook has one effect."""

import pytest

from tests.chaos.harness.keeper import Arms
from tests.chaos.harness.scene import Scene

KILLS = 3


@pytest.mark.proves("G1", "G4", "G5", "C10")
@pytest.mark.parametrize(
    "failpoint",
    [
        pytest.param("ww.claimed", marks=pytest.mark.proves("K5")),
        pytest.param("ww.mid_batch", marks=pytest.mark.proves("K6")),
        pytest.param("ww.committed", marks=pytest.mark.proves("K7")),
    ],
)
async def test_killed_while_webhooks_are_applied(scene: Scene, failpoint: str) -> None:
    worker = await scene.product.run("webhook", arms=Arms(f"{failpoint}=kill", KILLS), webhook_lease_s=0.3)
    for kill in range(1, KILLS + 1):
        if worker.deaths < kill:
            await scene.let_one_write()
            await worker.has_died(kill)
    texts = scene.texts(1, "hold", "retry")
    await scene.customer.send_all(texts)
    judgement = await scene.judgement()
    judgement.assert_clean()
    assert worker.deaths == KILLS
    assert len(judgement.in_state("read")) == len(texts)

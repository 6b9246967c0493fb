"""The API is killed at a crash point five times: what it answered stays, and what is repeated has one effect."""

import pytest

from tests.chaos.harness.keeper import Arms
from tests.chaos.harness.scene import Scene

KILLS = 5


@pytest.mark.proves("G1", "G4", "C1")
@pytest.mark.parametrize(
    "failpoint",
    [
        pytest.param("wh.body_read", marks=pytest.mark.proves("K1")),
        pytest.param("wh.before_commit", marks=pytest.mark.proves("K2")),
        pytest.param("wh.committed", marks=pytest.mark.proves("K3")),
        pytest.param("wh.acked", marks=pytest.mark.proves("K4")),
    ],
)
async def test_killed_while_webhooks_come_in(scene: Scene, failpoint: str) -> None:
    api = await scene.product.run("api", arms=Arms(f"{failpoint}=kill", KILLS))
    for kill in range(1, KILLS + 1):
        if api.deaths < kill:  # Meta repeats what was not acknowledged, so that lives may end without our doing
            await scene.let_one_write()
            await api.has_died(kill)
    await scene.let_people_write()
    judgement = await scene.judgement()
    judgement.assert_clean()
    assert api.deaths == KILLS
    assert judgement.verdict.counts["inbound_stored"] == judgement.verdict.counts["inbound_written"]


@pytest.mark.proves("G6", "G17", "C1")
@pytest.mark.parametrize(
    "failpoint",
    [
        pytest.param("api.before_commit", marks=pytest.mark.proves("K10")),
        pytest.param("api.committed", marks=pytest.mark.proves("K11")),
        pytest.param("api.acked", marks=pytest.mark.proves("K12")),
    ],
)
async def test_killed_while_messages_are_accepted(scene: Scene, failpoint: str) -> None:
    api = await scene.product.run("api", arms=Arms(f"{failpoint}=kill", KILLS))
    texts = scene.texts(3, "hold", "retry")
    await scene.customer.send_all(texts)
    judgement = await scene.judgement()
    judgement.assert_clean()
    assert api.deaths == KILLS
    assert len(judgement.in_state("read")) == len(texts)
    assert scene.customer.tries > len(texts)  # requests were cut and repeated with their keys

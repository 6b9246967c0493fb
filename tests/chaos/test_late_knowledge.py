"""What Meta has told within the window counts, even where it has not been applied yet."""

import pytest

from tests.chaos.harness.keeper import Arms
from tests.chaos.harness.meta import Json
from tests.chaos.harness.product import WINDOW_S
from tests.chaos.harness.scene import Scene
from tests.harness.waiting import until

ONLY_SENT: Json = {"kind": "drop", "of": ["delivered", "read"]}
ONE_ANSWER_LOST: Json = {"kind": "drop_after", "count": 1}
LONG_LEASE_S = 60


@pytest.mark.proves("G7", "C13")
@pytest.mark.parametrize("policy", ["hold", "retry"])
async def test_nothing_is_decided_before_what_came_in_is_applied(scene: Scene, policy: str) -> None:
    await scene.meta.plan(ONLY_SENT, ONE_ANSWER_LOST)
    worker = await scene.product.run("webhook", arms=Arms("ww.claimed=stop", 1), webhook_lease_s=LONG_LEASE_S)
    first, *others = scene.texts(1, policy)
    await scene.customer.send(first)
    await worker.stands_still()  # it has claimed the first one's only status
    await scene.product.run("webhook 2")
    await scene.customer.send_all(others)

    async def others_are_sent() -> bool:
        return len(await scene.events("message.sent")) == len(others)

    async def window_is_over() -> bool:
        """Or somebody has decided, and that is done."""
        query = """SELECT count(*) FROM outbox WHERE workspace_id = $1
                   AND state <> 'held' AND (state <> 'unknown' OR state_since > now() - make_interval(secs => $2))"""
        return bool(await scene.world.rows.fetchval(query, scene.workspace_id, WINDOW_S + 2) == 0)

    await until(others_are_sent, "the others' statuses are applied, so that there is evidence")
    await until(window_is_over, "the window of the first one has passed")
    worker.go_on()
    judgement = await scene.judgement()
    judgement.assert_clean()
    assert len(judgement.in_state("sent")) == 1 + len(others)
    assert await scene.events("message.held") == []

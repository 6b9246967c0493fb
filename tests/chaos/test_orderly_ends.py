"""Every role is told to end under load, one after the other and again: nothing that was begun is cut.

No send is left in doubt, no request that was taken in is refused, and each process ends well within its time.
"""

import pytest

from tests.chaos.harness.meta import Json
from tests.chaos.harness.scene import World, set_scene
from tests.harness.nemesis import Nemesis

ON_THE_WIRE: Json = {"kind": "slow", "seconds": [0.2, 0.8]}
"""Meta takes its time to answer, so that each end finds messages on their way."""
SENDERS = ("outbound", "outbound 2", "outbound 3")
ROLES = (*SENDERS, "api", "webhook")
LONGEST_PAUSE_S = 0.4


@pytest.mark.proves("G7", "G25", "C17")
@pytest.mark.timeout(600)
@pytest.mark.parametrize(
    ("rounds", "people", "each"),
    [pytest.param(1, 60, 2, id="once"), pytest.param(10, 300, 4, id="ten times", marks=pytest.mark.long)],
)
async def test_a_rolling_restart_leaves_nothing_in_doubt(
    world: World, seed: int, rounds: int, people: int, each: int
) -> None:
    await world.product.heal()
    await world.product.run("outbound 2")
    await world.product.run("outbound 3")
    await world.meta.lead_webhooks_to(f"{world.product.url}/webhooks/whatsapp")
    async with set_scene(world, seed, people=people, numbers=3, replies_every=2) as scene:
        await scene.let_people_write()
        await scene.windows_are_open()
        await world.meta.plan(ON_THE_WIRE)
        lived = {role: len(world.product.roles[role].lives) for role in ROLES}
        strikes = {role: world.product.roles[role].restart for role in ROLES}
        nemesis = Nemesis(seed, strikes, steps=rounds * len(ROLES), longest_pause_s=LONGEST_PAUSE_S)
        texts = scene.texts(each, "hold", "retry")
        await scene.send_under(nemesis, texts)
        judgement = await scene.judgement()
        await world.meta.plan()
        judgement.assert_clean()
        assert len(judgement.in_state("read")) == len(texts)
        await scene.ends_without_doubt()
        assert all(len(attempts) == 1 for attempts in judgement.sends.values())  # or a later one, if its grant ran out
        assert [status for status in scene.customer.statuses if status >= 500] == []
        webhooks = [entry for entry in await world.meta.ledger(scene.after) if entry["kind"] == "webhook"]
        assert {entry["http"] for entry in webhooks} <= {200, None}
        # Nothing but these ends has ended anybody.
        assert all(len(world.product.roles[role].lives) == lives + rounds for role, lives in lived.items())

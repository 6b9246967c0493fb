"""PostgreSQL and Valkey end in every way that they can, at random moments of a busy run; the ledger judges.

`--seed` repeats the plan of a run.
"""

from functools import partial

import pytest

from tests.chaos.harness.scene import World, set_scene
from tests.chaos.harness.servers import Servers
from tests.harness.nemesis import Nemesis, Strike

TEXTS_A_STRIKE = 24
MOST_EACH = 2
"""To so many people that no pair rate is in the way: without what Valkey knew, a pair has nothing saved up."""
LONGEST_PAUSE_S = 1.0
REFUSES_S = 5.0


def ends_of_postgres(servers: Servers) -> dict[str, Strike]:
    return {
        "immediate stop": servers.quit_postgres,
        "postmaster killed": servers.kill_postgres,
        "backend killed": servers.kill_a_backend,
        "connection ended": servers.end_a_connection,
    }


def ends_of_valkey(servers: Servers) -> dict[str, Strike]:
    return {
        "comes back empty": servers.kill_valkey,
        "another at its address": servers.replace_valkey,
        "refuses for a while": partial(servers.kill_valkey, away_s=REFUSES_S),
    }


@pytest.mark.long
@pytest.mark.timeout(900)
@pytest.mark.parametrize(
    ("ends", "strikes"),
    [
        pytest.param(ends_of_postgres, 5, id="postgresql", marks=pytest.mark.proves("G1", "G3", "G12", "C5")),
        pytest.param(ends_of_valkey, 9, id="valkey", marks=pytest.mark.proves("G1", "G11", "C3")),
    ],
)
async def test_a_server_dies_in_every_way(
    mortal_world: World, mortal_servers: Servers, seed: int, ends, strikes: int
) -> None:
    product, meta = mortal_world.product, mortal_world.meta
    await product.heal()
    await meta.lead_webhooks_to(f"{product.url}/webhooks/whatsapp")
    nemesis = Nemesis(seed, ends(mortal_servers), steps=strikes, longest_pause_s=LONGEST_PAUSE_S)
    people = strikes * TEXTS_A_STRIKE // MOST_EACH
    async with set_scene(mortal_world, seed, people=people, replies_every=2) as scene:
        await scene.let_people_write()
        await scene.windows_are_open()
        lives = {role: len(keeper.lives) for role, keeper in product.roles.items()}
        texts = scene.texts(MOST_EACH, "hold", "retry")
        await scene.send_under(nemesis, texts)
        judgement = await scene.judgement()
        judgement.assert_clean()
        assert len(judgement.in_state("read")) + len(judgement.in_state("held")) == len(texts)
        assert judgement.verdict.counts["inbound_stored"] == judgement.verdict.counts["inbound_written"] > people
        # Whoever lived on has found the server again.
        assert {role: len(keeper.lives) for role, keeper in product.roles.items()} == lives

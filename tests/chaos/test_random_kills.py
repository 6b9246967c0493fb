"""Processes and servers are killed at random moments of a busy run; the ledger judges what is left of it.

TREEEX_CHAOS_KILLS says how many kills the long runs have, `--seed` repeats the plan of a run.
"""

import os
import time
from functools import partial

import pytest

from tests.chaos.harness.meta import Json
from tests.chaos.harness.product import ARGUMENTS
from tests.chaos.harness.scene import World, set_scene
from tests.chaos.harness.servers import Servers
from tests.harness.nemesis import Nemesis

VICTIMS = ("outbound", "api", "webhook", "postgres", "valkey", "outbound")
FEW = len(VICTIMS)
MANY = int(os.environ.get("TREEEX_CHAOS_KILLS") or 30)
TEXTS_A_KILL = 14
"""So many that each kill finds some on their way."""
MOST_EACH = 2
"""To so many people that no pair rate is in the way: without what Valkey knew, a pair has nothing saved up."""
LONGEST_PAUSE_S = 0.7
ON_THE_WIRE: Json = {"kind": "slow", "seconds": 0.3}
"""Meta takes its time to answer, so that a kill finds messages on their way."""


def nemesis_of(world: World, servers: Servers, seed: int, kills: int) -> Nemesis:
    """Kills every kind of victim in turn."""
    roles = set(VICTIMS) & ARGUMENTS.keys()
    strikes = {role: partial(kill_role, world, role) for role in roles}
    strikes |= {"postgres": servers.kill_postgres, "valkey": servers.kill_valkey}
    return Nemesis(seed, strikes, steps=kills, longest_pause_s=LONGEST_PAUSE_S, victims=VICTIMS)


async def kill_role(world: World, role: str) -> None:
    await world.product.roles[role].kill()


@pytest.mark.proves("G1", "G6", "G7", "G8", "G9", "G11", "G12", "G17", "C1", "C3", "C5", "C12")
@pytest.mark.timeout(60 + 20 * MANY)
@pytest.mark.parametrize(
    ("kills", "policies"),
    [
        pytest.param(FEW, ("hold", "retry"), id="a few, both policies"),
        pytest.param(MANY, ("hold",), id="many, hold", marks=pytest.mark.long),
        pytest.param(MANY, ("retry",), id="many, retry", marks=pytest.mark.long),
    ],
)
async def test_random_kills(
    mortal_world: World,
    mortal_servers: Servers,
    seed: int,
    request: pytest.FixtureRequest,
    kills: int,
    policies: tuple[str, ...],
) -> None:
    product, meta = mortal_world.product, mortal_world.meta
    await product.stop(*product.roles)
    await product.heal()
    await meta.lead_webhooks_to(f"{product.url}/webhooks/whatsapp")
    await meta.plan(ON_THE_WIRE)
    nemesis = nemesis_of(mortal_world, mortal_servers, seed, kills)
    began = time.monotonic()
    people = max(12, kills * TEXTS_A_KILL // MOST_EACH)
    async with set_scene(mortal_world, seed, people=people, replies_every=2) as scene:
        await scene.let_people_write()
        await scene.windows_are_open()
        texts = scene.texts(kills * TEXTS_A_KILL // people + 1, *policies)
        await scene.send_under(nemesis, texts)
        judgement = await scene.judgement()
        judgement.assert_clean()
        assert len(judgement.in_state("read")) + len(judgement.in_state("held")) == len(texts)
        assert judgement.verdict.counts["inbound_stored"] == judgement.verdict.counts["inbound_written"] > people
        assert {role: keeper.kills for role, keeper in product.roles.items()} == {
            r: nemesis.counts[r] for r in ARGUMENTS
        }
        assert len(product.roles["maintenance"].lives) == 1  # servers that come back are found again by who lived on
        told = (
            f"policies {' and '.join(policies)}, {nemesis}, {kills} kills, {time.monotonic() - began:.0f} s: "
            f"{judgement.verdict.states}, {judgement.verdict.counts}, "
            f"in doubt {len(await scene.doubtful())}, excused {len(judgement.excused)}"
        )
        request.node.add_report_section("call", "chaos (shown by -rP)", told)

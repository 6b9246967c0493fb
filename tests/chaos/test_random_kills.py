"""Processes and servers are killed at random moments of a busy run; the ledger judges what is left of it.

TREEEX_CHAOS_KILLS says how many kills there are of each policy, `--seed` repeats the plan of a run.
"""

import asyncio
import os
import time
from collections.abc import AsyncIterator, Iterator
from functools import partial
from itertools import pairwise

import asyncpg
import pytest
import pytest_asyncio

from server.migrations import runner
from tests.chaos.conftest import settings_for
from tests.chaos.harness.meta import Json, Meta
from tests.chaos.harness.product import ARGUMENTS, Product
from tests.chaos.harness.rows import Rows
from tests.chaos.harness.scene import World, make_app, set_scene
from tests.chaos.harness.servers import Servers
from tests.conftest import API_PASSWORD, WORKER_PASSWORD, Urls
from tests.harness.forks import Zygote
from tests.harness.nemesis import Nemesis

KILLS_VARIABLE = "TREEEX_CHAOS_KILLS"
KILLS = int(os.environ.get(KILLS_VARIABLE) or 15)
PEOPLE = max(20, KILLS)
EACH = 10
TEXTS = PEOPLE * EACH
"""So many that each kill finds some on their way, and to so many people that nobody's pair rate is in the way."""
LONGEST_PAUSE_S = 0.7
ON_THE_WIRE: Json = {"kind": "slow", "seconds": 0.3}
"""Meta takes its time to answer, so that a kill finds messages on their way."""
VICTIMS = ("outbound", "api", "webhook", "postgres", "valkey", "outbound")


@pytest.fixture(scope="module")
def mortal_servers() -> Iterator[Servers]:
    servers = Servers.start()
    yield servers
    servers.stop()


@pytest_asyncio.fixture(scope="module", loop_scope="session")
async def mortal_world(
    mortal_servers: Servers, zygote: Zygote, tmp_path_factory: pytest.TempPathFactory
) -> AsyncIterator[World]:
    """The product and Meta on servers that may be killed."""
    folder = tmp_path_factory.mktemp("mortal")
    address = mortal_servers.postgres.address
    urls = Urls(
        address.url("treeex"),
        address.url("treeex", user="treeex_api", password=API_PASSWORD),
        address.url("treeex", user="treeex_worker", password=WORKER_PASSWORD),
    )
    owner = await asyncpg.connect(address.url("postgres"))
    await owner.execute("CREATE DATABASE treeex TEMPLATE template0 ENCODING 'UTF8' LC_COLLATE 'C' LC_CTYPE 'C'")
    await owner.close()
    await runner.migrate(urls.admin, login_urls=(urls.api, urls.worker))
    async with Meta(folder, seed=1) as meta:
        settings = settings_for(folder, urls.api, urls.worker, mortal_servers.valkey.url, meta.url)
        world = World(settings, meta, Product(zygote, settings, folder), Rows(urls.admin))
        await make_app(settings)
        yield world
        await world.product.close()
        await world.rows.close()


def nemesis_of(world: World, servers: Servers, seed: int) -> Nemesis:
    """Kills every kind of victim in turn."""
    roles = set(VICTIMS) & ARGUMENTS.keys()
    strikes = {role: partial(kill_role, world, role) for role in roles}
    strikes |= {"postgres": servers.kill_postgres, "valkey": servers.kill_valkey}
    return Nemesis(seed, strikes, steps=KILLS, longest_pause_s=LONGEST_PAUSE_S, victims=VICTIMS)


async def kill_role(world: World, role: str) -> None:
    await world.product.roles[role].kill()


@pytest.mark.proves("G1", "G6", "G7", "G8", "G9", "G11", "G12", "G17", "C1", "C3", "C5", "C12")
@pytest.mark.timeout(60 + 20 * KILLS)
@pytest.mark.parametrize("policy", ["hold", "retry"])
async def test_random_kills(
    mortal_world: World, mortal_servers: Servers, seed: int, request: pytest.FixtureRequest, policy: str
) -> None:
    product, meta = mortal_world.product, mortal_world.meta
    await product.stop(*product.roles)
    await product.heal()
    await meta.lead_webhooks_to(f"{product.url}/webhooks/whatsapp")
    await meta.plan(ON_THE_WIRE)
    nemesis = nemesis_of(mortal_world, mortal_servers, seed)
    began = time.monotonic()
    async with set_scene(mortal_world, seed, people=PEOPLE, replies_every=2) as scene:
        await scene.let_people_write()
        await scene.windows_are_open()
        texts = scene.texts(EACH, policy)
        cuts = [len(texts) * part // KILLS for part in range(KILLS + 1)]
        async with asyncio.TaskGroup() as sending:
            for step, (first, after) in zip(nemesis.plan, pairwise(cuts), strict=True):
                sending.create_task(scene.customer.send_all(texts[first:after]))
                await nemesis.play(step)
        judgement = await scene.judgement()
        judgement.assert_clean()
        assert len(judgement.in_state("read")) + len(judgement.in_state("held")) == TEXTS
        assert judgement.verdict.counts["inbound_stored"] == judgement.verdict.counts["inbound_written"] > PEOPLE
        assert {role: keeper.kills for role, keeper in product.roles.items()} == {
            r: nemesis.counts[r] for r in ARGUMENTS
        }
        assert len(product.roles["maintenance"].lives) == 1  # servers that come back are found again by who lived on
        told = (
            f"policy {policy}, {nemesis}, {KILLS} kills, {time.monotonic() - began:.0f} s: "
            f"{judgement.verdict.states}, {judgement.verdict.counts}, "
            f"in doubt {len(await scene.doubtful())}, excused {len(judgement.excused)}"
        )
        request.node.add_report_section("call", "chaos (shown by -rP)", told)

"""Valkey is emptied again and again under load, and PostgreSQL restarts while many sends are on the wire."""

from functools import partial

import pytest

from server.core import valkey
from tests.chaos.harness.meta import Json
from tests.chaos.harness.scene import Scene, World, set_scene
from tests.chaos.harness.servers import Servers
from tests.harness.nemesis import Nemesis
from tests.harness.waiting import PATIENCE_S, until

TEXTS_A_FLUSH = 72
MOST_EACH = 6
"""Each flush takes from every pair what its rate has saved up."""
LONGEST_PAUSE_S = 4.0
"""A flush each two seconds."""
ON_THE_WIRE = 50
THROUGHPUT_MPS = 200
LONG_TIMEOUT_S = 60.0
BOTH_LATE: tuple[Json, ...] = ({"kind": "slow", "seconds": 3}, {"kind": "delay", "seconds": [3, 4]})
"""The answer and the statuses; either would settle a message."""


@pytest.mark.proves("G11", "C2")
@pytest.mark.timeout(600)
@pytest.mark.parametrize("flushes", [2, pytest.param(10, marks=pytest.mark.long)])
async def test_valkey_is_emptied(world: World, seed: int, flushes: int) -> None:
    await world.product.heal()
    await world.meta.lead_webhooks_to(f"{world.product.url}/webhooks/whatsapp")
    client = valkey.connect(world.settings.valkey_url.get_secret_value(), timeout_s=PATIENCE_S)
    people = TEXTS_A_FLUSH * flushes // MOST_EACH
    async with set_scene(world, seed, people=people, throughput_mps=THROUGHPUT_MPS, replies_every=2) as scene:
        await scene.let_people_write()
        await scene.windows_are_open()
        nemesis = Nemesis(seed, {"valkey": client.flushall}, steps=flushes, longest_pause_s=LONGEST_PAUSE_S)
        texts = scene.texts(MOST_EACH, "hold", "retry")
        await scene.send_under(nemesis, texts)
        judgement = await scene.judgement()
        judgement.assert_clean()
        assert len(judgement.in_state("read")) == len(texts)
        assert all(len(attempts) == 1 for attempts in judgement.sends.values())
        assert judgement.verdict.counts["inbound_stored"] == judgement.verdict.counts["inbound_written"] > people
    await client.aclose()


@pytest.mark.proves("G7", "G12", "C19")
@pytest.mark.timeout(600)
@pytest.mark.parametrize("restarts", [1, pytest.param(5, marks=pytest.mark.long)])
async def test_postgresql_restarts(mortal_world: World, mortal_servers: Servers, seed: int, restarts: int) -> None:
    product, meta = mortal_world.product, mortal_world.meta
    await product.heal()
    await meta.lead_webhooks_to(f"{product.url}/webhooks/whatsapp")
    await product.run("maintenance", send_timeout_s=LONG_TIMEOUT_S)  # whoever waits for an answer is not given up
    async with set_scene(mortal_world, seed, people=ON_THE_WIRE + 10, throughput_mps=THROUGHPUT_MPS) as scene:
        await scene.let_people_write()
        await scene.windows_are_open()
        await meta.plan(*BOTH_LATE)
        for restart in range(restarts):
            await product.stop("outbound")
            await scene.customer.send_all(scene.texts(1, "hold", "retry"))
            sender = await product.run("outbound", send_timeout_s=LONG_TIMEOUT_S)
            await until(partial(many_are_on_the_wire, scene), f"{ON_THE_WIRE} sends are on the wire")
            await (mortal_servers.kill_postgres if restart % 2 else mortal_servers.restart_postgres)()
            await scene.drain()
            assert len(sender.lives) == 1  # who lived on has found the server again
        judgement = await scene.judgement()
        await meta.plan()
        judgement.assert_clean()
        assert len(judgement.in_state("read")) == restarts * len(scene.people)
        assert all(len(attempts) == 1 for attempts in judgement.sends.values())
        await scene.ends_without_doubt()


async def many_are_on_the_wire(scene: Scene) -> bool:
    return (await scene.states()).get("sending", 0) >= ON_THE_WIRE

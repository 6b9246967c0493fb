"""A campaign of one tenant, passwords of its number and of others: who is in a hurry waits for few of the campaign."""

import asyncio
from collections.abc import AsyncIterator
from contextlib import AsyncExitStack

import pytest

from server.domain.enums import Lane
from tests.chaos.harness.crowd import Crowd
from tests.chaos.harness.scene import Scene, World, set_scene
from tests.chaos.test_rates_of_many_senders import AT_METAS_PACE

TENANTS = 5
MPS = 80
CAMPAIGN = 5000
PASSWORDS = 100
EVERY_S = 0.2
MAY_WAIT_S = 2.0
"""At the number's own rate: counted are the campaign's messages that leave meanwhile, since a machine may be slow."""


@pytest.fixture
async def tenants(world: World, seed: int) -> AsyncIterator[list[Crowd]]:
    await world.product.heal()
    await world.product.stop("outbound")
    await world.meta.settle(closed_window="allow")
    async with AsyncExitStack() as stack:
        scenes = [await stack.enter_async_context(set_scene(world, seed, people=1)) for _ in range(TENANTS)]
        yield [Crowd([scene], MPS) for scene in scenes]
    await world.meta.settle()


async def overtaken_by(scene: Scene, campaign: Scene) -> list[int]:
    """Of each password how many of the campaign's messages left between its acceptance and its own start."""
    rows = await scene.world.rows.fetch(
        """SELECT (SELECT count(*) FROM message_attempts c
                   WHERE c.phone_number_id = $2 AND c.started_at > m.created_at AND c.started_at < a.started_at
                     AND NOT EXISTS (SELECT FROM messages p WHERE p.id = c.message_id AND p.lane = 0)) AS others
           FROM messages m JOIN message_attempts a ON a.workspace_id = m.workspace_id AND a.message_id = m.id
           WHERE m.phone_number_id = $1 AND m.lane = 0 ORDER BY others""",
        scene.number.id,
        campaign.number.id,
    )
    return [row["others"] for row in rows]


@pytest.mark.long
@pytest.mark.proves("G15", "C23")
async def test_passwords_wait_for_few_of_a_campaign(world: World, tenants: list[Crowd]) -> None:
    campaign = tenants[0]
    [busy] = campaign.scenes
    await campaign.fill(CAMPAIGN / MPS, lane=Lane.P2)
    for place in (2, 3):
        await world.product.run(f"outbound {place}", **AT_METAS_PACE)
    for _ in range(PASSWORDS):
        for tenant in tenants:
            await tenant.fill(1 / MPS, lane=Lane.P0)
        await asyncio.sleep(EVERY_S)
    for tenant in tenants[1:]:
        await tenant.has_left()
    before = await campaign.waiting()
    await campaign.has_left(patience_s=600)
    for tenant in tenants:
        [scene] = tenant.scenes
        waits = await overtaken_by(scene, busy)
        assert waits[round(0.99 * len(waits)) - 1] <= MAY_WAIT_S * MPS
    assert before > 0  # the campaign went on all the time
    assert await campaign.over_rate() == {}
    assert await campaign.sent_twice() == []

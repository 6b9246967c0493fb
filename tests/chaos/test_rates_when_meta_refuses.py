"""Meta takes less of a number than it did: that number slows down at once, and no other. It comes back by itself."""

import asyncio
from collections import Counter
from collections.abc import AsyncIterator
from contextlib import AsyncExitStack

import pytest

from server.core import valkey as core_valkey
from server.domain import budget
from server.queue import keys
from tests.chaos.harness.crowd import Crowd
from tests.chaos.harness.meta import Json
from tests.chaos.harness.scene import Scene, World, set_scene
from tests.chaos.test_rates_of_many_senders import AT_METAS_PACE
from tests.harness.waiting import until

TOLD_S = {130429: 1.0, 131056: 4.0, 80007: 60.0, 0: 5.0}
"""How long each refusal asks to wait, at least; 0 is a bare 429."""
BEFORE_MPS, MEANWHILE_MPS = 40, 10
LONG_BEFORE_MPS, LONG_MEANWHILE_MPS = 80, 20
LONG_S = 30.0


@pytest.fixture
async def numbers(world: World, seed: int) -> AsyncIterator[tuple[Crowd, Crowd]]:
    """The one that Meta slows, and another in an account of its own; two senders."""
    await world.product.heal()
    await world.product.stop("outbound")
    await world.meta.settle(closed_window="allow")
    async with AsyncExitStack() as stack:
        slow, other = [await stack.enter_async_context(set_scene(world, seed, people=1)) for _ in range(2)]
        yield Crowd([slow], BEFORE_MPS), Crowd([other], BEFORE_MPS)
    await world.meta.plan()
    await world.meta.settle()


async def begin(world: World, slow: Crowd, other: Crowd, *, seconds: float) -> None:
    await slow.fill(seconds)
    await other.fill(seconds)
    for place in (2, 3):
        await world.product.run(f"outbound {place}", **AT_METAS_PACE)


async def refusals(crowd: Crowd) -> list[Json]:
    return [entry for entry in await crowd.ledger() if entry["kind"] == "refused"]


async def soonest_s(scene: Scene) -> dict[int, float]:
    """Of each code the shortest time between a refused try and the next one of its message."""
    rows = await scene.world.rows.fetch(
        """SELECT coalesce(error_code, 0) AS code, min(extract(epoch FROM again - started_at))::float8 AS soonest
           FROM (SELECT outcome, error_code, started_at,
                        lead(started_at) OVER (PARTITION BY message_id ORDER BY attempt) AS again
                 FROM message_attempts WHERE workspace_id = $1) tries
           WHERE outcome = 'throttled' AND again IS NOT NULL GROUP BY 1""",
        scene.workspace_id,
    )
    return {row["code"]: row["soonest"] for row in rows}


async def shares(world: World) -> dict[bytes, float]:
    """What numbers that were slowed have left of their rates."""
    client = core_valkey.connect(world.settings.valkey_url.get_secret_value(), timeout_s=30)
    known = await client.hgetall(keys.OUTBOUND_SLOWNESS)
    await client.aclose()
    return {number: float(told.split()[0]) for number, told in known.items()}


def fullest_second(entries: list[Json], *, since: float) -> int:
    at = sorted(entry["at"] for entry in entries if entry["kind"] in ("send", "refused") and entry["at"] >= since)
    return max((sum(one <= other < one + 1 for other in at) for one in at), default=0)


@pytest.mark.proves("G14", "C22")
async def test_a_number_that_meta_slows_has_half_within_a_second_and_others_keep_theirs(
    world: World, numbers: tuple[Crowd, Crowd]
) -> None:
    slow, other = numbers
    [scene], [untouched] = slow.scenes, other.scenes
    await world.meta.allow(scene.number.waba_id, scene.number.meta_id, MEANWHILE_MPS)
    await begin(world, slow, other, seconds=1.5)
    await slow.has_left()
    await other.has_left()
    refused = await refusals(slow)
    assert {entry["code"] for entry in refused} == {130429}
    half = budget.rate(BEFORE_MPS) / 2
    assert fullest_second(await slow.ledger(), since=refused[0]["at"] + 1) <= half * 1.15 + 1
    assert (await soonest_s(scene))[130429] >= TOLD_S[130429]
    known = await shares(world)
    assert known[scene.number.id.bytes] <= 0.6  # a hundredth a second comes back
    assert untouched.number.id.bytes not in known
    assert await refusals(other) == []
    assert await slow.sent_twice() == []


@pytest.mark.long
@pytest.mark.proves("G14", "C22")
async def test_every_kind_of_refusal_is_heeded_and_forgotten(world: World, numbers: tuple[Crowd, Crowd]) -> None:
    """80, 20 and 80 a second again, with refusals of pairs, of the account and of nobody knows what in between."""
    slow, other = numbers
    slow.mps = other.mps = LONG_BEFORE_MPS
    [scene], [untouched] = slow.scenes, other.scenes
    await begin(world, slow, other, seconds=LONG_S / 3)
    where = {"phone_number_id": scene.number.meta_id}
    await until(lambda: has_begun(slow, LONG_S / 3 * LONG_BEFORE_MPS), "the first ones have left")
    await world.meta.allow(scene.number.waba_id, scene.number.meta_id, LONG_MEANWHILE_MPS)
    await until(lambda: is_refused(slow), "Meta has refused some")
    await world.meta.plan(
        {"kind": "meta_error", "code": 131056, "count": 2, "where": where},
        {"kind": "error_before", "http": 429, "count": 1, "where": where},
        {"kind": "meta_error", "code": 80007, "count": 1, "where": where},
    )
    await asyncio.sleep(LONG_S / 3)
    await world.meta.allow(scene.number.waba_id, scene.number.meta_id, LONG_BEFORE_MPS)
    await slow.has_left(patience_s=600)
    await other.has_left()
    codes = Counter(entry["code"] for entry in await refusals(slow))
    assert codes.keys() >= {130429, 131056, 80007}
    soonest = await soonest_s(scene)
    assert {code: wait for code, wait in soonest.items() if wait < TOLD_S[code]} == {}
    assert untouched.number.id.bytes not in await shares(world)
    assert await refusals(other) == []
    assert await slow.sent_twice() == await other.sent_twice() == []
    await until(lambda: is_back(world, scene), "the number has its rate again", patience_s=240)


async def has_begun(crowd: Crowd, backlog: float) -> bool:
    return await crowd.waiting() < backlog * 0.8


async def is_refused(crowd: Crowd) -> bool:
    return await refusals(crowd) != []


async def is_back(world: World, scene: Scene) -> bool:
    """What Valkey keeps is the share at the last halving; it grows by a hundredth a second."""
    client = core_valkey.connect(world.settings.valkey_url.get_secret_value(), timeout_s=30)
    seconds, _ = await client.time()
    told = await client.hget(keys.OUTBOUND_SLOWNESS, scene.number.id.bytes)
    await client.aclose()
    if told is None:
        return True
    share, halved_us, until_us = map(float, told.split())
    return share + (seconds - max(halved_us, until_us) / 1e6) / budget.RECOVERY_S >= 0.9

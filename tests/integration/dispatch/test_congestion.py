"""What a refusal of Meta holds back: the number, all numbers of its account, or all of its app; and nothing else."""

import asyncio
from datetime import UTC, datetime
from uuid import UUID

import pytest

from server.core import valkey as core_valkey
from server.core.clock import boottime
from server.core.ids import new_id
from server.queue import keys
from server.queue.outbound import OutboundQueue
from server.repositories.dispatch import Key
from server.services.congestion import Congestion
from server.services.settlement import Result
from server.whatsapp.errors import Accepted, LimitScope, Outcome, Throttled
from server.whatsapp.graph import GraphError
from server.whatsapp.outbound import Tried
from server.whatsapp.usage import Usage


def result(number: UUID, outcome: Outcome, *usages: Usage, spent_ago_s: float = 0.0) -> Result:
    key = Key(new_id(), new_id(), 1)
    return Result(key, number, datetime.now(UTC), Tried(outcome, usages=usages), boottime() - spent_ago_s)


def refused(scope: LimitScope, wait_s: float = 60.0, *, too_fast: bool = True) -> Throttled:
    return Throttled(scope, wait_s, GraphError(130429), too_fast=too_fast)


@pytest.fixture
def slowed(valkey):
    """The share of its rate and the seconds to rest of each number that is slow."""

    async def read() -> dict[UUID, tuple[float, float]]:
        seconds, micros = await valkey.time()
        found = {}
        for number, known in (await valkey.hgetall(keys.OUTBOUND_SLOWNESS)).items():
            share, _, until_us = known.split()
            found[UUID(bytes=number)] = (float(share), float(until_us) / 1e6 - seconds - micros / 1e6)
        return found

    return read


@pytest.fixture
async def another_account(world):
    """A number of another account in the same workspace."""
    mine, world.waba = world.waba, new_id()
    await world.admin.execute(
        "INSERT INTO wabas (workspace_id, id, waba_id) VALUES ($1, $2, $3)",
        world.workspace,
        world.waba,
        str(world.waba.int)[:15],
    )
    number = await world.number()
    world.waba = mine
    return number


@pytest.mark.proves("G14")
@pytest.mark.parametrize(
    ("scope", "held_back"), [(LimitScope.NUMBER, 1), (LimitScope.ACCOUNT, 2), (LimitScope.APP, 3), (LimitScope.PAIR, 0)]
)
async def test_a_refusal_holds_back_what_it_speaks_of(
    world, congestion, slowed, another_account, scope, held_back
) -> None:
    number, neighbour = await world.number(), await world.number()
    await congestion.heed([result(number, refused(scope, 60.0))])
    found = await slowed()
    assert set(found) == set([number, neighbour, another_account][:held_back])
    assert all(share == 0.5 and 50 < rest_s <= 60 for share, rest_s in found.values())


@pytest.mark.proves("G14")
async def test_a_burst_in_flight_halves_once_and_the_longest_rest_counts(world, congestion, slowed) -> None:
    number = await world.number()
    burst = [result(number, refused(LimitScope.NUMBER, wait_s), spent_ago_s=0.1) for wait_s in (1.0, 30.0, 1.0)]
    await congestion.heed(burst)
    await congestion.heed(burst)
    share, rest_s = (await slowed())[number]
    assert share == 0.5
    assert 25 < rest_s <= 30


async def test_maintenance_lets_a_number_rest_and_keeps_its_rate(world, congestion, slowed) -> None:
    number = await world.number()
    await congestion.heed([result(number, refused(LimitScope.NUMBER, too_fast=False))])
    assert (await slowed())[number][0] == 1.0


@pytest.mark.proves("G14")
async def test_what_meta_says_is_used_slows_before_it_refuses(world, congestion, slowed, another_account) -> None:
    number, neighbour = await world.number(), await world.number()
    taken = Accepted("wamid.usage")
    await congestion.heed([result(number, taken, Usage(LimitScope.APP, 89.0))])
    assert await slowed() == {}
    for _ in range(3):  # an hour's figure, told with every answer
        await congestion.heed([result(number, taken, Usage(LimitScope.ACCOUNT, 95.0))])
        await asyncio.sleep(0.01)
    found = await slowed()
    assert set(found) == {number, neighbour}
    assert {share for share, _ in found.values()} == {0.5}
    await congestion.heed([result(number, taken, Usage(LimitScope.ACCOUNT, 100.0, regain_s=600.0))])
    assert all(590 < rest_s <= 600 for _, rest_s in (await slowed()).values())


async def test_without_valkey_nothing_is_learnt_and_nothing_breaks(world, worker_db) -> None:
    away = core_valkey.connect("redis://127.0.0.1:1", timeout_s=0.2)
    number = await world.number()
    await Congestion(worker_db, OutboundQueue(away)).heed([result(number, refused(LimitScope.APP))])
    await away.aclose()

"""The messaging limit of a portfolio: shared by its numbers, never exceeded, given back where nobody was reached."""

import asyncio
import json
from datetime import timedelta
from uuid import UUID

import pytest

from server.core.ids import new_id
from server.domain import budget
from server.queue.outbound import Ring
from server.repositories import maintenance as housekeeping
from server.services.settlement import Result
from server.whatsapp.errors import Accepted, Ambiguous, Late, NotSent, Rejected
from server.whatsapp.graph import GraphError
from server.whatsapp.outbound import Tried

TEMPLATE = json.dumps({"type": "template", "template": {"name": "hello", "language": {"code": "en"}}})


@pytest.fixture
def limited(world):
    """Gives the account of the world's numbers a portfolio with a limit."""

    async def limit(people: int | None) -> UUID:
        portfolio = new_id()
        await world.admin.execute(
            "INSERT INTO portfolios (workspace_id, id, messaging_limit) VALUES ($1, $2, $3)",
            world.workspace,
            portfolio,
            people,
        )
        await world.admin.execute("UPDATE wabas SET portfolio_id = $2 WHERE id = $1", world.waba, portfolio)
        return portfolio

    return limit


@pytest.fixture
def greeting(world):
    """A template message to a person, who wrote nothing unless told."""

    async def queued(number: UUID, person: UUID | None = None, *, wrote: timedelta | None = None) -> UUID:
        message = await world.message(number, person or await world.person(number, wrote=wrote))
        await world.admin.execute(
            "UPDATE messages SET type = 'template', content = $2 WHERE id = $1", message, TEMPLATE
        )
        return message

    return queued


async def counted(world, portfolio: UUID) -> int:
    """By the minutes and by the people, which must agree."""
    of_minutes = await world.admin.fetchval(
        "SELECT coalesce(sum(people), 0)::int FROM messaging_minutes WHERE portfolio_id = $1", portfolio
    )
    assert of_minutes == await world.admin.fetchval(
        "SELECT count(*)::int FROM messaging_starts WHERE portfolio_id = $1", portfolio
    )
    return of_minutes


@pytest.mark.proves("G13")
async def test_claims_of_many_workers_on_many_numbers_never_exceed_the_limit_together(
    world, make_dispatch, queue, limited, greeting
) -> None:
    limit = 7
    portfolio = await limited(limit)
    numbers = [await world.number() for _ in range(4)]
    for number in numbers:
        for _ in range(6):
            await greeting(number)
    workers, gone = [make_dispatch() for _ in range(4)], []

    async def work(dispatch) -> None:
        for _ in range(15):
            await queue.ring([Ring(number, budget.rate(1000)) for number in numbers])
            claim = await dispatch.claim(room=5)
            gone.extend(claim.departures)
            await asyncio.sleep(0.01)

    await asyncio.gather(*(work(dispatch) for dispatch in workers))
    assert len(gone) == limit
    assert await counted(world, portfolio) == limit
    waiting = await world.admin.fetch(
        "SELECT wait_reason, due_at - now() AS wait FROM outbox WHERE state = 'queued' AND phone_number_id = ANY ($1)",
        numbers,
    )
    assert len(waiting) == 4 * 6 - limit
    assert {row["wait_reason"] for row in waiting} == {"messaging_limit"}
    assert all(timedelta(hours=23) < row["wait"] <= timedelta(hours=24, minutes=1) for row in waiting)


@pytest.mark.proves("G13")
async def test_only_what_begins_a_conversation_takes_a_place_and_a_person_takes_one(
    world, make_dispatch, claim_all, queue, limited, greeting
) -> None:
    portfolio = await limited(1)
    number, other = await world.number(), await world.number()
    await greeting(number, wrote=timedelta(minutes=1))
    person = await world.person(number, wrote=None)
    await greeting(number, person)
    assert len(await claim_all(make_dispatch(), number, count=2)) == 2
    await world.admin.execute(
        """INSERT INTO conversations (workspace_id, id, phone_number_id, contact_id, last_message_at)
           VALUES ($1, $2, $3, $4, now())""",
        world.workspace,
        new_id(),
        other,
        person,
    )
    await greeting(other, person)
    stranger = await greeting(other)
    assert len(await claim_all(make_dispatch(), other, count=1)) == 1
    assert await counted(world, portfolio) == 1
    dispatch = make_dispatch()
    async with asyncio.timeout(10):
        while (await world.row(stranger))["wait_reason"] != "messaging_limit":
            await queue.ring([Ring(other, budget.rate(1000))])
            claim = await dispatch.claim(room=10)
            assert claim.departures == ()


@pytest.mark.proves("G13")
@pytest.mark.parametrize(
    ("outcome", "left"),
    [
        (Late("late"), 0),
        (NotSent("refused"), 0),
        (Rejected(GraphError(100)), 0),
        (Ambiguous("reset"), 1),
        (Accepted("wamid.place"), 1),
    ],
    ids=lambda value: type(value).__name__,
)
async def test_a_place_of_who_was_not_reached_comes_back(
    world, make_dispatch, claim_all, settlement, limited, greeting, outcome, left
) -> None:
    portfolio = await limited(1)
    number = await world.number()
    await greeting(number)
    [departure] = await claim_all(make_dispatch(), number, count=1)
    assert await counted(world, portfolio) == 1
    await settlement.settle([Result(departure.key, number, departure.started_at, Tried(outcome))])
    assert await counted(world, portfolio) == left


@pytest.mark.proves("G13")
async def test_who_was_reached_before_is_counted_as_before_when_a_later_try_has_no_effect(
    world, make_dispatch, claim_all, settlement, limited, greeting
) -> None:
    portfolio = await limited(2)
    number = await world.number()
    person = await world.person(number, wrote=None)
    before = await world.admin.fetchval("SELECT date_trunc('minute', now() - interval '20 hours')")
    await world.admin.execute(
        "INSERT INTO messaging_minutes (workspace_id, portfolio_id, minute, people) VALUES ($1, $2, $3, 1)",
        world.workspace,
        portfolio,
        before,
    )
    await world.admin.execute(
        """INSERT INTO messaging_starts (workspace_id, portfolio_id, contact_id, minute, message_id)
           VALUES ($1, $2, $3, $4, $5)""",
        world.workspace,
        portfolio,
        person,
        before,
        new_id(),
    )
    await greeting(number, person)
    [departure] = await claim_all(make_dispatch(), number, count=1)
    minute = "SELECT minute FROM messaging_starts WHERE contact_id = $1"
    assert await world.admin.fetchval(minute, person) > before
    assert await counted(world, portfolio) == 1
    await settlement.settle([Result(departure.key, number, departure.started_at, Tried(NotSent("x")))])
    assert await world.admin.fetchval(minute, person) == before
    assert await counted(world, portfolio) == 1


@pytest.mark.proves("G13")
async def test_people_leave_after_24_hours_and_are_forgotten(
    world, make_dispatch, claim_all, worker_db, limited, greeting
) -> None:
    portfolio = await limited(1)
    number = await world.number()
    await greeting(number)
    assert len(await claim_all(make_dispatch(), number, count=1)) == 1
    for table in ("messaging_minutes", "messaging_starts"):
        await world.admin.execute(
            f"UPDATE {table} SET minute = minute - interval '24 h 1 min' WHERE portfolio_id = $1", portfolio
        )
    await greeting(number)
    assert len(await claim_all(make_dispatch(), number, count=1)) == 1
    for table in ("messaging_minutes", "messaging_starts"):
        await world.admin.execute(
            f"UPDATE {table} SET minute = minute - interval '2 h' WHERE portfolio_id = $1", portfolio
        )
    async with worker_db.hot() as connection:
        await housekeeping.prune(connection, keep_changes=timedelta(days=97))
    assert await counted(world, portfolio) == 1  # the newer, two hours old


async def test_without_a_known_limit_nobody_is_counted(world, make_dispatch, claim_all, limited, greeting) -> None:
    portfolio = await limited(None)
    number = await world.number()
    for _ in range(3):
        await greeting(number)
    assert len(await claim_all(make_dispatch(), number, count=3)) == 3
    assert await counted(world, portfolio) == 0

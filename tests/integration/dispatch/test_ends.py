"""Messages that wait for their time, whose time is over, and that are called back: alone, and in races with a claim."""

import asyncio
from datetime import UTC, datetime, timedelta
from uuid import UUID

import pytest

from server.domain.errors import Refused
from server.services.ends import Cancellations, Timekeeper
from server.services.settlement import Result
from server.whatsapp.errors import Ambiguous, NotSent
from server.whatsapp.outbound import Tried


@pytest.fixture
def timekeeper(worker_db, queue) -> Timekeeper:
    return Timekeeper(worker_db, queue)


@pytest.fixture
def cancellations(api_db) -> Cancellations:
    return Cancellations(api_db)


@pytest.fixture
async def number(world) -> UUID:
    return await world.number()


async def set_row(world, message: UUID, **columns: object) -> None:
    names = ", ".join(f"{name} = ${place}" for place, name in enumerate(columns, start=2))
    await world.admin.execute(f"UPDATE outbox SET {names} WHERE message_id = $1", message, *columns.values())


def ago(**span: float) -> datetime:
    return datetime.now(UTC) - timedelta(**span)


async def come(settlement, departure, outcome) -> None:
    result = Result(departure.key, departure.number_id, departure.started_at, Tried(outcome))
    await settlement.settle([result])


async def test_a_scheduled_message_leaves_when_its_time_has_come(
    world, make_dispatch, claim_all, timekeeper, number
) -> None:
    person = await world.person(number)
    later, now = await world.message(number, person), await world.message(number, person)
    await set_row(world, later, state="scheduled", due_at=ago(hours=-1))
    assert [one.key.message_id for one in await claim_all(make_dispatch(), number, count=2, turns=5)] == [now]
    await timekeeper.release()
    assert (await world.row(later))["state"] == "scheduled"
    await set_row(world, later, due_at=ago(seconds=1))
    await set_row(world, now, state="unknown")  # the pair is free
    await timekeeper.release()
    assert (await world.row(later))["state"] == "queued"
    lease = await make_dispatch().claim(room=10)  # the release has rung the number
    assert [one.key.message_id for one in lease.departures] == [later]


@pytest.mark.proves("G18")
async def test_no_attempt_begins_after_the_end(world, make_dispatch, claim_all, timekeeper, number) -> None:
    person = await world.person(number)
    over, waiting = await world.message(number, person), await world.message(number, person)
    await set_row(world, over, expires_at=ago(seconds=1))
    await set_row(world, waiting, expires_at=ago(hours=-1))
    # The one that is over does not hold its pair back either, though nobody has ended it yet.
    assert [one.key.message_id for one in await claim_all(make_dispatch(), number, count=1)] == [waiting]
    await timekeeper.expire()
    facts = await world.facts(over)
    assert facts["expired_at"] is not None
    assert (await world.row(over), facts["failed_at"]) == (None, None)
    assert await world.events(over) == ["message.expired"]


@pytest.mark.proves("G9")
async def test_what_may_have_arrived_does_not_expire_but_is_held(
    world, make_dispatch, claim_all, settlement, timekeeper, number
) -> None:
    message = await world.message(number, await world.person(number))
    [departure] = await claim_all(make_dispatch(), number, count=1)
    await come(settlement, departure, Ambiguous("cut"))
    await set_row(world, message, state="queued", expires_at=ago(seconds=1))
    await timekeeper.expire()
    row, facts = await world.row(message), await world.facts(message)
    assert (row["state"], row["wait_reason"], facts["expired_at"]) == ("held", "earlier_attempt_unclear", None)
    assert (await world.events(message))[-1] == "message.held"


@pytest.mark.proves("G18")
@pytest.mark.parametrize("state", ["queued", "scheduled"])
async def test_a_cancelled_message_is_never_sent(
    world, make_dispatch, claim_all, cancellations, number, state: str
) -> None:
    message = await world.message(number, await world.person(number))
    await set_row(world, message, state=state)
    await cancellations.cancel(world.workspace, message)
    assert (await world.facts(message))["cancelled_at"] is not None
    assert await world.row(message) is None
    assert await world.events(message) == ["message.cancelled"]
    assert await claim_all(make_dispatch(), number, count=1, turns=3) == []
    with pytest.raises(Refused, match="no longer"):
        await cancellations.cancel(world.workspace, message)


@pytest.mark.proves("G18")
@pytest.mark.parametrize("outcome", [None, Ambiguous("cut")])
async def test_what_may_have_left_cannot_be_cancelled(
    world, make_dispatch, claim_all, settlement, cancellations, number, outcome
) -> None:
    message = await world.message(number, await world.person(number))
    [departure] = await claim_all(make_dispatch(), number, count=1)
    if outcome is not None:
        await come(settlement, departure, outcome)
        await set_row(world, message, state="queued")  # a repetition is due
    with pytest.raises(Refused) as refused:
        await cancellations.cancel(world.workspace, message)
    assert refused.value.code == "not_cancellable"
    assert (await world.facts(message))["cancelled_at"] is None


async def test_what_certainly_did_not_leave_can_be_cancelled(
    world, make_dispatch, claim_all, settlement, cancellations, number
) -> None:
    message = await world.message(number, await world.person(number))
    [departure] = await claim_all(make_dispatch(), number, count=1)
    await come(settlement, departure, NotSent("ConnectionRefusedError"))
    await cancellations.cancel(world.workspace, message)
    assert (await world.facts(message))["cancelled_at"] is not None


@pytest.mark.proves("G19")
async def test_another_workspace_cannot_cancel_it(world, cancellations, number) -> None:
    message = await world.message(number, await world.person(number))
    with pytest.raises(Refused):
        await cancellations.cancel(UUID(int=1), message)
    assert (await world.row(message))["state"] == "queued"


@pytest.mark.proves("G18", "K25")
async def test_in_a_race_between_cancel_and_claim_one_wins(
    world, make_dispatch, claim_all, cancellations, number
) -> None:
    messages = [await world.message(number, await world.person(number)) for _ in range(40)]

    async def cancel(message: UUID) -> UUID | None:
        try:
            await cancellations.cancel(world.workspace, message)
        except Refused:
            return None
        return message

    workers = [make_dispatch() for _ in range(3)]
    *claims, cancelled = await asyncio.gather(
        *(claim_all(worker, number, count=40, turns=8) for worker in workers),
        asyncio.gather(*(cancel(message) for message in reversed(messages))),
    )
    sent = [departure.key.message_id for departures in claims for departure in departures]
    called_back = [message for message in cancelled if message is not None]
    assert len(sent) == len(set(sent))
    assert set(sent).isdisjoint(called_back)
    assert called_back
    for message in messages:
        row, facts = await world.row(message), await world.facts(message)
        assert (facts["cancelled_at"] is not None) == (message in called_back)
        assert (row is None) == (message in called_back)

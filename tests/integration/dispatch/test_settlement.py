"""Results become rows and events, once, fenced by their attempts."""

import asyncio
import random
from datetime import UTC, datetime
from functools import partial
from uuid import UUID

import asyncpg
import pytest

from server.repositories import statuses as status_rows
from server.services.settlement import Result
from server.whatsapp.errors import Accepted, Ambiguous, Down, DownReason, LimitScope, NotSent, Rejected, Throttled
from server.whatsapp.graph import GraphError
from server.whatsapp.outbound import Tried
from tests.harness.waiting import until


@pytest.fixture
async def departed(world, make_dispatch, claim_all):
    """A message on the wire, and a maker of results for it."""
    number = await world.number()
    message = await world.message(number, await world.person(number))
    [departure] = await claim_all(make_dispatch(), number, count=1)

    def result(outcome, **answer) -> Result:
        return Result(departure.key, number, datetime.now(UTC), Tried(outcome, **answer))

    return message, number, result


async def attempt(world, message: UUID):
    return await world.admin.fetchrow("SELECT * FROM message_attempts WHERE message_id = $1", message)


async def test_accepted_settles_the_message_and_names_it(world, settlement, departed) -> None:
    message, number, result = departed
    await settlement.settle([result(Accepted("wamid.A", "15550101"), http_status=200, latency_s=0.2)])
    assert await world.row(message) is None
    facts = await world.facts(message)
    assert facts["accepted_at"] is not None
    assert facts["wamid"] == "wamid.A"
    assert (
        await world.admin.fetchval(
            "SELECT message_id FROM wamids WHERE phone_number_id = $1 AND wamid = 'wamid.A'", number
        )
        == message
    )
    assert await world.events(message) == ["message.accepted"]
    stored = await attempt(world, message)
    assert (stored["outcome"], stored["http_status"], stored["latency_ms"], stored["wamid"]) == (
        "accepted",
        200,
        200,
        "wamid.A",
    )
    learnt = await world.admin.fetchval(
        "SELECT value FROM contact_identities WHERE contact_id = $1 AND kind = 'wa_id'", facts["contact_id"]
    )
    assert learnt == "15550101"


async def test_the_same_result_twice_is_one_event(world, settlement, departed) -> None:
    message, _, result = departed
    await settlement.settle([result(Accepted("wamid.B"))])
    await settlement.settle([result(Accepted("wamid.B"))])
    assert await world.events(message) == ["message.accepted"]


async def test_not_sent_goes_back_to_the_queue_with_its_reason(world, settlement, departed) -> None:
    message, _, result = departed
    await settlement.settle([result(NotSent("connection refused"))])
    row = await world.row(message)
    assert (row["state"], row["wait_reason"]) == ("queued", "meta_unreachable")
    assert await world.admin.fetchval("SELECT due_at > now() FROM outbox WHERE message_id = $1", message)
    assert (await attempt(world, message))["outcome"] == "not_sent"


@pytest.mark.proves("G7", "G9")
async def test_ambiguous_is_unknown_and_never_queued(world, settlement, departed) -> None:
    message, _, result = departed
    await settlement.settle([result(Ambiguous("the connection was reset"))])
    assert (await world.row(message))["state"] == "unknown"
    assert await world.events(message) == ["message.unknown"]
    assert (await world.facts(message))["failed_at"] is None


async def test_rejected_fails_with_metas_words(world, settlement, departed) -> None:
    message, _, result = departed
    await settlement.settle(
        [
            result(
                Rejected(GraphError(131026, message="(#131026) Message undeliverable", details="why")), http_status=400
            )
        ]
    )
    assert await world.row(message) is None
    facts = await world.facts(message)
    assert facts["failed_at"] is not None
    assert '"code": 131026' in facts["error"]
    assert await world.events(message) == ["message.failed"]


@pytest.mark.proves("G14")
async def test_throttled_waits_as_long_as_told(world, settlement, departed) -> None:
    message, _, result = departed
    await settlement.settle([result(Throttled(LimitScope.NUMBER, 60.0, GraphError(131057)))])
    row = await world.row(message)
    assert (row["state"], row["wait_reason"]) == ("queued", "throttled_number")
    assert await world.admin.fetchval(
        "SELECT due_at > now() + interval '50 s' FROM outbox WHERE message_id = $1", message
    )


async def test_a_dead_token_pauses_the_number_and_keeps_the_message(world, settlement, departed) -> None:
    message, number, result = departed
    await settlement.settle([result(Down(DownReason.TOKEN, GraphError(190, message="expired")))])
    assert (await world.row(message))["state"] == "queued"
    assert (
        await world.admin.fetchval("SELECT pause_reason FROM phone_numbers WHERE id = $1", number)
        == "token: Meta answered 190 expired"
    )


@pytest.mark.proves("G8", "G9")
async def test_the_rescuer_makes_stale_sending_unknown_and_a_late_result_still_settles_it(
    world, settlement, maintenance, departed
) -> None:
    message, _, result = departed
    assert await maintenance.rescue() == 1
    assert (await world.row(message))["state"] == "unknown"
    assert (await attempt(world, message))["outcome"] == "ambiguous"
    assert await maintenance.rescue() == 0
    await settlement.settle([result(Accepted("wamid.late"))])
    assert await world.row(message) is None
    assert (await attempt(world, message))["outcome"] == "accepted"
    assert await world.events(message) == ["message.unknown", "message.accepted"]


@pytest.mark.proves("G7", "G9")
async def test_a_result_of_an_earlier_attempt_requeues_and_fails_nothing(world, settlement, departed) -> None:
    message, _, result = departed
    await world.admin.execute("UPDATE outbox SET attempt = 2 WHERE message_id = $1", message)
    await settlement.settle([result(NotSent("x"))])
    await settlement.settle([result(Ambiguous("x"))])
    await settlement.settle([result(Rejected(GraphError(100)))])
    row = await world.row(message)
    assert (row["state"], row["attempt"]) == ("sending", 2)
    assert (await world.facts(message))["failed_at"] is None
    assert await world.events(message) == []


async def test_every_outcome_of_a_tick_is_settled_in_one_go(world, settlement, make_dispatch, claim_all) -> None:
    number = await world.number()
    messages = [await world.message(number, await world.person(number)) for _ in range(4)]
    departures = await claim_all(make_dispatch(), number, count=4)
    kinds = [Accepted("wamid.T"), NotSent("x"), Ambiguous("x"), Rejected(GraphError(100))]
    outcomes = dict(zip(messages, kinds, strict=True))
    results = [Result(d.key, number, datetime.now(UTC), Tried(outcomes[d.key.message_id])) for d in departures]
    await settlement.settle(results)
    rows = [await world.row(message) for message in messages]
    assert [row and row["state"] for row in rows] == [None, "queued", "unknown", None]


@pytest.mark.proves("S16")
async def test_a_result_that_cannot_be_written_takes_no_other_with_it(
    world, settlement, make_dispatch, claim_all
) -> None:
    number = await world.number()
    messages = [await world.message(number, await world.person(number)) for _ in range(4)]
    departures = await claim_all(make_dispatch(), number, count=4)
    outcomes = dict(
        zip(
            messages,
            [
                Accepted("wamid.fine"),
                Rejected(GraphError(100, message="nul \x00")),
                Accepted(f"wamid.{random.Random(7).randbytes(9_000).hex()}"),
                Rejected(GraphError(100, message="fine")),
            ],
            strict=True,
        )
    )
    results = [Result(d.key, number, datetime.now(UTC), Tried(outcomes[d.key.message_id])) for d in departures]
    await settlement.settle(results)
    rows = [await world.row(message) for message in messages]
    assert [row and row["state"] for row in rows] == [None, "sending", "sending", None]


@pytest.mark.proves("K24")
@pytest.mark.parametrize("is_first", [True, False])
async def test_a_result_that_waits_for_statuses_of_the_same_message_is_written_after_them(
    world, settlement, departed, urls, make_dispatch, claim_all, is_first
) -> None:
    """The statuses' transaction holds what the result needs, and commits while the result waits for it."""
    message, _, result = departed
    statuses = await asyncpg.connect(urls.worker)
    workspace, number = await world.admin.fetchrow(
        "SELECT workspace_id, phone_number_id FROM messages WHERE id = $1", message
    )
    status = status_rows.Named(number, "wamid.W", workspace, message)
    try:
        if not is_first:
            await status_rows.settle(statuses, [status])
        async with statuses.transaction():
            if is_first:
                await status_rows.settle(statuses, [status])
            await statuses.execute("UPDATE messages SET sent_at = now(), wamid = 'wamid.W' WHERE id = $1", message)
            settling = asyncio.create_task(settlement.settle([result(Accepted("wamid.W"), http_status=200)]))
            await until(partial(_somebody_waits, world), "the result waits for a lock")
        await settling
    finally:
        await statuses.close()
    facts = await world.facts(message)
    assert facts["accepted_at"] is not None
    assert facts["sent_at"] is not None
    assert (await attempt(world, message))["outcome"] == "accepted"
    assert await world.events(message) == ["message.accepted"]


async def _somebody_waits(world) -> bool:
    return bool(await world.admin.fetchval("SELECT count(*) FROM pg_locks WHERE NOT granted"))

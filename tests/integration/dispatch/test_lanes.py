"""Lanes of a number: the fast ones first, a tenth for the bulk lane, and bulk that rests alone."""

import json
from collections import Counter
from datetime import timedelta

import pytest

from server.core.ids import new_id
from server.domain.enums import Lane
from server.repositories import dispatch as rows
from server.repositories.dispatch import Portion
from server.repositories.statements import load
from server.services.settlement import Result
from server.whatsapp.errors import Down, DownReason, LimitScope, Throttled
from server.whatsapp.graph import GraphError
from server.whatsapp.outbound import Tried

SPAM = Throttled(LimitScope.BULK, 3600.0, GraphError(131048, message="Spam rate limit hit"))


@pytest.fixture
def fill(world):
    """Many messages of a lane, to as many people, at once."""

    async def insert(number, count: int, *, lane: int, due_in: timedelta = timedelta(0)) -> None:
        await world.admin.execute(
            """WITH person AS (SELECT gen_random_uuid() AS contact, gen_random_uuid() AS talk, uuidv7_like(i) AS message
                               FROM generate_series(1, $3) i),
                    talks AS (INSERT INTO conversations (workspace_id, id, phone_number_id, contact_id, last_inbound_at,
                                last_message_at)
                              SELECT $1, talk, $2, contact, now(), now() FROM person),
                    facts AS (INSERT INTO messages (workspace_id, id, direction, phone_number_id, contact_id,
                                conversation_id, type, content, recipient, on_ambiguous, lane)
                              SELECT $1, message, 'outbound', $2, contact, talk, 'text', $5, '+15550101', 'retry', $4
                              FROM person)
               INSERT INTO outbox (workspace_id, message_id, phone_number_id, contact_id, lane, due_at)
               SELECT $1, message, $2, contact, $4, now() + $6 FROM person""".replace(
                "uuidv7_like(i)", "(left(uuid_floor(now())::text, 14) || right(gen_random_uuid()::text, 22))::uuid"
            ),
            world.workspace,
            number,
            count,
            lane,
            json.dumps({"type": "text", "text": {"body": "hello", "preview_url": False}}),
            due_in,
        )
        # As autovacuum would have done by now: without it the planner believes the tables to be empty.
        await world.admin.execute("ANALYZE outbox, messages, conversations")

    return insert


@pytest.mark.proves("G15")
async def test_with_all_lanes_full_bulk_keeps_a_tenth_and_the_fastest_takes_the_rest(
    world, make_dispatch, claim_all, fill
) -> None:
    number = await world.number()
    for lane in Lane:
        await fill(number, 200, lane=lane)
    departures = await claim_all(make_dispatch(), number, count=150)
    lanes = dict(
        await world.admin.fetch(
            "SELECT lane, count(*) FROM outbox WHERE state = 'sending' AND phone_number_id = $1 GROUP BY lane", number
        )
    )
    assert lanes == {Lane.P0: len(departures) - len(departures) // 10, Lane.P2: len(departures) // 10}


@pytest.mark.proves("G15")
async def test_where_only_bulk_waits_it_takes_everything(world, make_dispatch, claim_all, fill) -> None:
    number = await world.number()
    await fill(number, 60, lane=Lane.P2)
    assert len(await claim_all(make_dispatch(), number, count=60)) == 60


@pytest.mark.proves("G15")
@pytest.mark.parametrize("due_in", [timedelta(0), timedelta(hours=1)], ids=["due", "to come"])
async def test_a_backlog_is_not_read_for_the_message_that_overtakes_it(
    world, worker_db, fill, due_in: timedelta
) -> None:
    """By the plan and by what it touched: an index each, and a handful of rows of 30,000."""
    number = await world.number()
    await fill(number, 30_000, lane=Lane.P2, due_in=due_in)
    await world.admin.execute("ANALYZE outbox, conversations, messages")
    urgent = await world.message(number, await world.person(number), lane=Lane.P0)
    arguments = ([number], [1], [False], [Lane.P0], [Lane.P2], [])
    async with worker_db.hot() as connection:
        plan = json.loads(await connection.fetchval(f"EXPLAIN (ANALYZE, FORMAT JSON) {load('claim')}", *arguments))[0][
            "Plan"
        ]
        [row] = await rows.claim(connection, [Portion(number, 1, False, (Lane.P0, Lane.P2))])
    assert row["message_id"] == urgent
    scans = [node for node in nodes(plan) if node.get("Relation Name") == "outbox"]
    assert {node["Node Type"] for node in scans} <= {"Index Scan", "Index Only Scan"}
    assert all(node["Actual Rows"] * node["Actual Loops"] <= 2 for node in scans)
    for statement in ("next_due", "numbers_with_work"):
        async with worker_db.hot() as connection:
            shown = await connection.fetchval(f"EXPLAIN (ANALYZE, FORMAT JSON) {load(statement)}", [number])
        scans = [node for node in nodes(json.loads(shown)[0]["Plan"]) if node.get("Relation Name") == "outbox"]
        assert sum(node["Actual Rows"] * node["Actual Loops"] for node in scans) <= 3, statement


@pytest.mark.proves("G15")
async def test_a_claim_reads_what_it_takes_and_not_what_waits_beside_it(world, worker_db, fill) -> None:
    """Tables that were filled a moment ago have no statistics, and the planner guesses."""
    number = await world.number()
    for lane in Lane:
        await fill(number, 200, lane=lane)
    arguments = ([number], [40], [False], [Lane.P0], [Lane.P2], [])
    async with worker_db.hot() as connection:
        shown = await connection.fetchval(f"EXPLAIN (ANALYZE, FORMAT JSON) {load('claim')}", *arguments)
    read: Counter[str] = Counter()
    for node in nodes(json.loads(shown)[0]["Plan"]):
        if "Relation Name" in node:
            table = node["Relation Name"].partition("_2")[0]
            seen = node["Actual Rows"] + node.get("Rows Removed by Filter", 0)
            read[table] += round(seen * node["Actual Loops"])
    assert read["messages"] == read["conversations"] == 40
    assert 40 <= read["outbox"] <= 120  # each, and what its pair has before it


@pytest.mark.proves("G15")
async def test_a_claim_reads_indexes_in_their_order_whatever_old_statistics_say(world, worker_db, fill) -> None:
    """They are of a moment when all was on the wire, and by them the outbox might as well be read from end to end."""
    number = await world.number()
    await fill(number, 3000, lane=Lane.P2)
    await world.admin.execute("UPDATE outbox SET state = 'sending' WHERE phone_number_id = $1", number)
    await world.admin.execute("ANALYZE outbox")
    await world.admin.execute("UPDATE outbox SET state = 'queued' WHERE phone_number_id = $1", number)
    numbers = [number, *(new_id() for _ in range(33))]
    arguments = (numbers, *([value] * len(numbers) for value in (3, False, Lane.P0, Lane.P2)), [])
    async with worker_db.hot() as connection:
        await rows.lock_numbers(connection, numbers)
        shown = await connection.fetchval(f"EXPLAIN (FORMAT JSON) {load('claim')}", *arguments)
    kinds = {node["Node Type"] for node in nodes(json.loads(shown)[0]["Plan"])}
    assert not kinds & {"Seq Scan", "Bitmap Heap Scan", "Sort", "Incremental Sort", "Memoize"}


def nodes(plan: dict):
    yield plan
    for child in plan.get("Plans", []):
        yield from nodes(child)


@pytest.mark.proves("G14", "G16")
async def test_spam_rests_the_bulk_lane_of_its_number_alone_and_says_so(
    world, make_dispatch, settlement, claim_all, fill
) -> None:
    number, other = await world.number(), await world.number()
    await fill(number, 3, lane=Lane.P2)
    [first, second, _] = await claim_all(make_dispatch(), number, count=3)
    for departure in (first, second):
        await settlement.settle([Result(departure.key, number, departure.started_at, Tried(SPAM))])
    row = await world.admin.fetchrow("SELECT * FROM phone_numbers WHERE id = $1", number)
    assert row["bulk_pause_reason"] == "quality: Meta answered 131048 Spam rate limit hit"
    assert row["pause_reason"] is None
    assert await world.events(number) == ["number.paused"]
    for each in (number, other):
        await fill(each, 2, lane=Lane.P2)
        await fill(each, 2, lane=Lane.P1)
    departures = await claim_all(make_dispatch(), number, other, count=6)
    assert Counter(departure.number_id for departure in departures) == {number: 2, other: 4}
    await world.admin.execute("UPDATE phone_numbers SET bulk_paused_until = now() WHERE id = $1", number)
    assert len(await claim_all(make_dispatch(), number, count=2)) == 2


async def test_a_number_whose_bulk_rests_has_no_work_without_other_lanes(world, worker_db, fill) -> None:
    number = await world.number()
    await fill(number, 2, lane=Lane.P2)
    await world.admin.execute(
        "UPDATE phone_numbers SET bulk_paused_until = now() + interval '1 h' WHERE id = $1", number
    )
    async with worker_db.hot() as connection:
        assert await rows.numbers_with_work(connection, [number]) == []
    await fill(number, 1, lane=Lane.P1)
    async with worker_db.hot() as connection:
        assert await rows.numbers_with_work(connection, [number]) == [(number, 1000)]


@pytest.mark.proves("G16")
@pytest.mark.parametrize(
    ("reason", "code", "paused"),
    [(DownReason.TOKEN, 190, 1), (DownReason.INTEGRITY, 368, 2), (DownReason.BILLING, 131042, 2)],
)
async def test_what_is_wrong_with_an_account_pauses_all_its_numbers(
    world, make_dispatch, settlement, claim_all, reason, code, paused
) -> None:
    number, neighbour = await world.number(), await world.number()
    await world.message(number, await world.person(number))
    [departure] = await claim_all(make_dispatch(), number, count=1)
    down = Down(reason, GraphError(code, message="words"))
    await settlement.settle([Result(departure.key, number, departure.started_at, Tried(down))])
    events = [await world.events(each) for each in (number, neighbour)]
    assert events == [["number.paused"]] * paused + [[]] * (2 - paused)

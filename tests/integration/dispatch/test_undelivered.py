"""What Meta took and nobody got in time is undelivered, and says so; a later status still wins."""

import json
from datetime import UTC, datetime, timedelta
from uuid import UUID

import pytest

from server.core.ids import new_id
from server.domain import delivery
from server.services.ends import Timekeeper
from server.services.settlement import Result
from server.whatsapp.errors import Accepted
from server.whatsapp.outbound import Tried
from tests.integration.webhooks.payloads import status

DIRECT = {"type": "text", "text": {"body": "x", "preview_url": False}}
TEMPLATE = {"type": "template", "template": {"name": "hello", "language": {"code": "en"}}}


@pytest.fixture
def timekeeper(worker_db, queue) -> Timekeeper:
    return Timekeeper(worker_db, queue)


@pytest.fixture
def take(world, make_dispatch, settlement, claim_all):
    """Lets Meta take a message of this content."""

    async def taken(content: dict, *, made: timedelta = timedelta(0)) -> UUID:
        number = await world.number()
        message = await world.message(number, await world.person(number))
        await world.admin.execute(
            "UPDATE messages SET type = $2, content = $3, created_at = now() - $4::interval WHERE id = $1",
            message,
            content["type"],
            json.dumps(content),
            made,
        )
        [departure] = await claim_all(make_dispatch(), number, count=1)
        accepted = Tried(Accepted(f"wamid.{message.hex}"))
        await settlement.settle([Result(departure.key, number, departure.started_at, accepted)])
        return message

    return taken


async def model(world, category: str, ttl_s: int | None) -> None:
    await world.admin.execute(
        """INSERT INTO templates (workspace_id, id, waba_id, name, language, category, status, message_send_ttl_s)
           VALUES ($1, $2, $3, 'hello', 'en', $4, 'APPROVED', $5)""",
        world.workspace,
        new_id(),
        world.waba,
        category,
        ttl_s,
    )


async def left_s(world, message: UUID) -> float | None:
    """Until its deadline, without the buffer."""
    left = await world.admin.fetchval(
        """SELECT d.due_at - m.accepted_at FROM delivery_deadlines d JOIN messages m ON m.id = d.message_id
           WHERE m.id = $1""",
        message,
    )
    return None if left is None else round((left - delivery.BUFFER).total_seconds())


@pytest.mark.parametrize(
    ("content", "of_template", "seconds"),
    [
        (DIRECT, None, None),
        ({**DIRECT, "category": "utility"}, None, None),
        ({**DIRECT, "category": "utility", "ttl_seconds": 60}, None, 60),
        ({**DIRECT, "category": "authentication"}, None, 600),
        (TEMPLATE, ("AUTHENTICATION", None), 600),
        (TEMPLATE, ("AUTHENTICATION", 90), 90),
        (TEMPLATE, ("UTILITY", 120), 120),
        (TEMPLATE, ("MARKETING", None), None),
    ],
)
async def test_what_lives_shorter_than_usual_has_a_deadline(world, take, content, of_template, seconds) -> None:
    if of_template is not None:
        await model(world, *of_template)
    assert await left_s(world, await take(content)) == seconds


async def test_what_meta_took_long_after_it_was_made_has_one_too(world, take) -> None:
    message = await take(DIRECT, made=timedelta(days=2))
    assert await left_s(world, message) == delivery.USUAL_TTL.total_seconds()


async def test_a_passed_deadline_makes_it_undelivered_once(world, take, timekeeper) -> None:
    message = await take({**DIRECT, "category": "authentication"})
    await timekeeper.give_up()
    assert (await world.facts(message))["undelivered_at"] is None
    await world.admin.execute("UPDATE delivery_deadlines SET due_at = now() WHERE message_id = $1", message)
    for _ in range(2):
        await timekeeper.give_up()
    assert (await world.facts(message))["undelivered_at"] is not None
    assert (await world.events(message)).count("message.undelivered") == 1
    assert await left_s(world, message) is None


@pytest.mark.parametrize("fact", ["delivered_at", "read_at", "failed_at"])
async def test_what_has_come_to_something_is_left_alone(world, take, timekeeper, fact) -> None:
    message = await take({**DIRECT, "category": "authentication"})
    await world.admin.execute(f"UPDATE messages SET {fact} = now() WHERE id = $1", message)
    await world.admin.execute("UPDATE delivery_deadlines SET due_at = now() WHERE message_id = $1", message)
    await timekeeper.give_up()
    assert (await world.facts(message))["undelivered_at"] is None


async def test_a_delivery_that_is_told_later_wins(world, take, timekeeper, receive) -> None:
    message = await take({**DIRECT, "category": "authentication"})
    await world.admin.execute("UPDATE delivery_deadlines SET due_at = now() WHERE message_id = $1", message)
    await timekeeper.give_up()
    facts = await world.facts(message)
    await receive(facts["phone_number_id"], status(facts["wamid"], "delivered"))
    assert (await world.facts(message))["delivered_at"] is not None
    assert (await world.events(message))[-2:] == ["message.undelivered", "message.delivered"]


@pytest.mark.parametrize(
    ("age", "has_come", "is_undelivered"),
    [
        (timedelta(days=30, minutes=11), False, True),
        (timedelta(days=32), False, True),
        (timedelta(days=30), False, False),
        (timedelta(days=31), True, False),
    ],
)
async def test_after_30_days_the_messages_of_that_time_are_looked_through(
    world, take, timekeeper, age, has_come, is_undelivered
) -> None:
    fresh = await take(DIRECT)
    old = await world.admin.fetchval(
        "SELECT (left(uuid_floor(now() - $1::interval)::text, 14) || right($2::text, 22))::uuid", age, str(fresh)
    )
    at = datetime.now(UTC) - age
    await world.admin.execute(
        "UPDATE messages SET id = $2, accepted_at = $3, delivered_at = CASE WHEN $4 THEN now() END WHERE id = $1",
        fresh,
        old,
        at,
        has_come,
    )
    await timekeeper.give_up_the_oldest()
    assert ((await world.facts(old))["undelivered_at"] is not None) is is_undelivered
    assert (await world.events(old)) == ["message.undelivered"] * is_undelivered

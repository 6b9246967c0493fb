"""A message whose earlier attempt may have reached Meta: what a later attempt comes to never hides that."""

from datetime import UTC, datetime, timedelta
from uuid import UUID

import pytest

from server.services.reconciliation import Resolution, Resolutions
from server.services.settlement import Result
from server.whatsapp.errors import Accepted, Ambiguous, LimitScope, NotSent, Rejected, Throttled
from server.whatsapp.graph import GraphError
from server.whatsapp.outbound import Tried
from tests.integration.webhooks.payloads import status


@pytest.fixture
def resolutions(api_db) -> Resolutions:
    return Resolutions(api_db)


@pytest.fixture
def come(world, settlement):
    """Settles one attempt of a message."""

    async def to(departure, outcome) -> None:
        number = departure.grant.number_id
        await settlement.settle([Result(departure.key, number, departure.started_at, Tried(outcome))])

    return to


@pytest.fixture
async def number(world) -> UUID:
    return await world.number()


@pytest.fixture
async def doubtful(world, make_dispatch, claim_all, resolutions, come, number):
    """The first attempt of a message came to nothing clear, and a person sent it again: it is queued."""
    message = await world.message(number, await world.person(number))
    [first] = await claim_all(make_dispatch(), number, count=1)
    await come(first, Ambiguous("reset"))
    await resolutions.resolve(world.workspace, message, Resolution.RETRY)
    return message, first


@pytest.fixture
async def again(doubtful, make_dispatch, claim_all, number):
    """Its second attempt, on the wire."""
    [second] = await claim_all(make_dispatch(), number, count=1)
    assert (second.key.message_id, second.key.attempt) == (doubtful[0], 2)
    return second


@pytest.mark.proves("G9")
async def test_a_refused_repetition_is_held_since_the_first_attempt_may_have_arrived(
    world, doubtful, again, come
) -> None:
    message, _ = doubtful
    await come(again, Rejected(GraphError(131047, message="Re-engagement message")))
    row, facts = await world.row(message), await world.facts(message)
    assert (row["state"], row["wait_reason"], facts["failed_at"]) == ("held", "earlier_attempt_unclear", None)
    assert (await world.events(message))[-1] == "message.held"


@pytest.mark.proves("G9")
async def test_a_gate_that_stops_a_repetition_holds_it(world, doubtful, make_dispatch, claim_all, number) -> None:
    message, _ = doubtful
    await world.admin.execute(
        "UPDATE conversations SET last_inbound_at = $2 WHERE phone_number_id = $1",
        number,
        datetime.now(UTC) - timedelta(hours=25),
    )
    assert await claim_all(make_dispatch(), number, count=1) == []
    row, facts = await world.row(message), await world.facts(message)
    assert (row["state"], row["wait_reason"], facts["failed_at"]) == ("held", "earlier_attempt_unclear", None)
    assert (await world.events(message))[-1] == "message.held"


async def test_a_message_that_was_certainly_not_processed_before_fails_when_it_is_refused(
    world, make_dispatch, claim_all, come, number
) -> None:
    message = await world.message(number, await world.person(number))
    for outcome in (NotSent("x"), Throttled(LimitScope.NUMBER, 1.0, GraphError(130429)), Rejected(GraphError(100))):
        await world.admin.execute("UPDATE outbox SET due_at = now() WHERE message_id = $1", message)
        [departure] = await claim_all(make_dispatch(), number, count=1)
        await come(departure, outcome)
    assert await world.row(message) is None
    assert (await world.events(message)) == ["message.failed"]


@pytest.mark.proves("G7")
@pytest.mark.parametrize("later", [NotSent("x"), Ambiguous("x"), Rejected(GraphError(100)), Accepted("wamid.second")])
async def test_once_an_earlier_attempt_is_known_to_be_taken_nothing_sends_the_message_again(
    world, doubtful, again, come, later
) -> None:
    message, first = doubtful
    await come(first, Accepted("wamid.first"))
    await come(again, later)
    assert await world.row(message) is None
    facts = await world.facts(message)
    assert (facts["accepted_at"] is not None, facts["failed_at"]) == (True, None)
    assert (await world.events(message)).count("message.accepted") == 1


@pytest.mark.proves("G9")
@pytest.mark.parametrize("name", ["sent", "delivered", "failed"])
async def test_what_meta_says_corrects_a_person_who_gave_the_message_up(
    world, make_dispatch, claim_all, come, resolutions, receive, opaque_ids, number, name
) -> None:
    message = await world.message(number, await world.person(number))
    [departure] = await claim_all(make_dispatch(), number, count=1)
    await come(departure, Ambiguous("reset"))
    await resolutions.resolve(world.workspace, message, Resolution.FAILED)
    assert (await world.facts(message))["failed_at"] is not None
    await receive(number, status(f"wamid.{message}", name, at=5, opaque=opaque_ids.make(message, 1)))
    facts = await world.facts(message)
    assert (facts["failed_at"] is not None, facts["error"] is not None) == (name == "failed", name == "failed")
    assert facts["error"] is None or '"code": 131026' in facts["error"]
    assert (await world.events(message))[-1] == f"message.{name}"


@pytest.mark.proves("G9")
async def test_a_late_answer_corrects_a_person_who_gave_the_message_up(
    world, make_dispatch, claim_all, come, resolutions, number
) -> None:
    message = await world.message(number, await world.person(number))
    [departure] = await claim_all(make_dispatch(), number, count=1)
    await come(departure, Ambiguous("reset"))
    await resolutions.resolve(world.workspace, message, Resolution.FAILED)
    await come(departure, Accepted("wamid.late-again"))
    facts = await world.facts(message)
    assert (facts["accepted_at"] is not None, facts["failed_at"], facts["error"]) == (True, None, None)


async def test_an_attempt_begins_by_the_databases_clock(world, make_dispatch, claim_all, come, number) -> None:
    """Evidence and breaker compare attempts of many workers, whose own clocks may differ by a minute."""
    message = await world.message(number, await world.person(number))
    [departure] = await claim_all(make_dispatch(), number, count=1)
    assert departure.started_at == (await world.row(message))["state_since"]

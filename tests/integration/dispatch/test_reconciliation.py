"""Messages whose outcome nobody knows: settled by a status, sent again with evidence, or held for a person."""

from datetime import UTC, datetime
from uuid import UUID

import pytest

from server.domain.errors import Refused
from server.services.reconciliation import Reconciliation, Resolution, Resolutions
from server.services.settlement import Result
from server.whatsapp.errors import Accepted, Ambiguous, NotSent
from server.whatsapp.outbound import Tried


@pytest.fixture
def reconciliation(worker_db) -> Reconciliation:
    return Reconciliation(worker_db, window_s=0.0)


@pytest.fixture
def resolutions(api_db) -> Resolutions:
    return Resolutions(api_db)


@pytest.fixture
def send(world, make_dispatch, claim_all, settlement):
    """Sends one message of a number and lets it come to an outcome."""

    async def sent(number: UUID, outcome) -> UUID:
        message = await world.message(number, await world.person(number))
        [departure] = await claim_all(make_dispatch(), number, count=1)
        await settlement.settle([Result(departure.key, number, datetime.now(UTC), Tried(outcome))])
        return message

    return sent


@pytest.fixture
def say_sent(world):
    """What a status webhook does to the facts."""

    async def say(message: UUID) -> None:
        await world.admin.execute("UPDATE messages SET sent_at = now() WHERE id = $1", message)

    return say


async def state(world, message: UUID) -> tuple[str, str | None]:
    row = await world.row(message)
    return row["state"], row["wait_reason"]


@pytest.mark.proves("G7", "G8", "G9")
async def test_without_evidence_it_is_held_and_said(world, reconciliation, send) -> None:
    message = await send(await world.number(), Ambiguous("reset"))
    assert await reconciliation.step() >= 1
    assert await state(world, message) == ("held", "no_evidence")
    assert await world.events(message) == ["message.unknown", "message.held"]


@pytest.mark.proves("G7")
async def test_a_later_message_without_a_status_is_no_evidence(world, reconciliation, send) -> None:
    number = await world.number()
    message = await send(number, Ambiguous("reset"))
    await send(number, Accepted("wamid.1"))
    await reconciliation.step()
    assert await state(world, message) == ("held", "no_evidence")


@pytest.mark.proves("G7")
async def test_an_earlier_message_with_a_status_is_no_evidence(world, reconciliation, send, say_sent) -> None:
    number = await world.number()
    await say_sent(await send(number, Accepted("wamid.2")))
    message = await send(number, Ambiguous("reset"))
    await reconciliation.step()
    assert await state(world, message) == ("held", "no_evidence")


@pytest.mark.proves("G7")
async def test_a_status_on_another_number_is_no_evidence(world, reconciliation, send, say_sent) -> None:
    message = await send(await world.number(), Ambiguous("reset"))
    await say_sent(await send(await world.number(), Accepted("wamid.3")))
    await reconciliation.step()
    assert await state(world, message) == ("held", "no_evidence")


@pytest.mark.proves("G7")
async def test_a_status_of_an_earlier_try_is_no_evidence_though_its_message_was_tried_again(
    world, reconciliation, send, say_sent, settlement, make_dispatch, claim_all
) -> None:
    number = await world.number()
    other = await world.message(number, await world.person(number))
    [first] = await claim_all(make_dispatch(), number, count=1)
    await settlement.settle([Result(first.key, number, first.started_at, Tried(NotSent("x")))])
    message = await send(number, Ambiguous("reset"))
    await world.admin.execute("UPDATE outbox SET due_at = now() WHERE message_id = $1", other)
    [second] = await claim_all(make_dispatch(), number, count=1)
    await settlement.settle([Result(second.key, number, second.started_at, Tried(Ambiguous("reset")))])
    await settlement.settle([Result(first.key, number, first.started_at, Tried(Accepted("wamid.first")))])
    await say_sent(other)
    await reconciliation.step()
    assert await state(world, message) == ("held", "no_evidence")


async def test_with_a_status_of_a_later_try_it_is_sent_again_as_a_new_attempt(
    world, reconciliation, send, say_sent, make_dispatch, claim_all
) -> None:
    number = await world.number()
    message = await send(number, Ambiguous("reset"))
    await say_sent(await send(number, Accepted("wamid.4")))
    await reconciliation.step()
    assert await state(world, message) == ("queued", None)
    [departure] = await claim_all(make_dispatch(), number, count=1)
    assert (departure.key.message_id, departure.key.attempt) == (message, 2)


@pytest.mark.proves("G7", "G8")
async def test_the_second_ambiguous_result_is_held_whatever_the_evidence(
    world, reconciliation, send, say_sent, make_dispatch, claim_all, settlement
) -> None:
    number = await world.number()
    message = await send(number, Ambiguous("reset"))
    await say_sent(await send(number, Accepted("wamid.5")))
    await reconciliation.step()
    [departure] = await claim_all(make_dispatch(), number, count=1)
    await settlement.settle([Result(departure.key, number, datetime.now(UTC), Tried(Ambiguous("again")))])
    await say_sent(await send(number, Accepted("wamid.6")))
    await reconciliation.step()
    assert await state(world, message) == ("held", "attempts_spent")


@pytest.mark.proves("G7")
@pytest.mark.parametrize(
    ("column", "value", "reason"), [("on_ambiguous", "hold", "asked_to_hold"), ("type", "template", "template")]
)
async def test_some_messages_are_never_sent_again(
    world, reconciliation, send, say_sent, column: str, value: str, reason: str
) -> None:
    number = await world.number()
    message = await send(number, Ambiguous("reset"))
    await say_sent(await send(number, Accepted(f"wamid.{reason}")))
    await world.admin.execute(f"UPDATE messages SET {column} = $2 WHERE id = $1", message, value)
    await reconciliation.step()
    assert await state(world, message) == ("held", reason)


@pytest.mark.proves("G7")
async def test_inside_the_window_nothing_is_decided(world, worker_db, send) -> None:
    message = await send(await world.number(), Ambiguous("reset"))
    await Reconciliation(worker_db, window_s=900).step()
    assert await state(world, message) == ("unknown", None)


async def test_a_person_may_send_a_held_message_again(world, reconciliation, resolutions, send) -> None:
    message = await send(await world.number(), Ambiguous("reset"))
    await reconciliation.step()
    await resolutions.resolve(world.workspace, message, Resolution.RETRY)
    assert await state(world, message) == ("queued", None)
    assert (await world.events(message))[-1] == "message.resolved"


@pytest.mark.parametrize(("resolution", "fact"), [("sent", "accepted_at"), ("failed", "failed_at")])
async def test_a_person_may_say_what_became_of_it(world, resolutions, send, resolution: str, fact: str) -> None:
    message = await send(await world.number(), Ambiguous("reset"))
    await resolutions.resolve(world.workspace, message, Resolution(resolution))
    assert await world.row(message) is None
    assert (await world.facts(message))[fact] is not None


async def test_what_is_not_in_doubt_cannot_be_resolved(world, resolutions, send) -> None:
    message = await send(await world.number(), Accepted("wamid.7"))
    with pytest.raises(Refused, match="not in doubt"):
        await resolutions.resolve(world.workspace, message, Resolution.RETRY)


@pytest.mark.proves("G19")
async def test_another_workspace_cannot_resolve_it(world, resolutions, send, admin, keyring) -> None:
    stranger = await type(world)(admin, keyring).create()
    message = await send(await world.number(), Ambiguous("reset"))
    with pytest.raises(Refused):
        await resolutions.resolve(stranger.workspace, message, Resolution.RETRY)
    assert await state(world, message) == ("unknown", None)


async def test_a_burst_of_ambiguous_results_opens_the_breaker_and_one_accepted_message_closes_it(
    world, send, make_dispatch, claim_all, settlement
) -> None:
    number = await world.number()
    for _ in range(5):
        await send(number, Ambiguous("reset"))
    for _ in range(10):
        await world.message(number, await world.person(number))
    [probe] = await claim_all(make_dispatch(), number, count=10, turns=6)
    await settlement.settle([Result(probe.key, number, datetime.now(UTC), Tried(Accepted("wamid.probe")))])
    assert len(await claim_all(make_dispatch(), number, count=9)) == 9

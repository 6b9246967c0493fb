"""A message whose earlier attempt may have reached Meta: what a later attempt comes to never hides that."""

from datetime import UTC, datetime, timedelta
from uuid import UUID

import pytest

from server.services.reconciliation import Reconciliation, Resolution, Resolutions
from server.services.settlement import Result
from server.whatsapp.errors import (
    Accepted,
    Ambiguous,
    Down,
    DownReason,
    Late,
    LimitScope,
    NotSent,
    Outcome,
    Rejected,
    Throttled,
)
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
        number = departure.number_id
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


PAIR_LIMIT = Throttled(LimitScope.PAIR, 4.0, GraphError(131056))
NOT_PROCESSED: list[Outcome] = [
    Late("late"),
    NotSent("refused"),
    Throttled(LimitScope.NUMBER, 1.0, GraphError(130429)),
    PAIR_LIMIT,
    Down(DownReason.TOKEN, GraphError(190)),
]
no_effect = pytest.mark.parametrize("outcome", NOT_PROCESSED, ids=lambda outcome: type(outcome).__name__)


@pytest.fixture
def stop(world, maintenance, worker_db):
    """Its sender stands still: the Rescuer comes, the window passes, the Reconciler decides."""

    async def until_it_is_held(message: UUID) -> None:
        assert await maintenance.rescue() >= 1
        await Reconciliation(worker_db, window_s=0.0).step()
        assert (await world.row(message))["state"] == "held"

    return until_it_is_held


@pytest.mark.proves("G7", "G8", "K22")
@no_effect
@pytest.mark.parametrize("wish", ["on_ambiguous = 'hold'", "on_ambiguous = 'retry'", "type = 'template'"])
async def test_a_held_message_whose_only_doubtful_try_had_no_effect_is_queued_again(
    world, make_dispatch, claim_all, come, stop, number, outcome, wish
) -> None:
    message = await world.message(number, await world.person(number))
    await world.admin.execute(f"UPDATE messages SET {wish} WHERE id = $1", message)
    [departure] = await claim_all(make_dispatch(), number, count=1)
    await stop(message)
    await come(departure, outcome)
    assert (await world.row(message))["state"] == "queued"
    assert await world.events(message) == ["message.unknown", "message.held"]


@pytest.mark.proves("G7")
@no_effect
async def test_a_held_message_stays_held_while_another_try_of_it_is_in_doubt(
    world, doubtful, again, come, stop, outcome
) -> None:
    message, first = doubtful
    await stop(message)
    await come(again, outcome)
    row = await world.row(message)
    assert (row["state"], row["wait_reason"]) == ("held", "attempts_spent")
    await come(first, NotSent("refused"))  # the sender of the first one stood still even longer
    assert (await world.row(message))["state"] == "queued"


async def test_a_message_that_was_resolved_meanwhile_is_not_queued_again(
    world, make_dispatch, claim_all, come, stop, resolutions, number
) -> None:
    message = await world.message(number, await world.person(number))
    [departure] = await claim_all(make_dispatch(), number, count=1)
    await stop(message)
    await resolutions.resolve(world.workspace, message, Resolution.SENT)
    await come(departure, Late("late"))
    assert await world.row(message) is None


@pytest.fixture
def try_all(world, make_dispatch, claim_all, come, number):
    """Lets a message have one try after the other, whenever it would be due; returns the seconds that it waits then."""

    async def tried(message: UUID, *outcomes: Outcome) -> float:
        for outcome in outcomes:
            await world.admin.execute("UPDATE outbox SET due_at = now() WHERE message_id = $1", message)
            await world.admin.execute("UPDATE phone_numbers SET pause_reason = NULL WHERE id = $1", number)
            [departure] = await claim_all(make_dispatch(), number, count=1)
            assert departure.key.message_id == message
            await come(departure, outcome)
        wait: float | None = await world.admin.fetchval(
            "SELECT extract(epoch FROM due_at - state_since)::float8 FROM outbox WHERE message_id = $1", message
        )
        return 0.0 if wait is None else round(wait, 1)

    return tried


async def test_a_late_try_waits_for_nothing_and_counts_for_nothing(world, try_all, number) -> None:
    message = await world.message(number, await world.person(number))
    late = Late("late")
    assert await try_all(message, late, late, late) == 0
    assert (await world.row(message))["wait_reason"] is None
    assert await try_all(message, NotSent("refused")) == 1
    assert await try_all(message, late, PAIR_LIMIT, NotSent("refused")) == 2
    outcomes = await world.admin.fetch(
        "SELECT outcome FROM message_attempts WHERE message_id = $1 ORDER BY attempt", message
    )
    assert [row["outcome"] for row in outcomes] == ["not_sent", "throttled", "not_sent"]


@pytest.mark.proves("G14")
async def test_a_pair_waits_by_the_number_of_its_refusals(world, try_all, number) -> None:
    person = await world.person(number)
    message = await world.message(number, person)
    number_limit = Throttled(LimitScope.NUMBER, 1.0, GraphError(130429))
    assert await try_all(message, NotSent("refused"), number_limit, Late("late"), PAIR_LIMIT) == 4
    assert await try_all(message, number_limit, PAIR_LIMIT) == 16
    faster = await world.message(number, person, lane=0)  # it overtakes, and finds the pair as it is
    assert await try_all(faster, PAIR_LIMIT) == 64
    another = await world.message(number, await world.person(number))
    await world.admin.execute("UPDATE outbox SET due_at = now() + interval '1 h' WHERE message_id = $1", faster)
    assert await try_all(another, PAIR_LIMIT) == 4


@pytest.mark.proves("G14")
async def test_an_accepted_message_ends_the_refusals_of_its_pair(world, try_all, number) -> None:
    person = await world.person(number)
    await try_all(await world.message(number, person), PAIR_LIMIT, PAIR_LIMIT, Accepted("wamid.pair"))
    assert await try_all(await world.message(number, person), PAIR_LIMIT) == 4


@pytest.mark.proves("G7", "G8")
async def test_only_tries_that_may_have_reached_meta_are_counted_before_a_message_is_held(
    world, try_all, worker_db, number
) -> None:
    message = await world.message(number, await world.person(number))
    reconciliation = Reconciliation(worker_db, window_s=0.0)

    async def decided() -> tuple[str, str | None]:
        other = await world.message(number, await world.person(number))
        await try_all(other, Accepted(f"wamid.{other}"))
        await world.admin.execute("UPDATE messages SET sent_at = now() WHERE id = $1", other)
        await reconciliation.step()
        row = await world.row(message)
        return row["state"], row["wait_reason"]

    await try_all(message, NotSent("refused"), PAIR_LIMIT, Late("late"), Ambiguous("reset"))
    assert await decided() == ("queued", None)
    await try_all(message, PAIR_LIMIT, NotSent("refused"), Ambiguous("reset"))
    assert await decided() == ("held", "attempts_spent")


@pytest.mark.proves("G8")
async def test_there_is_no_last_attempt(world, try_all, number) -> None:
    """A message can have very many tries that were not written, as where every commit takes longer than a grant."""
    message = await world.message(number, await world.person(number))
    await world.admin.execute("UPDATE outbox SET attempt = 32767 WHERE message_id = $1", message)
    await try_all(message, Late("late"), Accepted("wamid.at-last"))
    assert (await world.facts(message))["wamid"] == "wamid.at-last"

"""A claim: which messages may go now, in which order, and what happens to the others."""

import asyncio
from datetime import timedelta

import pytest

from server.core.clock import boottime
from server.domain import budget
from server.domain.pair_rate import Debt
from server.queue import keys
from server.queue.outbound import Lease, Ring
from server.services.apps import Apps
from server.services.dispatch import NEVER
from server.whatsapp.access_token import AccessToken, proven


@pytest.mark.proves("G7")
async def test_a_queued_message_departs_with_its_payload_and_is_committed_as_sending(
    world, make_dispatch, claim_all
) -> None:
    number = await world.number()
    person = await world.person(number)
    message = await world.message(number, person, body="hi")
    [departure] = await claim_all(make_dispatch(), number, count=1)
    assert departure.key.message_id == message
    assert departure.key.attempt == 1
    assert departure.token == AccessToken("a-token-of-meta")
    assert departure.request.payload["text"] == {"body": "hi", "preview_url": False}
    assert departure.request.payload["to"] == "+15550101"
    assert departure.request.payload["biz_opaque_callback_data"].startswith(f"t1.{message.hex}.1.")
    row = await world.row(message)
    assert (row["state"], row["attempt"]) == ("sending", 1)


async def test_a_token_goes_with_the_proof_of_its_apps_present_secret(
    world, make_dispatch, claim_all, api_db, keyring
) -> None:
    apps, dispatch = Apps(api_db, keyring), make_dispatch()
    await apps.create(slug="proving", app_secret="the first", verify_token="v", meta_app_id="42")
    number = await world.number()
    await world.admin.execute("UPDATE phone_numbers SET token_app_id = '42' WHERE id = $1", number)
    for secret in ("the first", "the second"):
        await apps.rotate("proving", app_secret=secret)
        await world.message(number, await world.person(number))
        [departure] = await claim_all(dispatch, number, count=1)
        assert departure.token == proven("a-token-of-meta", secret)


async def test_a_departure_never_shows_its_token(world, make_dispatch, claim_all) -> None:
    number = await world.number()
    await world.message(number, await world.person(number))
    [departure] = await claim_all(make_dispatch(), number, count=1)
    assert "a-token-of-meta" not in repr(departure)


async def test_messages_of_a_pair_leave_one_at_a_time_in_accept_order(
    world, make_dispatch, settlement, claim_all
) -> None:
    number = await world.number()
    person, other = await world.person(number), await world.person(number)
    first, second = await world.message(number, person), await world.message(number, person)
    elsewhere = await world.message(number, other)
    departures = await claim_all(make_dispatch(), number, count=3, turns=5)
    assert {departure.key.message_id for departure in departures} == {first, elsewhere}
    await world.admin.execute("DELETE FROM outbox WHERE message_id = $1", first)
    [departure] = await claim_all(make_dispatch(), number, count=1)
    assert departure.key.message_id == second


@pytest.mark.proves("G15", "G16")
async def test_a_faster_lane_overtakes_and_an_unknown_message_holds_nothing_back(
    world, make_dispatch, claim_all
) -> None:
    number = await world.number()
    person = await world.person(number)
    slow, fast = await world.message(number, person, lane=2), await world.message(number, person, lane=0)
    [departure] = await claim_all(make_dispatch(), number, count=1)
    assert departure.key.message_id == fast
    await world.admin.execute("UPDATE outbox SET state = 'unknown' WHERE message_id = $1", fast)
    [departure] = await claim_all(make_dispatch(), number, count=1)
    assert departure.key.message_id == slow


@pytest.mark.proves("G7")
async def test_two_workers_never_take_the_same_message_nor_two_of_a_pair(
    world, make_dispatch, queue, claim_all
) -> None:
    number = await world.number()
    people = [await world.person(number) for _ in range(20)]
    for person in people:
        for _ in range(2):
            await world.message(number, person)
    await queue.ring([Ring(number, budget.rate(1000))])
    workers = [make_dispatch() for _ in range(4)]
    taken = []

    async def work(dispatch) -> None:
        for _ in range(40):
            claim = await dispatch.claim(room=7)
            taken.extend(claim.departures)
            await queue.ring([Ring(number, budget.rate(1000))])
            await asyncio.sleep(0.005)

    await asyncio.gather(*(work(dispatch) for dispatch in workers))
    assert len({departure.key.message_id for departure in taken}) == len(taken) == 20
    contacts = await world.admin.fetch(
        "SELECT contact_id FROM outbox WHERE state = 'sending' AND phone_number_id = $1", number
    )
    assert len({row["contact_id"] for row in contacts}) == len(contacts) == 20


async def test_a_text_whose_window_has_closed_fails_and_says_why(world, make_dispatch, claim_all) -> None:
    number = await world.number()
    message = await world.message(number, await world.person(number, wrote=timedelta(hours=25)))
    assert await claim_all(make_dispatch(), number, count=1) == []
    assert await world.row(message) is None
    facts = await world.facts(message)
    assert facts["failed_at"] is not None
    assert '"window_closed"' in facts["error"]
    assert await world.events(message) == ["message.failed"]


async def test_a_paused_number_keeps_its_messages(world, make_dispatch, claim_all) -> None:
    number = await world.number()
    message = await world.message(number, await world.person(number))
    await world.admin.execute("UPDATE phone_numbers SET pause_reason = 'by hand' WHERE id = $1", number)
    assert await claim_all(make_dispatch(), number, count=1) == []
    assert (await world.row(message))["state"] == "queued"


@pytest.mark.proves("G16")
async def test_a_token_that_does_not_open_pauses_its_number_and_no_other(world, make_dispatch, claim_all) -> None:
    broken, whole = await world.number(), await world.number()
    kept = await world.message(broken, await world.person(broken))
    sent = await world.message(whole, await world.person(whole))
    await world.admin.execute("UPDATE phone_numbers SET access_token = 'x' WHERE id = $1", broken)
    departures = await claim_all(make_dispatch(), broken, whole, count=2, turns=20)
    assert [departure.key.message_id for departure in departures] == [sent]
    assert (await world.row(kept))["state"] == "queued"
    assert "decrypted" in await world.admin.fetchval("SELECT pause_reason FROM phone_numbers WHERE id = $1", broken)


@pytest.mark.proves("G13")
async def test_a_pair_over_its_rate_is_put_off_to_its_own_slot(world, make_dispatch, queue) -> None:
    number = await world.number()
    person = await world.person(number)
    message = await world.message(number, person)
    await queue.take_pairs([(number, person)], [Debt(-1.0, 262.0)])
    dispatch = make_dispatch()
    await queue.ring([Ring(number, budget.rate(1000))])
    async with asyncio.timeout(10):
        while (row := await world.row(message))["wait_reason"] is None:
            claim = await dispatch.claim(room=10)
            assert claim.departures == ()
    assert (row["state"], row["wait_reason"], row["attempt"]) == ("queued", "pair_rate", 0)
    wait = await world.admin.fetchval(
        "SELECT extract(epoch FROM due_at - now()) FROM outbox WHERE message_id = $1", message
    )
    assert 200 < wait <= 45 * 6.5


@pytest.mark.proves("G11", "G13", "C21")
@pytest.mark.parametrize(
    ("sent", "outcome", "ago", "waits"),
    [
        (20, "accepted", "1 minute", True),
        (20, "ambiguous", "1 minute", True),
        (9, "accepted", "1 minute", False),
        (45, "accepted", "5 minutes", False),
        (20, "late", "1 minute", False),
    ],
)
async def test_a_pair_has_no_new_burst_after_valkey_has_lost_everything(
    world, make_dispatch, queue, valkey, sent, outcome, ago, waits
) -> None:
    number = await world.number()
    person = await world.person(number)
    await world.tried(number, person, sent, ago=ago, outcome=outcome)
    message = await world.message(number, person)
    await valkey.flushall()
    await queue.ring([Ring(number, budget.rate(1000))])
    dispatch = make_dispatch()
    async with asyncio.timeout(10):
        while (row := await world.row(message))["state"] == "queued" and row["wait_reason"] is None:
            await dispatch.claim(room=10)
    assert (row["state"], row["wait_reason"]) == (("queued", "pair_rate") if waits else ("sending", None))


@pytest.mark.proves("G13", "K22")
async def test_what_is_claimed_has_its_budget_from_just_before_it_leaves(world, make_dispatch, queue) -> None:
    """However long the claim took. It has run out with it, and when its try could be taken for dead."""
    for grant_s, sending_s in ((5.0, 60.0), (60.0, 5.0)):
        number = await world.number()
        await world.message(number, await world.person(number))
        await queue.ring([Ring(number, budget.rate(1000))])
        dispatch = make_dispatch(grant_to_wire_s=grant_s, sending_to_wire_s=sending_s)
        async with asyncio.timeout(10):
            while not (claim := await dispatch.claim(room=10)).departures:
                pass
        [departure] = claim.departures
        assert departure.marked_at < departure.spent_at <= boottime()
        since = departure.spent_at if grant_s < sending_s else departure.marked_at
        assert departure.begin_by == pytest.approx(since + 5.0)


@pytest.mark.proves("G13")
async def test_what_others_have_spent_meanwhile_does_not_leave(world, make_dispatch, queue, valkey) -> None:
    number = await world.number(throughput=1)
    message = await world.message(number, await world.person(number))
    dispatch, lease = make_dispatch(), queue.lease

    async def lease_and_lose_it(**options: int) -> Lease:
        leased = await lease(**options)
        if leased.grants:
            await valkey.hdel(keys.OUTBOUND_ARRIVALS, number.bytes)  # it starts empty then
        return leased

    queue.lease = lease_and_lose_it
    await queue.ring([Ring(number, 10.0)])
    async with asyncio.timeout(10):
        while not (claim := await dispatch.claim(room=10)).departures:
            pass
    [departure] = claim.departures
    assert (departure.key.message_id, departure.begin_by) == (message, NEVER)


@pytest.mark.proves("G8", "G11")
async def test_a_number_without_work_leaves_the_queue_and_a_later_message_calls_it_back(
    world, make_dispatch, queue, maintenance, claim_all
) -> None:
    number = await world.number()
    await claim_all(make_dispatch(), number, count=1)
    assert (await queue.lease(numbers=10, messages=10)).next_in_s is None
    message = await world.message(number, await world.person(number))
    assert await maintenance.sweep() >= 1  # the ring of the accept was lost
    async with asyncio.timeout(10):
        while not (claim := await make_dispatch().claim(room=10)).departures:
            await asyncio.sleep(claim.next_in_s or 0)
    assert claim.departures[0].key.message_id == message

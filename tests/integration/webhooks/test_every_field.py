"""Every field of Meta's becomes an event and moves its state: once, whatever the order and the repetition."""

import json
import random
from datetime import UTC, datetime, timedelta
from typing import Any
from uuid import UUID

import pytest

from server.core.ids import new_id
from server.domain.consent import words_of
from server.repositories import message_history
from server.services.message_views import message_shown
from server.services.webhooks import Webhooks
from server.whatsapp.opaque_id import OpaqueIds
from server.whatsapp.parser import FIELDS
from tests.integration.webhooks.conftest import Receiver, World
from tests.integration.webhooks.fields import DISPLAY, SAMPLES, TEMPLATE
from tests.integration.webhooks.payloads import NOON, body, change, status, text


@pytest.fixture
def webhooks(worker_db, keyring) -> Webhooks:
    return Webhooks(worker_db, OpaqueIds(keyring), lease_s=5.0, words=words_of("all"))


@pytest.fixture
async def number(world: World) -> tuple[UUID, str]:
    portfolio = new_id()
    await world.admin.execute("INSERT INTO portfolios (workspace_id, id) VALUES ($1, $2)", world.workspace, portfolio)
    await world.admin.execute("UPDATE wabas SET portfolio_id = $2 WHERE id = $1", world.waba, portfolio)
    found, meta = await world.number()
    await world.admin.execute("UPDATE phone_numbers SET display_phone_number = $2 WHERE id = $1", found, f"+{DISPLAY}")
    return found, meta


def of_account(world: World, *changes: dict[str, Any], at: int = 0) -> bytes:
    entry = {"id": str(world.waba.int)[-15:], "time": NOON + at, "changes": list(changes)}
    return json.dumps({"object": "whatsapp_business_account", "entry": [entry]}).encode()


async def told(world: World) -> list[str]:
    rows = await world.admin.fetch("SELECT type FROM events WHERE workspace_id = $1 ORDER BY id", world.workspace)
    return [row["type"] for row in rows]


def test_there_is_a_sample_of_every_field() -> None:
    assert {sample.field for sample in SAMPLES.values()} == set(FIELDS)


@pytest.mark.proves("G4")
@pytest.mark.parametrize("name", SAMPLES)
async def test_a_field_becomes_its_events_once(receiver: Receiver, world: World, number, name: str) -> None:
    sample = SAMPLES[name]
    raw = of_account(world, sample.change(number[1]))
    first, *_ = await receiver.receive(raw)
    assert await world.failures(first) == []
    assert sorted(await told(world)) == sorted([*sample.events, *(["number.paused"] if name == "a ban" else [])])
    before = await told(world)
    again = of_account(world, {"field": "flows", "value": {"x": new_id().hex}}, sample.change(number[1]))
    await receiver.receive(raw, again)
    assert [*before, "flow.changed"] == await told(world)


async def test_what_an_account_that_is_not_connected_is_told_waits_for_it(receiver, world, webhooks) -> None:
    other = await World(world.admin, world.opaque_ids).create()
    await world.admin.execute("UPDATE wabas SET waba_id = 'later' WHERE id = $1", other.waba)
    (inbox_id,) = await receiver.receive(of_account(other, SAMPLES["a review"].change("")))
    (failure,) = await world.failures(inbox_id)
    assert (failure["kind"], failure["error"]) == ("parked", "the account is not connected to any workspace")
    assert await webhooks.release_parked() == 0
    await world.admin.execute("UPDATE wabas SET waba_id = $2 WHERE id = $1", other.waba, str(other.waba.int)[-15:])
    assert await webhooks.release_parked() == 1
    await receiver.apply()
    assert await told(other) == ["account.reviewed"]
    assert await world.failures(inbox_id) == []


@pytest.mark.proves("G10")
@pytest.mark.parametrize("seed", range(5))
async def test_the_last_word_on_a_template_counts_in_any_order(receiver, world, number, seed: int) -> None:
    def status_of(event: str, at: int, **more: Any) -> bytes:
        value = {**TEMPLATE, "event": event, **more}
        return of_account(world, {"field": "message_template_status_update", "value": value}, at=at)

    bodies = [
        status_of("PENDING", 1, message_template_category="UTILITY"),
        status_of("APPROVED", 2),
        status_of("PAUSED", 3, reason="x"),
        of_account(world, SAMPLES["a template's quality"].change(""), at=4),
        of_account(world, SAMPLES["a template's category"].change(""), at=5),
        of_account(world, SAMPLES["a template's text"].change(""), at=6),
    ]
    chosen = random.Random(seed)
    chosen.shuffle(bodies)
    await receiver.take_in(*bodies[:3])
    await receiver.apply()
    await receiver.receive(*bodies[3:], *bodies[:2])
    row = await world.admin.fetchrow("SELECT * FROM templates WHERE workspace_id = $1", world.workspace)
    assert (row["status"], row["rejected_reason"], row["quality_score"]) == ("PAUSED", "x", "RED")
    assert (row["category"], row["meta_id"]) == ("MARKETING", "600000000000001")
    assert json.loads(row["components"]) == [{"type": "BODY", "text": "Your order {{1}} is ready."}]
    assert len(await told(world)) == len(bodies)


async def test_a_number_learns_its_throughput_its_name_and_its_portfolios_limit(receiver, world, number) -> None:
    for name in ("a faster number", "a name"):
        await receiver.receive(of_account(world, SAMPLES[name].change("")))
    row = await world.admin.fetchrow("SELECT * FROM phone_numbers WHERE id = $1", number[0])
    assert (row["throughput_mps"], row["verified_name"]) == (1000, "Corner shop")
    limit = "SELECT messaging_limit FROM portfolios WHERE workspace_id = $1"
    assert await world.admin.fetchval(limit, world.workspace) == 10_000
    await receiver.receive(of_account(world, SAMPLES["limits"].change(""), at=-5))
    assert await world.admin.fetchval(limit, world.workspace) == 10_000
    value = {"max_daily_conversations_per_business": -1}
    await receiver.receive(of_account(world, {"field": "business_capability_update", "value": value}, at=5))
    assert await world.admin.fetchval(limit, world.workspace) is None


async def test_a_ban_pauses_all_numbers_of_the_account_until_it_is_lifted(receiver, world, number) -> None:
    other, _ = await world.number()

    async def paused() -> set[UUID]:
        rows = await world.admin.fetch("SELECT id FROM phone_numbers WHERE pause_reason IS NOT NULL")
        return {row["id"] for row in rows} & {number[0], other}

    lifted = {"event": "DISABLED_UPDATE", "ban_info": {"waba_ban_state": "REINSTATE"}}
    await receiver.receive(of_account(world, SAMPLES["a ban"].change("")))
    assert await paused() == {number[0], other}
    await receiver.receive(of_account(world, {"field": "account_update", "value": lifted}, at=10))
    assert await paused() == set()
    late = {"event": "DISABLED_UPDATE", "ban_info": {"waba_ban_state": "DISABLE", "waba_ban_date": "x"}}
    await receiver.receive(of_account(world, {"field": "account_update", "value": late}, at=5))
    assert await paused() == set()


async def test_an_account_that_may_not_begin_conversations_rests_its_campaigns(receiver, world, number) -> None:
    until = datetime.now(UTC).replace(microsecond=0) + timedelta(hours=5)
    restriction = {"restriction_type": "RESTRICTED_BIZ_INITIATED_MESSAGING", "expiration": int(until.timestamp())}
    value = {"event": "ACCOUNT_RESTRICTION", "restriction_info": [restriction]}
    await receiver.receive(of_account(world, {"field": "account_update", "value": value}))
    row = await world.admin.fetchrow("SELECT * FROM phone_numbers WHERE id = $1", number[0])
    assert abs(row["bulk_paused_until"] - until) < timedelta(seconds=60)
    assert row["pause_reason"] is None


@pytest.mark.parametrize(
    ("code", "paused", "rests"), [(131031, True, False), (131048, False, True), (131026, False, False)]
)
async def test_a_failure_stops_what_it_says(receiver, world, number, code: int, paused: bool, rests: bool) -> None:
    message = await world.sent_message(number[0], wamid="wamid.F", state=None)
    recent = int(datetime.now(UTC).timestamp()) - NOON
    await receiver.receive(body(change(number[1], statuses=[status("wamid.F", "failed", code=code, at=recent)])))
    row = await world.admin.fetchrow("SELECT * FROM phone_numbers WHERE id = $1", number[0])
    assert (row["pause_reason"] is not None, row["bulk_paused_until"] is not None) == (paused, rests)
    assert await world.event_types(message) == ["message.failed"]


async def test_a_failure_of_long_ago_stops_nothing(receiver, world, number) -> None:
    await world.sent_message(number[0], wamid="wamid.L", state=None)
    await receiver.receive(body(change(number[1], statuses=[status("wamid.L", "failed", code=131031)])))
    row = await world.admin.fetchrow("SELECT * FROM phone_numbers WHERE id = $1", number[0])
    assert row["pause_reason"] is None


async def test_a_failure_tells_that_the_template_is_paused(receiver, world, number) -> None:
    message = await world.sent_message(number[0], wamid="wamid.T", state=None)
    content = {"template": {"name": "order_ready", "language": {"code": "en"}}}
    await world.admin.execute("UPDATE messages SET content = $2 WHERE id = $1", message, json.dumps(content))
    await receiver.receive(body(change(number[1], statuses=[status("wamid.T", "failed", code=132015)])))
    rows = await world.admin.fetch("SELECT name, status FROM templates WHERE workspace_id = $1", world.workspace)
    assert [tuple(row) for row in rows] == [("order_ready", "PAUSED")]


async def test_consents_follow_words_preferences_and_refusals(receiver, world, number) -> None:
    await receiver.receive(body(change(number[1], messages=[text("wamid.c1", body=" Stop. ")])))
    await receiver.receive(body(change(number[1], messages=[text("wamid.c2", body="stop by at nine", at=1)])))
    await receiver.receive(body(change(number[1], messages=[text("wamid.c3", body="ABONNIEREN", at=2)])))
    await receiver.receive(of_account(world, SAMPLES["a preference"].change(number[1])))
    rows = await world.admin.fetch("SELECT * FROM consents WHERE workspace_id = $1 ORDER BY id", world.workspace)
    assert [(row["state"], row["source"]) for row in rows] == [
        ("revoked", "keyword"),
        ("granted", "keyword"),
        ("revoked", "user_preferences"),
    ]
    assert len({row["contact_id"] for row in rows}) == 1
    message = await world.sent_message(number[0], wamid="wamid.O", state=None)
    refused = body(change(number[1], statuses=[status("wamid.O", "failed", code=131050)]))
    await receiver.receive(refused, refused)
    row = await world.admin.fetchrow("SELECT * FROM consents WHERE source = 'error_131050'")
    assert row["contact_id"] == (await world.message(message))["contact_id"]


async def test_a_file_is_owed_with_its_message(receiver, world, number) -> None:
    await receiver.receive(of_account(world, SAMPLES["a message of type document"].change(number[1])))
    (stored,) = await world.inbound(number[0])
    (owed,) = await world.admin.fetch("SELECT * FROM inbound_media WHERE workspace_id = $1", world.workspace)
    assert (owed["message_id"], owed["meta_media_id"], owed["filename"]) == (
        stored["id"],
        "400000000000001",
        "bill.pdf",
    )
    assert (owed["state"], owed["sha256"], owed["size"], owed["attempts"]) == ("due", "c2hh", None, 0)


async def test_echoes_and_history_are_messages_of_their_direction(receiver, world, number, api_db) -> None:
    await receiver.receive(of_account(world, SAMPLES["an echo of the app"].change(number[1])))
    await receiver.receive(of_account(world, SAMPLES["a part of the history"].change(number[1])))
    rows = await world.admin.fetch("SELECT * FROM messages WHERE workspace_id = $1 ORDER BY wamid", world.workspace)
    assert [(row["wamid"], row["direction"], row["source"]) for row in rows] == [
        ("wamid.of.echo", "outbound", "app"),
        ("wamid.of.past", "inbound", "history"),
        ("wamid.of.past.2", "outbound", "history"),
    ]
    assert len({row["conversation_id"] for row in rows}) == 1
    assert rows[2]["read_at"] == rows[2]["sent_at"] == rows[0]["sent_at"]
    assert (rows[0]["received_at"], rows[0]["recipient"]) == (None, "+15550142")
    async with api_db.transaction(world.workspace) as connection:
        found = await message_history.find(connection, world.workspace, rows[0]["id"])
    shown = message_shown(found)
    assert (shown.content, shown.source, shown.state, shown.to) == ({"body": "By hand"}, "app", "sent", "+15550142")


@pytest.mark.parametrize("placeholder_first", [True, False])
async def test_a_file_of_the_history_finds_its_message(receiver, world, number, placeholder_first: bool) -> None:
    waiting = {"from": "15550142", "id": "wamid.H", "timestamp": str(NOON), "type": "media_placeholder"}
    file = {**waiting, "type": "image", "image": {"id": "400000000000009", "mime_type": "image/jpeg"}}
    metadata = {"metadata": {"display_phone_number": DISPLAY, "phone_number_id": number[1]}}
    chunk = {"threads": [{"id": "15550142", "messages": [waiting]}]}
    bodies = [
        of_account(world, {"field": "history", "value": {**metadata, **value}})
        for value in ({"history": [chunk]}, {"messages": [file]})
    ]
    await receiver.receive(*(bodies if placeholder_first else bodies[::-1]))
    (stored,) = await world.inbound(number[0])
    assert (stored["type"], json.loads(stored["content"])["id"]) == ("image", "400000000000009")
    assert await world.admin.fetchval("SELECT count(*) FROM inbound_media WHERE message_id = $1", stored["id"]) == 1


async def test_a_free_entry_point_is_kept_at_its_conversation(receiver, world, number) -> None:
    await receiver.receive(body(change(number[1], messages=[text("wamid.e1")])))
    (wrote,) = await world.inbound(number[0])
    message = await world.sent_message(number[0], wamid="wamid.e2", state=None)
    await world.admin.execute(
        "UPDATE messages SET contact_id = $2, conversation_id = $3 WHERE id = $1",
        message,
        wrote["contact_id"],
        wrote["conversation_id"],
    )
    for hours in (72, 48):
        entry = {"id": "x", "origin": {"type": "referral_conversion"}, "expiration_timestamp": str(NOON + hours * 3600)}
        told_now = {**status("wamid.e2", "sent"), "conversation": entry, "recipient_user_id": "US.7777"}
        await receiver.receive(body(change(number[1], statuses=[told_now])))
    row = await world.admin.fetchrow("SELECT * FROM conversations WHERE id = $1", wrote["conversation_id"])
    assert row["free_entry_until"].timestamp() == NOON + 72 * 3600
    assert row["last_inbound_at"] == wrote["received_at"]
    # The status also told another name of the person.
    owner = await world.admin.fetchval(
        "SELECT contact_id FROM contact_identities WHERE workspace_id = $1 AND value = 'US.7777'", world.workspace
    )
    assert owner == wrote["contact_id"]

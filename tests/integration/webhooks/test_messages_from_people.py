"""What people write is stored once, with its contact, its conversation and its event."""

import asyncio
import json

import pytest

from server.services.webhooks import Webhooks
from server.whatsapp.opaque_id import OpaqueIds
from tests.integration.webhooks.conftest import until
from tests.integration.webhooks.payloads import NOON, body, change, status, text


async def test_a_text_becomes_a_message_a_contact_a_conversation_and_an_event(receiver, world) -> None:
    number, meta = await world.number()
    contacts = [{"profile": {"name": "Ada"}, "wa_id": "15550142", "user_id": "US.1111"}]
    message = text("wamid.A", body="Grüße / hello", context={"id": "wamid.before", "from": "15550100"})
    await receiver.receive(body(change(meta, messages=[message], contacts=contacts)))
    (stored,) = await world.inbound(number)
    assert (stored["type"], stored["wamid"], stored["received_at"].timestamp()) == ("text", "wamid.A", NOON)
    assert json.loads(stored["content"]) == {"body": "Grüße / hello", "context": message["context"]}
    conversation = await world.admin.fetchrow("SELECT * FROM conversations WHERE id = $1", stored["conversation_id"])
    assert conversation["last_inbound_at"] == conversation["last_message_at"] == stored["received_at"]
    assert conversation["contact_id"] == stored["contact_id"]
    contact = await world.admin.fetchrow("SELECT * FROM contacts WHERE id = $1", stored["contact_id"])
    assert contact["name"] == "Ada"
    ((kind, data),) = await world.events(stored["id"])
    assert kind == "message.received"
    assert data == {
        "message_id": str(stored["id"]),
        "wamid": "wamid.A",
        "phone_number_id": str(number),
        "conversation_id": str(stored["conversation_id"]),
        "contact": {"id": str(stored["contact_id"]), "name": "Ada", "wa_id": "15550142", "bsuid": "US.1111"},
        "at": "2026-03-02T12:00:00Z",
        "type": "text",
        "content": {"body": "Grüße / hello", "context": message["context"]},
        "reply_to": "wamid.before",
    }
    assert await world.jobs() == 0
    names = await world.admin.fetch("SELECT kind, value FROM contact_identities WHERE contact_id = $1", contact["id"])
    assert {tuple(row) for row in names} == {("wa_id", "15550142"), ("bsuid", "US.1111"), ("phone", "15550142")}


@pytest.mark.proves("G4", "C8")
async def test_the_same_message_five_times_at_once_is_one_message_and_one_event(
    receiver, world, worker_db, keyring
) -> None:
    number, meta = await world.number()
    same = body(change(meta, messages=[text("wamid.B")]))
    rivals = [Webhooks(worker_db, OpaqueIds(keyring), lease_s=5.0) for _ in range(5)]
    await receiver.take_in(*[same] * 5)
    claimed = [await rival.sweep(1) for rival in rivals]
    assert [len(jobs) for jobs in claimed] == [1] * 5
    await asyncio.gather(*(rival.process(jobs) for rival, jobs in zip(rivals, claimed, strict=True)))
    await receiver.receive(same)
    (stored,) = await world.inbound(number)
    assert await world.event_types(stored["id"]) == ["message.received"]
    assert await world.jobs() == 0


async def test_the_same_wamid_on_two_numbers_is_two_messages(receiver, world) -> None:
    (one, meta_one), (other, meta_other) = await world.number(), await world.number()
    await receiver.receive(
        body(change(meta_one, messages=[text("wamid.C")]), change(meta_other, messages=[text("wamid.C")]))
    )
    assert len(await world.inbound(one)) == len(await world.inbound(other)) == 1


async def test_a_hundred_texts_of_one_new_person_in_concurrent_batches_make_one_contact(
    receiver, world, worker_db, keyring
) -> None:
    number, meta = await world.number()
    rivals = [Webhooks(worker_db, OpaqueIds(keyring), lease_s=5.0) for _ in range(4)]
    named = {"profile": {"name": "Bo"}, "wa_id": "15550143", "user_id": "US.2222"}
    unnamed = {"profile": {"name": "Bo"}, "user_id": "US.2222"}
    bodies = []
    for index in range(100):
        message = text(f"wamid.D{index}", sender="15550143", at=index)
        if index % 2:
            del message["from"]
            message["from_user_id"] = "US.2222"
        bodies.append(body(change(meta, messages=[message], contacts=[unnamed if index % 2 else named])))
    await receiver.take_in(*bodies)
    claimed = [await rival.sweep(25) for rival in rivals]
    await asyncio.gather(*(rival.process(jobs) for rival, jobs in zip(rivals, claimed, strict=True)))
    await receiver.apply()
    stored = await world.inbound(number)
    assert len(stored) == 100
    assert len({row["contact_id"] for row in stored}) == 1
    assert len({row["conversation_id"] for row in stored}) == 1
    contact = stored[0]["contact_id"]
    owners = await world.admin.fetch(
        "SELECT DISTINCT contact_id FROM contact_identities WHERE workspace_id = $1", world.workspace
    )
    assert [row["contact_id"] for row in owners] == [contact]
    assert await world.admin.fetchval("SELECT count(*) FROM contacts WHERE workspace_id = $1", world.workspace) == 1
    last = await world.admin.fetchval("SELECT last_inbound_at FROM conversations WHERE contact_id = $1", contact)
    assert last.timestamp() == NOON + 99


async def test_two_concurrent_batches_with_the_same_new_people_in_other_orders(
    receiver, world, worker_db, keyring, admin
) -> None:
    number, meta = await world.number()
    rivals = [Webhooks(worker_db, OpaqueIds(keyring), lease_s=30.0) for _ in range(2)]
    people = [f"155501{index:05}" for index in range(400)]

    def batch(prefix: str, senders: list[str]) -> bytes:
        return body(change(meta, messages=[text(f"wamid.{prefix}{who}", sender=who) for who in senders]))

    await receiver.take_in(batch("E", people))
    await receiver.take_in(batch("F", people[::-1]))
    claimed = [await rival.sweep(1) for rival in rivals]
    # Both are held at the same place, so that they meet: a deadlock would be raised here.
    async with admin.transaction():
        await admin.execute("LOCK TABLE contact_identities IN SHARE MODE")
        working = [asyncio.create_task(rival.process(jobs)) for rival, jobs in zip(rivals, claimed, strict=True)]
        await until(
            lambda: admin.fetchval(
                "SELECT count(*) = 2 FROM pg_locks WHERE NOT granted AND relation = 'contact_identities'::regclass"
            )
        )
    await asyncio.gather(*working)
    stored = await world.inbound(number)
    assert len(stored) == 800
    assert len({row["contact_id"] for row in stored}) == len({row["conversation_id"] for row in stored}) == 400


async def test_a_person_without_a_phone_number_is_known_by_the_business_scoped_id(receiver, world) -> None:
    number, meta = await world.number()
    contact = {"profile": {"name": "Cy", "username": "@cy"}, "user_id": "US.3333", "parent_user_id": "US.ENT.3"}
    first = text("wamid.G")
    del first["from"]
    first["from_user_id"] = "US.3333"
    later = text("wamid.H", sender="15550144", from_user_id="US.3333")
    await receiver.receive(
        body(change(meta, messages=[first], contacts=[contact])),
        body(change(meta, messages=[later], contacts=[{**contact, "wa_id": "15550144"}])),
        body(change(meta, messages=[text("wamid.I", sender="15550144")])),
    )
    stored = await world.inbound(number)
    assert len({row["contact_id"] for row in stored}) == 1
    assert len(stored) == 3


async def test_whoever_was_written_to_by_phone_number_is_the_same_person_when_they_answer(receiver, world) -> None:
    number, meta = await world.number()
    known = await world.sent_message(number)
    contact = (await world.message(known))["contact_id"]
    await world.admin.execute("INSERT INTO contacts (workspace_id, id) VALUES ($1, $2)", world.workspace, contact)
    await world.admin.execute(
        "INSERT INTO contact_identities (workspace_id, kind, value, contact_id, source)"
        " VALUES ($1, 'phone', '15550145', $2, 'api')",
        world.workspace,
        contact,
    )
    await receiver.receive(body(change(meta, messages=[text("wamid.J", sender="15550145")])))
    (stored,) = await world.inbound(number)
    assert stored["contact_id"] == contact


async def test_a_person_who_changes_their_name_is_renamed(receiver, world) -> None:
    number, meta = await world.number()
    for index, name in enumerate(("Di", None, "Diana")):
        contact = {"wa_id": "15550146", **({"profile": {"name": name}} if name else {})}
        await receiver.receive(
            body(change(meta, messages=[text(f"wamid.K{index}", sender="15550146")], contacts=[contact]))
        )
    (stored, *_) = await world.inbound(number)
    assert await world.admin.fetchval("SELECT name FROM contacts WHERE id = $1", stored["contact_id"]) == "Diana"


async def test_the_window_follows_metas_time_whatever_the_order_and_never_the_future(receiver, world) -> None:
    number, meta = await world.number()

    async def window() -> float:
        found = await world.admin.fetchval(
            "SELECT last_inbound_at FROM conversations WHERE phone_number_id = $1", number
        )
        return found.timestamp()

    await receiver.receive(
        body(change(meta, messages=[text("wamid.L1", at=60)])), body(change(meta, messages=[text("wamid.L0", at=0)]))
    )
    assert await window() == NOON + 60
    system = {"from": "15550142", "id": "wamid.L2", "timestamp": str(NOON + 90), "type": "system", "system": {}}
    await receiver.receive(body(change(meta, messages=[system])))
    assert await window() == NOON + 60
    await receiver.receive(body(change(meta, messages=[text("wamid.L3", at=10 * 365 * 86_400)])))
    arrived = await world.admin.fetchval("SELECT max(received_at) FROM webhook_inbox")
    assert await window() == pytest.approx(arrived.timestamp())


async def test_what_jsonb_refuses_is_replaced_and_the_raw_body_keeps_it(receiver, world) -> None:
    number, meta = await world.number()
    raw = body(change(meta, messages=[text("wamid.M", body="nul MARK lone")]))
    raw = raw.replace(b"MARK", b"\\u0000 \\ud83d \\ud83d\\ude00")
    (inbox_id,) = await receiver.receive(raw)
    (stored,) = await world.inbound(number)
    assert json.loads(stored["content"]) == {"body": "nul � � 😀 lone"}
    assert await world.admin.fetchval("SELECT body FROM webhook_inbox WHERE id = $1", inbox_id) == raw


async def test_messages_and_statuses_of_two_workspaces_share_a_body(receiver, world, admin, keyring) -> None:
    other = await type(world)(admin, world.opaque_ids).create()
    (one, meta_one), (two, meta_two) = await world.number(), await other.number()
    sent = await other.sent_message(two, wamid="wamid.N")
    await receiver.receive(
        body(change(meta_one, messages=[text("wamid.O")]), change(meta_two, statuses=[status("wamid.N", "delivered")]))
    )
    assert [row["workspace_id"] for row in await world.inbound(one)] == [world.workspace]
    assert await other.event_types(sent) == ["message.delivered"]

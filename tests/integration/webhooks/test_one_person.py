"""People who go by several names are one contact, whatever the order in which their names are met."""

import asyncio
import json
from itertools import permutations
from uuid import UUID

import pytest

from server.services.webhooks import Webhooks
from server.whatsapp.opaque_id import OpaqueIds
from tests.integration.webhooks.conftest import Receiver, World
from tests.integration.webhooks.payloads import NOON, body, change, text

PHONE, OTHER_PHONE, USER_ID = "15550142", "15550147", "US.1111"


def by_phone(wamid: str, *, at: int = 0, phone: str = PHONE, body: str = "hello") -> dict:
    return text(wamid, sender=phone, at=at, body=body)


def by_user_id(wamid: str, *, at: int = 0) -> dict:
    message = text(wamid, at=at, from_user_id=USER_ID)
    del message["from"]
    return message


def by_both(wamid: str, *, at: int = 0) -> dict:
    return text(wamid, sender=PHONE, at=at, from_user_id=USER_ID)


def moved(wamid: str, *, at: int = 0) -> dict:
    told = {"body": "Ada changed", "wa_id": OTHER_PHONE, "type": "user_changed_number"}
    return {"from": PHONE, "id": wamid, "timestamp": str(NOON + at), "type": "system", "system": told}


async def merge_all(world: World, webhooks: Webhooks) -> None:
    """Both passes of everything, as if the time between them had gone by."""
    while await world.admin.fetchval("SELECT count(*) FROM contact_merges"):
        await world.admin.execute("UPDATE contact_merges SET due_at = now()")
        assert await webhooks.merge_contacts() == 1


async def people(world: World) -> set[UUID]:
    """Contacts that are no signposts."""
    rows = await world.admin.fetch(
        "SELECT id FROM contacts WHERE workspace_id = $1 AND merged_into IS NULL", world.workspace
    )
    return {row["id"] for row in rows}


async def told(world: World, kind: str) -> list[dict]:
    rows = await world.admin.fetch(
        "SELECT data FROM events WHERE workspace_id = $1 AND type = $2 ORDER BY id", world.workspace, kind
    )
    return [json.loads(row["data"]) for row in rows]


@pytest.fixture
async def clean(world: World) -> World:
    await world.admin.execute("DELETE FROM contact_merges")
    return world


@pytest.mark.proves("G4", "G10")
@pytest.mark.parametrize("order", list(permutations(range(3))), ids=lambda order: "".join(map(str, order)))
async def test_two_contacts_that_turn_out_to_be_one_become_one(receiver: Receiver, clean, webhooks, order) -> None:
    number, meta = await clean.number()
    messages = [by_phone("wamid.1"), by_user_id("wamid.2", at=1), by_both("wamid.3", at=2)]
    await receiver.receive(*(body(change(meta, messages=[messages[index]])) for index in order))
    await merge_all(clean, webhooks)
    (kept,) = await people(clean)
    stored = await clean.inbound(number)
    assert {row["contact_id"] for row in stored} == {kept}
    assert len({row["conversation_id"] for row in stored}) == 1
    (conversation,) = await clean.admin.fetch("SELECT * FROM conversations WHERE workspace_id = $1", clean.workspace)
    assert (conversation["contact_id"], conversation["last_inbound_at"].timestamp()) == (kept, NOON + 2)
    names = await clean.admin.fetch("SELECT * FROM contact_identities WHERE workspace_id = $1", clean.workspace)
    assert {(row["kind"], row["value"]) for row in names} == {("wa_id", PHONE), ("phone", PHONE), ("bsuid", USER_ID)}
    assert {row["contact_id"] for row in names} == {kept}
    given_up = 1 if order.index(2) == 2 else 0
    assert len(await told(clean, "contact.merged")) == given_up


async def test_everything_of_a_contact_moves_with_them(receiver: Receiver, clean, webhooks) -> None:
    (_, meta_one), (other, meta_other) = await clean.number(), await clean.number()
    await receiver.receive(body(change(meta_one, messages=[by_phone("wamid.1")])))
    await receiver.receive(
        body(change(meta_one, messages=[by_user_id("wamid.2")]), change(meta_other, messages=[by_user_id("wamid.3")]))
    )
    second = (await clean.inbound(other))[0]
    waiting = await clean.sent_message(other, state="queued")
    for table, key in (("messages", "id"), ("outbox", "message_id")):
        await clean.admin.execute(f"UPDATE {table} SET contact_id = $2 WHERE {key} = $1", waiting, second["contact_id"])
    await clean.admin.execute(
        "UPDATE messages SET conversation_id = $2 WHERE id = $1", waiting, second["conversation_id"]
    )
    await receiver.receive(body(change(meta_one, messages=[by_both("wamid.4")])))
    assert await webhooks.merge_contacts() == 1
    assert await webhooks.merge_contacts() == 0, "the last pass waits"
    # Who began before the merge still writes for the contact that was given up.
    late = await clean.sent_message(other, state="queued")
    await clean.admin.execute(
        "UPDATE messages SET contact_id = $2, conversation_id = $3 WHERE id = $1",
        late,
        second["contact_id"],
        second["conversation_id"],
    )
    await clean.admin.execute("UPDATE outbox SET contact_id = $2 WHERE message_id = $1", late, second["contact_id"])
    await merge_all(clean, webhooks)
    (kept,) = await people(clean)
    for table in ("messages", "outbox", "conversations", "contact_identities"):
        query = f"SELECT DISTINCT contact_id FROM {table} WHERE workspace_id = $1"
        assert [row["contact_id"] for row in await clean.admin.fetch(query, clean.workspace)] == [kept], table
    stored = await clean.admin.fetch("SELECT * FROM messages WHERE workspace_id = $1", clean.workspace)
    assert len(stored) == 6
    rows = await clean.admin.fetch("SELECT * FROM conversations WHERE workspace_id = $1", clean.workspace)
    assert {row["conversation_id"]: row["phone_number_id"] for row in stored} == {
        row["id"]: row["phone_number_id"] for row in rows
    }


@pytest.mark.proves("G4")
@pytest.mark.parametrize("together", [False, True], ids=["one by one", "together"])
@pytest.mark.parametrize("order", list(permutations(range(3))), ids=lambda order: "".join(map(str, order)))
async def test_who_changes_number_stays_who_they_are(receiver, clean, webhooks, order, together: bool) -> None:
    number, meta = await clean.number()
    messages = [by_phone("wamid.1"), moved("wamid.3", at=10), by_phone("wamid.2", at=20, phone=OTHER_PHONE)]
    bodies = [body(change(meta, messages=[messages[index]])) for index in order]
    if together:
        await receiver.take_in(*bodies)
        await receiver.apply()
    else:
        await receiver.receive(*bodies)
    await merge_all(clean, webhooks)
    (kept,) = await people(clean)
    assert {row["contact_id"] for row in await clean.inbound(number)} == {kept}
    names = await clean.admin.fetch(
        "SELECT kind, value FROM contact_identities WHERE workspace_id = $1 ORDER BY kind", clean.workspace
    )
    assert [tuple(row) for row in names] == [("phone", OTHER_PHONE), ("wa_id", OTHER_PHONE)]
    (news,) = await told(clean, "contact.names_changed")
    assert (news["previous_wa_id"], news["contact"]["wa_id"]) == (PHONE, OTHER_PHONE)
    # Whoever gets the old number is somebody else.
    await receiver.receive(body(change(meta, messages=[by_phone("wamid.4", at=90)])))
    assert len(await people(clean)) == 2


async def test_merging_while_the_same_people_write_loses_nothing(receiver, clean, worker_db, keyring) -> None:
    number, meta = await clean.number()
    workers = [Webhooks(worker_db, OpaqueIds(keyring), lease_s=30.0) for _ in range(3)]
    senders = []
    for person in range(8):
        phone, user_id = f"1555012{person:04}", f"US.99{person}"
        for index in range(6):
            message = text(f"wamid.{person}.{index}", sender=phone, at=index)
            if index % 3 != 0:
                message["from_user_id"] = user_id
            if index % 3 == 1:
                del message["from"]
            senders.append(body(change(meta, messages=[message])))
    await receiver.take_in(*senders)

    async def work(worker: Webhooks) -> None:
        while jobs := await worker.sweep(5):
            await worker.process(jobs)
            await worker.merge_contacts()

    await asyncio.gather(*map(work, workers))
    await receiver.apply()
    await merge_all(clean, workers[0])
    stored = await clean.inbound(number)
    assert len(stored) == 48
    assert await clean.jobs() == 0
    assert len(await people(clean)) == 8
    assert len({row["contact_id"] for row in stored}) == 8
    assert len({row["conversation_id"] for row in stored}) == 8
    assert len(await told(clean, "message.received")) == 48

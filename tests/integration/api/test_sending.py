"""Routes around sending, over a socket: batches, cancelling, explaining, and lists by state."""

from datetime import UTC, datetime, timedelta
from typing import Any
from uuid import UUID

import pytest

from server.core.ids import new_id
from server.domain.enums import MessageState
from server.domain.gates import GATES
from server.domain.lifecycle import FACTS_FIRST
from simulator.state import Person
from tests.integration.conftest import META_TOKEN, NUMBER_IDS, WABA_ID
from tests.integration.seed import Workspace

BATCH = "/v1/messages/batch"


@pytest.fixture
async def shop(tenant, admin) -> Workspace:
    """The tenant's workspace, for seeding."""
    return await Workspace(admin, id=tenant.workspace_id).add_key_and_account()


@pytest.fixture
async def number(shop) -> UUID:
    return await shop.number()


@pytest.fixture
async def phone(shop, number) -> str:
    """Somebody who wrote to the number, and nobody else."""
    phone = f"1555{number.int % 10**10:010}"
    await shop.person(number, phone)
    return f"+{phone}"


def text(number: object, to: str, **fields: Any) -> dict[str, Any]:
    return {"from": str(number), "to": to, "type": "text", "text": {"body": "Good morning"}, **fields}


async def test_a_batch_is_judged_one_by_one(tenant, shop, number, phone, admin) -> None:
    stranger = text(number, "+15550199")
    broken = {**text(number, phone), "text": {"body": ""}}
    typeless = {"from": str(number), "to": phone}
    messages = [text(number, phone), stranger, broken, typeless, text(number, phone, client_reference="last")]
    answer = await tenant.client.post(BATCH, json={"messages": messages})
    assert answer.status == 202
    assert (answer.body["accepted"], answer.body["refused"]) == (2, 3)
    first, closed, blank, without, last = answer.body["results"]
    assert (first["state"], last["client_reference"]) == ("queued", "last")
    assert (closed["code"], blank["code"], without["code"]) == ("window_closed", "invalid_request", "invalid_request")
    assert [(entry["path"], entry["code"]) for entry in blank["errors"]] == [("messages.2.text.body", "blank_text")]
    assert [(entry["path"], entry["code"]) for entry in without["errors"]] == [("messages.3.type", "required")]
    kept = await admin.fetchval("SELECT count(*) FROM messages WHERE phone_number_id = $1", number)
    assert kept == 2


@pytest.mark.proves("G17")
async def test_a_repeated_batch_has_one_effect(tenant, shop, number, phone, admin) -> None:
    headers = {"Idempotency-Key": str(new_id())}
    body = {"messages": [text(number, phone), {**text(number, phone), "x": 1}, text(number, phone)]}
    first, again = [await tenant.client.post(BATCH, json=body, headers=headers) for _ in range(2)]
    assert first.body == again.body
    assert again.headers["Idempotency-Replayed"] == "true"
    assert await admin.fetchval("SELECT count(*) FROM messages WHERE phone_number_id = $1", number) == 2
    # The key of a batch is not that of a single message.
    single = await tenant.client.post("/v1/messages", json=text(number, phone), headers=headers)
    assert single.status == 202
    other = await tenant.client.post(BATCH, json={"messages": [text(number, phone)]}, headers=headers)
    assert other.code == "idempotency_conflict"


@pytest.mark.parametrize(("count", "code"), [(0, "too_few_items"), (1001, "too_many_items")])
async def test_a_batch_has_one_to_a_thousand_messages(tenant, shop, number, phone, count: int, code: str) -> None:
    answer = await tenant.client.post(BATCH, json={"messages": [text(number, phone)] * count})
    assert (answer.status, answer.fields) == (422, {"messages": code})


async def test_a_thousand_messages_go_at_once(tenant, shop, number, phone, admin) -> None:
    answer = await tenant.client.post(BATCH, json={"messages": [text(number, phone)] * 1000})
    assert (answer.body["accepted"], answer.body["refused"]) == (1000, 0)
    assert await admin.fetchval("SELECT count(*) FROM outbox WHERE phone_number_id = $1", number) == 1000


@pytest.mark.proves("G18")
async def test_a_message_is_called_back(tenant, shop, number, phone, admin) -> None:
    sent = await tenant.client.post("/v1/messages", json=text(number, phone))
    path = f"/v1/messages/{sent.body['id']}/cancel"
    answer = await tenant.client.post(path)
    assert (answer.status, answer.body["state"]) == (200, "cancelled")
    assert (await tenant.client.post(path)).body == answer.body
    await admin.execute("UPDATE messages SET cancelled_at = NULL, sent_at = now() WHERE id = $1", UUID(sent.body["id"]))
    assert (await tenant.client.post(path)).code == "not_cancellable"


@pytest.mark.proves("G19", "S1")
async def test_only_its_own_workspace_can_call_it_back(tenant, other_tenant, shop, number, phone) -> None:
    sent = await tenant.client.post("/v1/messages", json=text(number, phone))
    path = f"/v1/messages/{sent.body['id']}/cancel"
    assert (await other_tenant.client.post(path)).code == "not_found"
    assert (await tenant.client.get(f"/v1/messages/{sent.body['id']}")).body["state"] == "queued"


async def test_a_message_is_explained_and_not_sent(tenant, shop, number, phone, admin) -> None:
    for _ in range(3):
        await tenant.client.post("/v1/messages", json=text(number, phone))
    answer = await tenant.client.post("/v1/messages/explain", json=text(number, phone))
    assert (answer.status, answer.body["would_accept"], answer.body["ahead"]) == (200, True, 3)
    assert [gate["passed"] for gate in answer.body["gates"]] == [True] * len(GATES)
    start = datetime.fromisoformat(answer.body["expected_start_at"])
    assert timedelta(0) <= start - datetime.now(UTC) + timedelta(seconds=5) <= timedelta(seconds=10)
    assert await admin.fetchval("SELECT count(*) FROM messages WHERE phone_number_id = $1", number) == 3


async def test_why_a_message_would_not_go(tenant, shop, number) -> None:
    answer = await tenant.client.post("/v1/messages/explain", json=text(number, "+15550199"))
    assert (answer.body["would_accept"], answer.body["expected_start_at"]) == (False, None)
    [refusal] = [gate for gate in answer.body["gates"] if not gate["passed"]]
    assert (refusal["gate"], refusal["code"], refusal["waits"]) == ("window_open", "window_closed", False)
    assert "template" in refusal["mend"]
    unknown = await tenant.client.post("/v1/messages/explain", json=text("999", "+15550199"))
    assert [gate["code"] for gate in unknown.body["gates"]] == ["unknown_number"]


async def test_a_paused_number_is_explained_as_a_wait(tenant, shop) -> None:
    number = await shop.number(paused="we move")
    await shop.person(number, "15550102")
    answer = await tenant.client.post("/v1/messages/explain", json=text(number, "+15550102"))
    assert (answer.body["would_accept"], answer.body["expected_start_at"]) == (True, None)
    assert [gate["waits"] for gate in answer.body["gates"] if not gate["passed"]] == [True]


async def test_the_list_by_state_agrees_with_the_state_shown(tenant, shop, number, phone, admin) -> None:
    """Every fact alone and beside the next, with and without each dispatch state."""
    facts = [fact for fact, _ in FACTS_FIRST] + ["cancelled_at", "expired_at"]
    wanted = [(None, "held"), (None, "unknown"), (None, "sending"), (None, "scheduled"), (None, "queued")]
    wanted += [(fact, state) for fact in facts for state in (None, "queued")]
    for fact, state in wanted:
        sent = await tenant.client.post("/v1/messages", json=text(number, phone))
        message = UUID(sent.body["id"])
        if fact is not None:
            await admin.execute(f"UPDATE messages SET {fact} = now() WHERE id = $1", message)
        if state is None:
            await admin.execute("DELETE FROM outbox WHERE message_id = $1", message)
        else:
            await admin.execute("UPDATE outbox SET state = $2 WHERE message_id = $1", message, state)
    listed: list[str] = []
    for state in MessageState:
        page = await tenant.client.get("/v1/messages", params={"from": str(number), "state": state, "limit": 100})
        assert {message["state"] for message in page.body["data"]} <= {state}
        listed += [message["id"] for message in page.body["data"]]
    assert len(listed) == len(set(listed)) == len(wanted)
    # A fact beside a dispatch state breaks no invariant of this test's making: the seeded rows go again.
    await admin.execute("DELETE FROM outbox WHERE phone_number_id = $1", number)


async def test_lists_by_time_type_and_person(tenant, shop, number, phone) -> None:
    sent = await tenant.client.post("/v1/messages", json=text(number, phone))
    contact, at = sent.body["contact_id"], datetime.fromisoformat(sent.body["created_at"])

    async def ids(**filters: str) -> list[str]:
        page = await tenant.client.get("/v1/messages", params={"from": str(number), **filters})
        return [message["id"] for message in page.body["data"]]

    before, after = (at - timedelta(seconds=1)).isoformat(), (at + timedelta(seconds=1)).isoformat()
    assert await ids(after=before, before=after, type="text", contact_id=contact) == [sent.body["id"]]
    assert await ids(after=after) == await ids(before=before) == await ids(type="image") == []
    assert await ids(contact_id=str(new_id())) == []
    wrong = await tenant.client.get("/v1/messages", params={"state": "asleep", "after": "yesterday"})
    assert wrong.fields == {"state": "not_one_of", "after": "invalid_time"}


async def test_a_received_message_is_marked_as_read(tenant, services, meta, admin) -> None:
    connected = await services.phone_numbers.connect(
        tenant.workspace_id, phone_number_id=NUMBER_IDS[2], access_token=META_TOKEN, waba_id=WABA_ID
    )
    person = Person("15550177", "Ada")
    meta.world.store.put(person)
    wrote = meta.world.phones.write(person, meta.world.store.numbers[NUMBER_IDS[2]], "Are you there?")
    shop = Workspace(admin, id=tenant.workspace_id)
    contact, conversation = await shop.person(connected.id, person.id)
    message = await shop.inbound(connected.id, contact, conversation, wamid=wrote.wamid)
    path = f"/v1/messages/{message}/read"
    assert (await tenant.client.post(path)).status == 204
    thread = meta.world.conversations.thread(person.id, NUMBER_IDS[2])
    assert "read" in wrote.ticks
    assert thread.typing_until == 0
    assert (await tenant.client.post(path, json={"typing": True})).status == 204
    assert thread.typing_until > 0
    unknown = await shop.inbound(connected.id, contact, conversation)
    refused = await tenant.client.post(f"/v1/messages/{unknown}/read")
    assert (refused.status, refused.code) == (422, "receipt_refused")


async def test_what_we_sent_cannot_be_marked_as_read(tenant, other_tenant, shop, number, phone) -> None:
    sent = await tenant.client.post("/v1/messages", json=text(number, phone))
    path = f"/v1/messages/{sent.body['id']}/read"
    assert (await tenant.client.post(path)).code == "not_received"
    assert (await other_tenant.client.post(path)).code == "not_found"

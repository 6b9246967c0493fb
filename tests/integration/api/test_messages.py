"""Routes of messages and conversations, over a socket."""

import asyncio
from typing import Any
from uuid import UUID

import asyncpg
import pytest

from server.core.ids import new_id
from server.domain.enums import Scope
from tests.integration.seed import Workspace


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


def body(number: object, to: str, **fields: Any) -> dict[str, Any]:
    return {"from": str(number), "to": to, "type": "text", "text": {"body": "Good morning"}, **fields}


@pytest.mark.proves("G6")
async def test_a_message_is_taken_and_can_be_seen(tenant, shop, number, phone) -> None:
    answer = await tenant.client.post("/v1/messages", json=body(number, phone, client_reference="order-1"))
    assert answer.status == 202
    assert answer.headers["Location"] == f"/v1/messages/{answer.body['id']}"
    assert "Idempotency-Replayed" not in answer.headers
    assert answer.headers["Content-Type"] == "application/json"
    assert (answer.body["state"], answer.body["from"], answer.body["to"]) == ("queued", str(number), phone)
    assert (answer.body["client_reference"], answer.body["created_at"][-1]) == ("order-1", "Z")
    seen = await tenant.client.get(answer.headers["Location"])
    assert seen.status == 200
    assert {name: seen.body[name] for name in answer.body} == answer.body
    assert seen.body["content"] == {"body": "Good morning", "preview_url": False}
    assert seen.body["times"]["accepted_at"] is None
    timeline = await tenant.client.get(answer.headers["Location"] + "/timeline")
    assert [entry["kind"] for entry in timeline.body["data"]] == ["request", "wait"]


@pytest.mark.proves("G17")
async def test_rivals_with_one_key_get_the_same_bytes(tenant, shop, number, phone, admin) -> None:
    headers = {"Idempotency-Key": str(new_id())}
    answers = await asyncio.gather(
        *(tenant.client.post("/v1/messages", json=body(number, phone), headers=headers) for _ in range(20))
    )
    assert {answer.status for answer in answers} == {202}
    assert len({answer.raw for answer in answers}) == 1
    assert [answer.headers.get("Idempotency-Replayed") for answer in answers].count("true") == 19
    assert await admin.fetchval("SELECT count(*) FROM messages WHERE phone_number_id = $1", number) == 1


@pytest.mark.proves("G17")
async def test_another_request_with_the_key_is_refused(tenant, shop, number, phone) -> None:
    headers = {"Idempotency-Key": str(new_id())}
    assert (await tenant.client.post("/v1/messages", json=body(number, phone), headers=headers)).status == 202
    other = body(number, phone, text={"body": "Good evening"})
    answer = await tenant.client.post("/v1/messages", json=other, headers=headers)
    assert (answer.status, answer.code) == (422, "idempotency_conflict")


async def test_a_rival_that_still_runs_is_told_of_with_retry_after(tenant, shop, number, phone, urls) -> None:
    headers = {"Idempotency-Key": str(new_id())}
    rival = await asyncpg.connect(urls.admin)
    held = rival.transaction()
    await held.start()
    await rival.execute(
        """INSERT INTO idempotency_keys (workspace_id, endpoint, key, request_hash, status, response)
           VALUES ($1, 'POST /v1/messages', $2, 'x', 202, '[]')""",
        tenant.workspace_id,
        headers["Idempotency-Key"],
    )
    answer = await tenant.client.post("/v1/messages", json=body(number, phone), headers=headers)
    await held.rollback()
    await rival.close()
    assert (answer.status, answer.code, answer.headers["Retry-After"]) == (409, "idempotency_in_progress", "1")


@pytest.mark.parametrize("key", ["", "x" * 256, "é", "tab\there"])
async def test_a_bad_key_is_refused(tenant, shop, number, phone, key) -> None:
    answer = await tenant.client.post("/v1/messages", json=body(number, phone), headers={"Idempotency-Key": key})
    assert (answer.status, answer.code) == (422, "invalid_idempotency_key")


async def test_the_longest_key_is_taken(tenant, shop, number, phone) -> None:
    headers = {"Idempotency-Key": "~" * 255}
    assert (await tenant.client.post("/v1/messages", json=body(number, phone), headers=headers)).status == 202


async def test_refusals_have_their_codes(tenant, shop, number, phone) -> None:
    unknown = await tenant.client.post("/v1/messages", json=body("15550199", phone))
    assert (unknown.status, unknown.code) == (422, "unknown_number")
    closed = await tenant.client.post("/v1/messages", json=body(number, "+15550188"))
    assert (closed.status, closed.code) == (422, "window_closed")
    invalid = await tenant.client.post("/v1/messages", json=body(number, "nobody", id="x", text={"body": " "}))
    assert invalid.code == "invalid_request"
    assert invalid.fields == {"to": "invalid_recipient", "id": "unknown_field", "text.body": "blank_text"}


async def test_lists_are_walked_by_their_cursors(tenant, shop, number, phone) -> None:
    sent = [(await tenant.client.post("/v1/messages", json=body(number, phone))).body["id"] for _ in range(3)]
    query = {"from": str(number), "limit": "2"}
    first = await tenant.client.get("/v1/messages", params=query)
    second = await tenant.client.get("/v1/messages", params={**query, "cursor": first.body["next"]})
    assert [message["id"] for message in [*first.body["data"], *second.body["data"]]] == sent[::-1]
    assert second.body["next"] is None
    conversation = first.body["data"][0]["conversation_id"]
    listed = await tenant.client.get(f"/v1/conversations/{conversation}/messages")
    assert [message["id"] for message in listed.body["data"]] == sent[::-1]
    shown = await tenant.client.get(f"/v1/conversations/{conversation}")
    assert shown.body["window"]["open"] is True
    assert shown.body["last_message"]["preview"] == "Good morning"
    newest = await tenant.client.get("/v1/conversations", params={"limit": "1"})
    assert newest.body["data"] == [shown.body]


@pytest.mark.parametrize("path", ["/v1/messages", "/v1/conversations", "/v1/conversations/{id}/messages"])
async def test_bad_pages_are_refused(tenant, shop, number, phone, path) -> None:
    sent = await tenant.client.post("/v1/messages", json=body(number, phone))
    path = path.format(id=sent.body["conversation_id"])
    assert (await tenant.client.get(path, params={"cursor": "garbage"})).code == "invalid_cursor"
    assert (await tenant.client.get(path, params={"cursor": "\x00"})).code == "invalid_cursor"
    for limit in ("0", "101", "x"):
        assert list((await tenant.client.get(path, params={"limit": limit})).fields) == ["limit"]


async def test_a_filter_takes_no_nul(tenant) -> None:
    answer = await tenant.client.get("/v1/messages", params={"client_reference": "a\x00"})
    assert answer.fields == {"client_reference": "nul_character"}


@pytest.mark.proves("G19", "S1")
async def test_what_belongs_to_another_workspace_looks_like_what_does_not_exist(
    tenant, other_tenant, shop, number, phone
) -> None:
    sent = (await tenant.client.post("/v1/messages", json=body(number, phone))).body
    stranger = other_tenant.client
    paths = {
        "/v1/messages/{}": sent["id"],
        "/v1/messages/{}/timeline": sent["id"],
        "/v1/conversations/{}": sent["conversation_id"],
        "/v1/conversations/{}/messages": sent["conversation_id"],
    }
    for path, identifier in paths.items():
        foreign, random = await stranger.get(path.format(identifier)), await stranger.get(path.format(new_id()))
        assert (foreign.status, foreign.code) == (404, "not_found")
        assert {**foreign.body, "trace_id": None} == {**random.body, "trace_id": None}
    for query in ({}, {"from": str(number)}, {"conversation_id": sent["conversation_id"]}):
        assert (await stranger.get("/v1/messages", params=query)).body == {"data": [], "next": None}
    assert (await stranger.get("/v1/conversations")).body == {"data": [], "next": None}
    foreign, random = [await stranger.post("/v1/messages", json=body(sender, phone)) for sender in (number, new_id())]
    assert (foreign.status, foreign.code) == (422, "unknown_number")
    assert {**foreign.body, "trace_id": None} == {**random.body, "trace_id": None}


@pytest.mark.proves("S2")
async def test_scopes_are_asked_for(api, services, tenant, shop, number, phone) -> None:
    reader = await services.api_keys.create(tenant.workspace_id, name="r", scopes=frozenset({Scope.MESSAGES_READ}))
    writer = await services.api_keys.create(tenant.workspace_id, name="w", scopes=frozenset({Scope.MESSAGES_WRITE}))
    assert (await api.with_key(reader.token).post("/v1/messages", json=body(number, phone))).code == "missing_scope"
    for path in ("/v1/messages", "/v1/conversations", f"/v1/messages/{new_id()}", f"/v1/conversations/{new_id()}"):
        assert (await api.with_key(writer.token).get(path)).code == "missing_scope"


async def test_every_operation_is_in_the_document(api) -> None:
    document = (await api.get("/openapi.json")).body
    operations = {
        operation["operationId"]: operation
        for methods in document["paths"].values()
        for operation in methods.values()
        if operation["tags"][0] in ("messages", "conversations")
    }
    assert set(operations) >= {
        "sendMessage",
        "listMessages",
        "getMessage",
        "getMessageTimeline",
        "listConversations",
        "getConversation",
        "listConversationMessages",
    }
    send = operations["sendMessage"]
    assert {"202", "409", "422", "401", "403"} <= set(send["responses"])
    assert set(send["responses"]["202"]["headers"]) >= {"Location", "Idempotency-Replayed"}
    conflicts = send["responses"]["422"]["content"]["application/problem+json"]["examples"]
    assert {"window_closed", "unknown_number", "idempotency_conflict", "invalid_request"} <= set(conflicts)
    assert [parameter["name"] for parameter in send["parameters"]] == ["Idempotency-Key"]
    assert send["requestBody"]["content"]["application/json"]["examples"].keys() == {"text", "reply"}

"""POST /v1/messages with bad input of every kind: which field, what is wrong with it, how to mend it."""

from typing import Any

import pytest
import pytest_asyncio

from tests.integration.api.conftest import Answer, Tenant
from tests.integration.conftest import META_TOKEN, NUMBER_IDS

PATH = "/v1/messages"
GOOD: dict[str, Any] = {"from": NUMBER_IDS[0], "to": "+15550101", "type": "text", "text": {"body": "Good morning"}}
NUL = "\x00"

BAD: dict[str, tuple[dict[str, Any], dict[str, str]]] = {
    "no sender": ({"from": ...}, {"from": "required"}),
    "no recipient": ({"to": ...}, {"to": "required"}),
    "no text": ({"text": ...}, {"text": "required"}),
    "nothing in the text": ({"text": {}}, {"text.body": "required"}),
    "an empty body": ({"text": {"body": ""}}, {"text.body": "blank_text"}),
    "only spaces": ({"text": {"body": " \n\t "}}, {"text.body": "blank_text"}),
    "4,097 characters": ({"text": {"body": "x" * 4097}}, {"text.body": "too_long"}),
    "NUL in the body": ({"text": {"body": f"a{NUL}b"}}, {"text.body": "nul_character"}),
    "a body that is a number": ({"text": {"body": 1}}, {"text.body": "wrong_type"}),
    "a body that is null": ({"text": {"body": None}}, {"text.body": "wrong_type"}),
    "a body that is a list": ({"text": {"body": ["a"]}}, {"text.body": "wrong_type"}),
    "text that is a text": ({"text": "Good morning"}, {"text": "wrong_type"}),
    "text that is a list": ({"text": [{"body": "a"}]}, {"text": "wrong_type"}),
    "text that is null": ({"text": None}, {"text": "wrong_type"}),
    "an unknown field": ({"colour": "red"}, {"colour": "unknown_field"}),
    "an unknown field below": ({"text": {"body": "a", "bold": True}}, {"text.bold": "unknown_field"}),
    "a misspelt field": ({"form": "x"}, {"form": "unknown_field"}),
    "__proto__": ({"__proto__": {"admin": True}}, {"__proto__": "unknown_field"}),
    "our own columns": (
        {"workspace_id": "x", "wamid": "y"},
        {"workspace_id": "unknown_field", "wamid": "unknown_field"},
    ),
    "an unknown type": ({"type": "telegram"}, {"type": "not_one_of"}),
    "a type that is null": ({"type": None}, {"type": "not_one_of"}),
    "letters for a number": ({"to": "Ada"}, {"to": "invalid_recipient"}),
    "a national number": ({"to": "0555 0101"}, {"to": "invalid_recipient"}),
    "a number that is too short": ({"to": "+1555"}, {"to": "invalid_recipient"}),
    "a number that is too long": ({"to": "+1555010112345678"}, {"to": "invalid_recipient"}),
    "other digits": ({"to": "+١٥٥٥٠١٠١"}, {"to": "invalid_recipient"}),
    "a number with a tail": ({"to": "+15550101;ext=1"}, {"to": "invalid_recipient"}),
    "two numbers": ({"to": "+15550101,+15550102"}, {"to": "invalid_recipient"}),
    "a recipient that is a list": ({"to": ["+15550101"]}, {"to": "wrong_type"}),
    "a recipient that is a number": ({"to": 15550101}, {"to": "wrong_type"}),
    "an empty recipient": ({"to": ""}, {"to": "too_short"}),
    "a recipient of 10 kB": ({"to": "1" * 10_240}, {"to": "too_long"}),
    "an empty sender": ({"from": ""}, {"from": "too_short"}),
    "a long sender": ({"from": "1" * 65}, {"from": "too_long"}),
    "NUL in the sender": ({"from": f"1{NUL}"}, {"from": "nul_character"}),
    "a sender that is an object": ({"from": {"id": 1}}, {"from": "wrong_type"}),
    "an empty reference": ({"client_reference": ""}, {"client_reference": "too_short"}),
    "a long reference": ({"client_reference": "x" * 256}, {"client_reference": "too_long"}),
    "NUL in the reference": ({"client_reference": NUL}, {"client_reference": "nul_character"}),
    "a long wamid": ({"reply_to": "x" * 513}, {"reply_to": "too_long"}),
    "an unknown policy": ({"on_ambiguous": "guess"}, {"on_ambiguous": "not_one_of"}),
    "a preview that is neither": (
        {"text": {"body": "a", "preview_url": "perhaps"}},
        {"text.preview_url": "wrong_type"},
    ),
    "three at once": (
        {"to": "Ada", "text": {"body": ""}, "x": 1},
        {"to": "invalid_recipient", "text.body": "blank_text", "x": "unknown_field"},
    ),
}


@pytest_asyncio.fixture(scope="module", loop_scope="session")
async def sender(tenant: Tenant) -> Tenant:
    """A tenant with a connected number."""
    wanted = {"phone_number_id": NUMBER_IDS[0], "access_token": META_TOKEN}
    assert (await tenant.client.post("/v1/phone-numbers", json=wanted)).status == 200
    return tenant


def changed(change: dict[str, Any]) -> dict[str, Any]:
    """GOOD with a change; `...` leaves a field out."""
    return {name: value for name, value in {**GOOD, **change}.items() if value is not ...}


@pytest.mark.proves("S4")
@pytest.mark.parametrize("kind", BAD)
async def test_a_bad_message_is_refused_by_field(sender: Tenant, kind: str) -> None:
    change, fields = BAD[kind]
    answer = await sender.client.post(PATH, json=changed(change))
    assert (answer.status, answer.code) == (422, "invalid_request"), answer.raw
    assert answer.fields == fields


REFUSED = {
    "a sender that is nobody's": ({"from": "999"}, "unknown_number"),
    "a sender with a quote": ({"from": "' OR 1=1 --"}, "unknown_number"),
    "a sender that is an emoji": ({"from": "\N{GRINNING FACE}"}, "unknown_number"),
    "somebody who never wrote": ({"to": "+15550199"}, "window_closed"),
}


@pytest.mark.parametrize("kind", REFUSED)
async def test_a_message_that_cannot_go_is_refused(sender: Tenant, kind: str) -> None:
    change, code = REFUSED[kind]
    answer = await sender.client.post(PATH, json=changed(change))
    assert (answer.status, answer.code) == (422, code)


@pytest.mark.parametrize("key", ["", "x" * 256, "a\tb", "ä"])
async def test_a_bad_idempotency_key_is_refused(sender: Tenant, key: str) -> None:
    answer = await sender.client.post(PATH, json=GOOD, headers={"Idempotency-Key": key})
    assert answer.code == "invalid_idempotency_key"


@pytest.mark.proves("S4")
async def test_nothing_that_was_refused_is_kept(sender: Tenant, admin) -> None:  # type: ignore[no-untyped-def]  # asyncpg's
    for table in ("messages", "outbox", "contacts", "conversations", "idempotency_keys"):
        assert await admin.fetchval(f"SELECT count(*) FROM {table}") == 0, table


@pytest.mark.proves("S7", "G21")
async def test_what_was_written_is_not_given_back(sender: Tenant) -> None:
    answer: Answer = await sender.client.post(PATH, json=changed({"to": "what-i-wrote", "text": {"body": ["hush"]}}))
    assert answer.code == "invalid_request"
    assert b"what-i-wrote" not in answer.raw
    assert b"hush" not in answer.raw

"""What a client meets when something is wrong: Meta's codes, statuses, words and headers."""

import re

import pytest

APP, WABA, NUMBER, TOKEN = "100000000000001", "200000000000002", "300000000000003", "EAAtokenOfTheTests0001"
MESSAGES = f"/v26.0/{NUMBER}/messages"


async def test_an_error_has_metas_envelope_and_headers(shared_simulator):
    answer = await shared_simulator.send(to="nobody")
    assert answer.status == 400
    trace = answer.error["fbtrace_id"]
    assert answer.json == {
        "error": {
            "message": "(#131009) Parameter value is not valid",
            "type": "OAuthException",
            "code": 131009,
            "error_data": {
                "messaging_product": "whatsapp",
                "details": "Recipient phone number is not a valid phone number.",
            },
            "fbtrace_id": trace,
        }
    }
    assert re.fullmatch(r"A[A-Za-z0-9_-]{22}", trace)
    wanted = 'OAuth "Facebook Platform" "invalid_request" "(#131009) Parameter value is not valid"'
    assert answer.headers["WWW-Authenticate"] == wanted


async def test_an_error_of_graph_itself_has_no_details(shared_simulator):
    answer = await shared_simulator.send("x" * 4097)
    trace = answer.error["fbtrace_id"]
    message = "(#100) Param text['body'] must be at most 4096 characters long."
    assert answer.error == {"message": message, "type": "OAuthException", "code": 100, "fbtrace_id": trace}


async def test_every_answer_has_metas_headers(shared_simulator):
    for answer in (await shared_simulator.send(), await shared_simulator.send("")):
        headers = answer.headers
        assert headers["Content-Type"] == "application/json; charset=UTF-8"
        assert headers["Facebook-Api-Version"] == "v26.0"
        assert headers["Cache-Control"] == "private, no-cache, no-store, must-revalidate"
        assert headers["X-FB-Trace-ID"]
        assert headers["X-FB-Request-ID"]
        assert f'{{"{WABA}":[{{"type":"whatsapp","call_count":' in headers["X-Business-Use-Case-Usage"]


async def test_no_token(shared_simulator):
    answer = await shared_simulator.graph("POST", MESSAGES, {}, token=None)
    assert (answer.status, answer.error["code"], answer.error["type"]) == (401, 104, "OAuthException")
    assert "error_data" not in answer.error


async def test_a_wrong_token(shared_simulator):
    answer = await shared_simulator.graph("POST", MESSAGES, {}, token="EAAnobodysToken")
    assert (answer.status, answer.error["code"], answer.error["type"]) == (401, 190, "OAuthException")
    assert answer.headers["WWW-Authenticate"].startswith('OAuth "Facebook Platform" "invalid_token" ')
    assert "EAAnobodysToken" not in str(await shared_simulator.ledger())


async def test_the_token_may_be_a_query_parameter(shared_simulator):
    answer = await shared_simulator.graph("GET", f"/v26.0/{NUMBER}?access_token={TOKEN}", token=None)
    assert answer.status == 200


@pytest.mark.parametrize(
    ("method", "path"), [("POST", "/v26.0/399/messages"), ("GET", "/v26.0/399"), ("GET", "/v26.0/399/phone_numbers")]
)
async def test_an_unknown_object(shared_simulator, method, path):
    answer = await shared_simulator.graph(method, path)
    assert (answer.status, answer.error["code"], answer.error["error_subcode"]) == (400, 100, 33)
    assert answer.error["type"] == "GraphMethodException"
    start = f"Unsupported {method.lower()} request. Object with ID '399' does not exist"
    assert answer.error["message"].startswith(start)


async def test_an_object_that_the_token_may_not_see_looks_unknown(shared_simulator):
    await shared_simulator.control("PUT", "wabas/277", {})
    number = {"waba_id": "277", "display_phone_number": "+1 555 010 0077"}
    await shared_simulator.control("PUT", "numbers/377", number)
    answer = await shared_simulator.graph("GET", "/v26.0/377")
    assert (answer.error["code"], answer.error["error_subcode"]) == (100, 33)


async def test_a_method_that_the_object_does_not_support(shared_simulator):
    answer = await shared_simulator.graph("GET", MESSAGES)
    assert (answer.error["code"], answer.error["error_subcode"]) == (100, 33)


@pytest.mark.parametrize(
    "path",
    [f"/v26.0/{NUMBER}/nothing", f"/v99.0/{NUMBER}/messages", f"/v26.0/{NUMBER}/messages/more", "/v26.0", "/"],
)
async def test_an_unknown_path(shared_simulator, path):
    answer = await shared_simulator.graph("POST", path, {})
    assert (answer.status, answer.error["code"]) == (400, 2500)
    assert answer.error["message"].startswith("Unknown path components: /")


async def test_an_expired_version_is_upgraded(shared_simulator):
    answer = await shared_simulator.graph("GET", f"/v19.0/{NUMBER}")
    assert answer.status == 200
    assert answer.headers["Facebook-Api-Version"] == "v21.0"
    assert "auto-upgraded to v21.0 as v19.0" in answer.headers["X-Ad-Api-Version-Warning"]


CODES = [
    ({}, 400, 100),
    ({"messaging_product": "whatsapp", "text": {"body": "x"}}, 400, 100),
    ({"messaging_product": "whatsapp", "to": "+15550100001", "text": {}}, 400, 100),
    ({"messaging_product": "whatsapp", "to": "nobody", "text": {"body": "x"}}, 400, 131009),
    ({"messaging_product": "whatsapp", "to": "+1 555 010 0000", "text": {"body": "x"}}, 400, 131021),
    ({"messaging_product": "whatsapp", "status": "read", "message_id": "wamid.none"}, 400, 131009),
]


@pytest.mark.parametrize(("body", "http", "code"), CODES)
async def test_errors_of_messages(shared_simulator, body, http, code):
    answer = await shared_simulator.graph("POST", MESSAGES, body)
    assert (answer.status, answer.error["code"]) == (http, code)
    trace = answer.error["fbtrace_id"]
    (entry,) = [entry for entry in await shared_simulator.ledger() if entry.get("fbtrace_id") == trace]
    assert (entry["kind"], entry["code"], entry["http"]) == ("refused", code, http)


@pytest.mark.parametrize("body", [b"", b"{", b"\xff\xfe", b"[" * 50_000, b'{"messaging_product":"\\ud800"}'])
async def test_bodies_that_are_no_json_are_refused_not_crashed_on(shared_simulator, body):
    answer = await shared_simulator.graph("POST", MESSAGES, body)
    assert (answer.status, answer.error["code"]) == (400, 100)


async def test_odd_characters_in_a_path_do_not_break_the_headers(shared_simulator):
    answer = await shared_simulator.graph("GET", f"/v26.0/{NUMBER}/%22%0d%0aX-Evil:%201%C3%BC")
    assert answer.error["code"] == 2500
    assert "X-Evil" not in answer.headers

"""What Meta is asked, and a clear answer of it. Over real sockets, as all that is sent."""

import json
from typing import Any

import pytest

from server.whatsapp.access_token import proven
from server.whatsapp.errors import (
    Accepted,
    Ambiguous,
    Down,
    DownReason,
    LimitScope,
    Outcome,
    Rejected,
    Throttled,
)
from tests.integration.whatsapp.local_graph import LocalGraph, answer, says
from tests.integration.whatsapp.sending import TAKEN, TEXT, Clients, envelope, outcome_of, send


async def test_the_request_is_what_meta_documents(clients: Clients) -> None:
    async with LocalGraph(says(answer(TAKEN))) as graph:
        await send(clients(f"{graph.url}/"), body="Grüße 🌍")
        (request,) = graph.requests
    assert request.line == "POST /v26.0/100000000000001/messages HTTP/1.1"
    assert request.headers["authorization"] == f"Bearer {TEXT}"
    assert request.headers["content-type"] == "application/json"
    assert json.loads(request.body)["text"] == {"body": "Grüße 🌍"}
    assert "cookie" not in request.headers


async def test_a_proof_of_the_apps_secret_goes_with_the_token(clients: Clients) -> None:
    token = proven(TEXT, "a-secret")
    async with LocalGraph(says(answer(TAKEN))) as graph:
        await send(clients(graph.url), token=token)
        (request,) = graph.requests
    assert request.line == f"POST /v26.0/100000000000001/messages?appsecret_proof={token.proof} HTTP/1.1"


@pytest.mark.parametrize(
    ("body", "accepted"),
    [
        (TAKEN, Accepted("wamid.dGVzdA==")),
        ({**TAKEN, "contacts": [{"input": "+1", "wa_id": "15550100"}]}, Accepted("wamid.dGVzdA==", "15550100")),
        ({**TAKEN, "contacts": [{"user_id": "US.1"}]}, Accepted("wamid.dGVzdA==")),
        ({**TAKEN, "contacts": []}, Accepted("wamid.dGVzdA==")),
        ({**TAKEN, "contacts": ["?"]}, Accepted("wamid.dGVzdA==")),
        ({"messages": [{"id": "w", "message_status": "held_for_quality_assessment"}]}, Accepted("w", paced=True)),
        ({"messages": [{"id": "w", "message_status": "accepted"}]}, Accepted("w")),
    ],
)
async def test_accepted(clients: Clients, body: dict[str, Any], accepted: Accepted) -> None:
    assert await outcome_of(clients, says(answer(body))) == accepted


async def test_what_the_attempt_keeps_of_an_answer(clients: Clients) -> None:
    async with LocalGraph(says(answer(TAKEN, headers="X-FB-Trace-ID: Abc\r\n"))) as graph:
        tried = await send(clients(graph.url))
    assert (tried.http_status, tried.fbtrace_id) == (200, "Abc")
    assert tried.latency_s is not None


@pytest.mark.parametrize(
    ("status", "body", "kind"),
    [
        ("400 Bad Request", envelope(130429), Throttled),
        ("500 Internal Server Error", envelope(131057), Throttled),
        ("429 Too Many Requests", b"", Throttled),
        ("401 Unauthorized", envelope(190, error_subcode=463), Down),
        ("400 Bad Request", envelope(100, error_subcode=33), Down),
        ("400 Bad Request", envelope(100), Rejected),
        ("400 Bad Request", envelope(131047, error_data={"details": "Re-engagement"}), Rejected),
        ("404 Not Found", envelope(132001, error_data="a plain text"), Rejected),
        ("500 Internal Server Error", envelope(131000), Ambiguous),
        ("503 Service Unavailable", envelope(2, is_transient=True), Ambiguous),
        ("500 Internal Server Error", b"<html>oops</html>", Ambiguous),
        ("502 Bad Gateway", b"", Ambiguous),
        ("504 Gateway Timeout", b"{", Ambiguous),
        ("200 OK", envelope(131000), Ambiguous),
        ("200 OK", {**TAKEN, **envelope(999_999)}, Ambiguous),
        ("400 Bad Request", b"<html>a proxy</html>", Ambiguous),
        ("404 Not Found", {"error": "not Meta"}, Ambiguous),
        ("400 Bad Request", envelope("130429"), Ambiguous),
        ("400 Bad Request", envelope(10**12), Ambiguous),
        ("400 Bad Request", envelope(True), Ambiguous),
        ("407 Proxy Authentication Required", b"", Ambiguous),
    ],
)
async def test_a_refusal(clients: Clients, status: str, body: Any, kind: type[Outcome]) -> None:
    assert isinstance(await outcome_of(clients, says(answer(body, status=status))), kind)


async def test_a_refusal_says_what_and_whom(clients: Clients) -> None:
    throttled = await outcome_of(clients, says(answer(envelope(131056), status="400 Bad Request")))
    assert isinstance(throttled, Throttled)
    assert throttled.scope is LimitScope.PAIR
    down = await outcome_of(clients, says(answer(envelope(190), status="401 Unauthorized")))
    assert isinstance(down, Down)
    assert down.reason is DownReason.TOKEN
    body = envelope(131009, error_subcode=5, error_data={"details": "why"})
    async with LocalGraph(says(answer(body, status="400 Bad Request"))) as graph:
        tried = await send(clients(graph.url))
    assert isinstance(tried.outcome, Rejected)
    error = tried.outcome.error
    assert (error.code, error.subcode, error.details, error.message) == (131009, 5, "why", "(#1) words")
    assert (tried.http_status, tried.fbtrace_id) == (400, "Xyz")


@pytest.mark.proves("S16")
async def test_what_an_answer_says_can_be_stored(clients: Clients) -> None:
    texts = {"message": "a\x00b\ud800", "fbtrace_id": "\x00", "error_data": {"details": "\udfff"}}
    body = envelope(100, error_subcode=2**40, **texts)
    async with LocalGraph(says(answer(body, status="400 Bad Request"))) as graph:
        tried = await send(clients(graph.url))
    assert isinstance(tried.outcome, Rejected)
    error = tried.outcome.error
    assert (error.message, error.details, error.subcode, tried.fbtrace_id) == ("a�b�", "�", None, "�")
    odd = answer({"messages": [{"id": "wamid.\x00"}]}, headers="X-FB-Trace-ID: MARK\r\n").replace(b"MARK", b"\xff")
    async with LocalGraph(says(odd)) as graph:
        tried = await send(clients(graph.url))
    assert (tried.outcome, tried.fbtrace_id) == (Accepted("wamid.�"), "�")


@pytest.mark.proves("G7", "S16")
@pytest.mark.parametrize("status", ["301 Moved", "302 Found", "303 See Other", "307 Temporary", "308 Permanent"])
async def test_a_redirect_is_not_followed(clients: Clients, status: str) -> None:
    async with LocalGraph(says(answer(TAKEN))) as other:
        redirect = answer(b"", status=status, headers=f"Location: {other.url}/v26.0/1/messages\r\n")
        outcome = await outcome_of(clients, says(redirect))
        assert isinstance(outcome, Ambiguous)
        assert other.connections == 0

"""One request to Meta, over real sockets: what came of it is never claimed to be surer than it is."""

import asyncio
import gzip
import json
import math
import socket
import ssl
from collections import Counter
from collections.abc import AsyncIterator, Callable
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import pytest
import pytest_asyncio
from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec

from server.core.clock import boottime
from server.whatsapp import graph as graph_module
from server.whatsapp.access_token import AccessToken, proven
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
from server.whatsapp.graph import GraphClient
from server.whatsapp.http1 import Connection as Way
from server.whatsapp.outbound import OutboundClient, Tried
from server.whatsapp.renderer import Rendered
from tests.integration.whatsapp.local_graph import Behaviour, Connection, LocalGraph, Request, answer, says

TEXT = "canary-token"
TOKEN = AccessToken(TEXT)
TAKEN = {"messaging_product": "whatsapp", "messages": [{"id": "wamid.dGVzdA=="}]}
DEADLINE_S = 30

Clients = Callable[..., OutboundClient]


@pytest_asyncio.fixture
async def clients() -> AsyncIterator[Clients]:
    """Makes clients of a URL."""
    made: list[GraphClient] = []

    def make(url: str, *, timeout_s: float = 20.0, connections: int = 4) -> OutboundClient:
        made.append(GraphClient(url, "v26.0", timeout_s=timeout_s, connections=connections))
        return OutboundClient(made[-1])

    yield make
    for client in made:
        await client.close()


async def send(
    client: OutboundClient,
    opaque_id: str = "t1.test",
    *,
    body: str = "Hi",
    token: AccessToken = TOKEN,
    begin_by: float = math.inf,
) -> Tried:
    payload = {"type": "text", "text": {"body": body}, "biz_opaque_callback_data": opaque_id}
    async with asyncio.timeout(DEADLINE_S):
        tried = await client.send(
            phone_number_id="100000000000001", token=token, request=Rendered("messages", payload), begin_by=begin_by
        )
    assert TEXT not in repr(tried)
    return tried


async def outcome_of(clients: Clients, behave: Behaviour, **options: Any) -> Outcome:
    """What one send comes to at a server that got it whole, once."""
    async with LocalGraph(behave) as graph:
        tried = await send(clients(graph.url, **options))
        assert len(graph.requests) == 1
        return tried.outcome


# ---------------------------------------------------------------- what Meta is asked, and a clear answer


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


def envelope(code: Any, **more: Any) -> dict[str, Any]:
    return {"error": {"message": "(#1) words", "type": "OAuthException", "code": code, "fbtrace_id": "Xyz", **more}}


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


# ---------------------------------------------------------------- not a byte was written


@pytest.mark.proves("G7")
async def test_a_refused_connection(clients: Clients) -> None:
    with socket.socket() as unused:
        unused.bind(("127.0.0.1", 0))
        port = unused.getsockname()[1]
        tried = await send(clients(f"http://127.0.0.1:{port}"))
    assert isinstance(tried.outcome, NotSent)
    assert (tried.http_status, tried.latency_s) == (None, None)


@pytest.mark.proves("G7")
@pytest.mark.parametrize("host", ["no-such-host.invalid", "a" * 64 + ".invalid"])
async def test_a_name_that_is_not_found(clients: Clients, host: str) -> None:
    assert isinstance((await send(clients(f"http://{host}"))).outcome, NotSent)


@pytest.mark.proves("G7")
async def test_a_server_that_does_not_speak_tls(clients: Clients) -> None:
    async def greet(connection: Connection) -> bool:
        await connection.say(b"220 mail.example ready\r\n")
        return False

    async with LocalGraph(closes, greet) as graph:
        tried = await send(clients(graph.url.replace("http:", "https:")))
    assert isinstance(tried.outcome, NotSent)
    assert graph.requests == []


def self_signed(folder: Path) -> ssl.SSLContext:
    key = ec.generate_private_key(ec.SECP256R1())
    name = x509.Name([x509.NameAttribute(x509.NameOID.COMMON_NAME, "127.0.0.1")])
    now = datetime.now(UTC)
    certificate = (
        x509.CertificateBuilder()
        .subject_name(name)
        .issuer_name(name)
        .public_key(key.public_key())
        .serial_number(1)
        .not_valid_before(now - timedelta(days=1))
        .not_valid_after(now + timedelta(days=1))
        .sign(key, hashes.SHA256())
    )
    file = folder / "server.pem"
    file.write_bytes(
        key.private_bytes(serialization.Encoding.PEM, serialization.PrivateFormat.PKCS8, serialization.NoEncryption())
        + certificate.public_bytes(serialization.Encoding.PEM)
    )
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    context.load_cert_chain(file)
    return context


@pytest.mark.proves("G7", "S16")
async def test_a_certificate_that_nobody_vouches_for_gets_no_token(clients: Clients, tmp_path: Path) -> None:
    async with LocalGraph(says(answer(TAKEN)), tls=self_signed(tmp_path)) as graph:
        tried = await send(clients(graph.url))
    assert isinstance(tried.outcome, NotSent)
    assert graph.requests == []


@pytest.mark.proves("G7")
async def test_no_place_in_the_pool(clients: Clients, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(graph_module, "_READY_TIMEOUT_S", 0.2)
    arrived, answers = asyncio.Event(), asyncio.Event()

    async def behave(connection: Connection, _request: Request) -> bool:
        arrived.set()
        await answers.wait()
        await connection.say(answer(TAKEN))
        return True

    async with LocalGraph(behave) as graph:
        client = clients(graph.url, connections=1)
        first = asyncio.create_task(send(client, "first"))
        await arrived.wait()
        assert isinstance((await send(client, "second")).outcome, NotSent)
        answers.set()
        assert isinstance((await first).outcome, Accepted)
        assert [request.opaque_id for request in graph.requests] == ["first"]


# ---------------------------------------------------------------- the grant ran out before the first byte


@dataclass
class Clock:
    """In place of the client's: the time of its n-th look is past every grant, and of those before it is not."""

    late_at: int
    looks: int = 0

    def __call__(self) -> float:
        self.looks += 1
        return 0.0 if self.looks < self.late_at else 1000.0


@pytest.mark.proves("G7", "G13")
@pytest.mark.parametrize(
    ("late_at", "connections"),
    [
        pytest.param(1, 0, id="before anything"),
        pytest.param(2, 1, id="just before the first byte"),
    ],
)
async def test_whenever_the_grant_runs_out_before_the_first_byte_there_is_no_such_byte(
    clients: Clients, monkeypatch: pytest.MonkeyPatch, late_at: int, connections: int
) -> None:
    heard = bytearray()

    async def greet(connection: Connection) -> bool:
        while piece := await connection.reader.read(65_536):
            heard.extend(piece)
        return False

    async with LocalGraph(closes, greet) as graph:
        client = clients(graph.url)
        monkeypatch.setattr(graph_module, "boottime", Clock(late_at))
        tried = await send(client, begin_by=1.0)
        await client._graph.close()  # so that the server has heard all that there was
        assert tried == Tried(Late("its time was up before the first byte"))
        assert graph.connections == connections
    assert heard == b""


@pytest.mark.proves("G7")
async def test_a_send_in_time_looks_at_the_clock_as_often_as_the_last_test_supposes(
    clients: Clients, monkeypatch: pytest.MonkeyPatch
) -> None:
    clock = Clock(late_at=3)
    monkeypatch.setattr(graph_module, "boottime", clock)
    async with LocalGraph(says(WHOLE)) as graph:
        assert isinstance((await send(clients(graph.url), begin_by=1.0)).outcome, Accepted)
    assert clock.looks == 2


@pytest.mark.proves("G8", "G13")
async def test_a_connection_that_came_too_late_serves_the_next_send(clients: Clients) -> None:
    """Else nothing would ever be sent where connecting takes longer than a grant lasts."""
    with socket.socket() as listener:
        listener.bind(("127.0.0.1", 0))
        listener.listen(0)
        port = listener.getsockname()[1]
        # A full backlog: the next connection waits until there is a place, as behind a slow network.
        crowd = [socket.socket() for _ in range(3)]
        for one in crowd:
            one.setblocking(False)
            one.connect_ex(("127.0.0.1", port))
        client = clients(f"http://127.0.0.1:{port}")
        begin_by = boottime() + 0.2
        sending = asyncio.create_task(send(client, "late", begin_by=begin_by))
        while boottime() <= begin_by:
            await asyncio.sleep(0.05)
        assert not sending.done()
        for one in crowd:
            one.close()
        async with LocalGraph(says(WHOLE), listener=listener) as graph:
            assert isinstance((await sending).outcome, Late)
            [connection] = idle(client)
            assert isinstance((await send(client, "next")).outcome, Accepted)
            assert [request.opaque_id for request in graph.requests] == ["next"]
            assert idle(client) == [connection]


@pytest.mark.proves("G13")
async def test_waiting_for_a_place_in_the_pool_can_be_too_long(clients: Clients) -> None:
    arrived, answers = asyncio.Event(), asyncio.Event()

    async def behave(connection: Connection, _request: Request) -> bool:
        arrived.set()
        await answers.wait()
        await connection.say(WHOLE)
        return True

    async with LocalGraph(behave) as graph:
        client = clients(graph.url, connections=1)
        first = asyncio.create_task(send(client, "first"))
        await arrived.wait()
        begin_by = boottime() + 0.1
        second = asyncio.create_task(send(client, "second", begin_by=begin_by))
        while boottime() <= begin_by:
            await asyncio.sleep(0.01)
        answers.set()
        assert isinstance((await first).outcome, Accepted)
        assert isinstance((await second).outcome, Late)
        assert isinstance((await send(client, "third")).outcome, Accepted)
        assert [request.opaque_id for request in graph.requests] == ["first", "third"]
        assert graph.connections == 1


# ---------------------------------------------------------------- written, and no clear answer


async def closes(_connection: Connection, _request: Request) -> bool:
    return False


async def resets(connection: Connection, _request: Request) -> bool:
    connection.reset()
    return False


async def never_answers(connection: Connection, _request: Request) -> bool:
    await connection.client_is_gone()
    return False


async def drips(connection: Connection, _request: Request) -> bool:
    """A byte again and again: no single wait is long, the answer as a whole never ends."""
    await connection.say(b"HTTP/1.1 200 OK\r\nContent-Length: 100000\r\n\r\n")
    while True:
        await connection.say(b" ")
        await asyncio.sleep(0.01)


async def drips_headers(connection: Connection, _request: Request) -> bool:
    await connection.say(b"HTTP/1.1 200 OK\r\nX-Slow: ")
    while True:
        await connection.say(b"x")
        await asyncio.sleep(0.01)


WHOLE = answer(TAKEN)
BROKEN = {
    "closed without a word": closes,
    "reset without a word": resets,
    "closed within the headers": says(WHOLE[:20], keep=False),
    "closed within the body": says(WHOLE[:-5], keep=False),
    "closed before the body": says(answer(b"", length=50), keep=False),
    "closed within a chunk": says(
        b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n40\r\n" + json.dumps(TAKEN).encode()[:20], keep=False
    ),
    "chunks that are none": says(b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\nzz\r\nhello\r\n"),
    "not HTTP": says(b"SSH-2.0-OpenSSH_9.2\r\n", keep=False),
    "no length that can be": says(b"HTTP/1.1 200 OK\r\nContent-Length: -1\r\n\r\n", keep=False),
    "not really compressed": says(answer(b"plain", headers="Content-Encoding: gzip\r\n")),
    "an endless header": says(b"HTTP/1.1 200 OK\r\nX: " + b"x" * 100_000 + b"\r\n\r\n", keep=False),
    "a million headers": says(b"HTTP/1.1 200 OK\r\n" + b"X: x\r\n" * 100_000 + b"\r\n", keep=False),
    "larger than any answer": says(answer(b" " * 3_000_000)),
    "larger when unpacked": says(answer(gzip.compress(b" " * 50_000_000), headers="Content-Encoding: gzip\r\n")),
}


@pytest.mark.proves("G7", "G9", "S16")
@pytest.mark.parametrize("behave", BROKEN.values(), ids=BROKEN.keys())
async def test_a_broken_answer_leaves_open_what_happened(clients: Clients, behave: Behaviour) -> None:
    assert isinstance(await outcome_of(clients, behave), Ambiguous)


@pytest.mark.proves("G7", "G9", "S16")
@pytest.mark.parametrize("behave", [never_answers, drips, drips_headers])
async def test_an_answer_that_does_not_end_in_time_leaves_open_what_happened(
    clients: Clients, behave: Behaviour
) -> None:
    """The time counts for the whole answer: a server that keeps talking holds no send for ever."""
    assert isinstance(await outcome_of(clients, behave, timeout_s=0.5), Ambiguous)


GARBAGE: dict[str, bytes | dict[str, Any]] = {
    "nothing": b"",
    "null": b"null",
    "a list": b"[]",
    "a text": b'"ok"',
    "HTML": b"<html></html>",
    "no UTF-8": b"\xff\xfe{}",
    "half an object": b'{"messages": [{"id": "wamid',
    "too deep": b"[" * 200_000,
    "an empty object": {},
    "no message": {"messages": []},
    "a message of another form": {"messages": ["wamid.x"]},
    "messages of another form": {"messages": {"id": "wamid.x"}},
    "an empty id": {"messages": [{"id": ""}]},
    "a number for an id": {"messages": [{"id": 5}]},
    "no id": {"messages": [{"message_status": "accepted"}]},
    "an endless id": {"messages": [{"id": "w" * 100_000}]},
}


@pytest.mark.proves("G7", "G9", "S16")
@pytest.mark.parametrize("body", GARBAGE.values(), ids=GARBAGE.keys())
async def test_a_200_without_a_message_id_leaves_open_what_happened(clients: Clients, body: Any) -> None:
    assert isinstance(await outcome_of(clients, says(answer(body))), Ambiguous)


@pytest.mark.proves("G7", "C14")
async def test_half_a_request_leaves_open_what_happened(clients: Clients) -> None:
    """The server takes the head and breaks off while the body is written."""

    async def greet(connection: Connection) -> bool:
        await connection.read_head()
        connection.reset()
        return False

    async with LocalGraph(closes, greet) as graph:
        tried = await send(clients(graph.url), body="x" * 20_000_000)
    assert isinstance(tried.outcome, Ambiguous)
    assert graph.connections == 1


@pytest.mark.proves("G7")
async def test_a_token_that_no_header_can_hold_is_no_crash(clients: Clients) -> None:
    async with LocalGraph(says(answer(TAKEN))) as graph:
        tried = await send(clients(graph.url), token=AccessToken(f"{TEXT}\r\nX-Other: 1"))
        assert isinstance(tried.outcome, NotSent | Ambiguous)
        assert graph.requests == []


@pytest.mark.proves("G7")
async def test_a_cancelled_send_ends_at_once_and_is_not_repeated(clients: Clients) -> None:
    arrived, gone = asyncio.Event(), asyncio.Event()

    async def behave(connection: Connection, _request: Request) -> bool:
        arrived.set()
        await connection.client_is_gone()
        gone.set()
        return False

    async with LocalGraph(behave) as graph:
        sending = asyncio.create_task(send(clients(graph.url)))
        await arrived.wait()
        sending.cancel()
        with pytest.raises(asyncio.CancelledError):
            await sending
        await gone.wait()
        assert len(graph.requests) == graph.connections == 1


# ---------------------------------------------------------------- redirects


@pytest.mark.proves("G7", "S16")
@pytest.mark.parametrize("status", ["301 Moved", "302 Found", "303 See Other", "307 Temporary", "308 Permanent"])
async def test_a_redirect_is_not_followed(clients: Clients, status: str) -> None:
    async with LocalGraph(says(answer(TAKEN))) as other:
        redirect = answer(b"", status=status, headers=f"Location: {other.url}/v26.0/1/messages\r\n")
        outcome = await outcome_of(clients, says(redirect))
        assert isinstance(outcome, Ambiguous)
        assert other.connections == 0


# ---------------------------------------------------------------- connections that the server closes between requests


async def sent_one_by_one(graph: LocalGraph, client: OutboundClient, count: int) -> Counter[type[Outcome]]:
    """Checks after every send that the server's count and the outcome agree."""
    seen: Counter[type[Outcome]] = Counter()
    for number in range(count):
        tried = await send(client, f"m{number}")
        arrived = sum(request.opaque_id == f"m{number}" for request in graph.requests)
        seen[type(tried.outcome)] += 1
        match tried.outcome:
            case Accepted():
                assert arrived == 1
            case NotSent():
                assert arrived == 0
            case _:
                assert isinstance(tried.outcome, Ambiguous)
                assert arrived <= 1
    return seen


@pytest.mark.proves("G7")
async def test_a_connection_is_used_again(clients: Clients) -> None:
    async with LocalGraph(says(WHOLE)) as graph:
        assert await sent_one_by_one(graph, clients(graph.url), 10) == {Accepted: 10}
        assert graph.connections == 1


@pytest.mark.proves("G7", "C14")
async def test_nothing_is_sent_twice_when_the_server_closes_after_each_answer(clients: Clients) -> None:
    """It does not announce it, so the client may write into a connection that is just being closed."""
    async with LocalGraph(says(WHOLE, keep=False)) as graph:
        seen = await sent_one_by_one(graph, clients(graph.url), 200)
    assert seen[Accepted] > 0


@pytest.mark.proves("G7", "C14")
@pytest.mark.parametrize("end", [closes, resets])
async def test_a_post_on_a_used_connection_is_never_repeated(clients: Clients, end: Behaviour) -> None:
    """The server takes the second request of each connection and closes: whether it acted on it, nobody knows.

    An HTTP client that repeats requests on stale connections by itself would send this message twice.
    """

    async def behave(connection: Connection, request: Request) -> bool:
        if connection.served > 1:
            return await end(connection, request)
        await connection.say(WHOLE)
        return True

    async with LocalGraph(behave) as graph:
        assert await sent_one_by_one(graph, clients(graph.url), 20) == {Accepted: 10, Ambiguous: 10}
        assert (len(graph.requests), graph.connections) == (20, 10)


@pytest.mark.proves("G7", "C14")
async def test_a_connection_that_was_closed_while_idle_is_not_used(clients: Clients) -> None:
    async with LocalGraph(says(WHOLE, keep=False)) as graph:
        client = clients(graph.url)
        for number in range(5):
            assert isinstance((await send(client, f"m{number}")).outcome, Accepted)
            await nothing_connected(client)
        assert (len(graph.requests), graph.connections) == (5, 5)


async def nothing_connected(client: OutboundClient) -> None:
    """Until the client has seen that the server closed; its pool tells nobody."""
    async with asyncio.timeout(DEADLINE_S):
        while idle(client):
            await asyncio.sleep(0.001)


def idle(client: OutboundClient) -> list[Way]:
    """The connections in its pool that would serve."""
    return [connection for _, connection in client._graph._pool._idle if connection.is_free]


@pytest.mark.proves("G7")
async def test_many_at_once_are_each_sent_once(clients: Clients) -> None:
    """Every third request is answered, every third broken off, every third refused."""

    async def behave(connection: Connection, request: Request) -> bool:
        kind = int(request.opaque_id[1:]) % 3
        await asyncio.sleep(0)
        if kind == 0:
            await connection.say(WHOLE)
        elif kind == 1:
            await connection.say(answer(envelope(130429), status="400 Bad Request"))
        return kind != 2

    async with LocalGraph(behave) as graph:
        client = clients(graph.url, connections=16)
        tried = await asyncio.gather(*(send(client, f"m{number}") for number in range(150)))
        arrived = Counter(request.opaque_id for request in graph.requests)
    assert [type(one.outcome) for one in tried] == [Accepted, Throttled, Ambiguous] * 50
    assert arrived == {f"m{number}": 1 for number in range(150)}

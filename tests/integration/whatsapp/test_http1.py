"""Connections to Meta, byte by byte, on both event loops: what is whole or lost, and what may be used again."""

import asyncio
import inspect
import json
import random
import socket
from collections import Counter
from collections.abc import Awaitable, Callable
from pathlib import Path
from typing import Any

import pytest
import uvloop
from cryptography import x509

from server.whatsapp import pool
from server.whatsapp.access_token import AccessToken
from server.whatsapp.graph import AnswerLost, GraphAnswer, GraphClient, GraphUnreachable, NotSent
from tests.integration.whatsapp.certificates import server_of
from tests.integration.whatsapp.local_graph import Connection, LocalGraph, Request, answer, says

TEXT = "canary-token"
TOKEN = AccessToken(TEXT)
DEADLINE_S = 30
TAKEN = {"messages": [{"id": "wamid.dGVzdA=="}]}
BODY = json.dumps(TAKEN).encode()
HEAD = b"HTTP/1.1 200 OK\r\n"
CHUNKED = HEAD + b"Transfer-Encoding: chunked\r\n\r\n5;x=y\r\n%b\r\n%x\r\n%b\r\n0\r\nX-FB-Trace-ID: no\r\n\r\n" % (
    BODY[:5],
    len(BODY) - 5,
    BODY[5:],
)
SHAPES = {
    "with a length": answer(TAKEN),
    "in chunks, and a trailer": CHUNKED,
    "after going on": b"HTTP/1.1 100 Continue\r\n\r\nHTTP/1.1 103 Early Hints\r\nLink: <x>\r\n\r\n" + answer(TAKEN),
    "with empty headers": answer(TAKEN, headers="X-Empty:\r\nX-Blank:   \r\nX-FB-Trace-ID: abc\r\n"),
}
TO_THE_END = HEAD + b"X-FB-Trace-ID: abc\r\n\r\n" + BODY

LOOPS = {"asyncio": asyncio.new_event_loop, "uvloop": uvloop.new_event_loop}


class Clients:
    """Makes clients of a URL, and ends them."""

    def __init__(self) -> None:
        self._made: list[GraphClient] = []

    def __call__(self, url: str, *, connections: int = 4) -> GraphClient:
        self._made.append(GraphClient(url, "v26.0", timeout_s=20.0, connections=connections))
        return self._made[-1]

    async def close(self) -> None:
        for client in self._made:
            await client.close()


def on_both_loops(test: Callable[..., Awaitable[None]]) -> Callable[..., None]:
    """The product's workers run on uvloop, and this process on asyncio's own; each has its ways of ending."""

    async def with_clients(**given: Any) -> None:
        clients = Clients()
        try:
            await test(clients, **given)
        finally:
            await clients.close()

    def run(loop: str, **given: Any) -> None:
        with asyncio.Runner(loop_factory=LOOPS[loop]) as runner:
            runner.run(with_clients(**given))

    names = ["loop", *list(inspect.signature(test).parameters)[1:]]
    run.__name__, run.__doc__ = test.__name__, test.__doc__
    run.__signature__ = inspect.Signature(  # type: ignore[attr-defined]
        [inspect.Parameter(name, inspect.Parameter.KEYWORD_ONLY) for name in names]
    )
    return pytest.mark.parametrize("loop", LOOPS)(run)


async def post(client: GraphClient, mark: str = "m", *, body: str = "Hi") -> GraphAnswer:
    async with asyncio.timeout(DEADLINE_S):
        content = {"biz_opaque_callback_data": mark, "text": body}
        return await client.request("POST", "100/messages", token=TOKEN, json_body=content)


async def got(client: GraphClient) -> Any:
    """The body of an answer, or what else it came to."""
    try:
        return (await post(client)).body
    except GraphUnreachable as failure:
        return type(failure)


# ---------------------------------------------------------------- what is whole


@pytest.mark.proves("G7", "G9", "S16")
@pytest.mark.parametrize("whole", SHAPES.values(), ids=SHAPES.keys())
@on_both_loops
async def test_an_answer_that_breaks_off_at_any_byte_is_lost(clients: Clients, whole: bytes) -> None:
    cuts = iter(range(len(whole)))

    async def behave(connection: Connection, _request: Request) -> bool:
        await connection.say(whole[: next(cuts)])
        return False

    async with LocalGraph(behave) as graph:
        client = clients(graph.url)
        assert [await got(client) for _ in whole] == [AnswerLost] * len(whole)
        assert len(graph.requests) == graph.connections == len(whole)


@pytest.mark.proves("G7", "G9")
@on_both_loops
async def test_an_answer_that_ends_with_its_connection_is_what_came_by_then(clients: Clients) -> None:
    cuts = iter(range(len(TO_THE_END) + 1))
    head = len(TO_THE_END) - len(BODY)

    async def behave(connection: Connection, _request: Request) -> bool:
        await connection.say(TO_THE_END[: next(cuts)])
        return False

    async with LocalGraph(behave) as graph:
        client = clients(graph.url)
        came = [await got(client) for _ in range(len(TO_THE_END) + 1)]
    assert came == [AnswerLost] * head + [None] * len(BODY) + [TAKEN]


@pytest.mark.proves("G7")
@pytest.mark.parametrize("whole", SHAPES.values(), ids=SHAPES.keys())
@on_both_loops
async def test_an_answer_may_come_in_any_pieces(clients: Clients, whole: bytes) -> None:
    cuts = iter([*range(1, len(whole)), None])

    async def behave(connection: Connection, _request: Request) -> bool:
        cut = next(cuts)
        for piece in (whole[:cut], whole[cut:]) if cut else [whole[at : at + 1] for at in range(len(whole))]:
            await connection.say(piece)
            await asyncio.sleep(0)
        return True

    async with LocalGraph(behave) as graph:
        client = clients(graph.url)
        assert [await got(client) for _ in whole] == [TAKEN] * len(whole)
        assert graph.connections == 1


@pytest.mark.proves("G7", "S16")
@pytest.mark.parametrize(
    "said",
    [
        HEAD + b"Content-Length: 5\r\nContent-Length: 6\r\n\r\n" + BODY,
        HEAD + b"Content-Length: 5\r\nTransfer-Encoding: chunked\r\n\r\n5\r\n" + BODY[:5] + b"\r\n0\r\n\r\n",
        HEAD + b"Transfer-Encoding: gzip\r\n\r\n" + BODY,
        b"HTTP/1.1 101 Switching Protocols\r\nConnection: Upgrade\r\nUpgrade: h2c\r\n\r\n" + answer(TAKEN),
        b"HTTP/9.1 200 OK\r\nContent-Length: 2\r\n\r\n{}",
        b"HTTP/1.1 20x OK\r\nContent-Length: 2\r\n\r\n{}",
        HEAD + b"X: y\r\n" * 9000,
        HEAD + b"Transfer-Encoding: chunked\r\n\r\n" + b"1;" + b"x" * 1_100_000,
        b"HTTP/1.1 100 Continue\r\n\r\n" * 4000,
    ],
    ids=[
        *(
            "two lengths",
            "a length and chunks",
            "a coding that nobody asked for",
            "another protocol",
            "another version",
        ),
        *("no status", "a head without an end", "a frame without an end", "going on for ever"),
    ],
)
@on_both_loops
async def test_what_is_no_answer_is_lost(clients: Clients, said: bytes) -> None:
    async with LocalGraph(says(said, keep=False)) as graph:
        assert await got(clients(graph.url)) is AnswerLost
        assert len(graph.requests) == 1


@on_both_loops
async def test_headers_are_known_by_their_names_in_lower_case_and_the_first_of_a_name_counts(clients: Clients) -> None:
    told = answer(
        TAKEN, headers="X-FB-Trace-ID: first\r\nx-fb-trace-id: second\r\nX-Long: a\r\nX-Empty:\r\nX-Last: z\r\n"
    )
    async with LocalGraph(says(told)) as graph:
        headers = (await post(clients(graph.url))).headers
    assert {name: headers[name] for name in ("x-fb-trace-id", "x-long", "x-empty", "x-last")} == {
        "x-fb-trace-id": "first",
        "x-long": "a",
        "x-empty": "",
        "x-last": "z",
    }


# ---------------------------------------------------------------- what may be used again


@pytest.mark.proves("G7", "C14")
@pytest.mark.parametrize(
    ("said", "connections"),
    [
        pytest.param(answer(TAKEN), 1, id="whole"),
        pytest.param(answer(TAKEN, status="400 Bad Request"), 1, id="a refusal"),
        pytest.param(answer(b"", status="204 No Content").replace(b"Content-Length: 0\r\n", b""), 1, id="no content"),
        pytest.param(CHUNKED, 1, id="in chunks"),
        pytest.param(answer(TAKEN, headers="Connection: keep-alive, close\r\n"), 3, id="it announces its end"),
        pytest.param(answer(TAKEN).replace(b"HTTP/1.1", b"HTTP/1.0"), 3, id="HTTP/1.0"),
        pytest.param(answer(TAKEN) + b"HTTP", 3, id="the beginning of another"),
        pytest.param(answer(TAKEN) + answer(TAKEN), 3, id="two answers"),
        pytest.param(answer(TAKEN) + b"\x00", 3, id="one byte more"),
    ],
)
@on_both_loops
async def test_which_answer_leaves_its_connection_for_the_next_request(
    clients: Clients, said: bytes, connections: int
) -> None:
    async with LocalGraph(says(said)) as graph:
        client = clients(graph.url)
        for _ in range(3):
            assert (await post(client)).status in (200, 204, 400)
        assert (len(graph.requests), graph.connections) == (3, connections)


@pytest.mark.proves("G7", "C14")
@on_both_loops
async def test_what_nobody_asked_for_is_not_taken_for_the_next_answer(clients: Clients) -> None:
    said = asyncio.Event()

    async def behave(connection: Connection, request: Request) -> bool:
        await connection.say(answer({"messages": [{"id": request.opaque_id}]}))
        if request.opaque_id == "first":
            await asyncio.sleep(0.05)
            await connection.say(answer({"messages": [{"id": "of nobody"}]}))
            said.set()
        return True

    async with LocalGraph(behave) as graph:
        client = clients(graph.url)
        await post(client, "first")
        await said.wait()
        async with asyncio.timeout(DEADLINE_S):
            while client._pool._open:
                await asyncio.sleep(0.001)
        assert (await post(client, "second")).body == {"messages": [{"id": "second"}]}
        assert graph.connections == 2


@pytest.mark.proves("G7", "C14")
@on_both_loops
async def test_an_answer_to_half_a_request_counts_and_ends_the_connection(clients: Clients) -> None:
    async def greet(connection: Connection) -> bool:
        await connection.read_head()
        if graph.connections == 1:
            await connection.say(answer({"error": {"code": 100, "message": "too large"}}, status="413 Too Large"))
            await connection.client_is_gone()
            return False
        await connection.say(answer(TAKEN))
        return False

    async with LocalGraph(says(), greet) as graph:
        client = clients(graph.url)
        first = await post(client, body="x" * 20_000_000)
        assert (first.status, first.error is not None and first.error.code) == (413, 100)
        assert (await post(client)).body == TAKEN
        assert graph.connections == 2


@pytest.mark.proves("G7", "C14")
@on_both_loops
async def test_idle_connections_are_ended_before_meta_does(clients: Clients, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(pool, "IDLE_S", 0.1)
    gone = asyncio.Event()

    async def behave(connection: Connection, _request: Request) -> bool:
        await connection.say(answer(TAKEN))
        await connection.client_is_gone()
        gone.set()
        return False

    async with LocalGraph(behave) as graph:
        client = clients(graph.url)
        await post(client)
        async with asyncio.timeout(DEADLINE_S):
            await gone.wait()
            while client._pool._open:
                await asyncio.sleep(0.001)
        assert (await post(client)).body == TAKEN
        assert graph.connections == 2


@pytest.mark.proves("G7", "G8")
@on_both_loops
async def test_no_place_is_lost_however_sends_end(clients: Clients) -> None:
    """Given up at any moment: while they wait for a place, connect, or have been given one just then."""
    chance = random.Random(5)
    answers = {
        "whole": answer(TAKEN),
        "last": answer(TAKEN, headers="Connection: close\r\n"),
        "half": answer(TAKEN)[:30],
    }

    async def behave(connection: Connection, request: Request) -> bool:
        kind = request.opaque_id.split(".")[0]
        await asyncio.sleep(chance.choice((0, 0, 0.001)))
        await connection.say(answers[kind])
        return kind == "whole"

    async def try_one(client: GraphClient, mark: str) -> str:
        try:
            async with asyncio.timeout(chance.choice((0.0005, 0.002, 0.01, 20))):
                return str((await post(client, mark)).status)
        except (GraphUnreachable, TimeoutError) as failure:
            return type(failure).__name__

    async with LocalGraph(behave) as graph:
        client = clients(graph.url, connections=3)
        marks = [f"{chance.choice(tuple(answers))}.{number}" for number in range(400)]
        came = await asyncio.gather(*(try_one(client, mark) for mark in marks))
        asked = Counter(request.opaque_id for request in graph.requests)
        assert set(asked.values()) == {1}
        assert {"200", "AnswerLost", "TimeoutError"} <= set(came)
        async with asyncio.timeout(DEADLINE_S):
            while client._pool._places + len(client._pool._idle) < 3:
                await asyncio.sleep(0.001)
        assert client._pool._places + len(client._pool._open) == 3
        assert [(await post(client, "whole.after")).status for _ in range(5)] == [200] * 5


# ---------------------------------------------------------------- what is written


@pytest.mark.proves("G7", "S16")
@pytest.mark.parametrize(
    ("path", "token"),
    [
        ("1/messages HTTP/1.1\r\nX: 1", TEXT),
        ("1/../2/messages", TEXT),
        ("1/messages?access_token=x", TEXT),
        ("//elsewhere.example/messages", TEXT),
        ("", TEXT),
        ("1/m\u00e9ssages", TEXT),
        ("1/messages\n", TEXT),
        ("1/messages", f"{TEXT}\r\nX-Other: 1"),
        ("1/messages", f"{TEXT}\n"),
        ("1/messages", f"{TEXT} x"),
        ("1/messages", ""),
        ("1/messages", f"{TEXT}\u00e9"),
    ],
)
@on_both_loops
async def test_no_path_and_no_token_writes_a_line_of_its_own(clients: Clients, path: str, token: str) -> None:
    async with LocalGraph(says(answer(TAKEN))) as graph:
        with pytest.raises(NotSent) as refused:
            await clients(graph.url).request("POST", path, token=AccessToken(token), json_body={})
        assert TEXT not in str(refused.value)
        assert graph.connections == 0


@pytest.mark.parametrize(
    ("method", "content", "line", "length"),
    [
        ("GET", None, "GET /v26.0/100?fields=a%2Cb&x=%0D%0AX%3A+1%26 HTTP/1.1", None),
        ("POST", None, "POST /v26.0/100?fields=a%2Cb&x=%0D%0AX%3A+1%26 HTTP/1.1", "0"),
    ],
)
@on_both_loops
async def test_parameters_are_encoded(
    clients: Clients, method: Any, content: Any, line: str, length: str | None
) -> None:
    async with LocalGraph(says(answer(TAKEN))) as graph:
        params = {"fields": "a,b", "x": "\r\nX: 1&"}
        await clients(graph.url).request(method, "100", token=TOKEN, params=params)
        (request,) = graph.requests
    assert (request.line, request.headers.get("content-length")) == (
        f"{method} /v26.0/100?fields=a%2Cb&x=%0D%0AX%3A+1%26 HTTP/1.1",
        length,
    )
    assert request.headers["host"] == f"127.0.0.1:{graph.port}"
    assert request.headers["accept-encoding"] == "identity"


# ---------------------------------------------------------------- to whom


@pytest.mark.proves("G7", "S16")
@on_both_loops
async def test_tls_with_whom_the_system_trusts_and_by_the_right_name(
    clients: Clients, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    asked: list[str | None] = []
    tls = server_of(tmp_path, x509.DNSName("localhost"))
    tls.sni_callback = lambda _socket, name, _context: asked.append(name)
    monkeypatch.setenv("SSL_CERT_FILE", str(tmp_path / "ca.pem"))
    async with LocalGraph(says(answer(TAKEN)), tls=tls) as graph:
        client = clients(f"https://localhost:{graph.port}")
        assert [await got(client) for _ in range(3)] == [TAKEN] * 3
        assert (graph.connections, asked) == (1, ["localhost"])
        assert await got(clients(f"https://127.0.0.1:{graph.port}")) is NotSent
        assert len(graph.requests) == 3


@pytest.mark.proves("G7", "G9")
@on_both_loops
async def test_answers_over_tls_break_off_as_others_do(
    clients: Clients, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("SSL_CERT_FILE", str(tmp_path / "ca.pem"))
    whole = answer(TAKEN)
    cuts = iter([0, 5, len(whole) - 1, len(whole)])

    async def behave(connection: Connection, _request: Request) -> bool:
        await connection.say(whole[: next(cuts)])
        return False

    async with LocalGraph(behave, tls=server_of(tmp_path, x509.DNSName("localhost"))) as graph:
        client = clients(f"https://localhost:{graph.port}")
        assert [await got(client) for _ in range(4)] == [AnswerLost] * 3 + [TAKEN]


@on_both_loops
async def test_a_name_with_several_addresses_is_reached_at_the_one_that_answers(clients: Clients) -> None:
    async with LocalGraph(says(answer(TAKEN))) as graph:
        client = clients(f"http://localhost:{graph.port}")
        addresses = await client._pool._addresses()
        # Nobody listens at the first.
        client._pool._lookup = asyncio.ensure_future(
            _known([(*addresses[0][:4], ("127.0.0.2", graph.port)), *addresses])
        )
        assert await got(client) == TAKEN


async def _known(addresses: list[Any]) -> list[Any]:
    return addresses


@on_both_loops
async def test_a_literal_address_of_ipv6(clients: Clients) -> None:
    try:
        listener = socket.socket(socket.AF_INET6)
        listener.bind(("::1", 0))
    except OSError:
        pytest.skip("this machine has no IPv6")
    async with LocalGraph(says(answer(TAKEN)), listener=listener) as graph:
        assert await got(clients(f"http://[::1]:{graph.port}/base/")) == TAKEN
        (request,) = graph.requests
    assert request.line == "POST /base/v26.0/100/messages HTTP/1.1"
    assert request.headers["host"] == f"[::1]:{graph.port}"

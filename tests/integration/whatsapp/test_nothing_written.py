"""Not a byte was written, and the outcome says so: it may be sent again."""

import asyncio
import socket
from dataclasses import dataclass
from ipaddress import ip_address
from pathlib import Path

import pytest
from cryptography import x509

from server.core.clock import boottime
from server.whatsapp import graph as graph_module
from server.whatsapp.errors import (
    Accepted,
    Late,
    NotSent,
)
from server.whatsapp.outbound import Tried
from tests.integration.whatsapp.certificates import server_of
from tests.integration.whatsapp.local_graph import Connection, LocalGraph, Request, answer, says
from tests.integration.whatsapp.sending import (
    TAKEN,
    WHOLE,
    Clients,
    closes,
    idle,
    send,
)


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


@pytest.mark.proves("G7", "S16")
async def test_a_certificate_that_nobody_vouches_for_gets_no_token(clients: Clients, tmp_path: Path) -> None:
    async with LocalGraph(
        says(answer(TAKEN)), tls=server_of(tmp_path, x509.IPAddress(ip_address("127.0.0.1")))
    ) as graph:
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

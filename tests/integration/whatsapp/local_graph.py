"""A server that speaks as badly as a test wants, and remembers what it was asked."""

import asyncio
import contextlib
import json
import socket
import ssl
from collections.abc import Awaitable, Callable
from dataclasses import dataclass, field
from typing import Any, Self


@dataclass(frozen=True)
class Request:
    """One whole request."""

    line: str
    headers: dict[str, str]
    body: bytes

    @property
    def opaque_id(self) -> Any:
        return json.loads(self.body)["biz_opaque_callback_data"]


@dataclass
class Connection:
    """One connection of the client, with what behaviours need to misbehave."""

    reader: asyncio.StreamReader
    writer: asyncio.StreamWriter
    served: int = 0
    """Requests that came whole."""

    async def say(self, *parts: bytes) -> None:
        for part in parts:
            self.writer.write(part)
            await self.writer.drain()

    def reset(self) -> None:
        """Ends the connection with RST."""
        self.writer.transport.abort()

    async def read_head(self) -> bytes:
        return await self.reader.readuntil(b"\r\n\r\n")

    async def client_is_gone(self) -> None:
        with contextlib.suppress(ConnectionError):
            while await self.reader.read(65_536):
                pass


Behaviour = Callable[[Connection, Request], Awaitable[bool]]
"""Answers one request; True keeps the connection for the next."""


@dataclass
class LocalGraph:
    """On a free port of the loopback, or on a socket that listens. `behave` answers whole requests; `greet` takes a
    connection before any.
    """

    behave: Behaviour
    greet: Callable[[Connection], Awaitable[bool]] | None = None
    tls: ssl.SSLContext | None = None
    listener: socket.socket | None = None
    requests: list[Request] = field(default_factory=list)
    connections: int = 0
    _tasks: set[asyncio.Task[None]] = field(default_factory=set)

    async def __aenter__(self) -> Self:
        where: Any = {"host": "127.0.0.1", "port": 0} if self.listener is None else {"sock": self.listener}
        self._server = await asyncio.start_server(self._serve, **where, ssl=self.tls)
        self.port: int = self._server.sockets[0].getsockname()[1]
        return self

    async def __aexit__(self, *_: object) -> None:
        self._server.close()
        for task in self._tasks:
            task.cancel()
        await asyncio.gather(*self._tasks, return_exceptions=True)

    @property
    def url(self) -> str:
        return f"{'https' if self.tls else 'http'}://127.0.0.1:{self.port}"

    async def _serve(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        task = asyncio.current_task()
        assert task is not None
        self._tasks.add(task)
        self.connections += 1
        connection = Connection(reader, writer)
        try:
            if self.greet is None or await self.greet(connection):
                while await self.behave(connection, await self._request(connection)):
                    pass
        except (ConnectionError, asyncio.IncompleteReadError):
            pass
        finally:
            self._tasks.discard(task)
            writer.close()

    async def _request(self, connection: Connection) -> Request:
        line, *lines = (await connection.read_head()).decode("latin-1").rstrip("\r\n").split("\r\n")
        headers = {name.lower(): value for name, _, value in (text.partition(": ") for text in lines)}
        body = await connection.reader.readexactly(int(headers.get("content-length", "0")))
        request = Request(line, headers, body)
        self.requests.append(request)
        connection.served += 1
        return request


def answer(
    body: bytes | dict[str, Any], *, status: str = "200 OK", headers: str = "", length: int | None = None
) -> bytes:
    """The bytes of an answer. `length` lies about its length."""
    if isinstance(body, dict):
        body = json.dumps(body).encode()
    size = len(body) if length is None else length
    return f"HTTP/1.1 {status}\r\nContent-Length: {size}\r\n{headers}\r\n".encode() + body


def says(*parts: bytes, keep: bool = True) -> Behaviour:
    """Answers every request with these bytes."""

    async def behave(connection: Connection, _request: Request) -> bool:
        await connection.say(*parts)
        return keep

    return behave

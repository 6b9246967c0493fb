"""Connections to one origin: made when they are needed, used again while they are sound, ended when they idle.

`whatsapp.graph` takes one for a request and gives it back. Nothing here writes to them.
"""

import asyncio
import socket
import ssl
from collections import deque
from typing import Any

from aiohappyeyeballs import start_connection
from yarl import URL

from server.whatsapp.http1 import Connection

CONNECT_TIMEOUT_S = 5.0
"""For the address and the connection, TLS included; on one way after the other or on several at once."""
IDLE_S = 15.0
"""Meta closes idle connections; ending ours sooner keeps a stale one from looking like a lost answer."""
_DNS_S = 60.0
_NEXT_ADDRESS_AFTER_S = 0.25
"""RFC 8305: so long one address is tried alone before the next is tried beside it."""


class Pool:
    """At most `limit` connections. Made inside a running loop; ended by `close`."""

    def __init__(self, origin: URL, *, limit: int) -> None:
        self._loop = asyncio.get_running_loop()
        self._host, self._port = origin.raw_host or "", origin.port
        self._tls = _trusting() if origin.scheme == "https" else None
        self._places = limit
        self._open: set[Connection] = set()
        self._idle: deque[tuple[float, Connection]] = deque()
        self._waiting: deque[asyncio.Future[Connection | None]] = deque()
        self._lookup: asyncio.Task[list[Any]] | None = None
        self._look_up_again_at = 0.0
        self._sweep: asyncio.TimerHandle | None = None

    def take_idle(self) -> Connection | None:
        """The one that was used last: it is the least likely to be closed just now."""
        while self._idle:
            _, connection = self._idle.pop()
            if connection.is_free:
                return connection
        return None

    async def take(self) -> Connection:
        """An idle one, a new one, or the next that somebody gives back. Raises whatever connecting raises."""
        while True:
            connection = self.take_idle()
            if connection is not None:
                return connection
            if self._places:
                self._places -= 1
                return await self._connect()
            given = await self._wait()
            if given is None:
                return await self._connect()
            if given.is_free:
                return given

    def give(self, connection: Connection) -> None:
        """Back, in whatever state. One that cannot serve the next request ends here."""
        if not connection.is_free:
            connection.end()
        elif not self._hand(connection):
            self._idle.append((self._loop.time(), connection))
            if self._sweep is None:
                self._sweep = self._loop.call_later(IDLE_S, self._end_idle)

    async def close(self) -> None:
        """Ends all of them, those in use as well."""
        if self._sweep is not None:
            self._sweep.cancel()
        if self._lookup is not None:
            self._lookup.cancel()
        for connection in list(self._open):
            connection.end()
        await asyncio.sleep(0)  # their sockets are closed in the loop's next turn

    async def _connect(self) -> Connection:
        """On a place that is ours already."""
        connection = Connection(self._lost)
        self._open.add(connection)
        try:
            async with asyncio.timeout(CONNECT_TIMEOUT_S):
                await self._make(connection)
        except BaseException:
            connection.end()
            self._lost(connection)
            raise
        return connection

    async def _make(self, connection: Connection) -> None:
        addresses = await self._addresses()
        way = await start_connection(addresses, happy_eyeballs_delay=_NEXT_ADDRESS_AFTER_S, interleave=1)
        way.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
        name = None if self._tls is None else self._host
        await self._loop.create_connection(lambda: connection, sock=way, ssl=self._tls, server_hostname=name)
        if not connection.is_free:
            raise ConnectionResetError

    async def _addresses(self) -> list[Any]:
        """Looked up once for all that ask meanwhile, and for a while after."""
        at = self._loop.time()
        if self._lookup is None or at > self._look_up_again_at or _has_failed(self._lookup):
            self._lookup = asyncio.ensure_future(
                self._loop.getaddrinfo(self._host, self._port, type=socket.SOCK_STREAM)
            )
            self._lookup.add_done_callback(_has_failed)  # whether or not somebody still waits for it
            self._look_up_again_at = at + _DNS_S
        return await asyncio.shield(self._lookup)

    async def _wait(self) -> Connection | None:
        """For a connection, or for a place to make one."""
        waiting: asyncio.Future[Connection | None] = self._loop.create_future()
        self._waiting.append(waiting)
        try:
            return await waiting
        except asyncio.CancelledError:
            if not waiting.cancelled():  # it came in the very moment
                given = waiting.result()
                self._free_place() if given is None else self.give(given)
            raise

    def _hand(self, given: Connection | None) -> bool:
        while self._waiting:
            waiting = self._waiting.popleft()
            if not waiting.done():
                waiting.set_result(given)
                return True
        return False

    def _free_place(self) -> None:
        if not self._hand(None):
            self._places += 1

    def _lost(self, connection: Connection) -> None:
        if connection in self._open:
            self._open.remove(connection)
            self._free_place()

    def _end_idle(self) -> None:
        self._sweep = None
        oldest = self._loop.time() - IDLE_S
        while self._idle and (self._idle[0][0] <= oldest or not self._idle[0][1].is_free):
            self._idle.popleft()[1].end()
        if self._idle:
            self._sweep = self._loop.call_at(self._idle[0][0] + IDLE_S, self._end_idle)


def _trusting() -> ssl.SSLContext:
    """Whom the system trusts."""
    context = ssl.create_default_context()
    context.set_alpn_protocols(["http/1.1"])
    return context


def _has_failed(lookup: asyncio.Task[list[Any]]) -> bool:
    return lookup.done() and (lookup.cancelled() or lookup.exception() is not None)

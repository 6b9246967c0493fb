"""A TCP proxy that fails as networks do. It stands before PostgreSQL, Valkey or Meta, and is switched while it runs.

`up` is the way from the client to the server, `down` the way back. What is true of a way holds for what comes from then
on, on open connections too.
"""

import asyncio
import contextlib
import random
import socket
import struct
from dataclasses import dataclass, field, replace
from pathlib import Path
from types import TracebackType
from typing import Literal, Self

Upstream = Path | tuple[str, int]
"""A Unix socket, or host and port."""
Ending = Literal["close", "reset"]

_PIECE = 65_536
_RESET_ON_CLOSE = struct.pack("ii", 1, 0)


@dataclass(frozen=True, slots=True)
class Way:
    """One direction. `cut_after`: a connection ends after so many bytes. `stalled`: nothing passes for now."""

    latency_s: float = 0.0
    jitter_s: float = 0.0
    bytes_per_s: float | None = None
    cut_after: int | None = None
    ending: Ending = "close"
    stalled: bool = False


@dataclass(eq=False, slots=True)
class _Connection:
    """`condemned`: its next reply is not to arrive. `orphaned`: the server is gone, and the client does not know."""

    client: asyncio.StreamWriter
    server: asyncio.StreamWriter
    passed: dict[str, int] = field(default_factory=lambda: {"up": 0, "down": 0})
    condemned: Ending | None = None
    orphaned: bool = False

    def end(self, ending: Ending) -> None:
        for writer in (self.client, self.server):
            _end(writer, ending)


@dataclass(slots=True)
class _Needle:
    """Replies to requests with these bytes in them are dropped, so many times."""

    bytes: bytes
    left: int
    ending: Ending


class Proxy:
    """To be entered. `dropped`: replies that `drop_replies_to` has kept from the client."""

    def __init__(self, upstream: Upstream, *, seed: int = 0) -> None:
        self.dropped = 0
        self.accepted = 0
        self.port = 0
        self._upstream = upstream
        self._chance = random.Random(seed)
        self._ways = {"up": Way(), "down": Way()}
        self._changed = asyncio.Event()
        self._needle: _Needle | None = None
        self._server: asyncio.Server | None = None
        self._connections: set[_Connection] = set()
        self._tasks: set[asyncio.Task[None]] = set()

    async def __aenter__(self) -> Self:
        await self._listen()
        return self

    async def __aexit__(
        self, kind: type[BaseException] | None, error: BaseException | None, traceback: TracebackType | None
    ) -> None:
        self.refuse()
        self.end_all()
        for task in self._tasks:
            task.cancel()
        await asyncio.gather(*self._tasks, return_exceptions=True)

    @property
    def open(self) -> int:
        """Connections that are."""
        return len(self._connections)

    def change(self, way: Literal["up", "down", "both"], **traits: object) -> None:
        """Gives a way, or both, these traits of `Way`; the others stay."""
        for name in ("up", "down") if way == "both" else (way,):
            self._ways[name] = replace(self._ways[name], **traits)  # type: ignore[arg-type]
        self._tell()

    def blackhole(self) -> None:
        """Connections are made and stay, and nothing passes; what was under way arrives after `heal`, as with TCP."""
        self.change("both", stalled=True)

    def refuse(self) -> None:
        """Nobody new is let in."""
        if self._server is not None:
            self._server.close()
            self._server = None

    def end_all(self, ending: Ending = "close") -> None:
        """Every connection, now."""
        for connection in list(self._connections):
            connection.end(ending)

    def orphan_all(self) -> None:
        """The server's ends are closed, and the clients hear nothing of it, nor of anything else: half-open."""
        for connection in self._connections:
            connection.orphaned = True
            _end(connection.server, "close")

    def drop_replies_to(self, needle: bytes, *, times: int, ending: Ending = "close") -> None:
        """The server does what a request with `needle` asks; its reply is dropped here, and the connection ends."""
        self._needle = _Needle(needle, times, ending)

    async def heal(self) -> None:
        """Everything passes again, and everybody is let in."""
        self._ways = {"up": Way(), "down": Way()}
        self._needle = None
        self._tell()
        if self._server is None:
            await self._listen()

    async def _listen(self) -> None:
        self._server = await asyncio.start_server(self._serve, "127.0.0.1", self.port, backlog=512)
        self.port = self._server.sockets[0].getsockname()[1]

    def _tell(self) -> None:
        self._changed.set()
        self._changed = asyncio.Event()

    async def _serve(self, reader: asyncio.StreamReader, client: asyncio.StreamWriter) -> None:
        self.accepted += 1
        try:
            from_server, server = await _connected(self._upstream)
        except OSError:
            _end(client, "close")
            return
        connection = _Connection(client, server)
        self._connections.add(connection)
        pumps = [
            asyncio.create_task(self._pump("up", reader, server, connection)),
            asyncio.create_task(self._pump("down", from_server, client, connection)),
        ]
        self._tasks.update(pumps)
        await asyncio.wait(pumps)
        self._tasks.difference_update(pumps)
        self._connections.discard(connection)
        connection.end("close")

    async def _pump(
        self, name: str, reader: asyncio.StreamReader, writer: asyncio.StreamWriter, connection: _Connection
    ) -> None:
        tail = b""
        with contextlib.suppress(ConnectionError):
            while piece := await reader.read(_PIECE):
                await self._travel(name, len(piece))
                if name == "up":
                    tail = self._look(tail + piece, connection)
                elif connection.condemned is not None:
                    self.dropped += 1
                    connection.end(connection.condemned)
                    return
                if not await self._passed(name, piece, writer, connection):
                    return
        if not connection.orphaned and writer.can_write_eof():
            with contextlib.suppress(OSError, RuntimeError):
                writer.write_eof()

    async def _travel(self, name: str, size: int) -> None:
        while self._ways[name].stalled:
            await self._changed.wait()
        way = self._ways[name]
        delay_s = way.latency_s + self._chance.uniform(0, way.jitter_s)
        if way.bytes_per_s is not None:
            delay_s += size / way.bytes_per_s
        if delay_s:
            await asyncio.sleep(delay_s)

    async def _passed(self, name: str, piece: bytes, writer: asyncio.StreamWriter, connection: _Connection) -> bool:
        """Whether the connection goes on after it."""
        way = self._ways[name]
        if connection.orphaned:
            return True
        room = len(piece) if way.cut_after is None else max(0, way.cut_after - connection.passed[name])
        connection.passed[name] += len(piece)
        writer.write(piece[:room])
        await writer.drain()
        if way.cut_after is None or room > len(piece):
            return True
        connection.end(way.ending)
        return False

    def _look(self, seen: bytes, connection: _Connection) -> bytes:
        """Condemns the connection if the needle is in it; returns what may be the beginning of another."""
        needle = self._needle
        if needle is None or needle.left == 0:
            return b""
        if needle.bytes in seen:
            needle.left -= 1
            connection.condemned = needle.ending
        return seen[-len(needle.bytes) + 1 :]


async def _connected(upstream: Upstream) -> tuple[asyncio.StreamReader, asyncio.StreamWriter]:
    if isinstance(upstream, Path):
        return await asyncio.open_unix_connection(str(upstream))
    return await asyncio.open_connection(*upstream)


def _end(writer: asyncio.StreamWriter, ending: Ending) -> None:
    if writer.is_closing():
        return
    raw: socket.socket | None = writer.get_extra_info("socket")
    if ending == "reset" and raw is not None and raw.family in (socket.AF_INET, socket.AF_INET6):
        raw.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, _RESET_ON_CLOSE)
        writer.transport.abort()
    else:
        writer.close()  # what was written still goes out

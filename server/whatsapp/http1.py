"""One connection to Meta: HTTP/1.1, one request at a time, and its answer. It knows no pool, no JSON and no token.

`whatsapp.pool` makes and keeps connections, `whatsapp.graph` asks over them. Nothing here writes a byte that it was not
given, or one of them twice.
"""

import asyncio
from collections.abc import Callable
from typing import NamedTuple, cast

from httptools import HttpParserError, HttpParserUpgrade, HttpResponseParser

HEAD_MAX_BYTES = 65_536
ANSWER_MAX_BYTES = 1_048_576
"""Of all that comes: heads, the frames of chunks, and the body."""
_FRAMED_BY = {"content-length", "transfer-encoding"}


class Broken(Exception):
    """The connection ended before the answer was whole, or told what is none. Says how, and quotes nothing."""


class Response(NamedTuple):
    """A whole answer. The names of headers are in lower case; of several with one name the first counts."""

    status: int
    headers: dict[str, str]
    body: bytes


class Connection(asyncio.Protocol):
    """To be given to `create_connection`. `lost` is called when it has ended, by whomever; not if it was never made."""

    def __init__(self, lost: "Callable[[Connection], None]") -> None:
        self._lost = lost
        self._loop = asyncio.get_running_loop()
        self._is_open = False
        self._transport: asyncio.Transport
        self._incoming = _Incoming()
        self._asked: asyncio.Future[Response] | None = None
        self._deadline: asyncio.TimerHandle

    @property
    def is_free(self) -> bool:
        """Whether another request may go over it: the last answer was whole and left the connection as it was."""
        return self._is_open and self._asked is None

    def ask(self, request: bytes, *, timeout_s: float) -> asyncio.Future[Response]:
        """Writes to a free connection. The future has the answer, or Broken, at the latest after `timeout_s`.

        Whoever does not wait for it has to `end` the connection.
        """
        self._incoming.expect()
        self._asked = asked = self._loop.create_future()
        self._deadline = self._loop.call_later(timeout_s, self._break, "no whole answer in time")
        self._transport.write(request)
        return asked

    def add(self, more: bytes) -> None:
        """Writes what the request still lacks."""
        self._transport.write(more)

    def end(self) -> None:
        """At once: between requests there is nothing to say, and after a failure no sense in it."""
        if self._is_open:
            self._is_open = False
            self._transport.abort()

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        self._transport = cast("asyncio.Transport", transport)
        self._is_open = True

    def data_received(self, data: bytes) -> None:
        if self._asked is None:  # an answer to no question: it would be taken for the next one's
            self.end()
            return
        try:
            self._incoming.feed(data)
        except Broken as failure:
            self._break(str(failure))
            return
        if self._incoming.is_whole:
            self._answer(self._asked)

    def eof_received(self) -> None:
        if self._asked is not None and self._incoming.ends_here():
            self._answer(self._asked)
        self._break("closed by the server")

    def connection_lost(self, exc: Exception | None) -> None:
        self._is_open = False
        self._break("closed" if exc is None else type(exc).__name__)
        self._lost(self)

    def _answer(self, asked: asyncio.Future[Response]) -> None:
        self._asked = None
        self._deadline.cancel()
        if not self._incoming.may_stay or self._transport.get_write_buffer_size():
            self.end()
        if not asked.done():
            asked.set_result(self._incoming.response())

    def _break(self, why: str) -> None:
        self.end()
        asked, self._asked = self._asked, None
        if asked is not None:
            self._deadline.cancel()
            if not asked.done():
                asked.set_exception(Broken(why))


class _Incoming:
    """One answer after the other, as their pieces come. The parser calls the methods `on_…`.

    `may_stay`: after a whole one, whether the connection is as it was before.
    """

    is_whole: bool
    may_stay: bool

    def __init__(self) -> None:
        self._parser = HttpResponseParser(self)
        self.expect()

    def expect(self) -> None:
        """Another one."""
        self.is_whole = self.may_stay = self._head_is_whole = False
        self._size = self._status = 0
        self._headers: dict[str, str] = {}
        self._body = bytearray()

    def feed(self, data: bytes) -> None:
        """Raises Broken when it is no answer, or larger than any of Meta's."""
        self._size += len(data)
        try:
            self._parser.feed_data(data)
        except (HttpParserError, HttpParserUpgrade) as failure:
            self.may_stay = False
            if not self.is_whole:
                raise Broken(type(failure).__name__) from None
        if not self.is_whole and self._size > (ANSWER_MAX_BYTES if self._head_is_whole else HEAD_MAX_BYTES):
            raise Broken("the answer is larger than any of Meta's")

    def ends_here(self) -> bool:
        """Whether the end of the connection is also that of the body: nothing else tells it."""
        return self._head_is_whole and not _FRAMED_BY & self._headers.keys()

    def response(self) -> Response:
        return Response(self._status, self._headers, bytes(self._body))

    def on_message_begin(self) -> None:
        if self.is_whole:  # more than was asked for
            self.may_stay = False

    def on_header(self, name: bytes, value: bytes) -> None:
        if not self._head_is_whole:  # what follows chunks is not heeded
            self._headers.setdefault(name.decode("latin-1").lower(), value.decode("utf-8", "replace"))

    def on_headers_complete(self) -> None:
        self._head_is_whole = True
        self._status = self._parser.get_status_code()

    def on_body(self, piece: bytes) -> None:
        self._body += piece

    def on_message_complete(self) -> None:
        if self.is_whole:
            return
        if self._status < 200:  # "go on": the answer itself follows
            self._head_is_whole, self._headers = False, {}
            return
        self.is_whole = True
        self.may_stay = self._parser.should_keep_alive()

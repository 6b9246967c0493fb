"""uvicorn's HTTP protocol, which also takes an answer as a whole, whose head and body leave in one write.

`webhook_protocol` builds on it; `edge` asks for it by the scope's extension. Under any other server, and for an answer
that comes in pieces, all goes the usual way.
"""

from asyncio import AbstractEventLoop
from collections.abc import Callable, Iterable
from typing import Any

from starlette.types import Scope
from uvicorn import Config
from uvicorn.protocols.http.httptools_impl import STATUS_LINE, HttpToolsProtocol, RequestResponseCycle
from uvicorn.server import ServerState

EXTENSION = "treeex.answer"
Headers = Iterable[tuple[bytes, bytes]]
Answer = Callable[[int, Headers, bytes], bool]
"""Takes status, headers in lower case and body; False when it cannot, and then nothing was sent."""


def taker(scope: Scope) -> Answer | None:
    """What takes the whole answer to this request, where there is such a thing."""
    extension = scope.get("extensions", {}).get(EXTENSION)
    return None if extension is None else extension["take"]


def has_whole_body(scope: Scope) -> bool:
    """Whether all of the body is known to be here, so that reading it waits for nothing."""
    extension = scope.get("extensions", {}).get(EXTENSION)
    return extension is not None and extension["is_whole"]()


class OneWriteProtocol(HttpToolsProtocol):
    """For each connection one, made by uvicorn."""

    def __init__(
        self,
        config: Config,
        server_state: ServerState,
        app_state: dict[str, Any],
        _loop: AbstractEventLoop | None = None,
    ) -> None:
        super().__init__(config, server_state, app_state, _loop)
        self._extensions: dict[str, dict[object, object]] = {
            EXTENSION: {"take": self._answer, "is_whole": self._is_whole}
        }
        self._answering: RequestResponseCycle | None = None

    def _start_asgi_task(self, cycle: RequestResponseCycle, app: Any) -> None:
        # The scope must not lead to its own cycle, or each request would wait for the garbage collector.
        self._answering = cycle
        if cycle.scope["method"] != "HEAD":
            cycle.scope["extensions"] = self._extensions
        super()._start_asgi_task(cycle, app)

    def _is_whole(self) -> bool:
        return self._answering is not None and not self._answering.more_body

    def _answer(self, status: int, headers: Headers, body: bytes) -> bool:
        cycle = self._answering
        if cycle is None or cycle.response_started or cycle.disconnected or self.flow.write_paused:
            return False
        head = _head([*cycle.default_headers, *headers], len(body))
        if head is None:
            return False
        self._answering = None
        self._write(cycle, status, head, body)
        return True

    def _write(self, cycle: RequestResponseCycle, status: int, head: bytes, body: bytes) -> None:
        """What uvicorn does in several steps. `head`: the lines of the headers."""
        cycle.response_started = cycle.response_complete = True
        cycle.waiting_for_100_continue = False
        cycle.message_event.set()
        ending = b"\r\n" if cycle.keep_alive else b"connection: close\r\n\r\n"
        self.transport.write(b"".join((STATUS_LINE[status], head, ending, body)))
        if not cycle.keep_alive:
            self.transport.close()
        cycle.on_response()


def _head(headers: list[tuple[bytes, bytes]], length: int) -> bytes | None:
    """The headers as they are written. None for those that say something of the connection, or that are no headers."""
    names = [name for name, _ in headers]
    if b"connection" in names or b"transfer-encoding" in names or (b"content-length", b"%d" % length) not in headers:
        return None
    head = lines(headers)
    # A line break or a NUL that somebody smuggled into a value would begin a header of theirs; uvicorn refuses it.
    whole = head.count(b"\r") == head.count(b"\n") == len(headers) and b"\0" not in head
    return head if whole else None


def lines(headers: Headers) -> bytes:
    """Headers as they are written."""
    return b"".join([b"%b: %b\r\n" % header for header in headers])

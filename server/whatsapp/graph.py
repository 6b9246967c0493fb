"""Calls of Meta's Graph API, JSON in and out; redirects are never followed. Files go by `media` and `downloads`.

GraphUnreachable          no answer
├── NotSent               certainly no byte of the request was written
│   └── TooLate           because its time was up before the first byte
└── AnswerLost            written, or perhaps written, and no whole answer came
"""

import asyncio
import json
import math
import re
from collections.abc import Mapping
from typing import Any, Literal
from urllib.parse import urlencode

import msgspec
from yarl import URL

from server.core import failpoints
from server.core.clock import boottime, monotonic
from server.whatsapp import halting
from server.whatsapp.access_token import AccessToken
from server.whatsapp.body import DEEPEST, storable
from server.whatsapp.http1 import Broken, Connection, Response
from server.whatsapp.pool import Pool

_READY_TIMEOUT_S = 10.0
"""For a place in the pool, the address and the connection together."""
_LATE = "its time was up before the first byte"
_CODES_END = 2**31
_PATH = re.compile(r"[\w-]+(?:/[\w-]+)*", re.ASCII)
_TOKEN = re.compile(r"[!-~]+")
_HEADERS = "Host: %s\r\nAccept: */*\r\nAccept-Encoding: identity\r\nUser-Agent: treeex-wbsp\r\n"
_JSON = "Content-Type: application/json\r\nContent-Length: %d\r\n"
_NOTHING = "Content-Length: 0\r\n"


class GraphUnreachable(Exception):
    """No answer came. Never carries a token or a body."""


class NotSent(GraphUnreachable):
    """Certainly no byte of the request was written: pool, DNS, connect or TLS failed."""


class TooLate(NotSent):
    """The request was not to be begun any more when it could have been. Meta is not to blame."""


class AnswerLost(GraphUnreachable):
    """The request was written, at least in part, and no whole answer came."""


class GraphError(msgspec.Struct, frozen=True):
    """Meta's error envelope. `code` is 0 when the body is not Meta's JSON."""

    code: int
    subcode: int | None = None
    message: str = ""
    details: str | None = None
    fbtrace_id: str | None = None
    is_transient: bool = False


class GraphAnswer(msgspec.Struct, frozen=True):
    """A whole answer. Exactly one of `body` (a JSON object of a 200) and `error` is set."""

    status: int
    headers: Mapping[str, str]
    """Their names in lower case."""
    latency_s: float
    body: dict[str, Any] | None = None
    error: GraphError | None = None


class GraphClient:
    """JSON calls over a pool of connections to one Graph API. Made inside a running loop; ended by `close`."""

    def __init__(self, base_url: str, version: str, *, timeout_s: float, connections: int) -> None:
        url = URL(base_url)
        self._pool = Pool(url, limit=connections)
        self._timeout_s = timeout_s
        self._root = f"{url.raw_path.rstrip('/')}/{version}/"
        self._headers = _HEADERS % url.host_port_subcomponent

    async def request(
        self,
        method: Literal["GET", "POST"],
        path: str,
        *,
        token: AccessToken,
        json_body: dict[str, Any] | None = None,
        params: Mapping[str, str] | None = None,
        begin_by: float = math.inf,
    ) -> GraphAnswer:
        """One request, never repeated. Raises NotSent, TooLate or AnswerLost.

        No byte of it is written after `begin_by`, in seconds of `core.clock.boottime`.
        """
        began = monotonic()
        try:
            request = self._written(method, path, token, json_body, params)
        except ValueError as failure:  # of texts that have no UTF-8
            raise NotSent(type(failure).__name__) from None
        if boottime() > begin_by:
            raise TooLate(_LATE)
        connection = self._pool.take_idle() or await self._connection()
        try:
            # The last look before the first byte. What is late leaves its connection to the next request: otherwise
            # nothing would ever be sent where connecting takes longer than a grant lasts.
            if boottime() > begin_by:
                raise TooLate(_LATE)
            response = await self._exchange(connection, request)
        finally:
            self._pool.give(connection)
        return read_answer(response, monotonic() - began)

    async def close(self) -> None:
        await self._pool.close()

    def _written(
        self,
        method: str,
        path: str,
        token: AccessToken,
        json_body: dict[str, Any] | None,
        params: Mapping[str, str] | None,
    ) -> bytes:
        """The whole request. Nothing of what it is made of can end a line of its head."""
        if _PATH.fullmatch(path) is None or _TOKEN.fullmatch(token.text) is None:
            raise NotSent("its path or its token holds what no request can")
        told = {**(params or {}), **token.params}
        line = f"{method} {self._root}{path}{'?' if told else ''}{urlencode(told)} HTTP/1.1\r\n"
        head = f"{line}{self._headers}Authorization: Bearer {token.text}\r\n"
        if json_body is None:
            return f"{head}{_NOTHING if method == 'POST' else ''}\r\n".encode("ascii")
        body = msgspec.json.encode(json_body)
        return f"{head}{_JSON % len(body)}\r\n".encode("ascii") + body

    async def _connection(self) -> Connection:
        try:
            async with asyncio.timeout(_READY_TIMEOUT_S):
                return await self._pool.take()
        except Exception as failure:  # of the pool, DNS, TCP or TLS: nothing was written, whatever it is
            raise NotSent(type(failure).__name__) from None

    async def _exchange(self, connection: Connection, request: bytes) -> Response:
        """From its first line on a byte may have been written."""
        try:
            if failpoints.are_set():
                return await halting.exchange(connection, request, timeout_s=self._timeout_s)
            return await connection.ask(request, timeout_s=self._timeout_s)
        except Broken as failure:
            raise AnswerLost(str(failure)) from None
        except Exception as failure:  # whatever else is raised must not leave open whether bytes went out
            raise AnswerLost(type(failure).__name__) from None


def read_answer(response: Response, latency_s: float) -> GraphAnswer:
    """What Meta said, whatever it is."""
    parsed = _object(response.body)
    if response.status == 200 and parsed is not None and "error" not in parsed:
        return GraphAnswer(response.status, response.headers, latency_s, body=parsed)
    return GraphAnswer(response.status, response.headers, latency_s, error=_error(parsed))


def _object(raw: bytes) -> dict[str, Any] | None:
    """With texts that PostgreSQL takes: what Meta says is kept, whatever it says."""
    try:
        parsed = msgspec.json.decode(raw) if _is_plain(raw) else storable(json.loads(raw))
    except (msgspec.DecodeError, ValueError, RecursionError):
        return None
    return parsed if isinstance(parsed, dict) else None


def _is_plain(raw: bytes) -> bool:
    """Whether it cannot hold what PostgreSQL refuses: an escaped character, or more levels than are kept."""
    return b"\\" not in raw and raw.count(b"{") + raw.count(b"[") < DEEPEST


def _error(parsed: dict[str, Any] | None) -> GraphError:
    error = (parsed or {}).get("error")
    if not isinstance(error, dict) or not _is_code(error.get("code")):
        return GraphError(0, message="the answer is not of Meta's form")
    data = error.get("error_data")
    details = data.get("details") if isinstance(data, dict) else data  # a plain string on template endpoints
    subcode = error.get("error_subcode")
    return GraphError(
        code=error["code"],
        subcode=subcode if _is_code(subcode) else None,
        message=str(error.get("message", "")),
        details=None if details is None else str(details),
        fbtrace_id=error.get("fbtrace_id") if isinstance(error.get("fbtrace_id"), str) else None,
        is_transient=error.get("is_transient") is True,
    )


def _is_code(value: Any) -> bool:
    return type(value) is int and abs(value) < _CODES_END

"""HTTP to Meta's Graph API. The one place that opens connections to it; redirects are never followed.

GraphUnreachable          no answer
├── NotSent               certainly no byte of the request was written
│   └── TooLate           because its time was up before the first byte
└── AnswerLost            written, or perhaps written, and no whole answer came
"""

import asyncio
import json
import math
from collections.abc import Mapping
from contextvars import ContextVar
from dataclasses import dataclass
from typing import Any

import aiohttp
import msgspec
from aiohttp.abc import AbstractStreamWriter
from aiohttp.connector import Connection
from aiohttp.payload import BytesPayload

from server.core import failpoints
from server.core.clock import boottime, monotonic
from server.whatsapp.access_token import AccessToken
from server.whatsapp.body import DEEPEST, storable
from server.whatsapp.halting import HaltingBody

_CONNECT_TIMEOUT_S = 5.0
_READY_TIMEOUT_S = 10.0
"""For a place in the pool, the address and the connection together."""
_ANSWER_MAX_BYTES = 1_048_576
_CODES_END = 2**31
_JSON = {"Content-Type": "application/json"}


class GraphUnreachable(Exception):
    """No answer came. Never carries a token or a body."""


class NotSent(GraphUnreachable):
    """Certainly no byte of the request was written: pool, DNS, connect or TLS failed."""


class TooLate(NotSent):
    """The request was not to be begun any more when it could have been. Meta is not to blame."""


class AnswerLost(GraphUnreachable):
    """The request was written, at least in part, and no whole answer came."""


@dataclass(frozen=True, slots=True)
class GraphError:
    """Meta's error envelope. `code` is 0 when the body is not Meta's JSON."""

    code: int
    subcode: int | None = None
    message: str = ""
    details: str | None = None
    fbtrace_id: str | None = None
    is_transient: bool = False


@dataclass(frozen=True, slots=True)
class GraphAnswer:
    """A whole answer. Exactly one of `body` (a JSON object of a 200) and `error` is set."""

    status: int
    headers: Mapping[str, str]
    latency_s: float
    body: dict[str, Any] | None = None
    error: GraphError | None = None


class GraphClient:
    """A pool of connections to one Graph API. Made inside a running loop; ended by `close`."""

    def __init__(self, base_url: str, version: str, *, timeout_s: float, connections: int) -> None:
        # Meta closes idle connections; dropping ours sooner keeps a stale one from looking like a lost answer.
        connector = aiohttp.TCPConnector(limit=connections, keepalive_timeout=15, ttl_dns_cache=60)
        self._session = aiohttp.ClientSession(
            connector=connector,
            request_class=_Request,
            timeout=aiohttp.ClientTimeout(total=None, connect=_READY_TIMEOUT_S, sock_connect=_CONNECT_TIMEOUT_S),
            cookie_jar=aiohttp.DummyCookieJar(),
            trust_env=False,
        )
        self._timeout_s = timeout_s
        self._root = f"{base_url.rstrip('/')}/{version}"

    async def request(
        self,
        method: str,
        path: str,
        *,
        token: AccessToken,
        json_body: dict[str, Any] | None = None,
        form: aiohttp.FormData | None = None,
        params: Mapping[str, str] | None = None,
        begin_by: float = math.inf,
    ) -> GraphAnswer:
        """One request; a POST is never repeated. Raises NotSent, TooLate or AnswerLost. `form` in place of `json_body`.

        No byte of it is written after `begin_by`, in seconds of `core.clock.boottime`. Of the other methods aiohttp
        repeats one when a connection from its pool turns out to be closed.
        """
        began = monotonic()
        writing = _Writing(self._timeout_s, begin_by=begin_by)
        _WRITING.set(writing)
        try:
            writing.check()
            async with (
                writing.deadline,
                self._session.request(
                    method,
                    f"{self._root}/{path}",
                    data=_body(json_body) if form is None else form,
                    params=_params(params, token),
                    headers={"Authorization": f"Bearer {token.text}", **(_JSON if json_body is not None else {})},
                    allow_redirects=False,
                ) as response,
            ):
                raw = await _whole(response)
                return _answer(response, raw, monotonic() - began)
        except Exception as failure:  # whatever else the library raises must not leave open whether bytes went out
            raise writing.verdict(failure) from None

    async def close(self) -> None:
        await self._session.close()


class _Writing:
    """A request before and after its first byte; from that on the deadline for its whole answer runs."""

    def __init__(self, timeout_s: float, *, begin_by: float) -> None:
        self.deadline = asyncio.timeout(None)
        self._timeout_s = timeout_s
        self._begin_by = begin_by
        self._begun = False
        self._is_late = False

    def check(self) -> None:
        """Raises TooLate when it is not to be begun any more."""
        if boottime() > self._begin_by:
            self._is_late = True
            raise TooLate

    def begin(self) -> None:
        """To be called just before the first byte; harmless to repeat. Raises TooLate, and then there is no such byte.

        After the request was given up it raises as well: its deadline cannot be set any more.
        """
        if not self._begun:
            self.check()
            self.deadline.reschedule(asyncio.get_running_loop().time() + self._timeout_s)
            self._begun = True

    def verdict(self, failure: Exception) -> GraphUnreachable:
        """What it means that the request ended without a whole answer."""
        kind = type(failure).__name__
        if self._begun:
            return AnswerLost(kind)
        return TooLate("its time was up before the first byte") if self._is_late else NotSent(kind)


_WRITING: ContextVar[_Writing] = ContextVar("writing")
"""The request of this task, for what aiohttp calls on its way."""


class _Request(aiohttp.ClientRequest):
    """Asks for the time once it has its connection. If it is late, the connection is left, unused, to the next request.

    Otherwise, where connecting takes longer than a grant lasts, no request would ever leave.
    """

    async def send(self, conn: Connection) -> aiohttp.ClientResponse:
        writing = _WRITING.get()
        try:
            writing.check()
        except TooLate:
            conn.release()
            raise
        if not isinstance(self.body, _Body):
            writing.begin()
        return await super().send(conn)


class _Body(BytesPayload):
    """aiohttp asks it to write itself, awaits nothing in between, and lets the headers wait for its first piece.

    What is raised here keeps all of it from being written.
    """

    async def write_with_length(self, writer: AbstractStreamWriter, content_length: int | None) -> None:
        _WRITING.get().begin()
        await super().write_with_length(writer, content_length)


class _HaltingBody(_Body, HaltingBody):
    """For failpoints."""


def _params(params: Mapping[str, str] | None, token: AccessToken) -> Mapping[str, str] | None:
    return params if token.proof is None else {**(params or {}), "appsecret_proof": token.proof}


async def _whole(response: aiohttp.ClientResponse) -> bytes:
    raw = bytearray()
    async for chunk in response.content.iter_any():
        raw += chunk
        if len(raw) > _ANSWER_MAX_BYTES:
            raise aiohttp.ClientPayloadError("the answer is larger than any of Meta's")
    return bytes(raw)


def _answer(response: aiohttp.ClientResponse, raw: bytes, latency_s: float) -> GraphAnswer:
    parsed = _object(raw)
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


def _body(value: dict[str, Any] | None) -> _Body | None:
    if value is None:
        return None
    raw = msgspec.json.encode(value)
    return _HaltingBody(raw) if failpoints.are_set() else _Body(raw)

"""HTTP to Meta's Graph API. The one place that opens connections to it; redirects are never followed.

GraphUnreachable          no answer
├── NotSent               certainly no byte of the request was written
└── AnswerLost            written, or perhaps written, and no whole answer came
"""

import asyncio
import json
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

import aiohttp

from server.core import failpoints
from server.core.clock import monotonic
from server.whatsapp.body import storable
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
        trace = aiohttp.TraceConfig()
        trace.on_request_headers_sent.append(_begin_writing)
        # Meta closes idle connections; dropping ours sooner keeps a stale one from looking like a lost answer.
        connector = aiohttp.TCPConnector(limit=connections, keepalive_timeout=15, ttl_dns_cache=60)
        self._session = aiohttp.ClientSession(
            connector=connector,
            trace_configs=[trace],
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
        token: str,
        json_body: dict[str, Any] | None = None,
        params: Mapping[str, str] | None = None,
    ) -> GraphAnswer:
        """One request; a POST is never repeated. Raises NotSent or AnswerLost.

        Of the other methods aiohttp repeats one when a connection from its pool turns out to be closed.
        """
        began = monotonic()
        writing = _Writing(self._timeout_s)
        try:
            async with (
                writing.deadline,
                self._session.request(
                    method,
                    f"{self._root}/{path}",
                    data=_body(json_body),
                    params=params,
                    headers={"Authorization": f"Bearer {token}", **(_JSON if json_body is not None else {})},
                    allow_redirects=False,
                    trace_request_ctx=writing,
                ) as response,
            ):
                raw = await _whole(response)
                return _answer(response, raw, monotonic() - began)
        except Exception as failure:  # whatever else the library raises must not leave open whether bytes went out
            kind = type(failure).__name__
            raise (AnswerLost(kind) if writing.begun else NotSent(kind)) from None

    async def close(self) -> None:
        await self._session.close()


class _Writing:
    """Whether a request has begun to be written, and from then on the deadline for its whole answer."""

    def __init__(self, timeout_s: float) -> None:
        self.begun = False
        self.deadline = asyncio.timeout(None)
        self._timeout_s = timeout_s

    def begin(self) -> None:
        self.begun = True
        self.deadline.reschedule(asyncio.get_running_loop().time() + self._timeout_s)


async def _begin_writing(_session: Any, context: Any, _params: Any) -> None:
    """aiohttp says this just before it writes the headers, so the mark is never late."""
    context.trace_request_ctx.begin()


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
        parsed = json.loads(raw)
    except (ValueError, RecursionError):
        return None
    return storable(parsed) if isinstance(parsed, dict) else None


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


def _body(value: dict[str, Any] | None) -> bytes | HaltingBody | None:
    if value is None:
        return None
    raw = json.dumps(value, separators=(",", ":"), ensure_ascii=False).encode()
    return HaltingBody(raw) if failpoints.are_set() else raw

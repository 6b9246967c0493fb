"""HTTP to Meta's Graph API. The one place that opens connections to it; redirects are never followed.

GraphUnreachable          no answer
├── NotSent               certainly no byte of the request was written
└── AnswerLost            written, or perhaps written, and no whole answer came
"""

import json
from collections.abc import Mapping
from dataclasses import dataclass
from types import SimpleNamespace
from typing import Any

import aiohttp

from server.core.clock import monotonic

_CONNECT_TIMEOUT_S = 5.0
_ANSWER_MAX_BYTES = 1_048_576


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
        trace.on_request_headers_sent.append(_mark_written)
        # Meta closes idle connections; dropping ours sooner keeps a stale one from looking like a lost answer.
        connector = aiohttp.TCPConnector(limit=connections, keepalive_timeout=15, ttl_dns_cache=60)
        self._session = aiohttp.ClientSession(
            connector=connector,
            trace_configs=[trace],
            timeout=aiohttp.ClientTimeout(
                total=None, connect=None, sock_connect=_CONNECT_TIMEOUT_S, sock_read=timeout_s
            ),
            cookie_jar=aiohttp.DummyCookieJar(),
            trust_env=False,
            json_serialize=_compact,
        )
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
        """One request, never repeated. Raises NotSent or AnswerLost."""
        flag = SimpleNamespace(written=False)
        began = monotonic()
        try:
            async with self._session.request(
                method,
                f"{self._root}/{path}",
                json=json_body,
                params=params,
                headers={"Authorization": f"Bearer {token}"},
                allow_redirects=False,
                trace_request_ctx=flag,
            ) as response:
                raw = await _whole(response)
                return _answer(response, raw, monotonic() - began)
        except (aiohttp.ClientError, TimeoutError, OSError) as failure:
            if flag.written:
                raise AnswerLost(type(failure).__name__) from None
            raise NotSent(type(failure).__name__) from None

    async def close(self) -> None:
        await self._session.close()


async def _mark_written(_session: Any, context: Any, _params: Any) -> None:
    """aiohttp says this just before it writes the headers, so the flag is never late."""
    context.trace_request_ctx.written = True


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
    try:
        parsed = json.loads(raw)
    except (ValueError, RecursionError):
        return None
    return parsed if isinstance(parsed, dict) else None


def _error(parsed: dict[str, Any] | None) -> GraphError:
    error = (parsed or {}).get("error")
    if not isinstance(error, dict) or not isinstance(error.get("code"), int):
        return GraphError(0, message="the answer is not of Meta's form")
    data = error.get("error_data")
    details = data.get("details") if isinstance(data, dict) else data  # a plain string on template endpoints
    subcode = error.get("error_subcode")
    return GraphError(
        code=error["code"],
        subcode=subcode if isinstance(subcode, int) else None,
        message=str(error.get("message", "")),
        details=None if details is None else str(details),
        fbtrace_id=error.get("fbtrace_id") if isinstance(error.get("fbtrace_id"), str) else None,
        is_transient=error.get("is_transient") is True,
    )


def _compact(value: Any) -> str:
    return json.dumps(value, separators=(",", ":"), ensure_ascii=False)

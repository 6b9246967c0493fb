"""The outermost layer of the API, as plain ASGI: trace id, security headers, metrics, and the last resort.

Every request passes here first and last, but for the webhooks that `webhook_protocol` takes; it must stay cheap, and
nothing may pass it as a traceback.
"""

from functools import cache

import structlog
from prometheus_client import Counter, Histogram
from starlette.types import ASGIApp, Message, Receive, Scope, Send

from server.api.one_write import taker
from server.api.problems import MEDIA_TYPE, encode
from server.core import telemetry
from server.core.clock import monotonic
from server.core.ids import new_trace_id
from server.core.log import get_logger
from server.domain.errors import Refused
from server.services.outages import as_refusal

log = get_logger("treeex.api")

SECURITY_HEADERS = (
    (b"x-content-type-options", b"nosniff"),
    (b"x-frame-options", b"DENY"),
    (b"referrer-policy", b"no-referrer"),
    (b"content-security-policy", b"default-src 'none'; frame-ancestors 'none'"),
    (b"cross-origin-resource-policy", b"same-origin"),
)
NO_STORE = (b"cache-control", b"no-store")
UNMATCHED = "(none)"
CLIENT_LEFT = 499
"""The status that a request without an answer counts under, as nginx has it."""


class Edge:
    """Wraps the whole application."""

    def __init__(self, app: ASGIApp) -> None:
        self._app = app

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        if scope["type"] != "http":
            await self._app(scope, receive, _without_traceback(send))
            return
        exchange = Exchange(scope, send)
        structlog.contextvars.clear_contextvars()
        structlog.contextvars.bind_contextvars(trace_id=exchange.trace_id)
        try:
            await self._app(scope, receive, exchange.send)
        except Exception as error:  # the last resort: the client gets a problem, the log says where
            await exchange.fail(error)
        finally:
            exchange.count()


def _without_traceback(send: Send) -> Send:
    """A start that fails would be logged with its traceback; `treeex api` says it in a sentence instead."""

    async def send_plainly(message: Message) -> None:
        await send({"type": message["type"]} if message["type"] == "lifespan.startup.failed" else message)

    return send_plainly


class Exchange:
    """One request and what becomes of it."""

    def __init__(self, scope: Scope, send: Send) -> None:
        self.trace_id = new_trace_id()
        scope.setdefault("state", {})["trace_id"] = self.trace_id
        self._scope = scope
        self._send = send
        self._began = monotonic()
        self._status = 0
        self._start: Message | None = None

    async def send(self, message: Message) -> None:
        """Holds the start of an answer until its body comes: an answer that is whole leaves in one write."""
        if message["type"] == "http.response.start":
            self._status = message["status"]
            self._start = {**message, "headers": self._with_ours(message.get("headers", ()))}
            return
        start, self._start = self._start, None
        if start is not None and not self._take_whole(start, message):
            await self._send(start)
            await self._send(message)
        elif start is None:
            await self._send(message)

    def _take_whole(self, start: Message, message: Message) -> bool:
        answer = taker(self._scope)
        if answer is None or message.get("more_body", False):
            return False
        return answer(start["status"], start["headers"], message.get("body", b""))

    async def fail(self, error: Exception) -> None:
        """Answers 503 for an outage of a server behind us, else 500; when an answer has begun, it is cut off."""
        refused = as_refusal(error) or Refused("internal_error")
        log.error("request_failed", route=self._route(), exc_info=error)
        if self._status and self._start is None:
            raise ConnectionAbortedError("the answer had begun") from None
        body = encode(refused, self.trace_id)
        headers = [(b"content-type", MEDIA_TYPE.encode()), (b"content-length", str(len(body)).encode())]
        if refused.retry_after_s is not None:
            headers.append((b"retry-after", str(refused.retry_after_s).encode()))
        await self.send({"type": "http.response.start", "status": refused.problem.status, "headers": headers})
        await self.send({"type": "http.response.body", "body": body})

    def count(self) -> None:
        """Counts it, when it is over."""
        count(_method(self._scope), self._route(), self._status or CLIENT_LEFT, seconds=monotonic() - self._began)

    def _with_ours(self, headers: object) -> list[tuple[bytes, bytes]]:
        ours = [*headers, (b"x-request-id", self.trace_id.encode()), *SECURITY_HEADERS]  # type: ignore[misc]  # ASGI: an iterable of pairs
        if b"cache-control" not in [name.lower() for name, _ in ours]:
            ours.append(NO_STORE)
        return ours

    def _route(self) -> str:
        """The path as it is declared, so that no id becomes a label."""
        path = getattr(self._scope.get("route"), "path", None)
        return path if isinstance(path, str) else UNMATCHED


def count(method: str, route: str, status: int, *, seconds: float) -> None:
    """A request that is over, under its route as it is declared."""
    requests, times = _metrics(method, route, status)
    requests.inc()
    times.observe(seconds)


@cache
def _metrics(method: str, route: str, status: int) -> tuple[Counter, Histogram]:
    """Finding them anew takes longer than counting; there are as many as routes, methods and statuses."""
    return telemetry.http_requests.labels(method, route, str(status)), telemetry.http_seconds.labels(route)


_METHODS = frozenset({"GET", "POST", "PUT", "PATCH", "DELETE", "HEAD", "OPTIONS"})


def _method(scope: Scope) -> str:
    """Anyone can make up methods; a label must not grow with them."""
    return scope["method"] if scope["method"] in _METHODS else "other"

"""Meta's webhooks, as plain ASGI: a route of the framework costs nearly three times as much.

`server.main` gives the endpoint every request of `is_for` that `webhook_protocol` did not answer. 200 means committed,
and nothing else does; a body that is signed is stored whatever it holds. Nothing is parsed here.
"""

import asyncio
import re
from dataclasses import dataclass
from functools import cache
from urllib.parse import parse_qsl

from prometheus_client import Counter
from starlette.types import Message, Receive, Scope, Send

from server.core import telemetry
from server.core.failpoints import fp
from server.services.bundle import Services
from server.services.inbox import Inbox, NotCommitted
from server.services.outages import is_outage
from server.services.signing_apps import AppUnreadable, SigningApp
from server.whatsapp.signature import HEADER, is_well_formed

ADDRESS = "/webhooks/whatsapp"
"""Of the app `default`; those of the others are below it, by their slugs."""
DEFAULT_APP = "default"
_PATH = re.compile(rf"{ADDRESS}(?:/([^/]+))?")
BODY_TIMEOUT_S = 10.0
_CHALLENGE = re.compile(r"[A-Za-z0-9._~-]{1,256}", re.ASCII)
_HANDSHAKE = ("hub.mode", "hub.verify_token", "hub.challenge")


@dataclass(frozen=True, slots=True)
class Answer:
    """What is said, and what is counted."""

    status: int
    text: str
    result: str


STORED = Answer(200, "OK", "stored")
BAD_SIGNATURE = Answer(401, "The signature is missing or wrong.", "bad_signature")
NOT_VERIFIED = Answer(403, "The verify token is wrong.", "not_verified")
UNKNOWN_APP = Answer(404, "There is no such app.", "unknown_app")
WRONG_METHOD = Answer(405, "Only GET and POST.", "wrong_method")
TOO_SLOW = Answer(408, "The body took too long.", "too_slow")
TOO_LARGE = Answer(413, "The body is too large.", "too_large")
UNAVAILABLE = Answer(503, "Not stored. Send it again.", "not_committed")


class _TooLarge(Exception):
    """The body is above the limit."""


class _Gone(Exception):
    """The client left before the body was whole."""


@dataclass(frozen=True, slots=True)
class _Declared:
    """What the edge counts a request under."""

    path: str


def is_for(path: str) -> bool:
    """Whether a path is an app's address."""
    return path == ADDRESS or _PATH.fullmatch(path) is not None


def slug_of(path: str) -> str:
    """The app's, of a path that is an app's address."""
    return path[len(ADDRESS) + 1 :] or DEFAULT_APP


def route_of(path: str) -> str:
    """The path as it is declared, of a path that is an app's address."""
    return ADDRESS if path == ADDRESS else f"{ADDRESS}/{{slug}}"


class WebhookEndpoint:
    """The ASGI application of all these addresses."""

    def __init__(self, *, max_bytes: int, body_timeout_s: float = BODY_TIMEOUT_S) -> None:
        self.max_bytes = max_bytes
        self.body_timeout_s = body_timeout_s

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        services: Services = scope["app"].state.services
        try:
            answer = await self._answer(services.inbox, scope, receive)
        except _Gone:
            counter_of("gone").inc()
            return
        counter_of(answer.result).inc()
        await _respond(send, answer)

    async def _answer(self, inbox: Inbox, scope: Scope, receive: Receive) -> Answer:
        slug, method = slug_of(scope["path"]), scope["method"]
        scope["route"] = _Declared(route_of(scope["path"]))
        if method not in ("GET", "POST"):
            return WRONG_METHOD
        try:
            app = await _find(inbox, slug)
            if app is None:
                return UNKNOWN_APP
            if method == "GET":
                return await _handshake(inbox, app, slug, scope["query_string"])
            return await self._take_in(inbox, app, slug, scope, receive)
        except (NotCommitted, AppUnreadable, TimeoutError):
            return UNAVAILABLE
        except Exception as failure:
            if is_outage(failure):
                return UNAVAILABLE
            raise

    async def _take_in(self, inbox: Inbox, app: SigningApp, slug: str, scope: Scope, receive: Receive) -> Answer:
        headers = [value for name, value in scope["headers"] if name == HEADER]
        if not is_well_formed(headers):
            return BAD_SIGNATURE
        try:
            async with asyncio.timeout(self.body_timeout_s):
                body = await self._read(scope, receive)
        except TimeoutError:
            return TOO_SLOW
        except _TooLarge:
            return TOO_LARGE
        fp("wh.body_read")
        if not app.signed(body, headers):
            # The secret may have been changed a moment ago.
            fresh = await _find(inbox, slug, renewed=True)
            if fresh is None or fresh is app or not fresh.signed(body, headers):
                return BAD_SIGNATURE
        await inbox.store(app.id, body)
        return STORED

    async def _read(self, scope: Scope, receive: Receive) -> bytes:
        """The whole body. Its declared length spares reading what is too large; the count decides."""
        declared = next((value for name, value in scope["headers"] if name == b"content-length"), b"")
        if declared.isdigit() and int(declared[:20]) > self.max_bytes:
            raise _TooLarge
        parts: list[bytes] = []
        size = 0
        while True:
            message: Message = await receive()
            if message["type"] == "http.disconnect":
                raise _Gone
            part = message.get("body", b"")
            size += len(part)
            if size > self.max_bytes:
                raise _TooLarge
            parts.append(part)
            if not message.get("more_body", False):
                return b"".join(parts)


@cache
def counter_of(result: str) -> Counter:
    """Finding it anew takes longer than counting."""
    return telemetry.webhooks_received.labels(result)


async def _find(inbox: Inbox, slug: str, *, renewed: bool = False) -> SigningApp | None:
    known = None if renewed else inbox.apps.known(slug)
    if known is not None:
        return known
    async with asyncio.timeout(inbox.commit_timeout_s):
        return await inbox.apps.find(slug, renewed=renewed)


async def _handshake(inbox: Inbox, app: SigningApp, slug: str, query: bytes) -> Answer:
    """Meta: webhooks page. The challenge goes back as it came, and only if it can do no harm in an answer."""
    asked = parse_qsl(query.decode("latin-1"), keep_blank_values=True)
    values = [[value for name, value in asked if name == wanted] for wanted in _HANDSHAKE]
    if any(len(found) != 1 for found in values):
        return NOT_VERIFIED
    mode, token, challenge = (found[0] for found in values)
    if mode != "subscribe" or not _CHALLENGE.fullmatch(challenge):
        return NOT_VERIFIED
    if not app.is_verified_by(token):
        fresh = await _find(inbox, slug, renewed=True)
        if fresh is None or not fresh.is_verified_by(token):
            return NOT_VERIFIED
    return Answer(200, challenge, "verified")


async def _respond(send: Send, answer: Answer) -> None:
    await send({"type": "http.response.start", "status": answer.status, "headers": headers_of(answer)})
    await send({"type": "http.response.body", "body": answer.text.encode()})


def headers_of(answer: Answer) -> list[tuple[bytes, bytes]]:
    """What an answer's headers say before the edge adds its own."""
    length = str(len(answer.text.encode())).encode()
    headers = [(b"content-type", b"text/plain; charset=utf-8"), (b"content-length", length)]
    if answer is WRONG_METHOD:
        headers.append((b"allow", b"GET, POST"))
    if answer is UNAVAILABLE:
        headers.append((b"retry-after", b"2"))
    if answer in (TOO_LARGE, TOO_SLOW):
        # The rest of the body is not wanted, so the connection cannot be used again.
        headers.append((b"connection", b"close"))
    return headers

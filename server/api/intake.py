"""What may come in at all: no compressed bodies, none above the limit, whatever the length header claims. Plain ASGI.

A body of unknown length is counted while it is read, so memory stays bounded.
"""

from dataclasses import dataclass

from starlette.requests import Request
from starlette.types import ASGIApp, Message, Receive, Scope, Send

from server.api.problems import respond
from server.domain.errors import Refused
from server.domain.media import LARGEST

BATCHES = "/v1/messages/batch"
MEDIA = "/v1/media"


@dataclass(frozen=True, slots=True)
class BodyLimits:
    """Bytes. Batches are larger than other requests; files are larger still, and streamed."""

    request: int
    batch: int
    media: int = LARGEST

    def of(self, path: str) -> int:
        if path == MEDIA:
            return self.media
        return self.batch if path == BATCHES else self.request


class Intake:
    """Stands between the edge and the routes."""

    def __init__(self, app: ASGIApp, *, limits: BodyLimits) -> None:
        self._app = app
        self._limits = limits

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        if scope["type"] != "http":
            await self._app(scope, receive, send)
            return
        limit = self._limits.of(scope["path"])
        refused = _refusal(scope, limit)
        if refused is None:
            await self._app(scope, _counting(receive, limit), send)
            return
        response = respond(Request(scope), refused)
        await response(scope, receive, send)


def _refusal(scope: Scope, limit: int) -> Refused | None:
    for name, value in scope["headers"]:
        if name == b"content-encoding" and value.strip().lower() not in (b"", b"identity"):
            return Refused("compressed_body")
        if name == b"content-length" and (not value.isdigit() or int(value[:20]) > limit):
            return too_large(limit)
    return None


def _counting(receive: Receive, limit: int) -> Receive:
    left = limit

    async def receive_within_limit() -> Message:
        nonlocal left
        message = await receive()
        left -= len(message.get("body", b""))
        if left < 0:
            raise too_large(limit)
        return message

    return receive_within_limit


def too_large(limit: int) -> Refused:
    """Says the limit, in bytes."""
    return Refused("body_too_large", f"The body is larger than {limit} bytes")

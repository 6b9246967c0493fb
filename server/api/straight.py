"""The routes that take nearly all requests: described as any other, and answered without FastAPI and its layers
between, which take three times as long.

`server.main` gives them their requests, past its search for a route.
"""

from collections.abc import Callable, Coroutine
from typing import Any, NamedTuple

from fastapi import APIRouter
from starlette.types import Receive, Scope, Send

from server.api import idempotency
from server.api.auth import Requirement
from server.api.field_errors import field_errors
from server.api.problems import respond
from server.api.routing import Route, StrictRequest, flat
from server.domain.errors import Refused


class Answer(NamedTuple):
    """JSON, with status 202."""

    body: bytes
    headers: tuple[tuple[bytes, bytes], ...] = ()


def straight_router(tag: str) -> APIRouter:
    """A router for such routes."""
    return APIRouter(tags=[tag], route_class=Straight, redirect_slashes=False)


class Straight(Route):
    """Its function takes request, caller, Idempotency-Key and body, in this order, and nothing from path or query."""

    def __init__(self, path: str, endpoint: Callable[..., Coroutine[Any, Any, Answer]], **options: Any) -> None:
        super().__init__(path, endpoint, **options)
        assert self.body_field is not None, "it takes a body"  # noqa: S101 - said to whoever writes a route
        self._body = self.body_field
        [self._requirement] = [it.call for it in flat(self.dependant) if isinstance(it.call, Requirement)]
        self.app = self._respond

    async def _respond(self, scope: Scope, receive: Receive, send: Send) -> None:
        scope["route"] = self
        request = StrictRequest(scope, receive)
        try:
            answer = await self._answer(request)
        except Refused as refused:
            await respond(request, refused)(scope, receive, send)
            return
        length = (b"content-length", str(len(answer.body)).encode())
        headers = [(b"content-type", b"application/json"), length, *answer.headers]
        await send({"type": "http.response.start", "status": 202, "headers": headers})
        await send({"type": "http.response.body", "body": answer.body})

    async def _answer(self, request: StrictRequest) -> Answer:
        caller = await self._requirement.caller(request)
        request.check_query(frozenset())
        await request.read(needed=True)
        key = idempotency.given(request)
        body, errors = self._body.validate(request.parsed, loc=("body",))
        if errors:
            raise Refused("invalid_request", errors=field_errors(errors, self._body.field_info.annotation))
        answer: Answer = await self.endpoint(request, caller, key, body)
        return answer

"""The routers of /v1 and their route class: authenticate, then read the body strictly, then validate.

FastAPI alone would parse a stranger's body before looking at the key, and would take NaN, doubled names and any depth.
"""

import asyncio
from collections.abc import Callable, Coroutine, Iterator
from functools import lru_cache
from typing import Any

from fastapi import APIRouter, FastAPI, Request, Response
from fastapi.dependencies.models import Dependant
from fastapi.routing import APIRoute
from starlette.exceptions import HTTPException
from starlette.requests import ClientDisconnect

from server.api import headers
from server.api.auth import Requirement
from server.api.body import parse
from server.api.field_errors import MOST_SHOWN, shown
from server.api.one_write import has_whole_body
from server.domain.errors import Refused
from server.domain.field_errors import field_error


def router(tag: str) -> APIRouter:
    """A router for one noun, whose routes are ours. Paths are written out in full, from `/v1` on."""
    return APIRouter(tags=[tag], route_class=Route, redirect_slashes=False)


BODY_TIMEOUT_S = 30.0
"""From the first byte of the body to the last, so that slow senders cannot pile up."""


class StrictRequest(Request):
    """A request whose JSON we read, before FastAPI asks for it."""

    parsed: Any = None
    _whole: bytes | None = None

    async def read(self, *, needed: bool) -> None:
        """Reads the whole body, so that every fault of it is found here. Raises Refused."""
        # A deadline costs as much as checking the key, and nearly all bodies come with their heads.
        raw = await (self.body() if has_whole_body(self.scope) else self._body_in_time())
        if not raw:
            if needed:
                raise Refused("bad_json", "The body is empty")
            return
        if not _is_json("".join(headers.values(self.scope, b"content-type")[:1])):
            raise Refused("unsupported_media_type")
        self.parsed = parse(raw)

    async def _body_in_time(self) -> bytes:
        try:
            async with asyncio.timeout(BODY_TIMEOUT_S):
                return await self.body()
        except TimeoutError:
            raise Refused("body_too_slow", f"The body took longer than {BODY_TIMEOUT_S:g} seconds") from None

    async def body(self) -> bytes:
        """All of it. Starlette reads it through a generator, which costs as much as all the rest of the way in."""
        if self._whole is None:
            self._whole = await self._receive_all()
        return self._whole

    async def _receive_all(self) -> bytes:
        parts = []
        while True:
            message = await self.receive()
            if message["type"] == "http.disconnect":
                raise ClientDisconnect
            parts.append(message.get("body", b""))
            if not message.get("more_body", False):
                return b"".join(parts)

    def check_query(self, known: frozenset[str]) -> None:
        """A misspelt filter would leave a list unfiltered, so it is refused, as is one given twice."""
        if not self.scope["query_string"]:
            return
        given = [name for name, _ in self.query_params.multi_items()]
        unknown = [field_error(shown(name), "unknown_field") for name in dict.fromkeys(given) if name not in known]
        twice = [field_error(name, "given_twice") for name in sorted(known) if given.count(name) > 1]
        if unknown or twice:
            raise Refused("invalid_request", errors=(*unknown[:MOST_SHOWN], *twice))

    async def json(self) -> Any:
        return self.parsed


class Route(APIRoute):
    """A route of /v1."""

    def get_route_handler(self) -> Callable[[Request], Coroutine[Any, Any, Response]]:
        handle = super().get_route_handler()
        dependants = tuple(flat(self.dependant))
        requirements = [it.call for it in dependants if isinstance(it.call, Requirement)]
        parameters = frozenset(field.alias for it in dependants for field in it.query_params)
        takes_body = self.body_field is not None
        needs_body = self.body_field is not None and self.body_field.field_info.is_required()
        takes_path = bool(self.param_convertors)

        async def handle_strictly(request: Request) -> Response:
            if takes_path and request.scope["path"] in _written_out(request.app):
                raise HTTPException(405)  # the address of another route, asked with a method that it has not
            strict = StrictRequest(request.scope, request.receive)
            for requirement in requirements:
                await requirement.caller(strict)
            strict.check_query(parameters)
            if takes_body:
                await strict.read(needed=needs_body)
            return await handle(strict)

        return handle_strictly


@lru_cache(maxsize=8)
def _written_out(app: FastAPI) -> frozenset[str]:
    """The addresses that stand for one route: `/v1/messages/batch` is no message whose id is `batch`."""
    return frozenset(path for route in app.routes if "{" not in (path := getattr(route, "path", "{")))


def flat(dependant: Dependant) -> Iterator[Dependant]:
    """The route itself, and all that it depends on."""
    yield dependant
    for dependency in dependant.dependencies:
        yield from flat(dependency)


@lru_cache(maxsize=64)
def _is_json(content_type: str) -> bool:
    essence = content_type.partition(";")[0].strip().lower()
    return essence == "application/json" or (essence.startswith("application/") and essence.endswith("+json"))

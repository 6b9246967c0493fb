"""Turns what routes and the framework raise into problems. Registered by `server.main`."""

from typing import Any

from fastapi import FastAPI
from fastapi.exceptions import RequestValidationError
from starlette.exceptions import HTTPException
from starlette.requests import Request
from starlette.responses import Response
from starlette.routing import Match

from server.api.field_errors import field_errors
from server.api.problems import respond
from server.domain.errors import Refused

_BY_STATUS = {400: "bad_json", 404: "not_found", 405: "method_not_allowed"}


def register(app: FastAPI) -> None:
    """For everything but the unexpected, which the edge answers."""
    app.add_exception_handler(Refused, _refused)
    app.add_exception_handler(RequestValidationError, _invalid)
    app.add_exception_handler(HTTPException, _of_framework)


async def _refused(request: Request, refused: Exception) -> Response:
    assert isinstance(refused, Refused)  # noqa: S101 - Starlette's signature is wider than its promise
    return respond(request, refused)


async def _invalid(request: Request, invalid: Exception) -> Response:
    assert isinstance(invalid, RequestValidationError)  # noqa: S101 - as above
    return respond(request, Refused("invalid_request", errors=field_errors(invalid.errors(), _body_type(request))))


def _body_type(request: Request) -> Any:
    field = getattr(request.scope.get("route"), "body_field", None)
    return None if field is None else field.field_info.annotation


async def _of_framework(request: Request, error: Exception) -> Response:
    assert isinstance(error, HTTPException)  # noqa: S101 - as above
    refused = Refused(_BY_STATUS.get(error.status_code, "internal_error"))
    headers = {"Allow": _allowed(request)} if error.status_code == 405 else None
    return respond(request, refused, headers)


def _allowed(request: Request) -> str:
    """The methods of every route of this address; Starlette itself names those of the first one only.

    A route that is written out counts before those whose parameters would take the same address.
    """
    routes = [route for route in request.app.routes if route.matches(request.scope)[0] is not Match.NONE]
    written_out = [route for route in routes if getattr(route, "path", None) == request.scope["path"]]
    methods: set[str] = set()
    for route in written_out or routes:
        methods |= getattr(route, "methods", None) or set()
    return ", ".join(sorted(methods))

"""Who calls: the API key of the Authorization header, and the scope that a route asks for.

`routing.Route` authenticates before the body is read; the dependency only hands the caller to the route.
"""

from typing import Annotated

from fastapi import Depends, Request
from fastapi.security import HTTPBearer
from starlette.types import Scope as ASGIScope

from server.api import headers
from server.api.state import services
from server.domain.enums import Scope
from server.domain.errors import Refused
from server.services.api_keys import Principal

_scheme = HTTPBearer(
    scheme_name="ApiKey",
    bearerFormat="treeex_live_… or treeex_test_…",
    description="An API key, as `treeex key create` shows it once.",
    auto_error=False,
)


class Requirement:
    """A dependency that gives the caller, or refuses: no key, a bad key, or a key without the scope."""

    def __init__(self, scope: Scope | None) -> None:
        self.scope = scope

    async def __call__(self, request: Request, _documented: Annotated[object, Depends(_scheme)]) -> Principal:
        return await self.caller(request)

    async def caller(self, request: Request) -> Principal:
        """Looks once a request. Raises Refused with missing_key, invalid_key or missing_scope."""
        state = request.scope["state"]
        principal: Principal | None = state.get("principal")
        if principal is None:
            principal = state["principal"] = await services(request).api_keys.authenticate(bearer_token(request.scope))
        if self.scope is not None and self.scope not in principal.scopes:
            raise Refused("missing_scope", f"The API key has no scope {self.scope}")
        return principal


def require(scope: Scope) -> Requirement:
    """For routes: `caller: Annotated[Principal, Depends(require(Scope.MESSAGES_READ))]`."""
    return Requirement(scope)


Caller = Annotated[Principal, Depends(Requirement(None))]
"""Any valid key."""


def bearer_token(scope: ASGIScope) -> str:
    """The one token of the one Authorization header; keys are taken from nowhere else."""
    values = headers.values(scope, b"authorization")
    if not values:
        raise Refused("missing_key")
    scheme, _, token = values[0].partition(" ")
    if len(values) > 1 or scheme.lower() != "bearer":
        raise Refused("invalid_key")
    return token.strip(" ")

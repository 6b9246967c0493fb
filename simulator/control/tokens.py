"""Makes access tokens, lets them expire and takes them away; shows them masked.

Called over HTTP by tests, by the product's own launcher and by people with curl. A token that is made again under its
own name has what is given then: fewer accounts, fewer scopes, another end.
"""

from __future__ import annotations

import secrets
from typing import Annotated, Literal

import msgspec
from aiohttp import web
from msgspec.structs import replace

from simulator.clock import LATEST
from simulator.control.requests import answering, body_of, found, masked
from simulator.errors import Refused
from simulator.state import MANAGEMENT, MESSAGING, Id, Scope, Token
from simulator.world import World

TokenText = Annotated[str, msgspec.Meta(pattern="^[!-{}~]{8,512}$")]


class TokenBody(msgspec.Struct, forbid_unknown_fields=True):
    """`expires_at` in Unix seconds, `expires_in_s` from now; without either it never does."""

    app_id: Id
    waba_ids: list[Id]
    token: TokenText | None = None
    scopes: list[Scope] = msgspec.field(default_factory=lambda: [MANAGEMENT, MESSAGING])
    expires_at: Annotated[float, msgspec.Meta(ge=0, le=LATEST)] | None = None
    expires_in_s: Annotated[float, msgspec.Meta(ge=0, le=LATEST)] | None = None


class RevokeBody(msgspec.Struct, forbid_unknown_fields=True):
    token: TokenText
    subcode: Literal[458, 459, 460, 463, 464, 467] = 460


class TokenEndpoints:
    def __init__(self, world: World) -> None:
        self._world = world
        self._store = world.store

    def routes(self) -> list[web.RouteDef]:
        return [
            web.get("/_sim/tokens", answering(self.list_tokens)),
            web.post("/_sim/tokens", answering(self.make)),
            web.post("/_sim/tokens/revoke", answering(self.revoke)),
        ]

    async def list_tokens(self, _request: web.Request) -> object:
        return {"data": [_shown(token, masked(token.id)) for token in self._store.tokens.values()]}

    async def make(self, request: web.Request) -> object:
        """The one answer that shows a whole token: the caller has just given or got it."""
        body = await body_of(request, TokenBody)
        found(self._store.apps, body.app_id, "app")
        for waba_id in body.waba_ids:
            found(self._store.wabas, waba_id, "account")
        token = Token(
            id=body.token or f"EAA{secrets.token_hex(48)}",
            app_id=body.app_id,
            waba_ids=body.waba_ids,
            scopes=body.scopes,
            expires_at=self._end(body),
        )
        self._store.put(token)
        return _shown(token, token.id)

    async def revoke(self, request: web.Request) -> object:
        body = await body_of(request, RevokeBody)
        token = self._store.tokens.get(body.token)
        if token is None:
            raise Refused("there is no such token; make it first with POST /_sim/tokens", http=404)
        revoked = replace(token, revoked_with=body.subcode)
        self._store.put(revoked)
        return _shown(revoked, masked(token.id))

    def _end(self, body: TokenBody) -> float | None:
        if body.expires_in_s is None:
            return body.expires_at
        if body.expires_at is not None:
            raise Refused("give expires_at or expires_in_s, not both")
        return self._world.clock.now() + body.expires_in_s


def _shown(token: Token, text: str) -> object:
    return {
        "token": text,
        "app_id": token.app_id,
        "waba_ids": token.waba_ids,
        "scopes": token.scopes,
        "expires_at": token.expires_at,
        "revoked_with": token.revoked_with,
    }

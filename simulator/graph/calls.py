"""One Graph call, as the edges see it: who asks, for what, with which body.

Made by the router after version, token and node are known; the edges read it and return plain JSON values.
"""

from __future__ import annotations

from collections.abc import Awaitable, Callable, Mapping
from urllib.parse import urlencode

import msgspec
from aiohttp import web

from simulator.graph import errors
from simulator.graph.parameters import Parameters
from simulator.media.shelf import Media
from simulator.state import Number, Template, Token, Waba
from simulator.world import World

Json = dict[str, object]


class Call(msgspec.Struct):
    """`node`: what the path names."""

    world: World
    method: str
    at: float
    query: Mapping[str, str]
    token: Token
    body: bytes = b""
    number: Number | None = None
    waba: Waba | None = None
    media: Media | None = None
    template: Template | None = None
    node: str = ""
    request: web.BaseRequest | None = None

    def json_body(self) -> Json:
        """The JSON object of the body; anything else counts as an empty one, and then parameters are missing."""
        try:
            value = msgspec.json.decode(self.body)
        except (msgspec.MsgspecError, RecursionError, UnicodeDecodeError):
            return {}
        return value if isinstance(value, dict) else {}

    def parameters(self) -> Parameters:
        return Parameters(self.json_body())

    def require_number(self) -> Number:
        if self.number is None:
            raise errors.server_failed()
        return self.number

    def require_waba(self) -> Waba:
        if self.waba is None:
            raise errors.server_failed()
        return self.waba

    def require_template(self) -> Template:
        if self.template is None:
            raise errors.server_failed()
        return self.template

    @property
    def origin(self) -> str:
        """The simulator's own address, as the caller knows it, for links."""
        return "" if self.request is None else f"{self.request.scheme}://{self.request.host}"

    def url_with(self, **changed: str) -> str:
        """This call again with other parameters, for paging; a token is never part of it."""
        kept = {name: text for name, text in self.query.items() if name not in ("access_token", "after", "before")}
        path = "" if self.request is None else self.request.path
        return f"{self.origin}{path}?{urlencode(kept | changed)}"

    def require_media(self) -> Media:
        if self.media is None:
            raise errors.server_failed()
        return self.media


Edge = Callable[[Call], Json]
ReadingEdge = Callable[[Call, web.Request], Awaitable[Json]]
"""An edge that reads the body itself, because it is too long to be read at once."""

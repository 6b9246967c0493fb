"""From a request to an answer of the Graph API: version, token, node, edge, then headers as Meta sends them.

Every path outside `/_sim` ends here. A new endpoint is one line in the tables below; edges are plain functions
that return JSON or raise `GraphError`.
"""

from __future__ import annotations

import hashlib
import logging
from typing import Final

from aiohttp import web

from simulator.graph import accounts, errors, media, messages, numbers, templates, tokens, uploads, usage
from simulator.graph.calls import Call, Edge, Json, ReadingEdge
from simulator.graph.errors import GraphError
from simulator.graph.exchange import Exchange
from simulator.graph.faults import CallFaults
from simulator.world import World

log = logging.getLogger("simulator.graph")

_ROOT: dict[str, dict[str, Edge]] = {
    "debug_token": {"GET": tokens.debug},
}
_NUMBER: dict[str, dict[str, Edge]] = {
    "": {"GET": numbers.show},
    "messages": {"POST": messages.send},
    "marketing_messages": {"POST": messages.send_marketing},
    "media": {},  # its POST is read piece by piece
}
_WABA: dict[str, dict[str, Edge]] = {
    "": {"GET": accounts.show},
    "phone_numbers": {"GET": numbers.list_of_account},
    "message_templates": {"GET": templates.list_of_account},
    "subscribed_apps": {
        "GET": accounts.subscribed_apps,
        "POST": accounts.subscribe,
        "DELETE": accounts.unsubscribe,
    },
}

_MEDIA: dict[str, dict[str, Edge]] = {
    "": {"GET": media.show, "DELETE": media.delete},
}
_TEMPLATE: dict[str, dict[str, Edge]] = {
    "": {"GET": templates.show},
}
_APP: dict[str, dict[str, Edge]] = {
    "uploads": {"POST": uploads.begin},
}
_UPLOAD: dict[str, dict[str, Edge]] = {
    "": {"GET": uploads.state},
}
_READ_PIECEWISE: Final = {("number", "media"): ("POST",), ("upload", ""): ("POST",)}

# Every edge by the kind of node that it hangs on, with the methods that it takes; what is read piece by piece, too.
ENDPOINTS: Final[dict[str, dict[str, set[str]]]] = {
    kind: {edge: {*methods, *_READ_PIECEWISE.get((kind, edge), ())} for edge, methods in edges.items()}
    for kind, edges in {
        "root": _ROOT,
        "number": _NUMBER,
        "account": _WABA,
        "media": _MEDIA,
        "template": _TEMPLATE,
        "app": _APP,
        "upload": _UPLOAD,
    }.items()
}


class GraphApi:
    def __init__(self, world: World) -> None:
        self._world = world
        self._faults = CallFaults(world, self._reply, self._refusal)

    async def handle(self, request: web.Request) -> web.StreamResponse:
        at = self._world.clock.now()
        exchange = Exchange(request.method, request.path, self._world.ids)
        if self._world.faults.touch_calls:
            return await self._faults.answer(exchange, request, at)
        if exchange.is_upload:
            return exchange.response(*await self._received(exchange, request, at))
        return exchange.response(*self._processed(exchange, request, await request.read(), at))

    async def _reply(self, exchange: Exchange, request: web.Request, body: bytes, at: float) -> tuple[Json, int]:
        if exchange.is_upload:
            return await self._received(exchange, request, at)
        return self._processed(exchange, request, body, at)

    def _processed(self, exchange: Exchange, request: web.Request, body: bytes, at: float) -> tuple[Json, int]:
        try:
            call = self._call(exchange, request, body, at)
            return self._edge(exchange, call)(call), 200
        except Exception as error:
            return self._refusal(exchange, _worded(exchange, error), body, at)

    async def _received(self, exchange: Exchange, request: web.Request, at: float) -> tuple[Json, int]:
        """The same for files, which are read piece by piece, and only once it is known whose they are."""
        try:
            call = self._call(exchange, request, b"", at)
            return await self._reading_edge(exchange, call)(call, request), 200
        except Exception as error:
            return self._refusal(exchange, _worded(exchange, error), b"", at)

    def _call(self, exchange: Exchange, request: web.Request, body: bytes, at: float) -> Call:
        exchange.resolve_version()
        query = request.query if request.query_string else {}
        store = self._world.store
        token = tokens.from_request(store, request.headers.get("Authorization"), query.get("access_token"), at)
        tokens.check_proof(store, token, query.get("appsecret_proof"))
        return Call(self._world, exchange.method, at, query, token, body, node=exchange.node, request=request)

    def _edge(self, exchange: Exchange, call: Call) -> Edge:
        """Find the node and the function that answers for its edge; fill both into the call."""
        if exchange.node in _ROOT and not exchange.edge:
            return self._of_method(exchange, _ROOT[exchange.node])
        if exchange.node.startswith("upload:"):
            return self._of_method(exchange, self._of_path(exchange, _UPLOAD))
        if exchange.edge in _APP and exchange.node in ("app", call.token.app_id):
            return self._of_method(exchange, _APP[exchange.edge])
        self._find_object(exchange, call)
        return self._of_method(exchange, self._of_path(exchange, _edges_of(call)))

    def _reading_edge(self, exchange: Exchange, call: Call) -> ReadingEdge:
        if exchange.node.startswith("upload:"):
            return uploads.receive
        self._find_object(exchange, call)
        if call.number is None or call.media is not None:
            raise errors.unknown_path(exchange.edge)
        return media.upload

    def _find_object(self, exchange: Exchange, call: Call) -> None:
        """The account, number, template or media object that the path names, if the token may see it."""
        store = self._world.store
        call.media = self._world.media.find(exchange.node)
        call.number = store.numbers.get(call.media.phone_number_id if call.media else exchange.node)
        call.template = store.templates.get(exchange.node)
        waba_id = call.template.waba_id if call.template else exchange.node
        waba = store.waba_of(call.number) if call.number else store.wabas.get(waba_id)
        if waba is None or waba.id not in call.token.waba_ids:
            raise errors.no_such_object(exchange.method, exchange.node)
        call.waba = waba
        edge = "media" if call.media else exchange.edge
        try:
            tokens.require_scope(call.token, edge)
            usage.count(call, edge, waba)
        finally:
            for name, value in usage.headers(call, waba):
                exchange.headers[name] = value

    @staticmethod
    def _of_path(exchange: Exchange, edges: dict[str, dict[str, Edge]]) -> dict[str, Edge]:
        methods = edges.get(exchange.edge)
        if methods is None:
            raise errors.unknown_path(exchange.edge)
        return methods

    @staticmethod
    def _of_method(exchange: Exchange, edges: dict[str, Edge]) -> Edge:
        edge = edges.get(exchange.method)
        if edge is None:
            raise errors.no_such_object(exchange.method, exchange.node)
        return edge

    def _refusal(self, exchange: Exchange, error: GraphError, body: bytes, at: float) -> tuple[Json, int]:
        exchange.headers["WWW-Authenticate"] = error.challenge
        if exchange.is_send:
            self._world.ledger.append(
                "refused",
                at=at,
                phone_number_id=exchange.node,
                code=error.code,
                http=error.http,
                fbtrace_id=exchange.fbtrace_id,
                sha256=hashlib.sha256(body).hexdigest(),
            )
        return error.as_json(exchange.fbtrace_id), error.http


def _edges_of(call: Call) -> dict[str, dict[str, Edge]]:
    if call.media is not None:
        return _MEDIA
    if call.template is not None:
        return _TEMPLATE
    return _NUMBER if call.number is not None else _WABA


def _worded(exchange: Exchange, error: Exception) -> GraphError:
    """The product sees Meta's 500, never a traceback."""
    if isinstance(error, GraphError):
        return error
    log.error("%s %s failed", exchange.method, exchange.edge or "node", exc_info=error)
    return errors.server_failed()

"""From a request to an answer of the Graph API: version, token, node, edge, then headers as Meta sends them.

Every path outside `/_sim` ends here. A new endpoint is one line in the tables below; edges are plain functions
that return JSON or raise `GraphError`.
"""

from __future__ import annotations

import hashlib
import logging

from aiohttp import web

from simulator.graph import accounts, errors, messages, numbers, tokens
from simulator.graph.calls import Call, Edge, Json
from simulator.graph.errors import GraphError
from simulator.graph.exchange import Exchange
from simulator.graph.faults import SendFaults
from simulator.world import World

log = logging.getLogger("simulator.graph")

_ROOT: dict[str, dict[str, Edge]] = {
    "debug_token": {"GET": tokens.debug},
}
_NUMBER: dict[str, dict[str, Edge]] = {
    "": {"GET": numbers.show},
    "messages": {"POST": messages.send},
}
_WABA: dict[str, dict[str, Edge]] = {
    "": {"GET": accounts.show},
    "phone_numbers": {"GET": numbers.list_of_account},
    "subscribed_apps": {
        "GET": accounts.subscribed_apps,
        "POST": accounts.subscribe,
        "DELETE": accounts.unsubscribe,
    },
}


class GraphApi:
    def __init__(self, world: World) -> None:
        self._world = world
        self._faults = SendFaults(world, self._processed, self._refusal)

    async def handle(self, request: web.Request) -> web.StreamResponse:
        at = self._world.clock.now()
        body = await request.read()
        exchange = Exchange(request.method, request.path)
        if self._world.faults.on_sends and exchange.is_send:
            return await self._faults.answer(exchange, request, body, at)
        return exchange.response(*self._processed(exchange, request, body, at))

    def _processed(self, exchange: Exchange, request: web.Request, body: bytes, at: float) -> tuple[Json, int]:
        try:
            return self._answer(exchange, request, body, at), 200
        except GraphError as error:
            return self._refusal(exchange, error, body, at)
        except Exception:
            # The product sees Meta's 500, never a traceback.
            log.exception("%s %s failed", exchange.method, exchange.edge or "node")
            return self._refusal(exchange, errors.server_failed(), body, at)

    def _answer(self, exchange: Exchange, request: web.Request, body: bytes, at: float) -> Json:
        exchange.resolve_version()
        query = request.query if request.query_string else {}
        store = self._world.store
        token = tokens.from_request(store, request.headers.get("Authorization"), query.get("access_token"))
        call = Call(self._world, exchange.method, at, query, token, body)
        return self._edge(exchange, call)(call)

    def _edge(self, exchange: Exchange, call: Call) -> Edge:
        """Find the node and the function that answers for its edge; fill both into the call."""
        if exchange.node in _ROOT and not exchange.edge:
            return self._of_method(exchange, _ROOT[exchange.node])
        store = self._world.store
        number = store.numbers.get(exchange.node)
        waba = store.waba_of(number) if number else store.wabas.get(exchange.node)
        if waba is None or waba.id not in call.token.waba_ids:
            raise errors.no_such_object(exchange.method, exchange.node)
        exchange.name_account(waba)
        call.number, call.waba = number, waba
        edges = (_NUMBER if number else _WABA).get(exchange.edge)
        if edges is None:
            raise errors.unknown_path(exchange.edge)
        return self._of_method(exchange, edges)

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

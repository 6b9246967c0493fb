"""From a request to an answer of the Graph API: version, token, node, edge, then headers as Meta sends them.

Every path outside `/_sim` ends here. A new endpoint is one line in the tables below; edges are plain functions
that return JSON or raise `GraphError`.
"""

from __future__ import annotations

import hashlib
import logging

from aiohttp import web

from simulator import wire
from simulator.graph import accounts, errors, messages, numbers, tokens, versions
from simulator.graph.calls import Call, Edge, Json
from simulator.graph.errors import GraphError
from simulator.ids import trace_ids
from simulator.state import Waba
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

_HEADERS = (
    ("Content-Type", "application/json; charset=UTF-8"),
    ("Cache-Control", "private, no-cache, no-store, must-revalidate"),
    ("Expires", "Sat, 01 Jan 2000 00:00:00 GMT"),
    ("Strict-Transport-Security", "max-age=15552000; preload"),
    ("Access-Control-Allow-Origin", "*"),
    ("X-FB-Rev", "1000000000"),
)
_LATEST = f"v{versions.LATEST}.0"


class GraphApi:
    def __init__(self, world: World) -> None:
        self._world = world

    async def handle(self, request: web.Request) -> web.Response:
        at = self._world.clock.now()
        body = await request.read()
        exchange = Exchange(request.method, request.path)
        try:
            answer = self._answer(exchange, request, body, at)
            status = 200
        except GraphError as error:
            answer, status = self._refusal(exchange, error, body, at)
        except Exception:
            # The product sees Meta's 500, never a traceback.
            log.exception("%s %s failed", exchange.method, exchange.edge or "node")
            answer, status = self._refusal(exchange, errors.server_failed(), body, at)
        return web.Response(body=wire.dump_bytes(answer), status=status, headers=exchange.headers)

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
        if exchange.edge == "messages" and exchange.method == "POST":
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


class Exchange:
    """What is known of a request from its path alone, and the headers of its answer."""

    def __init__(self, method: str, path: str) -> None:
        self.method = method
        self.version = _LATEST
        self._parts = path.strip("/").split("/")
        self.node, self.edge = _node_and_edge(self._parts)
        self.fbtrace_id, short = trace_ids()
        self.headers: dict[str, str] = dict(_HEADERS)
        self.headers["Facebook-Api-Version"] = self.version
        self.headers["X-FB-Request-ID"] = self.fbtrace_id
        self.headers["X-FB-Trace-ID"] = short

    def resolve_version(self) -> None:
        """Without a version the oldest living one answers.

        Raises:
            GraphError: 2500, the version or the path does not exist.
        """
        try:
            found = versions.resolve(self._parts[0])
        except versions.VersionUnknown as error:
            raise errors.unknown_path("/".join(self._parts)) from error
        self.version, warning = found or (f"v{versions.OLDEST}.0", None)
        self.headers["Facebook-Api-Version"] = self.version
        if warning is not None:
            self.headers["X-Ad-Api-Version-Warning"] = warning
        if not self.node:
            raise errors.unknown_path("/".join(self._parts))

    def name_account(self, waba: Waba) -> None:
        self.headers["X-Business-Use-Case-Usage"] = (
            f'{{"{waba.id}":[{{"type":"whatsapp","call_count":1,"total_cputime":1,"total_time":1,'
            '"estimated_time_to_regain_access":0}]}'
        )


def _node_and_edge(parts: list[str]) -> tuple[str, str]:
    rest = parts[1:] if parts[0].startswith("v") and "." in parts[0] else parts
    return (rest[0] if rest else ""), "/".join(rest[1:])

"""Carries out the planned faults on sends: what is processed, what the ledger says of it, what the client gets.

Called by the router, and only while there are rules for sends. Read receipts are never struck. A fault is on
record before the client can notice it.
"""

from __future__ import annotations

import asyncio
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

import msgspec
from aiohttp import hdrs, web

from simulator import wire
from simulator.faults.active import ActiveRule
from simulator.faults.rules import (
    DropAfter,
    DropBefore,
    ErrorAfter,
    ErrorBefore,
    GarbageAfter,
    HalfAnswer,
    MetaError,
    SendRule,
    Slow,
)
from simulator.graph import errors
from simulator.graph.calls import Json
from simulator.graph.errors import GraphError
from simulator.graph.exchange import Exchange
from simulator.graph.recipients import plain_digits
from simulator.world import World

Reply = tuple[Json, int]
Process = Callable[[Exchange, web.Request, bytes, float], Reply]
Refuse = Callable[[Exchange, GraphError, bytes, float], Reply]

_NOT_PROCESSED = DropBefore | ErrorBefore | MetaError
_SERVER_ERROR_PAGE = b"<!DOCTYPE html><html><title>Error</title><p>Sorry, something went wrong.</p></html>"


@dataclass(frozen=True, slots=True)
class Draft:
    """What a request asks to send, as far as a rule or a judge wants to know."""

    phone_number_id: str
    wa_id: str
    opaque: str | None


class SendFaults:
    """`process` lets a request through as if there were no faults; `refuse` words and records a refusal."""

    def __init__(self, world: World, process: Process, refuse: Refuse) -> None:
        self._world = world
        self._process = process
        self._refuse = refuse

    async def answer(self, exchange: Exchange, request: web.Request, body: bytes, at: float) -> web.StreamResponse:
        draft = _draft(exchange, body)
        struck = self._world.faults.strike_send(draft.phone_number_id, draft.wa_id) if draft else None
        if draft is None or struck is None:
            return exchange.response(*self._process(exchange, request, body, at))
        if isinstance(struck.rule, _NOT_PROCESSED):
            self._record(struck, draft, wamid=None)
            return self._unprocessed(struck.rule, exchange, request, body, at)
        reply, http = self._process(exchange, request, body, at)
        wamid = _wamid(reply)
        if wamid is None:  # refused: there is nothing that the client could be left in doubt about
            return exchange.response(reply, http)
        self._record(struck, draft, wamid=wamid)
        return await self._spoiled(struck.rule, exchange, request, reply)

    def _unprocessed(
        self, rule: _NOT_PROCESSED, exchange: Exchange, request: web.Request, body: bytes, at: float
    ) -> web.StreamResponse:
        match rule:
            case DropBefore():
                return _cut(request)
            case ErrorBefore():
                return _server_error(rule.http)
            case MetaError():
                return exchange.response(*self._refuse(exchange, _meta_error(rule), body, at))

    async def _spoiled(
        self, rule: SendRule, exchange: Exchange, request: web.Request, reply: Json
    ) -> web.StreamResponse:
        match rule:
            case DropAfter():
                return _cut(request)
            case ErrorAfter():
                return _server_error(rule.http)
            case GarbageAfter():
                return web.Response(body=rule.body.encode(), headers=exchange.headers)
            case HalfAnswer():
                return await _half(exchange, request, wire.dump_bytes(reply))
            case Slow():
                await asyncio.sleep(rule.seconds)
        return exchange.response(reply, 200)

    def _record(self, struck: ActiveRule[SendRule], draft: Draft, *, wamid: str | None) -> None:
        struck.injected += 1
        ledger = self._world.ledger
        ledger.append(
            "fault",
            fault=struck.rule.kind,
            rule=struck.place,
            processed=wamid is not None,
            wamid=wamid,
            phone_number_id=draft.phone_number_id,
            wa_id=draft.wa_id,
            biz_opaque_callback_data=draft.opaque,
            code=getattr(struck.rule, "code", None),
            http=getattr(struck.rule, "http", None),
        )
        ledger.flush()


def _draft(exchange: Exchange, body: bytes) -> Draft | None:
    """None for a read receipt, and for what is no message at all."""
    try:
        request = msgspec.json.decode(body, type=dict[str, Any])
    except (msgspec.MsgspecError, RecursionError, UnicodeDecodeError):
        return None
    if "status" in request:
        return None
    to, opaque = request.get("to"), request.get("biz_opaque_callback_data")
    return Draft(
        exchange.node,
        plain_digits(to),
        opaque if isinstance(opaque, str) else None,
    )


def _wamid(reply: Json) -> str | None:
    match reply:
        case {"messages": [{"id": str(wamid)}]}:
            return wamid
    return None


def _meta_error(rule: MetaError) -> GraphError:
    return errors.planned(
        rule.code, http=rule.http, subcode=rule.subcode, message=rule.message, is_transient=rule.is_transient
    )


def _server_error(http: int) -> web.Response:
    return web.Response(body=_SERVER_ERROR_PAGE, status=http, content_type="text/html")


def _cut(request: web.Request) -> web.Response:
    if request.transport is not None:
        request.transport.abort()
    return web.Response()  # aiohttp wants one; there is nobody left to get it


async def _half(exchange: Exchange, request: web.Request, whole: bytes) -> web.StreamResponse:
    answer = web.StreamResponse(headers={**exchange.headers, hdrs.CONTENT_LENGTH: str(len(whole))})
    await answer.prepare(request)
    await answer.write(whole[: len(whole) // 2])
    if request.transport is not None:
        request.transport.close()  # what was written still goes out
    return answer

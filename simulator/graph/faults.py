"""Carries out the planned faults on Graph calls: what is processed, what the ledger says of it, what the client gets.

Called by the router in place of its own way, and only while there are rules for calls. A fault is on record before
the client can notice it, with the arrival of the request as its time.
"""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable
from dataclasses import dataclass
from typing import Any
from weakref import WeakSet

import msgspec
from aiohttp import web

from simulator import wire
from simulator.faults import call_rules as rules
from simulator.faults.active import ActiveRule, Arriving
from simulator.faults.rule import Subject
from simulator.faults.rules import AnyRule
from simulator.graph import errors, spoiling
from simulator.graph.calls import Json
from simulator.graph.errors import GraphError
from simulator.graph.exchange import Exchange
from simulator.graph.recipients import plain_digits
from simulator.world import World

Reply = tuple[Json, int]
Process = Callable[[Exchange, web.Request, bytes, float], Awaitable[Reply]]
Refuse = Callable[[Exchange, GraphError, bytes, float], Reply]


@dataclass(slots=True)
class Struck:
    """A request on its way through a fault. `body` is empty until it is read, `subject` knows only the number then."""

    exchange: Exchange
    request: web.Request
    at: float
    kind: rules.CallKind
    body: bytes = b""
    subject: Subject | None = None
    opaque: str | None = None


class CallFaults:
    """`process` lets a request through as if there were no faults; `refuse` words and records a refusal."""

    def __init__(self, world: World, process: Process, refuse: Refuse) -> None:
        self._world = world
        self._process = process
        self._refuse = refuse
        self._used: WeakSet[asyncio.Transport] = WeakSet()

    async def answer(self, exchange: Exchange, request: web.Request, at: float) -> web.StreamResponse:
        call = Struck(exchange, request, at, self._kind(exchange, None))
        faults = self._world.faults
        refusing = faults.refusing()
        if refusing is not None:
            return self._cut(refusing, call, by="close")
        halved = faults.strike_request(call.kind, exchange.node)
        if halved is not None and isinstance(halved.rule, rules.HalfRequest):
            await _read_half(request)
            return self._cut(halved, call, by=halved.rule.by)
        await self._read(call)
        subject = call.subject or Subject(exchange.node)
        struck = faults.strike_call(Arriving(call.kind, subject, reused=self._is_reused(request)))
        if struck is None:
            return exchange.response(*await self._processed(call))
        return await self._carried_out(struck, struck.rule, call)

    async def _read(self, call: Struck) -> None:
        if call.exchange.is_upload:  # whoever takes the file reads it
            return
        call.body = await call.request.read()
        call.kind = self._kind(call.exchange, call.body)
        if call.kind == "sends":
            call.subject, call.opaque = self._draft(call.exchange.node, call.body)

    def _draft(self, node: str, body: bytes) -> tuple[Subject, str | None]:
        """What a request asks to send, as far as a rule or a judge wants to know."""
        request = _decoded(body) or {}
        template = request.get("template")
        template = template if isinstance(template, dict) else {}
        subject = Subject(
            phone_number_id=node,
            wa_id=plain_digits(request.get("to")),
            type=_text(request.get("type", "text")),
            template=_text(template.get("name")),
            category=self._category(node, template) or _text(request.get("category")) or "service",
        )
        return subject, _text(request.get("biz_opaque_callback_data"))

    def _category(self, node: str, template: dict[str, Any]) -> str | None:
        match template:
            case {"name": str(name), "language": {"code": str(language)}} if node in self._world.store.numbers:
                waba_id = self._world.store.numbers[node].waba_id
                found = self._world.store.template(waba_id, name, language)
                return found.category.lower() if found else None
        return None

    def _is_reused(self, request: web.Request) -> bool:
        transport = request.transport
        if transport is None:
            return False
        reused = transport in self._used
        self._used.add(transport)
        return reused

    async def _processed(self, call: Struck) -> Reply:
        return await self._process(call.exchange, call.request, call.body, call.at)

    def _kind(self, exchange: Exchange, body: bytes | None) -> rules.CallKind:
        """Without a body, what may be a message counts as one."""
        if exchange.is_send:
            return "sends" if body is None or _asks_to_send(body) else "other"
        if exchange.is_upload or exchange.edge == "uploads" or self._world.media.find(exchange.node) is not None:
            return "media"
        return "reads" if exchange.method == "GET" else "other"

    async def _carried_out(
        self, struck: ActiveRule[rules.CallRule], rule: rules.CallRule, call: Struck
    ) -> web.StreamResponse:
        if isinstance(rule, rules.UnprocessedRule):
            await _read_away(call)
            self._record(struck, call, reply=None)
            return self._unprocessed(rule, call)
        if isinstance(rule, rules.SlowBefore):
            return await self._late(struck, rule, call)
        reply, http = await self._processed(call)
        if http != 200:  # refused: there is nothing that the client could be left in doubt about
            return call.exchange.response(reply, http)
        if isinstance(rule, rules.Fail):
            self._fail(reply, rule.code)
        self._record(struck, call, reply=reply)
        return await self._spoiled(rule, call, reply)

    def _unprocessed(self, rule: rules.UnprocessedRule, call: Struck) -> web.StreamResponse:
        match rule:
            case rules.ErrorBefore():
                return spoiling.server_error(rule.http)
            case rules.Redirect():
                return spoiling.redirect(call.request, rule.http, rule.location)
            case rules.MetaError():
                reply, http = self._refuse(call.exchange, _meta_error(rule), call.body, call.at)
                return call.exchange.response(reply, http)
            case _:
                return spoiling.cut(call.request, rule.by)

    async def _late(self, struck: ActiveRule[Any], rule: rules.SlowBefore, call: Struck) -> web.StreamResponse:
        faults = self._world.faults
        struck.injected += 1  # now, so that no second one begins to wait in the place of the last
        faults.under_way += 1
        try:
            await asyncio.sleep(faults.latency_s(rule.seconds))
            reply, http = await self._processed(call)
        finally:
            faults.under_way -= 1
        self._note(struck, call, reply=reply if http == 200 else None)
        return call.exchange.response(reply, http)

    async def _spoiled(self, rule: rules.SpoilingRule, call: Struck, reply: Json) -> web.StreamResponse:
        exchange, request = call.exchange, call.request
        match rule:
            case rules.DropAfter():
                return spoiling.cut(request, rule.by)
            case rules.ErrorAfter():
                return spoiling.server_error(rule.http)
            case rules.GarbageAfter():
                return spoiling.garbage(rule, exchange.headers)
            case rules.WrongTypeAfter():
                return web.Response(body=wire.dump_bytes(reply), content_type=rule.content_type)
            case _:
                return await self._drawn_out(rule, call, reply)

    async def _drawn_out(self, rule: rules.SpoilingRule, call: Struck, reply: Json) -> web.StreamResponse:
        exchange, request = call.exchange, call.request
        whole = exchange.response(reply, 200)
        match rule:
            case rules.HalfAnswer():
                return await spoiling.half(request, whole, at=rule.cut, by=rule.by)
            case rules.HugeAfter():
                return await spoiling.huge(request, reply, exchange.headers, megabytes=rule.megabytes)
            case rules.DripAfter():
                seconds = self._world.faults.latency_s(rule.seconds)
                return await spoiling.drip(request, reply, exchange.headers, seconds=seconds)
            case rules.Slow():
                await asyncio.sleep(self._world.faults.latency_s(rule.seconds))
        return whole

    def _fail(self, reply: Json, code: int) -> None:
        message = self._world.conversations.find(_wamid(reply) or "")
        if message is not None and message.failure is None:
            message.failure = code

    def _cut(self, struck: ActiveRule[Any], call: Struck, *, by: spoiling.Cut) -> web.StreamResponse:
        self._record(struck, call, reply=None)
        return spoiling.cut(call.request, by)

    def _record(self, struck: ActiveRule[Any], call: Struck, *, reply: Json | None) -> None:
        struck.injected += 1
        self._note(struck, call, reply=reply)

    def _note(self, struck: ActiveRule[Any], call: Struck, *, reply: Json | None) -> None:
        rule: AnyRule = struck.rule
        ledger = self._world.ledger
        ledger.append(
            "fault",
            at=call.at,
            fault=rule.kind,
            rule=struck.place,
            on=call.kind,
            processed=reply is not None,
            wamid=None if reply is None else _wamid(reply),
            phone_number_id=call.exchange.node,
            wa_id=call.subject.wa_id if call.subject else None,
            biz_opaque_callback_data=call.opaque,
            code=getattr(rule, "code", None),
            http=getattr(rule, "http", None),
        )
        ledger.flush()


def _asks_to_send(body: bytes) -> bool:
    """Neither a read receipt nor what is no JSON at all."""
    request = _decoded(body)
    return request is not None and "status" not in request


def _decoded(body: bytes) -> dict[str, Any] | None:
    try:
        return msgspec.json.decode(body, type=dict[str, Any])
    except (msgspec.MsgspecError, RecursionError, UnicodeDecodeError):
        return None


def _text(value: object) -> str | None:
    return value if isinstance(value, str) else None


def _wamid(reply: Json) -> str | None:
    match reply:
        case {"messages": [{"id": str(wamid)}]}:
            return wamid
    return None


def _meta_error(rule: rules.MetaError) -> GraphError:
    return errors.planned(
        rule.code, http=rule.http, subcode=rule.subcode, message=rule.message, is_transient=rule.is_transient
    )


async def _read_away(call: Struck) -> None:
    """So that the client has written all of its file before it hears of anything."""
    if call.exchange.is_upload:
        async for _ in call.request.content.iter_any():
            pass


async def _read_half(request: web.Request) -> None:
    length = request.content_length or 0
    try:
        await request.content.readexactly(length // 2)
    except asyncio.IncompleteReadError:
        return

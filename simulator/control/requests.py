"""Reading control calls and answering them: typed JSON in, JSON out, one clear sentence when refused.

Used by every control endpoint. Answers never hold a secret or a token, which `masked` shortens.
"""

from __future__ import annotations

import re
from collections.abc import Awaitable, Callable
from typing import TypeVar

import msgspec
from aiohttp import web

from simulator.errors import Refused

Endpoint = Callable[[web.Request], Awaitable[object]]
Handler = Callable[[web.Request], Awaitable[web.Response]]

_Body = TypeVar("_Body")
_Record = TypeVar("_Record")

_SHOWN = 4
_GROUP_ID = re.compile(r"[A-Za-z0-9_-]{1,128}")


def answering(endpoint: Endpoint) -> Handler:
    """The aiohttp handler for an endpoint that returns JSON and raises `Refused`."""

    async def handler(request: web.Request) -> web.Response:
        try:
            return json_answer(await endpoint(request))
        except Refused as error:
            return json_answer({"error": {"message": str(error)}}, http=error.http)
        except OSError as error:
            sentence = f"the data directory cannot be written: {error.strerror}; free some space and repeat the call"
            return json_answer({"error": {"message": sentence}}, http=507)

    return handler


def json_answer(value: object, *, http: int = 200) -> web.Response:
    body = value if isinstance(value, bytes) else msgspec.json.encode(value)
    return web.Response(body=body, status=http, content_type="application/json")


async def body_of(request: web.Request, type_: type[_Body]) -> _Body:
    """The body as this type.

    Raises:
        Refused: it is not JSON, or not of that shape; the sentence names the place.
    """
    return await decoded_body(request, msgspec.json.Decoder(type_).decode)


async def decoded_body(request: web.Request, decode: Callable[[bytes], _Body]) -> _Body:
    """The same, for what is no single type."""
    try:
        return decode(await request.read() or b"{}")
    except (msgspec.MsgspecError, UnicodeDecodeError, RecursionError) as error:
        raise Refused(f"the body cannot be used: {error}; see simulator/README.md for its fields") from error


def path_id(request: web.Request, name: str) -> str:
    id_ = request.match_info[name]
    if not (id_.isascii() and id_.isdigit() and len(id_) <= 32):
        raise Refused(f"{name} must be digits only, like 100000000000001")
    return id_


def path_group_id(request: web.Request) -> str:
    """Meta's own are Base64 of `capi_group:…` (Meta: groups); digits alone are taken as well."""
    id_ = request.match_info["group_id"]
    if not _GROUP_ID.fullmatch(id_):
        raise Refused("a group id has letters, digits, - and _, at most 128, like 120363000000000001")
    return id_


def found(records: dict[str, _Record], id_: str, what: str) -> _Record:
    record = records.get(id_)
    if record is None:
        raise Refused(f"there is no {what} {id_}; make it first with PUT", http=404)
    return record


def whole_number(request: web.Request, name: str, default: int, largest: int) -> int:
    text = request.query.get(name, str(default))
    if not (text.isascii() and text.isdigit() and int(text[:18]) <= largest):
        raise Refused(f"{name} must be a whole number from 0 to {largest}")
    return int(text)


def masked(secret: str) -> str:
    return f"…{secret[-_SHOWN:]}" if len(secret) >= 4 * _SHOWN else "…"

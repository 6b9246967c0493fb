"""Sends to a local Graph, what it answers, and how its connections end. For the tests of the outbound client."""

import asyncio
import math
from collections.abc import Callable
from typing import Any

from server.whatsapp.access_token import AccessToken
from server.whatsapp.errors import (
    Outcome,
)
from server.whatsapp.http1 import Connection as Way
from server.whatsapp.outbound import OutboundClient, Tried
from server.whatsapp.renderer import Rendered
from tests.integration.whatsapp.local_graph import Behaviour, Connection, LocalGraph, Request, answer

TEXT = "canary-token"
TOKEN = AccessToken(TEXT)
TAKEN = {"messaging_product": "whatsapp", "messages": [{"id": "wamid.dGVzdA=="}]}
DEADLINE_S = 30

Clients = Callable[..., OutboundClient]
WHOLE = answer(TAKEN)


async def send(
    client: OutboundClient,
    opaque_id: str = "t1.test",
    *,
    body: str = "Hi",
    token: AccessToken = TOKEN,
    begin_by: float = math.inf,
) -> Tried:
    payload = {"type": "text", "text": {"body": body}, "biz_opaque_callback_data": opaque_id}
    async with asyncio.timeout(DEADLINE_S):
        tried = await client.send(
            phone_number_id="100000000000001", token=token, request=Rendered("messages", payload), begin_by=begin_by
        )
    assert TEXT not in repr(tried)
    return tried


async def outcome_of(clients: Clients, behave: Behaviour, **options: Any) -> Outcome:
    """What one send comes to at a server that got it whole, once."""
    async with LocalGraph(behave) as graph:
        tried = await send(clients(graph.url, **options))
        assert len(graph.requests) == 1
        return tried.outcome


def envelope(code: Any, **more: Any) -> dict[str, Any]:
    return {"error": {"message": "(#1) words", "type": "OAuthException", "code": code, "fbtrace_id": "Xyz", **more}}


async def closes(_connection: Connection, _request: Request) -> bool:
    return False


async def resets(connection: Connection, _request: Request) -> bool:
    connection.reset()
    return False


def idle(client: OutboundClient) -> list[Way]:
    """The connections in its pool that would serve."""
    return [connection for _, connection in client._graph._pool._idle if connection.is_free]

"""Clients of a local Graph, which end with their test."""

from collections.abc import AsyncIterator

import pytest_asyncio

from server.whatsapp.graph import GraphClient
from server.whatsapp.outbound import OutboundClient
from tests.integration.whatsapp.sending import Clients


@pytest_asyncio.fixture
async def clients() -> AsyncIterator[Clients]:
    """Makes clients of a URL."""
    made: list[GraphClient] = []

    def make(url: str, *, timeout_s: float = 20.0, connections: int = 4) -> OutboundClient:
        made.append(GraphClient(url, "v26.0", timeout_s=timeout_s, connections=connections))
        return OutboundClient(made[-1])

    yield make
    for client in made:
        await client.close()

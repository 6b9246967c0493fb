"""The service on real servers, and a seeded workspace for each test."""

import asyncio
from collections.abc import AsyncIterator

import asyncpg
import pytest

from server.queue.outbound import OutboundQueue
from server.services.conversations import Conversations
from server.services.messages import Messages
from tests.integration.invariants import broken
from tests.integration.seed import Workspace


@pytest.fixture
async def workspace(admin) -> AsyncIterator[Workspace]:
    yield await Workspace(admin).create()
    assert await broken(admin) == {}


@pytest.fixture
async def messages(api_db, valkey) -> AsyncIterator[Messages]:
    service = Messages(api_db, OutboundQueue(valkey))
    yield service
    await service.close()


@pytest.fixture
def conversations(api_db) -> Conversations:
    return Conversations(api_db)


@pytest.fixture
def blocked(admin):
    """Waits until so many backends of this database wait for a lock; gives their pids."""

    async def wait(count: int = 1) -> list[int]:
        async with asyncio.timeout(30):
            while True:
                rows = await admin.fetch(
                    """SELECT pid FROM pg_stat_activity
                       WHERE datname = current_database() AND wait_event_type = 'Lock'"""
                )
                if len(rows) >= count:
                    return [row["pid"] for row in rows]
                await asyncio.sleep(0.01)

    return wait


@pytest.fixture
async def rival(urls) -> AsyncIterator[asyncpg.Connection]:
    """Another connection of the owner, to hold locks with."""
    connection = await asyncpg.connect(urls.admin)
    yield connection
    await connection.close()

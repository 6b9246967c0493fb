"""Transactions of a workspace: what they set, and that nothing of them stays on the connection, however they end."""

import asyncio
import contextlib
from collections.abc import AsyncIterator
from typing import TYPE_CHECKING

import asyncpg
import pytest
import pytest_asyncio

from server.core.db import Database, Limits
from server.core.ids import new_id
from tests.conftest import Urls

if TYPE_CHECKING:
    from server.core.db import Connection

HERE = new_id()
SETTINGS = {"lock_timeout": "1234ms"}


@pytest_asyncio.fixture(loop_scope="session")
async def database(urls: Urls) -> AsyncIterator[Database]:
    """With one connection, so that each transaction would see what the one before it left."""
    limits = Limits(statement_ms=20_000, idle_in_transaction_ms=20_000, lock_ms=5000, pool_size=1)
    database = await Database.connect(urls.api, limits, "tests")
    yield database
    await database.close()


async def workspace(connection: "Connection | asyncpg.Pool[asyncpg.Record]") -> str:
    return str(await connection.fetchval("SELECT coalesce(current_setting('treeex.workspace_id', true), '')"))


async def assert_clean(database: Database) -> None:
    assert await workspace(database.pool) == ""
    assert await database.pool.fetchval("SHOW lock_timeout") == "5s"
    async with database.pool.acquire() as connection:
        assert not connection.is_in_transaction()


@pytest.mark.proves("G19")
async def test_workspace_and_settings_hold_for_the_transaction_only(database: Database) -> None:
    async with database.hot(HERE, settings=SETTINGS) as connection:
        assert await workspace(connection) == str(HERE)
        assert await connection.fetchval("SHOW lock_timeout") == "1234ms"
        assert connection.is_in_transaction()
    await assert_clean(database)


async def test_what_fails_is_rolled_back(database: Database) -> None:
    async def work() -> None:
        async with database.hot(HERE) as connection:
            await connection.execute("SELECT set_config('treeex.workspace_id', 'stays if committed', false)")
            raise ZeroDivisionError

    with pytest.raises(ZeroDivisionError):
        await work()
    await assert_clean(database)


async def test_a_statement_that_fails_ends_its_transaction(database: Database) -> None:
    async def work() -> None:
        async with database.hot(HERE) as connection:
            await connection.execute("SELECT 1 / 0")

    with pytest.raises(asyncpg.DivisionByZeroError):
        await work()
    await assert_clean(database)


@pytest.mark.proves("G19")
@pytest.mark.parametrize("steps", range(1, 12))
async def test_who_is_cancelled_leaves_nothing_behind(database: Database, steps: int) -> None:
    """Wherever it is by then: taking a connection, beginning, at work or ending."""

    async def work() -> None:
        async with database.hot(HERE, settings=SETTINGS) as connection:
            await connection.fetchval("SELECT pg_sleep(0.001)")

    working = asyncio.ensure_future(work())
    for _ in range(steps):
        await asyncio.sleep(0.0003)
    working.cancel()
    await asyncio.gather(working, return_exceptions=True)
    await assert_clean(database)


async def swallow_a_failure(database: Database) -> None:
    async with database.hot(HERE) as connection:
        with contextlib.suppress(asyncpg.DivisionByZeroError):
            await connection.fetchval("SELECT 1 / 0")


async def test_a_failure_that_was_swallowed_is_no_commit(database: Database) -> None:
    """PostgreSQL answers such a COMMIT with ROLLBACK, and no error."""
    with pytest.raises(RuntimeError, match="rolled back"):
        await swallow_a_failure(database)
    await assert_clean(database)

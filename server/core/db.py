"""PostgreSQL: one asyncpg pool for the hot statements and one SQLAlchemy engine for everything else, for one role.

A transaction of a workspace sets the workspace as it begins, so that row-level security holds for it and nothing
outlives it. Nothing here knows a table.
"""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Mapping
from contextlib import AbstractAsyncContextManager, asynccontextmanager
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, TypeAlias
from uuid import UUID

import asyncpg
from sqlalchemy import text
from sqlalchemy.ext.asyncio import AsyncConnection, AsyncEngine, create_async_engine

if TYPE_CHECKING:
    from asyncpg.pool import PoolConnectionProxy

    Connection: TypeAlias = PoolConnectionProxy[asyncpg.Record]

_WORKSPACE = "treeex.workspace_id"
_SET_WORKSPACE = f"SELECT set_config('{_WORKSPACE}', :workspace, true)"
_NO_SETTINGS: Mapping[str, str] = {}

UNREACHABLE = (
    OSError,
    TimeoutError,
    asyncpg.PostgresConnectionError,
    asyncpg.CannotConnectNowError,
    asyncpg.InterfaceError,
)
"""What a statement raises when the server is away, starting or stopping."""


@dataclass(frozen=True, slots=True)
class Limits:
    """The time-outs of one role, in milliseconds, and the size of its pool. One forgotten snapshot slows all claims."""

    statement_ms: int
    idle_in_transaction_ms: int
    lock_ms: int
    pool_size: int

    def server_settings(self, application_name: str) -> dict[str, str]:
        return {
            "application_name": application_name,
            "statement_timeout": str(self.statement_ms),
            "idle_in_transaction_session_timeout": str(self.idle_in_transaction_ms),
            "lock_timeout": str(self.lock_ms),
            "jit": "off",  # compiling costs more than any of our statements
        }


class Database:
    """A role's way to PostgreSQL. Made by `connect`, ended by `close`."""

    def __init__(self, pool: asyncpg.Pool[asyncpg.Record], engine: AsyncEngine) -> None:
        self.pool = pool
        self.engine = engine

    @classmethod
    async def connect(cls, url: str, limits: Limits, application_name: str) -> Database:
        """Raises one of UNREACHABLE, or asyncpg.PostgresError when the server refuses."""
        settings = limits.server_settings(application_name)

        async def connection() -> asyncpg.Connection[asyncpg.Record]:
            return await asyncpg.connect(url, server_settings=settings, timeout=10)

        pool = await asyncpg.create_pool(
            url,
            min_size=1,
            max_size=limits.pool_size,
            max_inactive_connection_lifetime=60,
            timeout=10,
            server_settings=settings,
            reset=_nothing,
        )
        engine = create_async_engine(
            "postgresql+asyncpg://",
            async_creator=connection,
            pool_size=limits.pool_size,
            max_overflow=0,
            pool_pre_ping=True,
            hide_parameters=True,  # an error's text must not quote a message
        )
        return cls(pool, engine)

    @asynccontextmanager
    async def hot(
        self, workspace_id: UUID | None = None, *, settings: Mapping[str, str] = _NO_SETTINGS
    ) -> AsyncIterator[Connection]:
        """A transaction on a bare asyncpg connection, of one workspace if one is given.

        `settings`: constants of our own, for this transaction of the workspace. It takes no savepoints.
        """
        async with self.pool.acquire(timeout=10) as connection:
            if workspace_id is None:
                transaction: AbstractAsyncContextManager[object] = connection.transaction()
            else:
                transaction = _begun(connection, {_WORKSPACE: str(workspace_id), **settings})
            async with transaction:
                yield connection

    @asynccontextmanager
    async def transaction(self, workspace_id: UUID | None = None) -> AsyncIterator[AsyncConnection]:
        """A transaction on a SQLAlchemy connection, of one workspace if one is given."""
        async with self.engine.begin() as connection:
            if workspace_id is not None:
                await connection.execute(text(_SET_WORKSPACE), {"workspace": str(workspace_id)})
            yield connection

    async def ping(self) -> str:
        """The server's version. Raises like `connect`."""
        async with self.pool.acquire(timeout=2) as connection:
            version: Any = await connection.fetchval("SHOW server_version", timeout=2)
            return str(version)

    async def close(self) -> None:
        """Waits a moment for what runs, then cuts."""
        await self.engine.dispose()
        try:
            async with asyncio.timeout(3):
                await self.pool.close()
        except TimeoutError:
            self.pool.terminate()


@asynccontextmanager
async def _begun(connection: Connection, settings: Mapping[str, str]) -> AsyncIterator[None]:
    """A transaction that begins with its settings in one round trip; asyncpg's own takes one for each."""
    values = ", ".join(f"set_config('{name}', '{value}', true)" for name, value in settings.items())
    try:
        await connection.execute(f"BEGIN; SELECT {values}")
        yield
    except BaseException:
        # Whether it had begun nobody knows who was cancelled meanwhile; to end none does no harm.
        if not connection.is_closed():
            await connection.execute("ROLLBACK")
        raise
    if await connection.execute("COMMIT") != "COMMIT":
        # PostgreSQL's answer where a statement had failed and the failure was swallowed: nothing was written.
        raise RuntimeError("the transaction had failed, and was rolled back")


async def _nothing(_connection: Any) -> None:
    """Our transactions leave no state on a connection, so the usual RESET ALL would be a wasted round trip."""

"""The schema is made once, by any number of starters, and is compared at each start."""

import asyncio
import secrets

import asyncpg
import pytest

from server.core.db import Database
from server.migrations import runner


@pytest.fixture
async def empty(servers):
    """An empty database's URLs."""
    name = f"e_{secrets.token_hex(6)}"
    connection = await asyncpg.connect(servers.postgres.address.url("postgres"))
    await connection.execute(f"CREATE DATABASE {name} TEMPLATE template0")
    yield servers.urls(name)
    await connection.execute(f"DROP DATABASE {name} WITH (FORCE)")
    await connection.close()


async def test_many_starters_make_the_schema_once(empty) -> None:
    logins = (empty.api, empty.worker)
    results = await asyncio.gather(*(runner.migrate(empty.admin, login_urls=logins) for _ in range(4)))
    assert sorted(result.before or "" for result in results) == ["", *[runner.head()] * 3]
    assert {result.after for result in results} == {runner.head()}


async def test_a_schema_that_is_behind_is_refused_with_its_mend(empty, api_db: Database) -> None:
    await runner.check(api_db.pool)
    pool = await asyncpg.create_pool(empty.admin, min_size=1, max_size=1)
    with pytest.raises(runner.SchemaBehind, match="run `treeex migrate`"):
        await runner.check(pool)
    await pool.close()


async def test_partitions_reach_four_weeks_ahead_and_are_made_again_by_the_worker(worker_db: Database, admin) -> None:
    names = await admin.fetch(
        "SELECT c.relname FROM pg_class c WHERE c.relispartition AND c.relname LIKE 'messages\\_%' AND c.relkind = 'r'"
    )
    assert len(names) == 7  # last week, this week, four ahead, and the default
    await admin.execute(f"DROP TABLE {max(row['relname'] for row in names if 'w' in row['relname'])}")
    assert await worker_db.pool.fetchval("SELECT ensure_partitions(4)") == 1

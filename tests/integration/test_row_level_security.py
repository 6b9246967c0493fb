"""The wall between workspaces: what PostgreSQL itself refuses, whatever our statements ask for."""

import os
from collections.abc import AsyncIterator, Callable
from typing import Any
from uuid import UUID, uuid4

import asyncpg
import pytest
import pytest_asyncio

from server.core.clock import now
from server.core.db import Database
from server.core.ids import new_id
from tests.conftest import Urls

MINE, OTHER = new_id(), new_id()
CONSTRAINED = {
    "environment": "live",
    "kind": "phone",
    "direction": "inbound",
    "state": "queued",
    "on_ambiguous": "hold",
    "slug": "a",
    "source": "app",
    "consents.kind": "marketing",
    "consents.state": "granted",
    "inbound_media.state": "due",
}
"""Values for columns, of one table or of any, that take only some.

A new constraint makes the filling fail with its name: add it here."""
FILLED: dict[str, Callable[[], Any]] = {
    "uuid": new_id,
    "text": lambda: uuid4().hex,
    "text[]": lambda: ["x"],
    "uuid[]": lambda: [new_id()],
    "bytea": lambda: os.urandom(8),
    "jsonb": lambda: "{}",
    "integer": lambda: 1,
    "smallint": lambda: 1,
    "bigint": lambda: 1,
    "boolean": lambda: True,
    "timestamp with time zone": now,
}
TENANT_TABLES = """
SELECT c.relname FROM pg_class c
WHERE c.relnamespace = 'public'::regnamespace AND c.relkind IN ('r', 'p') AND NOT c.relispartition
  AND (c.relname = 'workspaces'
       OR EXISTS (SELECT FROM pg_attribute a WHERE a.attrelid = c.oid AND a.attname = 'workspace_id'))
ORDER BY c.relname
"""
COLUMNS = """
SELECT a.attname AS name, format_type(a.atttypid, NULL) AS type FROM pg_attribute a
WHERE a.attrelid = $1::regclass AND a.attnum > 0 AND NOT a.attisdropped AND a.attgenerated = ''
ORDER BY a.attnum
"""


@pytest_asyncio.fixture(scope="module", loop_scope="session")
async def tables(admin: asyncpg.Connection) -> AsyncIterator[list[str]]:
    """Every table of a workspace, each with a row of MINE."""
    names = [row["relname"] for row in await admin.fetch(TENANT_TABLES)]
    await admin.execute("SET session_replication_role = replica")  # foreign keys do not matter here
    for name in names:
        await insert(admin, name, MINE)
        assert await admin.fetchval(f"SELECT count(*) FROM {name}") == 1
    await admin.execute("RESET session_replication_role")
    yield names


@pytest.mark.proves("S3")
async def test_every_table_of_a_workspace_is_protected(admin: asyncpg.Connection) -> None:
    found = await admin.fetch(
        """
        SELECT c.relname, c.relrowsecurity, c.relforcerowsecurity FROM pg_class c
        WHERE c.relnamespace = 'public'::regnamespace AND c.relkind IN ('r', 'p')
          AND (c.relname = 'workspaces'
               OR EXISTS (SELECT FROM pg_attribute a WHERE a.attrelid = c.oid AND a.attname = 'workspace_id'))
        """
    )
    assert len(found) >= 18
    assert [row["relname"] for row in found if not (row["relrowsecurity"] and row["relforcerowsecurity"])] == []


@pytest.mark.proves("S3")
async def test_every_policy_of_the_api_checks_the_workspace_both_ways(admin: asyncpg.Connection) -> None:
    policies = {
        row["tablename"]: row
        for row in await admin.fetch(
            "SELECT * FROM pg_policies WHERE 'treeex_api' = ANY (roles) AND permissive = 'PERMISSIVE'"
        )
        if row["tablename"] != "webhook_inbox"  # of no workspace
    }
    tenants = [row["relname"] for row in await admin.fetch(TENANT_TABLES)]
    assert sorted(policies) == tenants
    for name, policy in policies.items():
        column = "id" if name == "workspaces" else "workspace_id"
        assert policy["cmd"] == "ALL"
        assert (
            policy["qual"] == policy["with_check"] == f"({column} = ( SELECT current_workspace() AS current_workspace))"
        )


@pytest.mark.proves("S3")
async def test_our_roles_own_nothing_and_bypass_nothing(admin: asyncpg.Connection) -> None:
    roles = await admin.fetch("SELECT * FROM pg_roles WHERE rolname LIKE 'treeex%'")
    assert {row["rolname"] for row in roles} >= {"treeex_api", "treeex_worker", "treeex_resolver"}
    for role in roles:
        assert not role["rolsuper"], role["rolname"]
        assert not role["rolbypassrls"], role["rolname"]
        assert not role["rolcreaterole"], role["rolname"]
    owners = await admin.fetch(
        "SELECT DISTINCT pg_get_userbyid(relowner) AS owner FROM pg_class WHERE relnamespace = 'public'::regnamespace"
    )
    assert not {row["owner"] for row in owners} & {row["rolname"] for row in roles}


@pytest.mark.proves("S3")
async def test_only_three_functions_run_as_another(admin: asyncpg.Connection) -> None:
    definers = await admin.fetch(
        "SELECT proname, proconfig, has_function_privilege('public', oid, 'EXECUTE') AS everyone FROM pg_proc "
        "WHERE pronamespace = 'public'::regnamespace AND prosecdef"
    )
    assert {row["proname"] for row in definers} == {"ensure_partitions", "find_api_key", "prune_webhooks"}
    for row in definers:
        assert any(setting.startswith("search_path=") for setting in row["proconfig"] or [])
        assert not row["everyone"]


@pytest.mark.proves("S3", "G19")
@pytest.mark.parametrize("workspace", [None, OTHER], ids=["unset", "another"])
async def test_another_workspaces_rows_are_not_there(
    tables: list[str], api_db: Database, workspace: UUID | None
) -> None:
    for name in tables:
        async with api_db.hot(workspace) as connection:
            assert await connection.fetchval(f"SELECT count(*) FROM {name}") == 0, name
        for verb in (f"UPDATE {name} SET {key_of(name)} = {key_of(name)}", f"DELETE FROM {name}"):
            assert await affected(api_db, workspace, verb) == 0, verb


@pytest.mark.proves("S3")
async def test_ones_own_rows_are_there(tables: list[str], api_db: Database) -> None:
    for name in tables:
        async with api_db.hot(MINE) as connection:
            assert await connection.fetchval(f"SELECT count(*) FROM {name}") == 1, name


@pytest.mark.proves("S3")
async def test_a_workspace_that_is_no_uuid_reads_nothing(tables: list[str], api_db: Database) -> None:
    for name in tables:
        async with api_db.hot() as connection:
            await connection.execute("SELECT set_config('treeex.workspace_id', 'garbage', true)")
            with pytest.raises(asyncpg.InvalidTextRepresentationError):
                async with connection.transaction():
                    await connection.fetchval(f"SELECT count(*) FROM {name}")


@pytest.mark.proves("S3")
@pytest.mark.parametrize("workspace", [None, OTHER], ids=["unset", "another"])
async def test_nobody_writes_into_another_workspace(
    tables: list[str], api_db: Database, admin: asyncpg.Connection, workspace: UUID | None
) -> None:
    for name in tables:
        with pytest.raises(asyncpg.InsufficientPrivilegeError):
            async with api_db.hot(workspace) as connection:
                await insert(connection, name, MINE, columns_from=admin)


@pytest.mark.proves("S3", "G19")
async def test_the_workspace_of_a_transaction_ends_with_it(tables: list[str], api_db: Database) -> None:
    async with api_db.pool.acquire() as connection:
        async with connection.transaction():
            await connection.execute("SELECT set_config('treeex.workspace_id', $1, true)", str(MINE))
            assert await connection.fetchval("SELECT count(*) FROM workspaces") == 1
        assert await connection.fetchval("SELECT count(*) FROM workspaces") == 0


@pytest.mark.proves("S3")
async def test_no_partition_can_be_read_past_its_table(tables: list[str], api_db: Database, admin: Any) -> None:
    partitions = await admin.fetch("SELECT relname FROM pg_class WHERE relispartition AND relkind = 'r'")
    assert partitions
    for row in partitions:
        with pytest.raises(asyncpg.InsufficientPrivilegeError):
            async with api_db.hot(MINE) as connection:
                await connection.fetchval(f"SELECT count(*) FROM {row['relname']}")


async def test_the_passwords_of_the_roles_are_needed(urls: Urls) -> None:
    with pytest.raises(asyncpg.InvalidPasswordError):
        await asyncpg.connect(urls.api.replace("api-password", "wrong"))


async def affected(db: Database, workspace: UUID | None, statement: str) -> int:
    """Rows that a statement changed; a refused statement changes none."""
    try:
        async with db.hot(workspace) as connection:
            return int((await connection.execute(statement)).rpartition(" ")[2])
    except asyncpg.InsufficientPrivilegeError:
        return 0


async def insert(connection: Any, table: str, workspace_id: UUID, *, columns_from: Any = None) -> None:
    columns = await (columns_from or connection).fetch(COLUMNS, f"public.{table}")
    names = [column["name"] for column in columns if column["type"] != "xid8"]
    values = [
        value(table, column["name"], column["type"], workspace_id) for column in columns if column["type"] != "xid8"
    ]
    places = ", ".join(f"${number}" for number in range(1, len(names) + 1))
    await connection.execute(f"INSERT INTO {table} ({', '.join(names)}) VALUES ({places})", *values)


def value(table: str, name: str, kind: str, workspace_id: UUID) -> Any:
    if name == key_of(table):
        return workspace_id
    for known in (f"{table}.{name}", name):
        if known in CONSTRAINED:
            return CONSTRAINED[known]
    return FILLED[kind]()


def key_of(table: str) -> str:
    return "id" if table == "workspaces" else "workspace_id"

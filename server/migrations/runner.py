"""Applies the migrations and makes the roles. `treeex migrate` and `treeex up` call it; nothing else changes schema."""

from dataclasses import dataclass
from pathlib import Path
from typing import Any

import asyncpg
from alembic.config import Config
from alembic.runtime.environment import EnvironmentContext
from alembic.runtime.migration import MigrationContext
from alembic.script import ScriptDirectory
from sqlalchemy import Connection, text
from sqlalchemy.engine import make_url
from sqlalchemy.ext.asyncio import create_async_engine

GROUPS = ("treeex_api", "treeex_worker", "treeex_resolver")
_LOCK = "SELECT pg_advisory_xact_lock(hashtext('treeex.migrate'))"


class SchemaBehind(Exception):
    """The database's schema is not the one that this version needs; the message says what to run."""


@dataclass(frozen=True, slots=True)
class Migrated:
    """The revisions before and after; equal when there was nothing to do."""

    before: str | None
    after: str


async def migrate(admin_url: str, *, login_urls: tuple[str, ...] = ()) -> Migrated:
    """Brings the schema to this version and lets the users of `login_urls` in: first the API's, then the workers'.

    Raises asyncpg.PostgresError or OSError when the server refuses or is away.
    """
    engine = create_async_engine("postgresql+asyncpg://", async_creator=lambda: asyncpg.connect(admin_url, timeout=10))
    try:
        async with engine.begin() as connection:
            await connection.execute(text(_LOCK))
            await connection.run_sync(_ensure_groups)
            migrated = await connection.run_sync(_upgrade)
            for group, url in zip(GROUPS, login_urls, strict=False):
                await connection.run_sync(_ensure_login, group, url)
            return migrated
    finally:
        await engine.dispose()


async def check(pool: "asyncpg.Pool[asyncpg.Record]") -> None:
    """Raises SchemaBehind when the database is not at this version's revision."""
    try:
        current = await pool.fetchval("SELECT version_num FROM alembic_version")
    except asyncpg.UndefinedTableError:
        current = None
    if current != head():
        raise SchemaBehind(
            f"the database is at schema {current or 'none'} and this version needs {head()}; run `treeex migrate`"
        )


def head() -> str:
    """This version's revision."""
    revision = _scripts().get_current_head()
    if revision is None:
        raise RuntimeError("the wheel holds no migrations")
    return revision


def sql(name: str) -> str:
    """The text of a migration's SQL file."""
    return (Path(__file__).parent / "sql" / name).read_text("utf-8")


def _scripts() -> ScriptDirectory:
    return ScriptDirectory.from_config(_config())


def _config() -> Config:
    config = Config()
    config.set_main_option("script_location", str(Path(__file__).parent))
    return config


def _upgrade(connection: Connection) -> Migrated:
    scripts = _scripts()
    before = MigrationContext.configure(connection).get_current_revision()

    def steps(revision: Any, _context: Any) -> Any:
        return scripts._upgrade_revs("head", revision)  # noqa: SLF001 - what alembic's own upgrade command does

    with EnvironmentContext(_config(), scripts, fn=steps) as environment:
        environment.configure(connection=connection, transactional_ddl=True)
        environment.run_migrations()
    # The API and the workers compare the revision with their own when they start.
    connection.execute(text("GRANT SELECT ON alembic_version TO treeex_api, treeex_worker"))
    return Migrated(before, head())


def _ensure_groups(connection: Connection) -> None:
    known = set(connection.execute(text("SELECT rolname FROM pg_roles")).scalars())
    for group in GROUPS:
        if group not in known:
            connection.execute(text(f"CREATE ROLE {group} NOLOGIN NOSUPERUSER NOBYPASSRLS"))
    is_member = text("SELECT pg_has_role(current_user, 'treeex_resolver', 'SET')")
    if not connection.execute(is_member).scalar():
        connection.execute(text("GRANT treeex_resolver TO CURRENT_USER"))


def _ensure_login(connection: Connection, group: str, login_url: str) -> None:
    url = make_url(login_url)
    exists = text("SELECT 1 FROM pg_roles WHERE rolname = :name")
    user, password = _identifier(str(url.username)), _literal(str(url.password or ""))
    if connection.execute(exists, {"name": url.username}).first() is None:
        connection.exec_driver_sql(f"CREATE ROLE {user} LOGIN NOSUPERUSER NOBYPASSRLS PASSWORD {password}")
    else:
        connection.exec_driver_sql(f"ALTER ROLE {user} LOGIN PASSWORD {password}")
    if url.username != group:
        connection.exec_driver_sql(f"GRANT {group} TO {user}")


def _identifier(name: str) -> str:
    return '"' + name.replace('"', '""') + '"'


def _literal(value: str) -> str:
    return "'" + value.replace("'", "''") + "'"

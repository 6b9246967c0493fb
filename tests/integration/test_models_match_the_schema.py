"""The tables as SQLAlchemy sees them are the tables that the migrations make."""

import importlib
import pkgutil
from collections.abc import AsyncIterator
from typing import Any

import asyncpg
import pytest
import pytest_asyncio
from sqlalchemy import Connection, Inspector, inspect
from sqlalchemy.dialects import postgresql
from sqlalchemy.ext.asyncio import create_async_engine
from sqlalchemy.types import TypeEngine

from server import models
from server.models.base import Base
from tests.conftest import Urls

for module in pkgutil.iter_modules(models.__path__, "server.models."):
    importlib.import_module(module.name)

TABLES = {table.name: table for table in Base.metadata.sorted_tables}
NOT_OURS = {"alembic_version"}
Shape = dict[str, dict[str, Any]]


@pytest_asyncio.fixture(scope="module", loop_scope="session")
async def database(urls: Urls) -> AsyncIterator[Shape]:
    """Table → column → what the database says of it."""
    engine = create_async_engine("postgresql+asyncpg://", async_creator=lambda: asyncpg.connect(urls.admin))
    async with engine.connect() as connection:
        yield await connection.run_sync(_shape)
    await engine.dispose()


def test_every_table_has_a_model(database: Shape) -> None:
    assert set(database) == set(TABLES)


@pytest.mark.parametrize("table", sorted(TABLES))
def test_every_column_is_as_its_model_says(database: Shape, table: str) -> None:
    assert {column.name: _of_model(column) for column in TABLES[table].columns} == database[table]


def _shape(connection: Connection) -> Shape:
    inspector = inspect(connection)
    partitions = set(connection.exec_driver_sql("SELECT relname FROM pg_class WHERE relispartition").scalars())
    names = set(inspector.get_table_names()) - partitions - NOT_OURS
    return {name: _columns(inspector, name) for name in names}


def _columns(inspector: Inspector, table: str) -> dict[str, Any]:
    key = inspector.get_pk_constraint(table)["constrained_columns"]
    return {
        column["name"]: (
            _spelt(column["type"]),
            "null" if column["nullable"] else "not null",
            "default" if column["default"] is not None or "computed" in column else "no default",
            "key" if column["name"] in key else "",
        )
        for column in inspector.get_columns(table)
    }


def _of_model(column: Any) -> tuple[str, str, str, str]:
    return (
        _spelt(column.type),
        "null" if column.nullable else "not null",
        "default" if column.server_default is not None else "no default",
        "key" if column.primary_key else "",
    )


def _spelt(kind: TypeEngine[Any]) -> str:
    return kind.compile(dialect=postgresql.dialect())  # type: ignore[no-untyped-call]  # SQLAlchemy's

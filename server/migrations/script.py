"""Runs an SQL file of many statements inside the migration's transaction. Called by the revisions."""

from sqlalchemy import Connection
from sqlalchemy.util import await_only


def run_script(connection: Connection, script: str) -> None:
    """asyncpg takes several statements only in its simple protocol, below SQLAlchemy. Raises asyncpg.PostgresError."""
    pooled = connection.connection
    await_only(pooled.driver_connection.execute(script))  # type: ignore[union-attr]  # it is connected

"""Makes the database itself, which a migration cannot do. `treeex up` calls it for its embedded server."""

import asyncpg


async def ensure_database(server_url: str, name: str) -> bool:
    """Creates the database, in UTF-8 with C collation, unless it exists; True when it was made.

    `server_url` leads an owner to any other database of the server; `name` is a plain word. Raises
    asyncpg.PostgresError or OSError.
    """
    if not name.isidentifier():
        raise ValueError("the name of a database is a plain word")
    connection = await asyncpg.connect(server_url, timeout=10)
    try:
        if await connection.fetchval("SELECT 1 FROM pg_database WHERE datname = $1", name):
            return False
        await connection.execute(
            f"CREATE DATABASE {name} TEMPLATE template0 ENCODING 'UTF8' LC_COLLATE 'C' LC_CTYPE 'C'"
        )
        return True
    finally:
        await connection.close()

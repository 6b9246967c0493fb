"""The address of the embedded PostgreSQL, as connection strings need it.

Made by the launcher; used by whoever connects.
"""

from dataclasses import dataclass, field
from pathlib import Path
from urllib.parse import quote, urlencode

from server.embedded.datadir import PORT, SUPERUSER, DataDir
from server.embedded.errors import EmbeddedError


@dataclass(frozen=True)
class PostgresAddress:
    """Where the server listens, with the superuser's password. Do not log it."""

    socket_dir: Path
    port: int
    user: str
    password: str = field(repr=False)

    def url(self, database: str, user: str | None = None, password: str | None = None) -> str:
        """`postgresql://…` with the socket's folder as `host`; another role may take the superuser's place."""
        name = quote(user or self.user, safe="")
        secret = quote(password if password is not None else self.password, safe="")
        place = urlencode({"host": str(self.socket_dir), "port": self.port}, quote_via=quote, safe="")
        return f"postgresql://{name}:{secret}@/{quote(database, safe='')}?{place}"


def read_address(layout: DataDir) -> PostgresAddress:
    try:
        password = layout.password.read_text().strip()
    except OSError as error:
        raise EmbeddedError(
            f"the password of the database, {layout.password}, cannot be read",
            "run this command as the user who started the server",
        ) from error
    return PostgresAddress(layout.run, PORT, SUPERUSER, password)

"""Launcher of the embedded PostgreSQL and Valkey: start, attach, stop, and nothing left behind.

Called by `treeex up` and by the test harness, synchronously (from a thread when there is an event loop). It runs the
programs only: no SQL, no migrations, no Valkey commands but PING, no imports from the rest of the server.
"""

from server.embedded.address import PostgresAddress
from server.embedded.datadir import default_data_dir, prepare_data_dir
from server.embedded.errors import EmbeddedError
from server.embedded.postgres import EmbeddedPostgres
from server.embedded.valkey import EmbeddedValkey

__all__ = [
    "EmbeddedError",
    "EmbeddedPostgres",
    "EmbeddedValkey",
    "PostgresAddress",
    "default_data_dir",
    "prepare_data_dir",
]

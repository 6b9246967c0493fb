"""Alembic looks for this file. Migrations run through `server.migrations.runner` only."""

raise SystemExit("run `treeex migrate`; it takes the lock and makes the roles")

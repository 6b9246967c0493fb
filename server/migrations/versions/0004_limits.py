"""Lanes that rest, the messaging limit of portfolios, and deadlines of deliveries."""

from alembic import op

from server.migrations.runner import sql
from server.migrations.script import run_script

revision = "0004"
down_revision = "0003"
branch_labels = None
depends_on = None


def upgrade() -> None:
    run_script(op.get_bind(), sql("0004_limits.sql"))

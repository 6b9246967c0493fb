"""The wall is asked once a statement, and conversations are indexed by the minute of their last message."""

from alembic import op

from server.migrations.runner import sql
from server.migrations.script import run_script

revision = "0012"
down_revision = "0011"
branch_labels = None
depends_on = None


def upgrade() -> None:
    run_script(op.get_bind(), sql("0012_accepting_faster.sql"))

"""Jobs of webhooks and statuses of messages are changed in place."""

from alembic import op

from server.migrations.runner import sql
from server.migrations.script import run_script

revision = "0009"
down_revision = "0008"
branch_labels = None
depends_on = None


def upgrade() -> None:
    run_script(op.get_bind(), sql("0009_receiving_faster.sql"))

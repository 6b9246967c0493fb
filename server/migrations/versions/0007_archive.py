"""Raw webhooks are kept for a time."""

from alembic import op

from server.migrations.runner import sql
from server.migrations.script import run_script

revision = "0007"
down_revision = "0006"
branch_labels = None
depends_on = None


def upgrade() -> None:
    run_script(op.get_bind(), sql("0007_archive.sql"))

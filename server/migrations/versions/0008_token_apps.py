"""Access tokens belong to apps."""

from alembic import op

from server.migrations.runner import sql
from server.migrations.script import run_script

revision = "0008"
down_revision = "0007"
branch_labels = None
depends_on = None


def upgrade() -> None:
    run_script(op.get_bind(), sql("0008_token_apps.sql"))

"""Groups, messages that wait for their time, and messages that have an end."""

from alembic import op

from server.migrations.runner import sql
from server.migrations.script import run_script

revision = "0002"
down_revision = "0001"
branch_labels = None
depends_on = None


def upgrade() -> None:
    run_script(op.get_bind(), sql("0002_sending.sql"))

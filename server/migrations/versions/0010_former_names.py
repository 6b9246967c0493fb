"""People have former names."""

from alembic import op

from server.migrations.runner import sql
from server.migrations.script import run_script

revision = "0010"
down_revision = "0009"
branch_labels = None
depends_on = None


def upgrade() -> None:
    run_script(op.get_bind(), sql("0010_former_names.sql"))

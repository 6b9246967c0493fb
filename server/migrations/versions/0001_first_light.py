"""The first schema."""

from alembic import op

from server.migrations.runner import sql
from server.migrations.script import run_script

revision = "0001"
down_revision = None
branch_labels = None
depends_on = None


def upgrade() -> None:
    run_script(op.get_bind(), sql("0001_first_light.sql"))

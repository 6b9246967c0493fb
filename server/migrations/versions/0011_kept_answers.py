"""Answers that are kept for repetitions are not compressed."""

from alembic import op

from server.migrations.runner import sql
from server.migrations.script import run_script

revision = "0011"
down_revision = "0010"
branch_labels = None
depends_on = None


def upgrade() -> None:
    run_script(op.get_bind(), sql("0011_kept_answers.sql"))

"""Files for sending, and what Meta calls them."""

from alembic import op

from server.migrations.runner import sql
from server.migrations.script import run_script

revision = "0003"
down_revision = "0002"
branch_labels = None
depends_on = None


def upgrade() -> None:
    run_script(op.get_bind(), sql("0003_media.sql"))

"""What receiving everything that Meta tells needs: consents, facts of assets, merges of contacts, media to fetch."""

from alembic import op

from server.migrations.runner import sql
from server.migrations.script import run_script

revision = "0005"
down_revision = "0004"
branch_labels = None
depends_on = None


def upgrade() -> None:
    run_script(op.get_bind(), sql("0005_receiving.sql"))

"""Make place for what the service concerned answers about an incident."""

import sqlalchemy as sa
from alembic import op

revision = "0014"
down_revision = "0013"


def upgrade() -> None:
    """Add the column, empty; both engines keep the triggers of the table."""
    op.add_column("announcement", sa.Column("text", sa.Text()))

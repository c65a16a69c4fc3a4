"""Name the channel of a subscriber that is no person."""

import sqlalchemy as sa
from alembic import op

revision = "0013"
down_revision = "0012"


def upgrade() -> None:
    """Add the column; every subscriber so far is a person."""
    op.add_column("subscriber", sa.Column("channel", sa.Text(), nullable=False, server_default=""))

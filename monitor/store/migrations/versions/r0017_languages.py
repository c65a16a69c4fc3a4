"""Write to each subscriber in a language."""

import sqlalchemy as sa
from alembic import op

revision = "0017"
down_revision = "0016"


def upgrade() -> None:
    """Add the column; so far every mail was French."""
    language = sa.Column("language", sa.Text(), nullable=False, server_default="fr")
    op.add_column("subscriber", language)

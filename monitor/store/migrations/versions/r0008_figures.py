"""Make the tables that figures are made from: the plan of each target, sums by day."""

import sqlalchemy as sa
from alembic import op

revision = "0008"
down_revision = "0007"


def upgrade() -> None:
    """Make both tables, empty: the service fills them as it goes on."""
    op.create_table(
        "definition",
        sa.Column("id", sa.Integer(), primary_key=True),
        sa.Column("subject_id", sa.Integer(), sa.ForeignKey("subject.id"), nullable=False),
        sa.Column("from_at", sa.BigInteger(), nullable=False),
        sa.Column("leaf", sa.BigInteger(), nullable=False),
        sa.Column("text", sa.Text(), nullable=False),
        sa.UniqueConstraint("subject_id", "from_at"),
    )
    op.create_table(
        "rollup",
        sa.Column("subject_id", sa.Integer(), sa.ForeignKey("subject.id"), primary_key=True),
        sa.Column("day", sa.BigInteger(), primary_key=True, autoincrement=False),
        sa.Column("verdict", sa.Text(), primary_key=True),
        sa.Column("reason", sa.Text(), primary_key=True),
        sa.Column("held_us", sa.BigInteger(), nullable=False),
        sa.Column("doubt_us", sa.BigInteger(), nullable=False),
        sa.Column("checks", sa.Integer(), nullable=False),
    )

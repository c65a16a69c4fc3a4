"""Make the tables of alerts: subscribers, what is planned, what was sent."""

import sqlalchemy as sa
from alembic import op

revision = "0012"
down_revision = "0011"
_BIG_KEY = sa.BigInteger().with_variant(sa.Integer(), "sqlite")


def upgrade() -> None:
    """Make all of them, empty."""
    op.create_table(
        "alert_cursor",
        sa.Column("id", sa.Integer(), primary_key=True, autoincrement=False),
        sa.Column("leaf", sa.BigInteger(), nullable=False),
    )
    op.create_table(
        "alert_thread",
        sa.Column("number", sa.BigInteger(), primary_key=True, autoincrement=False),
        sa.Column("state", sa.Text(), nullable=False),
    )
    op.create_table(
        "subscriber",
        sa.Column("id", sa.Integer(), primary_key=True),
        sa.Column("lookup", sa.LargeBinary(), nullable=False),
        sa.Column("address", sa.LargeBinary(), nullable=False),
        sa.Column("nonce", sa.LargeBinary(), nullable=False),
        sa.Column("standing", sa.String(40), nullable=False),
        sa.Column("pace", sa.String(40), nullable=False),
        sa.Column("rests", sa.Boolean(), nullable=False),
        sa.Column("asked_at", sa.BigInteger(), nullable=False),
        sa.Column("confirmed_at", sa.BigInteger()),
        sa.UniqueConstraint("lookup"),
    )
    op.create_index("ix_subscriber_standing", "subscriber", ["standing"])
    op.create_table(
        "subscription",
        sa.Column("subscriber_id", sa.Integer(), sa.ForeignKey("subscriber.id"), primary_key=True),
        sa.Column("topic", sa.Text(), primary_key=True),
    )
    op.create_table(
        "suppression",
        sa.Column("lookup", sa.LargeBinary(), primary_key=True),
        sa.Column("at", sa.BigInteger(), nullable=False),
        sa.Column("why", sa.String(40), nullable=False),
    )
    op.create_table(
        "notice",
        sa.Column("id", sa.Integer(), primary_key=True),
        sa.Column("key", sa.Text(), nullable=False),
        sa.Column("kind", sa.String(40), nullable=False),
        sa.Column("thread", sa.Text(), nullable=False),
        sa.Column("at", sa.BigInteger(), nullable=False),
        sa.Column("numbers", sa.Text(), nullable=False),
        sa.Column("hours", sa.Integer(), nullable=False),
        sa.Column("again", sa.Boolean(), nullable=False),
        sa.UniqueConstraint("key"),
    )
    _make_outbox()


def _make_outbox() -> None:
    op.create_table(
        "outbox",
        sa.Column("id", _BIG_KEY, primary_key=True),
        sa.Column("notice_id", sa.Integer(), sa.ForeignKey("notice.id"), nullable=False),
        sa.Column("subscriber_id", sa.Integer(), sa.ForeignKey("subscriber.id"), nullable=False),
        sa.Column("thread", sa.Text(), nullable=False),
        sa.Column("state", sa.String(40), nullable=False),
        sa.Column("rank", sa.Integer(), nullable=False),
        sa.Column("created_at", sa.BigInteger(), nullable=False),
        sa.Column("due_at", sa.BigInteger(), nullable=False),
        sa.Column("attempts", sa.Integer(), nullable=False),
        sa.Column("unsure", sa.Integer(), nullable=False),
        sa.Column("ended_at", sa.BigInteger()),
        sa.Column("digest_id", sa.BigInteger()),
        sa.UniqueConstraint("notice_id", "subscriber_id"),
    )
    op.create_index("ix_outbox_due", "outbox", ["state", "rank", "id"])
    op.create_index("ix_outbox_order", "outbox", ["subscriber_id", "thread"])
    op.create_index("ix_outbox_digest_id", "outbox", ["digest_id"])

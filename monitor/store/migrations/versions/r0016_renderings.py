"""Make the table of what a browser showed; let a gap and a judgement say that none could."""

import sqlalchemy as sa
from alembic import op

from monitor.store.migrations.versions import r0006_unidentified as causes
from monitor.store.migrations.versions import r0011_overloaded as reasons
from monitor.store.migrations.versions.r0001_first_tables import REASONS

revision = "0016"
down_revision = "0015"

MORE_REASONS = (*reasons.MORE, "local_browser")
REASON = "reason IN ({})".format(", ".join(f"'{reason}'" for reason in (*REASONS, *MORE_REASONS)))
CAUSE = causes.ALLOWED.removesuffix(")") + ", 'no_browser')"


def upgrade() -> None:
    """Make the table, empty, and replace the CHECKs; on SQLite by new tables."""
    op.create_table(
        "rendering",
        sa.Column("id", sa.Integer(), primary_key=True),
        sa.Column("subject_id", sa.Integer(), sa.ForeignKey("subject.id"), nullable=False),
        sa.Column("at", sa.BigInteger(), nullable=False),
        sa.Column("text", sa.Text(), nullable=False),
        sa.Column("leaf", sa.BigInteger(), nullable=False),
        sa.UniqueConstraint("subject_id", "at"),
    )
    if op.get_bind().dialect.name != "sqlite":
        for table, name, allowed in (("gap", "cause", CAUSE), ("judgement", "reason", REASON)):
            op.drop_constraint(name, table, type_="check")
            op.create_check_constraint(name, table, allowed)
        return
    for table, name, allowed in (("gap", "cause", CAUSE), ("judgement", "reason", REASON)):
        with op.batch_alter_table(table, recreate="always") as batch:
            batch.drop_constraint(name, type_="check")
            batch.create_check_constraint(name, allowed)
    for change in ("update", "delete"):  # which a new table has lost
        op.execute(
            f"CREATE TRIGGER judgement_no_{change} BEFORE {change} ON judgement "
            "BEGIN SELECT RAISE(ABORT, 'judgement is append-only'); END"
        )

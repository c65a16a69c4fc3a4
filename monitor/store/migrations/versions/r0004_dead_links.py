"""Let pages have dead links: three more edges, and a table of the links."""

import sqlalchemy as sa
from alembic import op

revision = "0004"
down_revision = "0003"

EDGES = (
    *("first", "changed", "returned", "replaced", "unconfirmed"),
    *("flapping", "settled", "technical", "removed", "restored"),
    *("link_broken", "link_restored", "link_dropped"),
)
ALLOWED = "edge IN ({})".format(", ".join(f"'{edge}'" for edge in EDGES))


def upgrade() -> None:
    _edges()
    op.create_table(
        "dead_link",
        sa.Column("id", sa.Integer(), primary_key=True),
        sa.Column("subject_id", sa.Integer(), sa.ForeignKey("subject.id"), nullable=False),
        sa.Column("broken_id", sa.Integer(), sa.ForeignKey("page_change.id"), nullable=False),
        sa.Column("ended_id", sa.Integer(), sa.ForeignKey("page_change.id"), nullable=True),
        sa.Column("text", sa.Text(), nullable=False),
        sa.Column("address", sa.Text(), nullable=False),
        sa.Column("target", sa.Text(), nullable=False),
        sa.Column("gone_at", sa.BigInteger(), nullable=False),
        sa.UniqueConstraint("broken_id", "address"),
    )
    op.create_index("ix_dead_link_subject_id", "dead_link", ["subject_id"])
    dead = sa.text("ended_id IS NULL")
    op.create_index(
        "ix_dead_link_dead", "dead_link", ["subject_id"], sqlite_where=dead, postgresql_where=dead
    )


def _edges() -> None:
    """Replace the CHECK. SQLite can only by a new table, which loses its triggers."""
    if op.get_bind().dialect.name != "sqlite":
        op.drop_constraint("edge", "page_change", type_="check")
        op.create_check_constraint("edge", "page_change", ALLOWED)
        return
    with op.batch_alter_table("page_change", recreate="always") as table:
        table.create_check_constraint("edge", ALLOWED)
    for change in ("update", "delete"):
        op.execute(
            f"CREATE TRIGGER page_change_no_{change} BEFORE {change} ON page_change "
            "BEGIN SELECT RAISE(ABORT, 'page_change is append-only'); END"
        )

"""Make the tables of the journal, and name the leaf of what is recorded.

What was recorded before has no leaf: its `leaf` stays NULL, and it stays distinguishable.
"""

from typing import Any

import sqlalchemy as sa
from alembic import op

revision = "0002"
down_revision = "0001"

IN_THE_JOURNAL = ("observation", "round", "clock_reading", "gap", "event", "run")
APPEND_ONLY = ("cosignature", "reference")


# What may go, and when: a leaf once a checkpoint covers it, a checkpoint that is not the last.
GUARDS = {
    "leaf": "OLD.idx >= (SELECT COALESCE(MAX(size), 0) FROM checkpoint)",
    "checkpoint": "OLD.size = (SELECT MAX(size) FROM checkpoint)",
}


def upgrade() -> None:
    for table in IN_THE_JOURNAL:
        op.add_column(table, _big("leaf", null=True))
    _journal()
    _capture()
    for table, kept in GUARDS.items():
        _guard_unless_old(table, kept)
    for table in APPEND_ONLY:
        _guard(table)


def _journal() -> None:
    op.create_table("leaf", _big("idx", key=True), _bytes("entry"))
    op.create_table("reference", _bytes("sha256", key=True), _big("idx"))
    op.create_table(
        "checkpoint", _big("size", key=True), _bytes("root"), _big("at"), _bytes("note")
    )
    op.create_table(
        "cosignature",
        _size(key=True),
        _text("witness", key=True),
        _big("at"),
        _text("line"),
    )
    op.create_table(
        "token",
        sa.Column("id", sa.Integer(), primary_key=True),
        _size(),
        _text("authority"),
        _big("asked_at"),
        _big("at", null=True),
        _text("status"),
        _text("detail", null=True),
        _bytes("sha256", null=True),
        _text("file", null=True),
        _big("leaf", null=True),
    )
    op.create_index("ix_token_authority_asked_at", "token", ["authority", "asked_at"])


def _capture() -> None:
    op.create_table(
        "capture",
        sa.Column("id", sa.Integer(), primary_key=True),
        sa.Column("subject_id", sa.Integer(), sa.ForeignKey("subject.id"), nullable=False),
        _big("at"),
        sa.Column("file", sa.Text(), nullable=False, index=True),
        _bytes("sha256"),
        _text("why"),
        _big("leaf"),
        sa.UniqueConstraint("subject_id", "at"),
    )


def _guard_unless_old(table: str, kept: str) -> None:
    """Refuse to change a row, and to delete one for which `kept` holds."""
    if op.get_bind().dialect.name == "sqlite":
        op.execute(
            f"CREATE TRIGGER {table}_no_update BEFORE UPDATE ON {table} "
            f"BEGIN SELECT RAISE(ABORT, '{table} is append-only'); END"
        )
        op.execute(
            f"CREATE TRIGGER {table}_no_delete BEFORE DELETE ON {table} WHEN {kept} "
            f"BEGIN SELECT RAISE(ABORT, '{table} is append-only'); END"
        )
        return
    op.execute(
        f"CREATE TRIGGER {table}_append_only BEFORE UPDATE OR TRUNCATE ON {table} "
        "FOR EACH STATEMENT EXECUTE FUNCTION refuse_change()"
    )
    op.execute(
        f"CREATE FUNCTION refuse_loss_of_{table}() RETURNS trigger LANGUAGE plpgsql AS "
        f"$$ BEGIN IF {kept} THEN RAISE EXCEPTION '{table} is append-only'; END IF; "
        "RETURN OLD; END $$"
    )
    op.execute(
        f"CREATE TRIGGER {table}_not_lost BEFORE DELETE ON {table} "
        f"FOR EACH ROW EXECUTE FUNCTION refuse_loss_of_{table}()"
    )


def _guard(table: str) -> None:
    if op.get_bind().dialect.name == "sqlite":
        for change in ("update", "delete"):
            op.execute(
                f"CREATE TRIGGER {table}_no_{change} BEFORE {change} ON {table} "
                f"BEGIN SELECT RAISE(ABORT, '{table} is append-only'); END"
            )
        return
    op.execute(
        f"CREATE TRIGGER {table}_append_only BEFORE UPDATE OR DELETE OR TRUNCATE ON {table} "
        "FOR EACH STATEMENT EXECUTE FUNCTION refuse_change()"
    )


def _size(*, key: bool = False) -> sa.Column[Any]:
    return sa.Column(
        "size",
        sa.BigInteger(),
        sa.ForeignKey("checkpoint.size"),
        primary_key=key,
        nullable=False,
        autoincrement=False,
    )


def _big(name: str, *, null: bool = False, key: bool = False) -> sa.Column[Any]:
    return sa.Column(name, sa.BigInteger(), nullable=null, primary_key=key, autoincrement=False)


def _text(name: str, *, null: bool = False, key: bool = False) -> sa.Column[Any]:
    return sa.Column(name, sa.Text(), nullable=null, primary_key=key)


def _bytes(name: str, *, null: bool = False, key: bool = False) -> sa.Column[Any]:
    return sa.Column(name, sa.LargeBinary(), nullable=null, primary_key=key)

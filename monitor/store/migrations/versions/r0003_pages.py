"""Make the tables of what pages say."""

from typing import Any

import sqlalchemy as sa
from alembic import op

revision = "0003"
down_revision = "0002"

EDGES = (
    *("first", "changed", "returned", "replaced", "unconfirmed"),
    *("flapping", "settled", "technical", "removed", "restored"),
)
ELEMENTS = (
    *("phone", "email", "opening_hours", "address", "appointment_link", "fee"),
    *("digital_point", "counter", "post", "contact_centre", "anef_link"),
)
APPEND_ONLY = ("page_text", "page_change")


def upgrade() -> None:
    _texts()
    _changes()
    _facts()
    for table in APPEND_ONLY:
        _guard(table)


def _texts() -> None:
    op.create_table(
        "page_text",
        sa.Column("id", sa.Integer(), primary_key=True),
        _bytes("sha256"),
        _text("extraction_version"),
        _text("title"),
        _text("updated_on"),
        _bytes("page"),
        sa.UniqueConstraint("sha256"),
    )
    op.create_table(
        "page_version",
        sa.Column("id", sa.Integer(), primary_key=True),
        _key("subject.id", "subject_id"),
        _key("page_text.id", "text_id"),
        _bytes("body_sha256"),
        _text("url"),
        _at("before_at", null=True),
        _at("first_at"),
        _at("last_at"),
        sa.Column("checks", sa.Integer(), nullable=False),
        sa.UniqueConstraint("subject_id", "first_at"),
    )


def _changes() -> None:
    op.create_table(
        "page_change",
        sa.Column("id", sa.Integer(), primary_key=True),
        _key("subject.id", "subject_id"),
        _at("at"),
        sa.Column("edge", sa.String(40), nullable=False),
        _key("page_version.id", "before_id", null=True),
        _at("before_last_at", null=True),
        _key("page_version.id", "after_id", null=True),
        sa.Column("weight", sa.String(40), nullable=True),
        _text("kinds"),
        _text("summary"),
        sa.Column("silent", sa.Boolean(), nullable=False),
        sa.Column("announced", sa.Boolean(), nullable=False),
        _at("leaf", null=True),
        sa.UniqueConstraint("subject_id", "at", "edge", "after_id"),
        _one_of("edge", EDGES),
    )
    op.create_index("ix_page_change_announced_at", "page_change", ["announced", "at"])


def _facts() -> None:
    op.create_table(
        "page_fact",
        sa.Column("id", sa.Integer(), primary_key=True),
        _key("subject.id", "subject_id", index=True),
        sa.Column("element", sa.String(40), nullable=False),
        _text("value"),
        sa.Column("negated", sa.Boolean(), nullable=False),
        _text("extraction_version"),
        _at("since"),
        _at("until", null=True),
        _one_of("element", ELEMENTS),
    )
    stated = sa.text("until IS NULL")
    op.create_index(
        "ix_page_fact_stated",
        "page_fact",
        ["subject_id"],
        sqlite_where=stated,
        postgresql_where=stated,
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


def _key(column: str, name: str, *, null: bool = False, index: bool = False) -> sa.Column[Any]:
    return sa.Column(name, sa.Integer(), sa.ForeignKey(column), nullable=null, index=index)


def _at(name: str, *, null: bool = False) -> sa.Column[Any]:
    return sa.Column(name, sa.BigInteger(), nullable=null)


def _text(name: str) -> sa.Column[Any]:
    return sa.Column(name, sa.Text(), nullable=False)


def _bytes(name: str) -> sa.Column[Any]:
    return sa.Column(name, sa.LargeBinary(), nullable=False)


def _one_of(column: str, words: tuple[str, ...]) -> sa.CheckConstraint:
    allowed = ", ".join(f"'{word}'" for word in words)
    return sa.CheckConstraint(f"{column} IN ({allowed})", name=column)

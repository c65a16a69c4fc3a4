"""Make what is cited by the number of its leaf found by it."""

from alembic import op

revision = "0010"
down_revision = "0009"


def upgrade() -> None:
    """Make an index on the leaf of each: anyone may ask for a number on the pages."""
    for table in ("event", "gap", "page_change"):
        op.create_index(f"ix_{table}_leaf", table, ["leaf"])

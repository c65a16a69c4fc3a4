"""Distinguish an overloaded service and an answer that is no page: two more reasons."""

from alembic import op

from monitor.store.migrations.versions import r0007_whose_fault as before
from monitor.store.migrations.versions.r0001_first_tables import REASONS

revision = "0011"
down_revision = "0010"

MORE = (*before.MORE, "overloaded", "not_a_page")
ALLOWED = "reason IN ({})".format(", ".join(f"'{reason}'" for reason in (*REASONS, *MORE)))


def upgrade() -> None:
    """Replace the CHECK. SQLite can only by a new table, which loses its triggers."""
    if op.get_bind().dialect.name != "sqlite":
        op.drop_constraint("reason", "judgement", type_="check")
        op.create_check_constraint("reason", "judgement", ALLOWED)
        return
    with op.batch_alter_table("judgement", recreate="always") as table:
        table.drop_constraint("reason", type_="check")
        table.create_check_constraint("reason", ALLOWED)
    for change in ("update", "delete"):
        op.execute(
            f"CREATE TRIGGER judgement_no_{change} BEFORE {change} ON judgement "
            "BEGIN SELECT RAISE(ABORT, 'judgement is append-only'); END"
        )

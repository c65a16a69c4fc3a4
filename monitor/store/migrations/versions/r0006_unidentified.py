"""Let a gap say that nobody was asked, for want of an identity of the robot."""

from alembic import op

revision = "0006"
down_revision = "0005"

CAUSES = (
    *("stopped", "overrun", "paused", "refused", "robots"),
    *("crawl_delay", "fault", "unidentified"),
)
ALLOWED = "cause IN ({})".format(", ".join(f"'{cause}'" for cause in CAUSES))


def upgrade() -> None:
    """Replace the CHECK: SQLite can only by a new table."""
    if op.get_bind().dialect.name != "sqlite":
        op.drop_constraint("cause", "gap", type_="check")
        op.create_check_constraint("cause", "gap", ALLOWED)
        return
    with op.batch_alter_table("gap", recreate="always") as table:
        table.create_check_constraint("cause", ALLOWED)

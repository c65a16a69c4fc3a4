"""Alembic's entry point: run the migrations on the connection that `migrate` opened."""

from typing import Literal

from alembic import context
from sqlalchemy import Enum

from monitor.store.tables.columns import Instant
from monitor.store.tables.dossier_tables import metadata


def render_item(kind: str, item: object, _: object) -> str | Literal[False]:
    """Write SQLAlchemy's types in migrations, not ours, since our code will change."""
    if kind != "type":
        return False
    if isinstance(item, Instant):
        return "sa.BigInteger()"
    if isinstance(item, Enum) and not item.create_constraint:
        return f"sa.String({item.length})"
    return False


context.configure(
    connection=context.config.attributes["connection"],
    target_metadata=metadata,
    render_as_batch=True,
    render_item=render_item,
    compare_type=True,
    transactional_ddl=True,  # on SQLite too: a killed migration leaves nothing behind
)
with context.begin_transaction():
    context.run_migrations()

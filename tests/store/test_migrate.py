"""One tree of migrations, the same tables on both engines."""

from alembic.autogenerate import compare_metadata
from alembic.migration import MigrationContext

from monitor.store.engine import connected, parse
from monitor.store.tables import metadata


def test_the_migrations_make_exactly_the_tables_of_the_code(database_url: str) -> None:
    with connected(parse(database_url), writer=False) as connection:
        context = MigrationContext.configure(connection, opts={"compare_type": True})
        assert compare_metadata(context, metadata) == []

"""Every SQL query of the dashboards, on a real PostgreSQL, by the role that only reads."""

import copy
import json
import re
from collections.abc import Iterator
from typing import Any

import psycopg
import pytest

from tests.support.dashboards import FILES, FOLDER, filled, load, panels
from tests.support.databases import Postgres, postgres
from tests.support.documented import ROOT
from tests.support.interface import fill
from tests.support.outcomes import at

__all__ = ["postgres"]  # a fixture
ROLE = "vigie_grafana"
SOURCE = {"type": "grafana-postgresql-datasource", "uid": "vigie-registre"}
VALUES = {
    "__from": str(int(at(-1).timestamp() * 1000)),
    "__to": str(int(at(1_000_000).timestamp() * 1000)),
    "target": "'accueil'",
    "point": "'local'",
}
SQL = {
    f"{path.relative_to(FOLDER).with_suffix('')}: {panel['title']}": panel
    for path in FILES
    for panel in panels(load(path))
    if any("rawSql" in target for target in panel.get("targets", ()))
}


@pytest.fixture(scope="module")
def reader(postgres: Postgres) -> Iterator[psycopg.Connection[Any]]:
    """Give a connection of the role that `grafana/readers.sql` makes, on a record."""
    statements = (ROOT / "grafana" / "readers.sql").read_text(encoding="utf-8")
    with postgres.server.database(template=postgres.template) as url:
        fill(url)
        with psycopg.connect(url, autocommit=True) as owner:
            owner.execute(statements.replace(":'password'", "'essai'").encode())
            try:
                address = url.replace("://vigie@", f"://{ROLE}@")
                with psycopg.connect(address, autocommit=True) as connection:
                    yield connection
            finally:
                owner.execute(f"DROP OWNED BY {ROLE}".encode())
                owner.execute(f"DROP ROLE {ROLE}".encode())


def columns_and_rows(
    reader: psycopg.Connection[Any], panel: dict[str, Any]
) -> tuple[list[str], list[Any]]:
    (target,) = panel["targets"]
    cursor = reader.execute(filled(target["rawSql"], VALUES).encode())
    return [column.name for column in cursor.description or ()], cursor.fetchall()


def unnamed(panel: dict[str, Any], columns: list[str]) -> set[str]:
    """Return the columns without a unit of their own, and the units and links of no column."""
    overrides = panel["fieldConfig"]["overrides"]
    found = {override["matcher"]["options"] for override in overrides} ^ set(columns)
    linked = re.findall(r"__data\.fields\.([^}]+)\}", json.dumps(panel, ensure_ascii=False))
    return found | (set(linked) - set(columns))


@pytest.mark.parametrize("panel", SQL.values(), ids=SQL)
def test_a_query_returns_rows_whose_columns_have_units(
    reader: psycopg.Connection[Any], panel: dict[str, Any]
) -> None:
    assert panel["datasource"] == panel["targets"][0]["datasource"] == SOURCE
    columns, rows = columns_and_rows(reader, panel)
    assert rows
    assert unnamed(panel, columns) == set()


def test_there_are_queries_and_only_for_postgresql() -> None:
    folders = {path.parent.name for path in FILES if "rawSql" in path.read_text(encoding="utf-8")}
    assert folders == {"postgresql"}
    assert len(SQL) == 3


def test_a_column_that_does_not_exist_is_found(reader: psycopg.Connection[Any]) -> None:
    whole = next(panel for name, panel in SQL.items() if "Les indisponibilités" in name)
    panel = copy.deepcopy(whole)
    sql = panel["targets"][0]["rawSql"]
    panel["targets"][0]["rawSql"] = sql.replace("outage.checks", "outage.check_count")
    assert panel["targets"][0]["rawSql"] != sql
    with pytest.raises(psycopg.errors.UndefinedColumn):
        columns_and_rows(reader, panel)
    columns, _ = columns_and_rows(reader, whole)
    panel["fieldConfig"]["overrides"].pop()
    assert unnamed(panel, columns)


def test_the_role_reads_what_the_dashboards_show_and_writes_nothing(
    reader: psycopg.Connection[Any],
) -> None:
    with pytest.raises(psycopg.errors.InsufficientPrivilege):
        reader.execute("SELECT * FROM annotation_request")
    with pytest.raises(psycopg.errors.ReadOnlySqlTransaction):
        reader.execute("DELETE FROM outage")
    reader.execute("SET default_transaction_read_only = off")  # which a role may
    for statement in ("DELETE FROM outage", "CREATE TABLE mine (n int)"):
        with pytest.raises(psycopg.errors.InsufficientPrivilege):
            reader.execute(statement.encode())
    reader.execute("SET default_transaction_read_only = on")
    shown = reader.execute(
        "SELECT table_name FROM information_schema.role_table_grants WHERE grantee = %s", [ROLE]
    ).fetchall()
    every = " ".join(panel["targets"][0]["rawSql"] for panel in SQL.values())
    assert {name for (name,) in shown} == set(re.findall(r"(?:FROM|JOIN) (\w+)", every))

"""The tables of outages and changes: from PostgreSQL by SQL, or as metrics where there is SQLite.

Grafana reads no SQLite without an extension that it would have to fetch from the internet, nor our
interface (Infinity is such an extension too). Metrics show the last of each target; the record has
them all, and every table leads there.
"""

from collections.abc import Mapping, Sequence
from enum import StrEnum
from typing import Any

from grafana_foundation_sdk.builders import table
from grafana_foundation_sdk.cog import variants
from grafana_foundation_sdk.models import common as kinds
from grafana_foundation_sdk.models import dashboard

from grafana.panels import WIDTH, dressed, plain
from grafana.tables import COLUMN_PX, values, worded

SOURCE = dashboard.DataSourceRef(type_val="grafana-postgresql-datasource", uid="vigie-registre")


class Record(StrEnum):
    """Where tables of the record come from; the folder of the dashboards that have some."""

    METRICS = "sqlite"
    SQL = "postgresql"


# The dashboard's period in microseconds, as instants are in the record.
FROM_US, TO_US = "${__from} * 1000", "${__to} * 1000"


def at(column: str) -> str:
    """Return the SQL of an instant as Grafana reads one."""
    return f"to_timestamp({column} / 1e6)"


class _SqlQuery(variants.Dataquery):
    """A query of the PostgreSQL data source, for which the builders have no word."""

    def __init__(self, sql: str) -> None:
        self._sql = sql

    def to_json(self) -> dict[str, object]:
        return {
            "datasource": SOURCE,
            "editorMode": "code",
            "format": "table",
            "rawQuery": True,
            "rawSql": self._sql,
            "refId": "A",
        }

    def build(self) -> "_SqlQuery":
        return self


def rows(
    sql: str,
    *,
    title: str,
    about: str,
    units: Mapping[str, str],
    links: Mapping[str, Sequence[Any]] | None = None,
    height: int = 8,
    width: int = WIDTH,
) -> Any:
    """Return a table of what SQL gives; `units` has every column, in its order."""
    panel = dressed(
        table.Panel(), title=title, about=about, width=width, height=height, unit="none"
    )
    panel = panel.datasource(SOURCE).color_scheme(plain()).no_value("–").show_header(True)
    panel = panel.min_width(COLUMN_PX).cell_height(kinds.TableCellHeight.LG)  # two lines
    for name, unit in units.items():
        properties: dict[str, Any] = {"unit": unit, **worded(name)}
        if unit in _WIDTHS_PX:
            properties["custom.width"] = _WIDTHS_PX[unit]
        if name == "Résumé":
            properties["custom.wrapText"] = True
        if links and name in links:
            built = [one.build() for one in links[name]]
            shown = [{"title": a.title, "url": a.url, "targetBlank": True} for a in built]
            properties["links"] = shown
        panel = panel.override_by_name(name, values(properties))
    return panel.with_target(_SqlQuery(" ".join(sql.split())))


INSTANT, SECONDS, NUMBER, TEXT = "dateTimeAsLocal", "dthms", "none", "string"
_WIDTHS_PX = {INSTANT: 155, SECONDS: 90, NUMBER: 90}  # texts share the rest


def outages(where: str, *, title: str, about: str, links: Mapping[str, Sequence[Any]]) -> Any:
    """Return the table of the outages that touch the period. `where` is SQL on `subject`."""
    sql = f"""
        SELECT event.leaf AS "Numéro",
          {at("outage.last_ok_at")} AS "Dernier bon relevé",
          {at("outage.first_fail_at")} AS "Premier échec",
          {at("outage.last_fail_at")} AS "Dernier échec",
          {at("outage.first_ok_at")} AS "Premier retour",
          (outage.last_fail_at - outage.first_fail_at) / 1e6 AS "Au moins",
          (outage.first_ok_at - outage.last_ok_at) / 1e6 AS "Au plus",
          outage.checks AS "Échecs", outage.reason AS "Raison"
        FROM outage
        JOIN subject ON subject.id = outage.subject_id
        LEFT JOIN event ON event.outage_id = outage.id AND event.edge = 'outage_opened'
        WHERE {where} AND outage.first_fail_at < {TO_US}
          AND (outage.recovered_at IS NULL OR outage.recovered_at >= {FROM_US})
        ORDER BY outage.first_fail_at DESC LIMIT 500
    """
    units = {
        "Numéro": NUMBER,
        "Dernier bon relevé": INSTANT,
        "Premier échec": INSTANT,
        "Dernier échec": INSTANT,
        "Premier retour": INSTANT,
        "Au moins": SECONDS,
        "Au plus": SECONDS,
        "Échecs": NUMBER,
        "Raison": TEXT,
    }
    return rows(sql, title=title, about=about, units=units, links=links)


def checks(*, title: str, about: str) -> Any:
    """Return the table of the checks of the chosen target."""
    sql = f"""
        SELECT {at("observation.at")} AS "Relevé", judgement.verdict AS "Verdict",
          judgement.reason AS "Raison", judgement.rule AS "Règle",
          observation.duration_us / 1e6 AS "Durée",
          observation.leaf AS "Feuille"
        FROM observation
        JOIN subject ON subject.id = observation.subject_id
        JOIN judgement ON judgement.id = observation.judgement_id
        WHERE subject.target = ${{target:sqlstring}} AND subject.point = ${{point:sqlstring}}
          AND observation.at BETWEEN {FROM_US} AND {TO_US}
        ORDER BY observation.at DESC LIMIT 500
    """
    units = {
        "Relevé": INSTANT,
        "Verdict": TEXT,
        "Raison": TEXT,
        "Règle": TEXT,
        "Durée": "s",
        "Feuille": NUMBER,
    }
    return rows(sql, title=title, about=about, units=units)


def changes(*, title: str, about: str, links: Mapping[str, Sequence[Any]]) -> Any:
    """Return the table of the announced changes of pages within the period."""
    sql = f"""
        SELECT page_change.leaf AS "Numéro", subject.target AS "Cible",
          {at("page_change.before_last_at")} AS "Après", {at("page_change.at")} AS "Avant",
          page_change.edge AS "Nature", NULLIF(page_change.summary, '') AS "Résumé",
          page_change.weight AS "Importance"
        FROM page_change
        JOIN subject ON subject.id = page_change.subject_id
        WHERE subject.point = ${{point:sqlstring}} AND page_change.announced
          AND page_change.at BETWEEN {FROM_US} AND {TO_US}
        ORDER BY page_change.at DESC LIMIT 500
    """
    units = {
        "Numéro": NUMBER,
        "Cible": TEXT,
        "Après": INSTANT,
        "Avant": INSTANT,
        "Nature": TEXT,
        "Résumé": TEXT,
        "Importance": TEXT,
    }
    return rows(sql, title=title, about=about, units=units, links=links)

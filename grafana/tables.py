"""Tables: what their rows are of, and their words."""

import tomllib
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from functools import cache
from pathlib import Path
from types import MappingProxyType
from typing import Any

from grafana_foundation_sdk.builders import common, table
from grafana_foundation_sdk.models import common as kinds
from grafana_foundation_sdk.models import dashboard

from grafana import states
from grafana.columns import COLORED, STATE_PX, Column
from grafana.panels import WIDTH, ask, dressed, plain
from monitor.core.french.change_sentences import WEIGHTS
from monitor.core.french.page_event_sentences import EDGES
from monitor.core.french.sentences import REASONS

COLUMN_PX = 70  # of a table, at least
DEPARTMENT_PX, WEIGHT_PX = 220, 110
NAME_PX, HALF_NAME_PX = 300, 180
_PREFECTURES = Path(__file__).parents[1] / "config" / "targets" / "prefectures"


@dataclass(frozen=True, slots=True)
class Subject:
    """What the rows of a table are of.

    Attributes:
        keys: The labels that tell them apart, and the titles of their columns, which are hidden:
            a reader reads the name, and a link is made of the keys.
        info: The metric that has their names.

    """

    keys: Mapping[str, str]
    info: str

    def named(self, expression: str, *, of_period: bool = False) -> str:
        """Return a query that keeps exactly the keys, with the name beside them.

        `of_period`: one name for all of the period, the last; so that a new name ends no series.
        """
        keys = ", ".join(self.keys)
        info = f"{self.info}{{@}}"
        if of_period:
            info = f"last_over_time({info}[$__range] @ end())"
        names = f"max by ({keys}, name) ({info})"
        # One of several: a name that has changed must not make an error of the whole query.
        return f"({expression}) * on ({keys}) group_left (name) topk by ({keys}) (1, {names})"


TARGETS = Subject({"target": "Cible"}, "anef_target_info")
SCOPES = Subject({"scope": "Ensemble", "slug": "Identifiant"}, "anef_scope_info")


def values(properties: Mapping[str, Any]) -> list[dashboard.DynamicConfigValue]:
    """Return the properties of a field as an override has them."""
    return [dashboard.DynamicConfigValue(key, value) for key, value in properties.items()]


def worded(column: str) -> dict[str, Any]:
    """Return the properties of a column of codes, by its title: it shows words in their place."""
    match column:
        case "Verdict":
            return {"mappings": [states.named()], "custom.width": STATE_PX, **COLORED}
        case "Raison":
            return {"mappings": [_texts(REASONS)], "custom.wrapText": True}
        case "Nature":
            return {"mappings": [_texts(EDGES)], "custom.wrapText": True}
        case "Importance":
            return {"mappings": [_texts(WEIGHTS)], "custom.width": WEIGHT_PX}
        case "Département":
            return {"mappings": [_departments()], "custom.width": DEPARTMENT_PX}
        case _:
            return {}


def _texts(words_of: Mapping[Any, str]) -> dashboard.ValueMap:
    return dashboard.ValueMap(
        {code.value: dashboard.ValueMappingResult(text=text) for code, text in words_of.items()}
    )


def _departments() -> dashboard.ValueMap:
    return dashboard.ValueMap(
        {code: dashboard.ValueMappingResult(text=text) for code, text in departments().items()}
    )


@cache
def departments() -> Mapping[str, str]:
    """Return "01 – Ain" for each code that our list of prefectures has."""
    names = {}
    for path in sorted(_PREFECTURES.glob("*.toml")):
        prefecture = tomllib.loads(path.read_text(encoding="utf-8"))
        name, _, _ = prefecture["target"][0]["name"].partition(" – ")
        code = prefecture["department"]
        names[code] = f"{code} – {name}"
    return names


def _staying(columns: Sequence[Column], always: str) -> list[Column]:
    """Return columns that are there even when none of their rows has a value."""
    (rows,) = (column.expression for column in columns if column.name == always)
    none = dashboard.SpecialValueMap(
        dashboard.DashboardSpecialValueMapOptions(
            match=dashboard.SpecialValueMatch.NULL_AND_NAN,
            result=dashboard.ValueMappingResult(text="–", color=states.UNKNOWN_COLOR),
        )
    )
    return [
        column
        if column.name == always
        else replace(
            column,
            # Not a number is no number: it is neither a zero nor a good one.
            expression=f"({column.expression} or ({rows} * NaN unless on () {column.expression}))",
            properties={
                **column.properties,
                "mappings": [*column.properties.get("mappings", ()), none],
            },
        )
        for column in columns
    ]


def grid(
    columns: Sequence[Column],
    *,
    of: Subject | None = None,
    by: Mapping[str, str] = MappingProxyType({}),
    title: str,
    about: str,
    width: int = WIDTH,
    height: int = 8,
    links: Sequence[Any] = (),
    order: str = "",
    nothing: str = "–",
    always: str = "",
) -> Any:
    """Return a table: a row for each subject, or for each value of the labels `by`.

    Args:
        columns: Instant queries that keep exactly the keys of the subject, or these labels.
        of: What the rows are of, if it has names; then `by` is not needed.
        by: Titles by label.
        title: Of the panel.
        about: What it says.
        width: In columns of the dashboard.
        height: In its rows.
        links: Of every cell of the first column; `${__data.fields.X}` is the cell under X.
        order: The column to sort by, the highest first; "-" before it: the lowest.
        nothing: What stands where a row has no value.
        always: The column that every row has. Where another has no value at all, Grafana would
            leave it out; with this it stays, and says so in each row.

    """
    if always:
        columns = _staying(columns, always)
    panel = dressed(
        table.Panel(), title=title, about=about, width=width, height=height, unit="none"
    )
    panel = panel.color_scheme(plain()).no_value(nothing).show_header(True)
    # Grafana's least width hides the last columns of a narrow table, where the coverage is.
    panel = panel.cell_height(kinds.TableCellHeight.SM).min_width(COLUMN_PX)
    hidden = of.keys.values() if of else ()
    by = {"name": "Nom", **of.keys} if of else by
    # As a number, department 01 would be 1.
    for name in by.values():
        properties = {"unit": "string", **worded(name)}
        if name == "Nom":
            properties["custom.width"] = NAME_PX if width == WIDTH else HALF_NAME_PX
            properties["custom.wrapText"] = width != WIDTH
        if name in hidden:
            properties["custom.hideFrom"] = {"legend": True, "tooltip": True, "viz": True}
        panel = panel.override_by_name(name, values(properties))
    renames = dict(by)
    for index, column in enumerate(columns):
        ref = chr(ord("A") + index)
        renames[f"Value #{ref}" if len(columns) > 1 else "Value"] = column.name
        expression = of.named(column.expression) if of else column.expression
        panel = panel.with_target(ask(expression, ref=ref, instant=True, as_table=True))
        panel = panel.override_by_name(column.name, values(column.properties))
    first = next(iter(by.values()))
    if links:
        built = [one.build() for one in links]
        shown = [{"title": a.title, "url": a.url, "targetBlank": True} for a in built]
        panel = panel.override_by_name(first, [dashboard.DynamicConfigValue("links", shown)])
    if order:
        sorting = common.TableSortByFieldState().display_name(order.removeprefix("-"))
        sorting = sorting.desc(not order.startswith("-"))
        panel = panel.sort_by([sorting])
    if len(columns) > 1:
        panel = panel.with_transformation(dashboard.DataTransformerConfig("merge", options={}))
    return panel.with_transformation(
        dashboard.DataTransformerConfig(
            "organize",
            options={
                "excludeByName": {"Time": True},
                "indexByName": {name: index for index, name in enumerate(renames)},
                "renameByName": renames,
            },
        )
    )

"""The pieces that dashboards are made of.

Thresholds begin with the grey of "unknown": without them Grafana's first colour is a green.
"""

import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from grafana_foundation_sdk.builders import (
    common,
    prometheus,
    stat,
    statetimeline,
    table,
    text,
    timeseries,
)
from grafana_foundation_sdk.builders import dashboard as build
from grafana_foundation_sdk.models import common as kinds
from grafana_foundation_sdk.models import dashboard
from grafana_foundation_sdk.models import prometheus as prometheus_kinds
from grafana_foundation_sdk.models import text as text_kinds

from grafana import states
from monitor.core.state_looks import STATE_LOOKS

PROMETHEUS = dashboard.DataSourceRef(type_val="prometheus", uid="${datasource}")
WIDTH = 24  # of a dashboard, in columns
COLUMN_PX = 70  # of a table, at least
TARGET_PX, STATE_PX = 200, 190  # of a name, and of the longest words of a state
# A gap longer than this is drawn as a gap: more than two scrapes, in milliseconds. Without it a
# state timeline draws the last state going on.
GAP_MS = 150_000
LINK_SITE = "${vigie}"  # a constant of every dashboard
# The dashboard's period, for our interface and for our page of the rates.
RANGE = "from=${__from:date:iso}&to=${__to:date:iso}"
PERIOD = "du=${__from:date:iso}&au=${__to:date:iso}"


def french(text: str) -> str:
    """Set a text as French is printed: no line ends before a colon, or inside quotation marks."""
    return re.sub("« ", "«\u00a0", re.sub(" (?=[;:?!»])", "\u00a0", text))


def bare(expression: str) -> str:
    """Write out what our queries abbreviate: `@` is the matcher of the job."""
    return expression.replace("{@", '{job=~"$job"')


def ask(
    expression: str,
    *,
    name: str = "",
    ref: str = "A",
    instant: bool = False,
    as_table: bool = False,
) -> prometheus.Dataquery:
    """Return a query; `name` is how each of its series is called, such as "{{target}}"."""
    query = (
        prometheus.Dataquery()
        .ref_id(ref)
        .datasource(PROMETHEUS)
        .expr(bare(expression))
        .legend_format(name)
    )
    query = query.instant() if instant else query.range()
    return query.format(prometheus_kinds.PromQueryFormat.TABLE) if as_table else query


def dressed(panel: Any, *, title: str, about: str, width: int, height: int, unit: str) -> Any:
    """Give a panel what all of them have."""
    return (
        panel.title(french(title))
        .description(french(about))
        .datasource(PROMETHEUS)
        .span(width)
        .height(height)
        .unit(unit)
        .thresholds(thresholds())
        .no_value("Aucune donnée")
    )


def thresholds(*steps: tuple[float, str]) -> Any:
    """Return colours from the lowest value up; below them all, and for no value, grey."""
    first = dashboard.Threshold(value=None, color=states.UNKNOWN_COLOR)
    rest = [dashboard.Threshold(value=value, color=color) for value, color in steps]
    return build.ThresholdsConfig().mode(dashboard.ThresholdsMode.ABSOLUTE).steps([first, *rest])


def plain() -> Any:
    """Return the colour of numbers that are neither good nor bad by themselves."""
    return build.FieldColor().mode(dashboard.FieldColorModeId.FIXED).fixed_color("text")


def link(title: str, path: str) -> Any:
    """Return a link to our own pages."""
    return build.DashboardLink(title).url(f"{LINK_SITE}{path}").target_blank(True)


def how_to_read(content: str, *, height: int = 5, width: int = WIDTH) -> Any:
    """Return the panel that says how to read the others."""
    return (
        text.Panel()
        .title("Comment lire")
        .description("Ce que les panneaux de ce tableau disent, et ce qu’ils ne disent pas.")
        .mode(text_kinds.TextMode.MARKDOWN)
        .content(french(content).strip())
        .span(width)
        .height(height)
    )


def _stat(*, title: str, about: str, width: int, height: int, unit: str) -> Any:
    panel = dressed(stat.Panel(), title=title, about=about, width=width, height=height, unit=unit)
    return (
        panel.reduce_options(common.ReduceDataOptions().calcs(["lastNotNull"]).values(False))
        .graph_mode(kinds.BigValueGraphMode.NONE)
        .justify_mode(kinds.BigValueJustifyMode.AUTO)
        .orientation(kinds.VizOrientation.AUTO)
    )


def state_tiles(
    expression: str, *, title: str, about: str, name: str, width: int = WIDTH, height: int = 5
) -> Any:
    """Return a tile in the colour of its state for each series of `states.query`."""
    panel = _stat(title=title, about=about, width=width, height=height, unit="none")
    return (
        panel.mappings(states.mappings())
        .color_mode(kinds.BigValueColorMode.BACKGROUND_SOLID)  # else a gradient to other colours
        .text_mode(kinds.BigValueTextMode.VALUE_AND_NAME)
        .with_target(ask(expression, name=name, instant=True))
    )


def number(
    expression: str,
    *,
    title: str,
    about: str,
    unit: str,
    name: str = "",
    width: int = 4,
    height: int = 4,
    nothing: str = "Aucune donnée",
) -> Any:
    """Return a number, or one for each series, without a colour that judges it."""
    panel = _stat(title=title, about=about, width=width, height=height, unit=unit)
    mode = kinds.BigValueTextMode.VALUE_AND_NAME if name else kinds.BigValueTextMode.VALUE
    return (
        panel.color_scheme(plain())
        .color_mode(kinds.BigValueColorMode.NONE)
        .text_mode(mode)
        .no_value(nothing)
        .with_target(ask(expression, name=name, instant=True))
    )


def timeline(expression: str, *, title: str, about: str, name: str, height: int = 9) -> Any:
    """Return the states of each series of `states.query` over time. A gap is drawn as a gap."""
    panel = dressed(
        statetimeline.Panel(), title=title, about=about, width=WIDTH, height=height, unit="none"
    )
    return (
        panel.mappings(states.mappings())
        .color_scheme(build.FieldColor().mode(dashboard.FieldColorModeId.THRESHOLDS))
        .insert_nulls(GAP_MS)
        .span_nulls(False)
        .merge_values(True)
        .show_value(kinds.VisibilityMode.NEVER)
        .align_value(kinds.TimelineValueAlignment.LEFT)
        .row_height(0.9)
        .legend(_legend())
        .tooltip(common.VizTooltipOptions().mode(kinds.TooltipDisplayMode.SINGLE))
        .with_target(ask(expression, name=name))
    )


def curves(
    *targets: prometheus.Dataquery,
    title: str,
    about: str,
    unit: str,
    width: int = 12,
    height: int = 8,
    stacked: bool = False,
    lowest: float | None = 0,
) -> Any:
    """Return series over time. A gap is drawn as a gap."""
    panel = dressed(
        timeseries.Panel(), title=title, about=about, width=width, height=height, unit=unit
    )
    # By order: colours by name are of a hash, and five phases may have two.
    panel = (
        panel.color_scheme(build.FieldColor().mode(dashboard.FieldColorModeId.PALETTE_CLASSIC))
        .insert_nulls(GAP_MS)
        .span_nulls(False)
        .line_width(1)
        .fill_opacity(60 if stacked else 0)
        .show_points(kinds.VisibilityMode.AUTO)
        .legend(_legend())
        .tooltip(
            common.VizTooltipOptions()
            .mode(kinds.TooltipDisplayMode.MULTI)
            .sort(kinds.SortOrder.DESCENDING)
        )
    )
    if stacked:
        panel = panel.stacking(common.StackingConfig().mode(kinds.StackingMode.NORMAL))
    if lowest is not None:
        panel = panel.min(lowest)
    for target in targets:
        panel = panel.with_target(target)
    return panel


def in_states(panel: Any) -> Any:
    """Give the series that are called as a state its colour and its word.

    Those whose name only begins with a state, and a space, have its colour.
    """
    for verdict, look in STATE_LOOKS.items():
        color = {"mode": "fixed", "fixedColor": look.color}
        panel = panel.override_by_regexp(
            f"/^{verdict.value}( |$)/", [dashboard.DynamicConfigValue("color", color)]
        )
        panel = panel.override_by_name(
            verdict.value, [dashboard.DynamicConfigValue("displayName", states.words(verdict))]
        )
    return panel


def _legend() -> Any:
    return (
        common.VizLegendOptions()
        .show_legend(True)
        .display_mode(kinds.LegendDisplayMode.LIST)
        .placement(kinds.LegendPlacement.BOTTOM)
        .calcs([])
    )


@dataclass(frozen=True, slots=True)
class Column:
    """A column of a table: what it is called, what is asked, and the properties of its field."""

    name: str
    expression: str
    properties: Mapping[str, Any]


def ratio(name: str, expression: str) -> Column:
    return Column(name, expression, {"unit": "percentunit", "decimals": 3})


def instant(name: str, expression: str) -> Column:
    """Return a column of Unix times in seconds; Grafana wants milliseconds."""
    return Column(name, f"{expression} * 1000", {"unit": "dateTimeAsLocal"})


def count(name: str, expression: str) -> Column:
    return Column(name, expression, {"unit": "none", "decimals": 0})


def says(name: str, expression: str, zero: str, one: str) -> Column:
    """Return a column that has a word for 0 and for 1."""
    return Column(name, expression, {"unit": "none", "mappings": words(zero, one)})


def words(zero: str, one: str) -> list[Any]:
    """Return the mappings of 0 and 1."""
    mapped = {"0": zero, "1": one}.items()
    return [
        dashboard.ValueMap({key: dashboard.ValueMappingResult(text=word) for key, word in mapped})
    ]


def state(name: str, by: str, **labels: str) -> Column:
    return Column(
        name,
        states.query(by, **labels),
        {
            "unit": "none",
            "mappings": states.mappings(),
            "custom.cellOptions": {"type": "color-background", "mode": "basic"},
            "custom.width": STATE_PX,
            "custom.align": "left",
        },
    )


def rates(by: str, family: str, labels: str, *, beside: str = "") -> list[Column]:
    """Return the columns of a rate: its bounds, and the coverage without which it says nothing.

    `family` is that of the metrics: "anef", "anef_scope" or "anef_milestone"; `labels` selects.
    `beside` ends the names of the columns.
    """

    def bound(which: str) -> str:
        return f'max by ({by}) ({family}_availability_ratio{{@,{labels},bound="{which}"}})'

    return [
        ratio(f"Au plus bas{beside}", bound("low")),
        ratio(f"Tel que relevé{beside}", bound("central")),
        ratio(f"Au plus haut{beside}", bound("high")),
        ratio(f"Couverture{beside}", f"max by ({by}) ({family}_coverage_ratio{{@,{labels}}})"),
    ]


def grid(
    columns: Sequence[Column],
    *,
    by: Mapping[str, str],
    title: str,
    about: str,
    width: int = WIDTH,
    height: int = 8,
    links: Sequence[Any] = (),
    order: str = "",
    nothing: str = "–",
) -> Any:
    """Return a table: a row for each value of the labels `by`, which say how they are called.

    Args:
        columns: Instant queries that keep exactly these labels.
        by: Titles by label.
        title: Of the panel.
        about: What it says.
        width: In columns of the dashboard.
        height: In its rows.
        links: Of every cell of the first column; `${__data.fields.X}` is the cell under X.
        order: The column to sort by, the highest first; "-" before it: the lowest.
        nothing: What stands where a row has no value.

    """
    panel = dressed(
        table.Panel(), title=title, about=about, width=width, height=height, unit="none"
    )
    panel = panel.color_scheme(plain()).no_value(nothing).show_header(True)
    # Grafana's least width hides the last columns of a narrow table, where the coverage is.
    panel = panel.cell_height(kinds.TableCellHeight.SM).min_width(COLUMN_PX)
    # As a number, department 01 would be 1.
    for name in by.values():
        properties = [dashboard.DynamicConfigValue("unit", "string")]
        if name == "Cible":
            properties.append(dashboard.DynamicConfigValue("custom.width", TARGET_PX))
        panel = panel.override_by_name(name, properties)
    renames = dict(by)
    for index, column in enumerate(columns):
        ref = chr(ord("A") + index)
        renames[f"Value #{ref}" if len(columns) > 1 else "Value"] = column.name
        panel = panel.with_target(ask(column.expression, ref=ref, instant=True, as_table=True))
        panel = panel.override_by_name(
            column.name,
            [dashboard.DynamicConfigValue(key, value) for key, value in column.properties.items()],
        )
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

"""The pieces that dashboards are made of.

Thresholds begin with the grey of "unknown": without them Grafana's first colour is a green.
"""

import re
from collections.abc import Mapping
from typing import Any

from grafana_foundation_sdk.builders import (
    common,
    prometheus,
    stat,
    statetimeline,
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
    """Write out what our queries abbreviate: `@` is the matchers of the job and of the point.

    Two points are never one: the best of both bounds would be the rate of neither.
    """
    return expression.replace("{@", '{job=~"$job",point=~"$point"')


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
    highest: float | None = None,
) -> Any:
    """Return series over time, from zero. A gap is drawn as a gap.

    `highest` is shown even where no value is so high: Grafana would draw zeros up to 100.
    """
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
    panel = panel.min(0)
    if highest is not None:
        panel = panel.axis_soft_max(highest)
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


def called(panel: Any, names: Mapping[str, str]) -> Any:
    """Give the series that are called as a key the words of its value."""
    for name, words_of_it in names.items():
        shown = [dashboard.DynamicConfigValue("displayName", words_of_it)]
        panel = panel.override_by_name(name, shown)
    return panel


def _legend() -> Any:
    return (
        common.VizLegendOptions()
        .show_legend(True)
        .display_mode(kinds.LegendDisplayMode.LIST)
        .placement(kinds.LegendPlacement.BOTTOM)
        .calcs([])
    )

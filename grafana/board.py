"""What every dashboard has: its variables, its links, its time zone, its annotations."""

from collections.abc import Sequence
from typing import Any

from grafana_foundation_sdk.builders import dashboard as build
from grafana_foundation_sdk.models import dashboard

from grafana.panels import LINK_SITE, PROMETHEUS, bare, french

TAG = "vigie"
SITE = "http://127.0.0.1:8600"  # where our pages are; docs/grafana.md says how to change it
_ALL = dashboard.VariableOption(text="All", value="$__all", selected=True)


def choice(
    name: str, label: str, query: str, *, every: bool = True, hidden: bool = False, first: str = ""
) -> Any:
    """Return a variable whose values are those of a label; `every` allows several, and all.

    `first` is chosen at the start; all of them are if it is empty.
    """
    variable = (
        build.QueryVariable(name)
        .label(label)
        .datasource(PROMETHEUS)
        .query(bare(query))
        .refresh(dashboard.VariableRefresh.ON_TIME_RANGE_CHANGED)
        .sort(dashboard.VariableSort.ALPHABETICAL_ASC)
        .multi(every)
        .include_all(every)
        .hide(dashboard.VariableHide.HIDE_VARIABLE if hidden else dashboard.VariableHide.DONT_HIDE)
    )
    if first:
        variable = variable.current(
            dashboard.VariableOption(text=[first], value=[first], selected=True)
        )
    elif every:
        variable = variable.current(_ALL)
    return variable.all_value(".+") if every else variable


def window(default: str = "24h") -> Any:
    """Return the choice of the window of the rates."""
    options = {"24h": "24 heures", "7d": "7 jours", "30d": "30 jours", "365d": "365 jours"}
    return (
        build.CustomVariable("window")
        .label("Période des taux")
        .values(",".join(f"{text} : {one}" for one, text in options.items()))
        .current(dashboard.VariableOption(text=options[default], value=default, selected=True))
        .options(
            [
                dashboard.VariableOption(text=text, value=one, selected=one == default)
                for one, text in options.items()
            ]
        )
    )


def _source() -> Any:
    return (
        build.DatasourceVariable("datasource")
        .label("Data source")  # the name that Grafana's linter asks for; hidden
        .type("prometheus")
        .hide(dashboard.VariableHide.HIDE_VARIABLE)
        .current(dashboard.VariableOption(text="Prometheus", value="prometheus", selected=True))
    )


class _Site(build.ConstantVariable):
    """Where our pages are. An address cannot change it: a link could lead elsewhere."""

    def build(self) -> dashboard.VariableModel:
        variable = self.label("Pages de Vigie").value(SITE)._internal  # noqa: SLF001 -- the builder has no word for these two
        variable.hide = dashboard.VariableHide.HIDE_VARIABLE
        variable.skip_url_sync = True
        return variable


def board(
    uid: str,
    title: str,
    description: str,
    *,
    variables: Sequence[Any] = (),
    since: str = "now-24h",
    refresh: str = "1m",
) -> Any:
    """Return an empty dashboard."""
    result = (
        build.Dashboard(french(f"Vigie ANEF – {title}"))
        .uid(uid)
        .description(french(description))
        .tags([TAG])
        .timezone("Europe/Paris")
        .week_start("monday")
        .readonly()
        .time(since, "now")
        .refresh(refresh)
        .tooltip(dashboard.DashboardCursorSync.CROSSHAIR)
        .annotations([])
        .link(
            build.DashboardLink("Tableaux de Vigie")
            .type(dashboard.DashboardLinkType.DASHBOARDS)
            .tags([TAG])
            .as_dropdown(True)
            .keep_time(True)
        )
        .link(
            build.DashboardLink("Le registre")
            .type(dashboard.DashboardLinkType.LINK)
            .url(f"{LINK_SITE}/")
            .target_blank(True)
        )
        .with_variable(_source())
        .with_variable(choice("job", "Job", "label_values(anef_build_info, job)", hidden=True))
        .with_variable(
            choice(
                "point",
                "Point de mesure",
                'label_values(anef_build_info{job=~"$job"}, point)',
                every=False,
            )
        )
        .with_variable(_Site("vigie"))
    )
    for variable in variables:
        result = result.with_variable(variable)
    return result


def with_milestones(result: Any) -> Any:
    """Mark the dates of the law on the panels of a dashboard."""
    query = (
        build.AnnotationQuery()
        .name("Dates du droit")
        .datasource(PROMETHEUS)
        .enable(True)
        .icon_color("purple")
        .expr(bare("anef_milestone_timestamp_seconds{@} * 1000"))
        .step("60s")
        .title_format("{{name}}")
        .use_value_for_time(True)
    )
    return result.annotations([query])

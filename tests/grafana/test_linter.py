"""The seventeen rules of Grafana's dashboard linter, and the schema of a dashboard.

Written from the descriptions of the rules, since the linter is a program of Go that needs what
this machine may not have. What is left out stands in `grafana/dashboards/.lint`, with its reason:
`dashboard-linter lint --config grafana/dashboards/.lint FILE`.
"""

import copy
import json
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest
import yaml
from jsonschema import Draft7Validator

from tests.support.dashboards import (
    FILES,
    FOLDER,
    RANGE_FUNCTIONS,
    filled,
    load,
    panels,
    promql,
    selectors,
)
from tests.support.documented import ROOT

SCHEMA = json.loads((ROOT / "tests/fixtures/grafana-dashboard.schema.json").read_text())
# What may be of any kind is written there as an object, which these three are not.
for owner, name in (
    ("MatcherConfig", "options"),
    ("DynamicConfigValue", "value"),
    ("DataTransformerConfig", "options"),
):
    SCHEMA["definitions"][owner]["properties"][name] = {}
# Units of Grafana that we use: the linter has the list of all.
UNITS = {"none", "string", "s", "bytes", "percentunit", "locale", "dthms", "dateTimeAsLocal"}
UNITS |= {"time:DD/MM/YYYY"}  # of Grafana's own form for dates, which has no name
SOURCES = {"$datasource", "${datasource}"}
Dashboard = dict[str, Any]
Rule = Callable[[Dashboard], Iterator[str]]


def variables(dashboard: Dashboard, kind: str) -> list[dict[str, Any]]:
    return [one for one in dashboard["templating"]["list"] if one["type"] == kind]


def template_datasource(dashboard: Dashboard) -> Iterator[str]:
    (only,) = variables(dashboard, "datasource") or [{}]
    if (only.get("name"), only.get("label")) != ("datasource", "Data source"):
        yield "no variable of the data source"


def _template(dashboard: Dashboard, name: str) -> Iterator[str]:
    found = [one for one in dashboard["templating"]["list"] if one["name"] == name]
    if not found:
        yield f"no variable {name}"
    for one in found:
        wanted = {"type": "query", "label": name.title(), "multi": True, "allValue": ".+"}
        if wanted != {key: one.get(key) for key in wanted}:
            yield f"variable {name}"
        if one["datasource"]["uid"] not in SOURCES:
            yield f"variable {name}"


def template_job(dashboard: Dashboard) -> Iterator[str]:
    yield from _template(dashboard, "job")


def template_instance(dashboard: Dashboard) -> Iterator[str]:
    yield from _template(dashboard, "instance")


def template_label_promql(dashboard: Dashboard) -> Iterator[str]:
    for one in variables(dashboard, "query"):
        if one["datasource"]["type"] != "prometheus":
            continue
        function, _, rest = one["query"].partition("(")
        series = rest.removesuffix(")").rpartition(",")[0]
        if function != "label_values" or not selectors(filled(series)):
            yield f"variable {one['name']}"


def template_on_time_change_reload(dashboard: Dashboard) -> Iterator[str]:
    for one in variables(dashboard, "query"):
        if one["refresh"] != 2:
            yield f"variable {one['name']}"


def uneditable_dashboard(dashboard: Dashboard) -> Iterator[str]:
    if dashboard["editable"]:
        yield "editable"


def panel_datasource(dashboard: Dashboard) -> Iterator[str]:
    for panel in panels(dashboard):
        source = panel.get("datasource", {})
        if source.get("type") == "prometheus" and source["uid"] not in SOURCES:
            yield panel["title"]


def panel_title_description(dashboard: Dashboard) -> Iterator[str]:
    for number, panel in enumerate(panels(dashboard)):
        if not panel.get("title") or not panel.get("description"):
            yield panel.get("title") or f"panel {number}"


def panel_units(dashboard: Dashboard) -> Iterator[str]:
    """Also of tables and timelines, which the linter passes over."""
    for panel in panels(dashboard):
        if panel["type"] in ("text", "geomap"):
            continue
        config = panel["fieldConfig"]
        units = {config["defaults"].get("unit")}
        for override in config.get("overrides", ()):
            units |= {one["value"] for one in override["properties"] if one["id"] == "unit"}
        if not units <= UNITS:
            yield panel["title"]


def panel_no_targets(dashboard: Dashboard) -> Iterator[str]:
    for panel in panels(dashboard):
        if panel["type"] != "text" and not panel.get("targets"):
            yield panel["title"]


def _queries(dashboard: Dashboard) -> Iterator[tuple[str, str]]:
    for panel in panels(dashboard):
        for query in promql(panel):
            yield panel["title"], query


def target_logql(dashboard: Dashboard) -> Iterator[str]:
    """No query is for Loki: neither this rule nor the next has anything to say."""
    for panel in panels(dashboard):
        for target in panel.get("targets", ()):
            if target["datasource"]["type"] == "loki":
                yield panel["title"]


target_logql_auto = target_logql


def target_promql(dashboard: Dashboard) -> Iterator[str]:
    for title, query in _queries(dashboard):
        try:
            selectors(filled(query))
        except ValueError:
            yield title


def target_rate_interval(dashboard: Dashboard) -> Iterator[str]:
    for title, query in _queries(dashboard):
        for selector in selectors(filled(query)):
            nearest = selector.functions[:1]
            if nearest in (("rate",), ("irate",)) and "[$__rate_interval]" not in query:
                yield title


def target_job(dashboard: Dashboard) -> Iterator[str]:
    yield from _matched_in_text(dashboard, "job")


def target_instance(dashboard: Dashboard) -> Iterator[str]:
    yield from _matched_in_text(dashboard, "instance")


def _matched_in_text(dashboard: Dashboard, label: str) -> Iterator[str]:
    mark = f"value-of-{label}"
    for title, query in _queries(dashboard):
        for selector in selectors(filled(query.replace(f"${label}", mark))):
            if (label, "Re", mark) not in selector.matchers:
                yield title


def target_counter_agg(dashboard: Dashboard) -> Iterator[str]:
    for title, query in _queries(dashboard):
        for selector in selectors(filled(query)):
            counter = selector.name.endswith("_total")
            if counter and not (selector.ranged_s and selector.functions[0] in RANGE_FUNCTIONS):
                yield title


RULES: dict[str, Rule] = {
    "template-datasource-rule": template_datasource,
    "template-job-rule": template_job,
    "template-instance-rule": template_instance,
    "template-label-promql-rule": template_label_promql,
    "template-on-time-change-reload-rule": template_on_time_change_reload,
    "panel-datasource-rule": panel_datasource,
    "panel-title-description-rule": panel_title_description,
    "panel-units-rule": panel_units,
    "panel-no-targets-rule": panel_no_targets,
    "target-logql-rule": target_logql,
    "target-logql-auto-rule": target_logql_auto,
    "target-promql-rule": target_promql,
    "target-rate-interval-rule": target_rate_interval,
    "target-job-rule": target_job,
    "target-instance-rule": target_instance,
    "target-counter-agg-rule": target_counter_agg,
    "uneditable-dashboard": uneditable_dashboard,
}
EXCLUDED = yaml.safe_load((FOLDER / ".lint").read_text())["exclusions"]
each_file = pytest.mark.parametrize("path", FILES, ids=lambda path: str(path.relative_to(FOLDER)))


@each_file
def test_grafana_accepts_it(path: Path) -> None:
    problems = Draft7Validator(SCHEMA).iter_errors(load(path))
    assert [f"{'/'.join(map(str, one.path))}: {one.message[:200]}" for one in problems] == []


@each_file
@pytest.mark.parametrize("name", RULES)
def test_a_rule_of_the_linter_holds(path: Path, name: str) -> None:
    found = list(RULES[name](load(path)))
    if name in EXCLUDED:
        assert found, "the exclusion is not needed"
    else:
        assert found == []


def test_there_are_seventeen_rules_and_each_exclusion_has_its_reason() -> None:
    assert len(RULES) == 17
    assert EXCLUDED.keys() <= RULES.keys()
    assert all(len(one["reason"]) > 40 for one in EXCLUDED.values())


def _panel(dashboard: Dashboard, kind: str = "timeseries") -> dict[str, Any]:
    return next(panel for panel in panels(dashboard) if panel["type"] == kind)


def _variable(dashboard: Dashboard, name: str) -> dict[str, Any]:
    return next(one for one in dashboard["templating"]["list"] if one["name"] == name)


def _query(dashboard: Dashboard, query: str) -> None:
    _panel(dashboard)["targets"][0]["expr"] = query


# What breaks each rule. Those on Loki need a query for it.
BREAKS: dict[str, Callable[[Dashboard], object]] = {
    "template-datasource-rule": lambda d: _variable(d, "datasource").update(name="source"),
    "template-job-rule": lambda d: _variable(d, "job").update(multi=False),
    "template-label-promql-rule": lambda d: _variable(d, "job").update(query="values(up, job)"),
    "template-on-time-change-reload-rule": lambda d: _variable(d, "job").update(refresh=1),
    "panel-datasource-rule": lambda d: _panel(d)["datasource"].update(uid="prometheus"),
    "panel-title-description-rule": lambda d: _panel(d).pop("description"),
    "panel-units-rule": lambda d: _panel(d)["fieldConfig"]["defaults"].pop("unit"),
    "panel-no-targets-rule": lambda d: _panel(d).pop("targets"),
    "target-logql-rule": lambda d: _panel(d)["targets"][0].update(datasource={"type": "loki"}),
    "target-logql-auto-rule": lambda d: _panel(d)["targets"][0].update(datasource={"type": "loki"}),
    "target-promql-rule": lambda d: _query(d, "sum by ("),
    "target-rate-interval-rule": lambda d: _query(d, 'rate(anef_probes_total{job=~"$job"}[5m])'),
    "target-job-rule": lambda d: _query(d, "anef_target_state"),
    "target-counter-agg-rule": lambda d: _query(d, 'anef_probes_total{job=~"$job"}'),
    "uneditable-dashboard": lambda d: d.update(editable=True),
}


@pytest.mark.parametrize("name", [name for name in RULES if name not in EXCLUDED])
def test_a_rule_names_what_breaks_it(name: str) -> None:
    dashboard = copy.deepcopy(load(FOLDER / "communs" / "vue-ensemble.json"))
    title = _panel(dashboard)["title"]
    BREAKS[name](dashboard)
    found = list(RULES[name](dashboard))
    assert found
    if name.startswith(("panel", "target")):
        assert title in found

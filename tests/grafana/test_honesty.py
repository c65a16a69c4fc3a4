"""What our dashboards may not do: name what does not exist, or say more than is known."""

import copy
import re
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest

from grafana.build import written
from grafana.columns import RATIO_UNIT
from grafana.states import NUMBERS, UNKNOWN_COLOR
from monitor.core.model import Verdict
from monitor.core.state_looks import STATE_LOOKS
from tests.support.dashboards import (
    FILES,
    FOLDER,
    filled,
    known_labels,
    labels_named,
    load,
    panels,
    promql,
    queries,
    selectors,
)

Dashboard = dict[str, Any]
KNOWN = known_labels()
OTHERS = ("anef_point_", "anef_points_")  # of the points that we follow
each_file = pytest.mark.parametrize("path", FILES, ids=lambda path: str(path.relative_to(FOLDER)))
STATES = {str(NUMBERS[verdict]): look.color for verdict, look in STATE_LOOKS.items()}
COLORS = {verdict.value: look.color for verdict, look in STATE_LOOKS.items()}
GREEN = STATE_LOOKS[Verdict.UP].color


def test_what_is_written_is_what_the_generator_writes() -> None:
    assert {path: path.read_text(encoding="utf-8") for path in FILES} == dict(written())


def test_addresses_of_dashboards_never_change() -> None:
    """They are in letters and on pages of associations."""
    assert {load(path)["uid"] for path in FILES} == UIDS


UIDS = {
    "vigie-vue-ensemble",
    "vigie-prefectures",
    "vigie-incident",
    "vigie-avant-apres",
    "vigie-exploitation",
}


def unknown_names(dashboard: Dashboard) -> list[str]:
    """Return each metric or label that no metric of ours has."""
    found = []
    for title, query in queries(dashboard):
        read = selectors(filled(query))
        for selector in read:
            if selector.name not in KNOWN:
                found.append(f"{title}: {selector.name}")
            labels = {label for label, *_ in selector.matchers}
            if more := labels - KNOWN.get(selector.name, labels):
                found.append(f"{title}: {selector.name}{more}")
        every = set().union(*(KNOWN.get(selector.name, set()) for selector in read))
        if more := labels_named(query) - every:
            found.append(f"{title}: {more}")
    return found


def rates_without_coverage(dashboard: Dashboard) -> list[str]:
    """Return the panels that show a rate and not, beside it, its coverage of the same windows."""
    found = []
    for panel in panels(dashboard):
        read = [one for query in promql(panel) for one in selectors(filled(query))]
        # A rate reads a coverage to know its rows: that shows none.
        coverages = {
            (one.name, _without_bound(one.matchers))
            for query in promql(panel)
            if "_availability_ratio" not in query
            for one in selectors(filled(query))
        }
        for one in read:
            if one.name.endswith("_availability_ratio"):
                beside = one.name.replace("_availability_", "_coverage_")
                if (beside, _without_bound(one.matchers)) not in coverages:
                    found.append(panel["title"])
                bounds = {
                    value
                    for other in read
                    if other.name == one.name
                    for label, _, value in other.matchers
                    if label == "bound"
                }
                if bounds != {"low", "central", "high"}:
                    found.append(panel["title"])
    return found


def _without_bound(matchers: Any) -> tuple[Any, ...]:
    return tuple(sorted(one for one in matchers if one[0] != "bound"))


def forbidden(dashboard: Dashboard) -> list[str]:
    """Return what draws ignorance as an answer, or a part as a whole."""
    found = [panel["title"] for panel in panels(dashboard) if panel["type"] == "piechart"]
    for title, query in queries(dashboard):
        averaged = any(
            one.name in ("probe_success", "up") and one.functions
            for one in selectors(filled(query))
        )
        if averaged or re.search(r"\bor\s+(?:on\s*\(\s*\)\s*)?vector\s*\(", query):
            found.append(title)
    return found


def field_configs(panel: dict[str, Any]) -> Iterator[dict[str, Any]]:
    """Yield the settings of all fields, then of each override."""
    config = panel.get("fieldConfig", {})
    yield config.get("defaults", {})
    for override in config.get("overrides", ()):
        yield {one["id"]: one["value"] for one in override["properties"]}


def reads_states(panel: dict[str, Any]) -> bool:
    """Return whether a panel has states as their numbers."""
    return any(f'state="down"}} * {NUMBERS[Verdict.DOWN]}' in query for query in promql(panel))


def counts_states(panel: dict[str, Any]) -> bool:
    """Return whether a panel has a series, or several, for each state."""
    return any(re.search(r"by \((?:state|verdict)\b", query) for query in promql(panel))


def _colors_of_series(panel: dict[str, Any]) -> dict[str, str]:
    """Return the colours of the series whose name is, or begins with, a word."""
    return {
        override["matcher"]["options"].removeprefix("/^").removesuffix("( |$)/"): color
        for override in panel["fieldConfig"].get("overrides", ())
        for one in override["properties"]
        if one["id"] == "color"
        for color in [one["value"]["fixedColor"]]
    }


def _colors_of_words(panel: dict[str, Any]) -> dict[str, str]:
    """Return the colours of the cells of a table that has a column of verdicts, by verdict."""
    return {
        key: result["color"]
        for config in field_configs(panel)
        for one in config.get("mappings", ())
        if one["type"] == "value"
        for key, result in one["options"].items()
        if key in COLORS and "color" in result
    }


def unknown_as_good(dashboard: Dashboard) -> list[str]:
    """Return the panels in which what is unknown could be green, or be the last state going on."""
    found = []
    for panel in panels(dashboard):
        if panel["type"] in ("text", "geomap"):
            continue
        title, defaults = panel["title"], panel["fieldConfig"]["defaults"]
        if defaults["thresholds"]["steps"][0] != {"color": UNKNOWN_COLOR, "value": None}:
            found.append(title)
        mapped = [config["mappings"] for config in field_configs(panel) if "mappings" in config]
        if any(not _maps_honestly(one) for one in mapped):
            found.append(title)
        if reads_states(panel) and not any(_maps_states(one) for one in mapped):
            found.append(title)
        of_words = _colors_of_words(panel)
        colors = of_words if panel["type"] == "table" else _colors_of_series(panel)
        if colors != (COLORS if of_words or counts_states(panel) else {}):
            found.append(title)
        if panel["type"] in ("timeseries", "state-timeline"):
            custom = defaults["custom"]
            if not custom.get("insertNulls") or custom.get("spanNulls"):
                found.append(title)
    return found


def _maps_states(mappings: list[dict[str, Any]]) -> bool:
    values = {k: v for one in mappings if one["type"] == "value" for k, v in one["options"].items()}
    return {key: value.get("color") for key, value in values.items()} == STATES


def _maps_honestly(mappings: list[dict[str, Any]]) -> bool:
    """Return whether green is for the state "up" alone, and no value is grey."""
    for one in mappings:
        options = one["options"]
        results = options if one["type"] == "value" else {one["type"]: options["result"]}
        for key, result in results.items():
            green = result.get("color", "").lower() in (GREEN, "green", "semi-dark-green")
            if green and not (key in ("1", "up") and "accessible" in result["text"]):
                return False
            if key == "special" and result["color"] != UNKNOWN_COLOR:
                return False
    return True


def texts_as_numbers(dashboard: Dashboard) -> list[str]:
    """Return the columns of labels that Grafana would read as numbers: department 01 as 1."""
    found = []
    for panel in panels(dashboard):
        for one in panel.get("transformations", ()):
            renames = one["options"].get("renameByName", {})
            texts = {new for old, new in renames.items() if not old.startswith("Value")}
            for override in panel["fieldConfig"]["overrides"]:
                if {"id": "unit", "value": "string"} in override["properties"]:
                    texts.discard(override["matcher"]["options"])
            found += sorted(texts)
    return found


def hidden_columns(dashboard: Dashboard) -> list[str]:
    """Return the tables of which columns are out of sight at 1,280 pixels, coverage first."""
    found = []
    for panel in panels(dashboard):
        if panel["type"] != "table":
            continue
        config = panel["fieldConfig"]
        least = config["defaults"]["custom"].get("minWidth", GRAFANA_COLUMN_PX)
        widths = {override["matcher"]["options"]: least for override in config["overrides"]}
        for override in config["overrides"]:
            for one in override["properties"]:
                if one["id"] == "custom.width":
                    widths[override["matcher"]["options"]] = one["value"]
                if one["id"] == "custom.hideFrom" and one["value"]["viz"]:
                    widths[override["matcher"]["options"]] = 0
        if sum(widths.values()) > panel["gridPos"]["w"] / 24 * 1280 - 40:
            found.append(panel["title"])
    return found


def rates_after_nothing(dashboard: Dashboard) -> list[str]:
    """Return the tables that begin with what has no rate: Grafana puts that before the lowest."""
    found = []
    for panel in panels(dashboard):
        ratios = {
            override["matcher"]["options"]
            for override in panel.get("fieldConfig", {}).get("overrides", ())
            if {"id": "unit", "value": RATIO_UNIT} in override["properties"]
        }
        order = panel["options"].get("sortBy") or ()
        if any(one["displayName"] in ratios and not one["desc"] for one in order):
            found.append(panel["title"])
    return found


def mixed_points(dashboard: Dashboard) -> list[str]:
    """Return the panels that would take the best, or the worst, of what several points saw.

    Metrics of other points are counts of them, or their own: nothing is mixed there.
    """
    found = []
    for panel in panels(dashboard):
        for query in promql(panel):
            for one in selectors(filled(query.replace("$point", "chosen"))):
                of_points = "point" in KNOWN.get(one.name, ()) and not one.name.startswith(OTHERS)
                if of_points and ("point", "Re", "chosen") not in one.matchers:
                    found.append(panel["title"])
        if any(PER_POINT not in one.get("rawSql", PER_POINT) for one in panel.get("targets", ())):
            found.append(panel["title"])
    return found


def vanishing_rates(dashboard: Dashboard) -> list[str]:
    """Return the rates whose column, where none has a value, Grafana would leave out."""
    return [
        panel["title"]
        for panel in panels(dashboard)
        for query in promql(panel)
        if "_availability_ratio" in query
        and not ("_coverage_ratio" in query and "* NaN unless on ()" in query)
    ]


def unwatched_as_unknown(dashboard: Dashboard) -> list[str]:
    """Return the maps on which a department without a page looks like one that is unknown."""
    found = []
    for panel in panels(dashboard):
        layers = panel["options"].get("layers", ()) if panel["type"] == "geomap" else ()
        for layer in layers:
            styles = {
                (rule["check"]["property"], rule["check"]["value"]): rule["style"]
                for rule in layer["config"]["rules"]
            }
            first = next(iter(styles))
            if first != UNWATCHED or styles[UNWATCHED] == styles["state", "unknown"]:
                found.append(panel["title"])
    return found


UNWATCHED = ("targets", 0)  # a number of targets
PER_POINT = "subject.point = ${point:sqlstring}"
GRAFANA_COLUMN_PX = 150
CHECKS: dict[str, Callable[[Dashboard], list[str]]] = {
    check.__name__: check
    for check in (
        unknown_names,
        rates_without_coverage,
        forbidden,
        unknown_as_good,
        texts_as_numbers,
        hidden_columns,
        rates_after_nothing,
        mixed_points,
        vanishing_rates,
        unwatched_as_unknown,
    )
}


@each_file
@pytest.mark.parametrize("name", CHECKS)
def test_a_dashboard_is_honest(path: Path, name: str) -> None:
    assert CHECKS[name](load(path)) == []


@each_file
def test_a_dashboard_says_how_to_read_it_in_french_and_in_paris(path: Path) -> None:
    dashboard = load(path)
    assert [p["title"] for p in panels(dashboard) if p["type"] == "text"] == ["Comment lire"]
    assert (dashboard["timezone"], dashboard["schemaVersion"]) == ("Europe/Paris", 42)
    assert dashboard["tags"] == ["vigie"]


@each_file
def test_its_words_are_set_as_they_are_printed(path: Path) -> None:
    dashboard = load(path)
    texts = [dashboard["title"], dashboard["description"]]
    for panel in panels(dashboard):
        texts += [panel["title"], panel["description"]]
        texts += [panel["options"]["content"]] if panel["type"] == "text" else []
    slip = r".*(?:(?<!\u00a0)[;?!»]|\s(?<!\u00a0):|«(?!\u00a0)|\w'\w).*"
    bare = [re.sub(r"\]\([^)]*\)", "", text) for text in texts]
    assert [found for text in bare for found in re.findall(slip, text)] == []


@each_file
def test_panels_neither_overlap_nor_stand_out(path: Path) -> None:
    cells: set[tuple[int, int]] = set()
    for panel in load(path)["panels"]:
        place = panel["gridPos"]
        assert place["x"] + place["w"] <= 24
        own = {
            (x, y)
            for x in range(place["x"], place["x"] + place["w"])
            for y in range(place["y"], place["y"] + place["h"])
        }
        assert not own & cells, panel["title"]
        cells |= own


def _of(dashboard: Dashboard, found: Callable[[dict[str, Any]], bool]) -> dict[str, Any]:
    return next(panel for panel in panels(dashboard) if found(panel))


def _with_rate(panel: dict[str, Any]) -> bool:
    return any("_availability_ratio" in query for query in promql(panel))


def _without_the_coverage(dashboard: Dashboard) -> None:
    panel = _of(dashboard, _with_rate)
    panel["targets"] = [one for one in panel["targets"] if "availability" in one["expr"]]


def _ask(dashboard: Dashboard, old: str, new: str) -> None:
    panel = _of(dashboard, lambda panel: any(old in query for query in promql(panel)))
    for target in panel["targets"]:
        target["expr"] = target["expr"].replace(old, new)


def _ask_again(dashboard: Dashboard, within: str, old: str, new: str) -> None:
    for target in _of(dashboard, _with_rate)["targets"]:
        if within in target["expr"]:
            target["expr"] = target["expr"].replace(old, new)


def _override(dashboard: Dashboard, name: str) -> list[dict[str, Any]]:
    panel = _of(dashboard, counts_states)
    (properties,) = (
        override["properties"]
        for override in panel["fieldConfig"]["overrides"]
        if override["matcher"]["options"] == name
    )
    found: list[dict[str, Any]] = properties
    return found


def _of_kind(dashboard: Dashboard, kind: str) -> dict[str, Any]:
    return _of(dashboard, lambda panel: panel["type"] == kind)


def _defaults(dashboard: Dashboard, kind: str) -> dict[str, Any]:
    defaults: dict[str, Any] = _of_kind(dashboard, kind)["fieldConfig"]["defaults"]
    return defaults


LIES: dict[str, tuple[str, Callable[[Dashboard], object]]] = {
    "a metric that does not exist": (
        "unknown_names",
        lambda d: _ask(d, "anef_incident_open", "anef_incidents_open"),
    ),
    "a label that does not exist": ("unknown_names", lambda d: _ask(d, "by (state)", "by (stat)")),
    "a label of another metric": (
        "unknown_names",
        lambda d: _ask(d, "anef_incident_open{", 'anef_incident_open{target="a",'),
    ),
    "an annotation on nothing": (
        "unknown_names",
        lambda d: d["annotations"]["list"][0].update(expr='anef_dates{job=~"$job"}'),
    ),
    "a variable of nothing": (
        "unknown_names",
        lambda d: d["templating"]["list"][1].update(query="label_values(anef_build, job)"),
    ),
    "a rate without its coverage": ("rates_without_coverage", _without_the_coverage),
    "the coverage of another window": (
        "rates_without_coverage",
        lambda d: _ask(
            d,
            'coverage_ratio{job=~"$job",point=~"$point",window="$window"',
            'coverage_ratio{job=~"$job",point=~"$point",window="7d"',
        ),
    ),
    "a rate without a bound": (
        "rates_without_coverage",
        lambda d: _of(d, _with_rate)["targets"].pop(0),
    ),
    "an average of probe_success": (
        "forbidden",
        lambda d: _ask(d, "anef_incident_open{", "avg_over_time(probe_success[1h]) or x{"),
    ),
    "a zero for nothing": (
        "forbidden",
        lambda d: _ask(d, "max by (platform)", "up or vector(0) or max by (platform)"),
    ),
    "a pie": ("forbidden", lambda d: _of_kind(d, "timeseries").update(type="piechart")),
    "green for unknown": (
        "unknown_as_good",
        lambda d: _defaults(d, "state-timeline")["mappings"][0]["options"]["2"].update(color=GREEN),
    ),
    "green for no value": (
        "unknown_as_good",
        lambda d: _defaults(d, "stat")["mappings"][1]["options"]["result"].update(color=GREEN),
    ),
    "Grafana's first green": (
        "unknown_as_good",
        lambda d: _defaults(d, "stat")["thresholds"]["steps"][0].update(color="green"),
    ),
    "green for the series of unknown": (
        "unknown_as_good",
        lambda d: _override(d, "/^unknown( |$)/")[0]["value"].update(fixedColor=GREEN),
    ),
    "a series of unknown in a colour of chance": (
        "unknown_as_good",
        lambda d: _override(d, "/^unknown( |$)/").pop(),
    ),
    "no word for unknown": (
        "unknown_as_good",
        lambda d: _defaults(d, "state-timeline")["mappings"][0]["options"].pop("2"),
    ),
    "a gap as the last state": (
        "unknown_as_good",
        lambda d: _defaults(d, "state-timeline")["custom"].update(insertNulls=False),
    ),
    "a label as a number": (
        "texts_as_numbers",
        lambda d: _of_kind(d, "table")["fieldConfig"].update(overrides=[]),
    ),
    "columns out of sight": (
        "hidden_columns",
        lambda d: _of(d, _with_rate)["fieldConfig"]["defaults"]["custom"].pop("minWidth"),
    ),
    "the lowest rate first": (
        "rates_after_nothing",
        lambda d: _of(d, _with_rate)["options"].update(
            sortBy=[{"displayName": "Au plus bas", "desc": False}]
        ),
    ),
    "the worst of all points": (
        "mixed_points",
        lambda d: _ask(d, 'anef_incident_open{job=~"$job",point=~"$point"', "anef_incident_open{"),
    ),
    "a column that may be left out": (
        "vanishing_rates",
        lambda d: _ask(d, " unless on () ", " unless "),
    ),
    "a line across a gap": (
        "unknown_as_good",
        lambda d: _defaults(d, "timeseries")["custom"].update(spanNulls=True),
    ),
}


@pytest.mark.parametrize("lie", LIES)
def test_a_lie_is_found(lie: str) -> None:
    dashboard = copy.deepcopy(load(FOLDER / "communs" / "vue-ensemble.json"))
    name, change = LIES[lie]
    change(dashboard)
    assert CHECKS[name](dashboard) != []


def test_a_word_of_a_table_in_the_colour_of_another_is_found() -> None:
    dashboard = load(FOLDER / "postgresql" / "incident.json")
    panel = _of(dashboard, lambda one: one["title"] == "Les relevés de la période")
    (words,) = (
        one["value"][0]["options"]
        for override in panel["fieldConfig"]["overrides"]
        if override["matcher"]["options"] == "Verdict"
        for one in override["properties"]
        if one["id"] == "mappings"
    )
    words["unknown"]["color"] = GREEN
    assert unknown_as_good(dashboard) != []


@pytest.mark.parametrize("keep", [True, False])
def test_a_map_without_a_look_for_the_unwatched_is_found(keep: bool) -> None:  # noqa: FBT001 -- a case
    dashboard = load(FOLDER / "sqlite" / "prefectures.json")
    (layer,) = _of_kind(dashboard, "geomap")["options"]["layers"]
    rules = layer["config"]["rules"]
    rule = rules.pop(0)
    rules += [rule] if keep else []
    assert unwatched_as_unknown(dashboard) != []


def test_a_table_of_all_points_is_found() -> None:
    dashboard = load(FOLDER / "postgresql" / "incident.json")
    (target,) = _of(dashboard, lambda one: one["title"] == "Les relevés de la période")["targets"]
    target["rawSql"] = target["rawSql"].replace(PER_POINT, "TRUE")
    assert mixed_points(dashboard) != []

"""The dashboards as Grafana reads them: their panels, their queries, what a query selects."""

import json
import re
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import promql_parser

from tests.support.documented import ROOT, table_rows

FOLDER = ROOT / "grafana" / "dashboards"
FILES = sorted(FOLDER.rglob("*.json"))
_METRICS = (ROOT / "docs" / "metriques.md").read_text(encoding="utf-8")
_OF_A_TARGET = {"instance", "target", "group", "department", "platform", "module", "point"}
_OF_A_SCRAPE = {"job", "instance"}
# What Grafana's own variables stand for, and ours.
VALUES = {
    "__rate_interval": "4m",
    "__interval": "1m",
    "__range": "1d",
    "job": ".+",
    "point": ".+",
    "group": ".+",
    "platform": ".+",
    "department": ".+",
    "window": "24h",
    "milestone": ".+",
    "target": ".+",
}
RANGE_FUNCTIONS = {"rate", "irate", "increase"}


def load(path: Path) -> dict[str, Any]:
    dashboard: dict[str, Any] = json.loads(path.read_text(encoding="utf-8"))
    return dashboard


def panels(dashboard: dict[str, Any]) -> Iterator[dict[str, Any]]:
    """Yield the panels, those within rows included, without the rows."""
    for panel in dashboard["panels"]:
        if panel["type"] == "row":
            yield from panel["panels"]
        else:
            yield panel


def promql(owner: dict[str, Any]) -> list[str]:
    """Return the PromQL queries of a panel."""
    return [target["expr"] for target in owner.get("targets", ()) if "expr" in target]


def queries(dashboard: dict[str, Any]) -> Iterator[tuple[str, str]]:
    """Yield each PromQL query with what asks it: panels, annotations, variables."""
    for panel in panels(dashboard):
        for query in promql(panel):
            yield panel["title"], query
    for one in dashboard["annotations"]["list"]:
        yield one["name"], one["expr"]
    for one in dashboard["templating"]["list"]:
        if one["type"] == "query" and one["datasource"]["type"] == "prometheus":
            series, _, label = one["query"].removeprefix("label_values(")[:-1].rpartition(", ")
            yield one["name"], f"count by ({label}) ({series})"


def filled(text: str, values: dict[str, str] = VALUES) -> str:
    """Return a query with its variables replaced."""
    return re.sub(
        r"\$(?:\{(\w+)(?::\w+)*\}|(\w+))", lambda found: values[found[1] or found[2]], text
    )


@dataclass(frozen=True)
class Selector:
    """A series that a query reads, and the functions around it, the nearest first."""

    name: str
    matchers: tuple[tuple[str, str, str], ...]  # label, operator, value
    functions: tuple[str, ...]
    ranged_s: float | None


def selectors(expression: str) -> list[Selector]:
    """Return what a query reads. Raises ValueError for what is no PromQL."""
    return list(_walk(promql_parser.parse(expression), ()))


def labels_named(expression: str) -> set[str]:
    """Return the labels by which a query groups or joins."""
    groups = re.findall(r"\b(?:by|without|on|ignoring|group_left)\s*\(([^)]*)\)", expression)
    return {label.strip() for group in groups for label in group.split(",") if label.strip()}


def _walk(node: Any, functions: tuple[str, ...]) -> Iterator[Selector]:
    match type(node).__name__:
        case "VectorSelector":
            yield _selector(node, functions, None)
        case "MatrixSelector":
            yield _selector(node.vector_selector, functions, node.range.total_seconds())
        case "Call":
            for argument in node.args:
                yield from _walk(argument, (node.func.name, *functions))
        case "BinaryExpr":
            yield from _walk(node.lhs, functions)
            yield from _walk(node.rhs, functions)
        case "AggregateExpr" | "ParenExpr" | "UnaryExpr" | "SubqueryExpr":
            yield from _walk(node.expr, functions)
        case "NumberLiteral" | "StringLiteral":
            return
        case other:
            raise AssertionError(other)


def _selector(node: Any, functions: tuple[str, ...], ranged_s: float | None) -> Selector:
    matchers = tuple(
        (one.name, str(one.op).rpartition(".")[2], one.value) for one in node.matchers.matchers
    )
    return Selector(node.name, matchers, functions, ranged_s)


def known_labels() -> dict[str, set[str]]:
    """Return the labels of each metric, as docs/metriques.md says; `le` is a histogram's."""
    known: dict[str, set[str]] = {"up": _OF_A_SCRAPE | {"job"}}
    part = ""
    for line in _METRICS.splitlines():
        if line.startswith("## "):
            part = line
        for name, kind, labels, _ in table_rows(line) if line.startswith("| `") else ():
            own = set(re.findall(r"`(\w+)`", labels))
            common = {"point"} | _OF_A_SCRAPE
            if _is_of_targets(part, name):
                common |= _OF_A_TARGET
            if name.startswith("anef_scope"):
                common |= {"scope", "slug"}
            for suffix in ("_bucket", "_sum", "_count") if kind == "histogram" else ("",):
                known[name + suffix] = own | common | ({"le"} if suffix == "_bucket" else set())
    for name in ("process_resident_memory_bytes", "process_cpu_seconds_total"):
        known[name] = _OF_A_SCRAPE
    return known


def _is_of_targets(part: str, name: str) -> bool:
    if part == "## Les taux":
        return name in ("anef_availability_ratio", "anef_coverage_ratio")
    return part not in ("## Le point de mesure", "## Le journal")

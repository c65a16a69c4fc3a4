"""What an administrator may set or watch is in one table each, and nothing that is gone is.

Fields of leaves: `tests/core/test_leaves.py`.
"""

import ast
import re
from collections.abc import Iterator
from pathlib import Path

import pytest

from monitor.cli import COMMANDS
from monitor.config import schema
from monitor.metrics import Exposition, MetricsState
from monitor.metrics.target_families import OWN_FAMILIES, PROBE_FAMILIES
from tests.support.clock import FakeClock
from tests.support.documented import (
    CONFIGURATION,
    ENVIRONMENT_DEFAULTS,
    MODELS,
    ROOT,
    bounds,
    default,
    sections,
    table_rows,
)

SETTINGS = ROOT / "docs" / "reglages.md"
METRICS = ROOT / "docs" / "metriques.md"
CONTRIBUTING = ROOT / "CONTRIBUTING.md"
# On every metric of a target, or of the point.
COMMON = {"instance", "target", "group", "department", "platform", "module", "point"}


def read(path: Path) -> str:
    return path.read_text(encoding="utf-8")


def test_every_variable_of_the_environment_is_documented_with_its_default() -> None:
    variables = sections(read(SETTINGS), "## ")["Les variables d’environnement"]
    found = {name: shown.strip("`") for name, shown, _ in table_rows(variables)}
    assert found == ENVIRONMENT_DEFAULTS


@pytest.mark.parametrize("place", CONFIGURATION)
def test_every_key_of_a_table_is_documented_with_its_default_and_bounds(place: str) -> None:
    rows = table_rows(sections(read(SETTINGS))[place])
    wanted = {name: (default(key), bounds(key)) for name, key in CONFIGURATION[place].items()}
    assert {name: cells[:2] for name, *cells in rows} == {k: [*v] for k, v in wanted.items()}
    assert all(meaning for *_, meaning in rows)


def test_every_table_of_the_files_is_documented_and_no_other() -> None:
    assert list(sections(read(SETTINGS))) == list(CONFIGURATION)
    entries = {var for var in vars(schema).values() if isinstance(var, type)}
    assert {entry for entry in entries if issubclass(entry, schema.Entry)} == MODELS
    above = {place.strip("[]").partition(".")[0] for place in CONFIGURATION if place[0] == "["}
    assert schema.MainEntry.model_fields.keys() <= above


def metric_names() -> Iterator[str]:
    """Yield every name of a metric that the code writes, as Prometheus reads it."""
    board = MetricsState([])
    page = Exposition(board, clock=FakeClock(), point="local", version="1", config_sha256="0")
    shown = page.render().decode()
    for path in (ROOT / "monitor" / "metrics").glob("*.py"):
        for node in ast.walk(ast.parse(read(path))):
            text = node.value if isinstance(node, ast.Constant) else None
            if isinstance(text, str) and re.fullmatch(r"(?:anef|probe)_[a-z_]+", text):
                yield f"{text}_info" if f"\n# TYPE {text}_info " in shown else text


def test_every_metric_is_documented() -> None:
    names = [name for name, *_ in table_rows(read(METRICS))]
    assert sorted(names) == sorted(set(metric_names()))
    assert len(names) > 30


def test_every_metric_is_documented_with_its_type() -> None:
    types = {name: cells[0] for name, *cells in table_rows(read(METRICS))}
    for family in (*PROBE_FAMILIES, *OWN_FAMILIES):
        assert types[family.name] == family.type, family.name
    board = MetricsState([])
    page = Exposition(board, clock=FakeClock(), point="local", version="1", config_sha256="0")
    for name, kind in re.findall(r"^# TYPE (anef_\w+) (\w+)", page.render().decode(), re.MULTILINE):
        assert types[name] == kind, name


def test_every_metric_that_a_document_names_exists() -> None:
    known = set(metric_names())
    for path in (*ROOT.glob("*.md"), *(ROOT / "docs").glob("*.md")):
        if path.name == "CHANGELOG.md":  # of its day
            continue
        named = set(re.findall(r"`((?:anef|probe)_[a-z_]+)(?:\{[^`]*\})?`", read(path)))
        assert named - known == set(), path.name


def test_every_command_is_in_the_list_of_the_readme() -> None:
    text = read(ROOT / "README.md").partition("## Commands")[2].partition("\n## ")[0]
    assert set(re.findall(r"`vigie ([a-z-]+)[^`]*`", text)) == set(COMMANDS)


def test_contributing_names_all_that_the_integration_demands() -> None:
    text = read(CONTRIBUTING).partition("## What must never break")[2].partition("\n## ")[0]
    steps = re.findall(r"^step '([^']+)'", read(ROOT / ".ci" / "run"), re.MULTILINE)
    assert len(steps) == len(re.findall(r"^step ", read(ROOT / ".ci" / "run"), re.MULTILINE))
    assert [step for step in steps if f"**{step}**" not in text] == []
    lint = re.search(r"^lint:.*\n((?:\t.*\n)+)", read(ROOT / "Makefile"), re.MULTILINE)
    assert lint
    programs = re.findall(r"\.venv/bin/([\w-]+)", lint[1])
    assert len(programs) > 3
    assert {name for name in programs if f"`{name}" not in text} == set()

"""What the check of a drawn dashboard finds; the drawing itself is `make grafana-render`."""

import copy
import json
import re
from collections.abc import Callable
from typing import Any

import pytest

from tests.support.dashboards import FILES
from tests.support.documented import ROOT
from tests.support.rendered import faults

PICTURE_BYTES = 150_000
DASHBOARD = {
    "panels": [
        {
            "title": "États",
            "type": "table",
            "fieldConfig": {
                "defaults": {},
                "overrides": [
                    {
                        "properties": [
                            {
                                "id": "mappings",
                                "value": [
                                    {"type": "value", "options": {"1": {"text": "● accessible"}}},
                                    {
                                        "type": "special",
                                        "options": {"result": {"text": "? indéterminé"}},
                                    },
                                ],
                            }
                        ]
                    }
                ],
            },
        }
    ]
}


def cell(field: str, value: str, text: str, *, unit: str = "none", mapped: bool = False) -> Any:
    return {
        "field": field,
        "value": value,
        "text": text,
        "unit": unit,
        "mapped": mapped,
        "number": True,
        "color": "#26635a",
    }


REPORT: dict[str, Any] = {
    "done": True,
    "faults": [],
    "panels": [
        {
            "title": "États",
            "type": "table",
            "errors": [],
            "text": "États Cible État Taux Depuis a ● accessible 99.5% 29/11/2026 14:19:27 –",
            "cells": [
                cell("Cible", "a", "a"),
                cell("État", "1", "● accessible", mapped=True),
                cell("Taux", "0.995", "99.5%", unit="percentunit"),
                cell("Taux", "null", "–", unit="percentunit"),
                cell("Depuis", "1", "29/11/2026 14:19:27", unit="dateTimeAsLocal"),
            ],
        }
    ],
}
LIES: dict[str, Callable[[dict[str, Any], dict[str, Any]], object]] = {
    "not done": lambda report, _: report.update(done=False),
    "an error of the page": lambda report, _: report["faults"].append("TypeError"),
    "a refused query": lambda _, panel: panel["errors"].append("bad_data"),
    "no row": lambda _, panel: panel.update(text="États –", cells=[]),
    "nothing drawn": lambda _, panel: panel.update(text="États"),
    "no data": lambda _, panel: panel.update(text="États\nNo data", cells=[]),
    "our words for no data": lambda _, panel: panel.update(text="États\nAucune donnée", cells=[]),
    "a column without its name": lambda _, panel: panel.update(text=f"{panel['text']}\nValue #A"),
    "a column out of sight": lambda _, panel: panel.update(hidden=["Couverture"]),
    "no colour": lambda _, panel: panel["cells"][1].update(color="#808080"),
    "a state without words": lambda _, panel: panel["cells"][1].update(text="1"),
    "no unit": lambda _, panel: panel["cells"][2].update(text="0.995"),
    "a code of the record": lambda _, panel: panel["cells"].append(cell("Raison", "slow", "slow")),
    "a series that is called by its code": lambda _, panel: panel["cells"].append(
        cell("resolve", "1", "1")
    ),
    "a rate with a point": lambda _, panel: panel["cells"].append(
        cell("Taux", "99.5", "99.5", unit="locale", mapped=True)
    ),
    "a date of another country": lambda _, panel: panel["cells"][4].update(
        text="11/29/2026, 02:19:27 PM"
    ),
    "a value that is not seen": lambda _, panel: panel.update(
        text=panel["text"].replace("99.5%", "")
    ),
}


def test_a_good_picture_has_no_fault() -> None:
    assert faults(REPORT, DASHBOARD) == []


def test_a_map_shows_no_field_so_that_its_codes_are_none_of_a_reader() -> None:
    report, dashboard = copy.deepcopy(REPORT), copy.deepcopy(DASHBOARD)
    report["panels"][0] |= {"type": "geomap", "cells": [cell("department", "1", "1")]}
    assert faults(report, dashboard) == []
    report["panels"][0]["type"] = "table"
    assert faults(report, dashboard) != []


@pytest.mark.parametrize("lie", LIES)
def test_a_fault_is_found(lie: str) -> None:
    report = copy.deepcopy(REPORT)
    LIES[lie](report, report["panels"][0])
    assert faults(report, DASHBOARD) != []


def test_every_package_of_the_front_end_has_one_version() -> None:
    package = json.loads((ROOT / "grafana/render/package.json").read_text())
    assert [] == [
        f"{name}: {version}"
        for name, version in package["dependencies"].items()
        if not re.fullmatch(r"\d+\.\d+\.\d+", version)
    ]


def test_every_package_has_a_hash_and_none_names_a_registry() -> None:
    lock = json.loads((ROOT / "grafana/render/package-lock.json").read_text())
    named = json.loads((ROOT / "grafana/render/package.json").read_text())
    root = lock["packages"].pop("")
    assert root["dependencies"] == named["dependencies"]
    assert len(lock["packages"]) > 300
    assert [] == [
        path
        for path, one in lock["packages"].items()
        if "resolved" in one or not one["integrity"].startswith("sha512-")
    ]


def test_the_pictures_of_the_documents_are_small_and_each_is_of_a_dashboard() -> None:
    pictures = sorted((ROOT / "docs" / "images").glob("grafana-*.png"))
    boards = {path.stem for path in FILES}
    assert {one.stem.removeprefix("grafana-") for one in pictures} <= boards
    assert [] == [one.name for one in pictures if one.stat().st_size > PICTURE_BYTES]
    assert "docs/images/grafana-vue-ensemble.png" in (ROOT / "README.md").read_text("utf-8")

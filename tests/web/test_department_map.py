"""The map of the departments: what a map program expects, and never greener than is known."""

import json
import subprocess
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest

from monitor.config.fields.departments import DEPARTMENTS
from monitor.core.model import State, Target, Verdict
from monitor.core.outages.worst import BY_GRAVITY, worst
from monitor.web.api.department_map import department_map
from tests.support.databases import sqlite_template
from tests.support.interface import CONFIG, Caller, opened
from tests.support.outcomes import at

__all__ = ["sqlite_template"]  # a fixture
WITHOUT_OUTLINE = {"975", "977-978", "986", "987", "988"}
NOW = at(100_000)
OF_93 = [target for target in CONFIG.targets if target.department == "93"]


@pytest.fixture(scope="module")
def caller(sqlite_template: Path) -> Iterator[Caller]:
    with opened(f"sqlite:///{sqlite_template}") as store:
        yield Caller(store)


def drawn(states: dict[str, State]) -> dict[str, dict[str, Any]]:
    return {one["id"]: one["properties"] for one in department_map(states, CONFIG, NOW)["features"]}


def state(target: Target, verdict: Verdict, *, ago_s: float = 1) -> State:
    last_at = at(100_000 - ago_s)
    empty = State(target=target.slug, point="local")
    return replace(empty, verdict=verdict, since=last_at, last_at=last_at)


def test_every_department_of_natural_earth_has_its_closed_outline(caller: Caller) -> None:
    response = caller.ask("/departements.geojson")
    collection = response.json()
    assert response.status_code == 200
    assert collection["type"] == "FeatureCollection"
    assert {one["id"] for one in collection["features"]} == DEPARTMENTS - WITHOUT_OUTLINE
    assert len(collection["features"]) == 101
    for one in collection["features"]:
        assert (one["type"], one["geometry"]["type"]) == ("Feature", "MultiPolygon")
        rings = [ring for polygon in one["geometry"]["coordinates"] for ring in polygon]
        assert rings
        for ring in rings:
            assert ring[0] == ring[-1]
            assert len(ring) > 3
            assert all(-180 <= x <= 180 and -90 <= y <= 90 for x, y in ring)
    assert {one["properties"]["state"] for one in collection["features"]} == {"unknown"}


def test_it_has_no_parameter_and_a_tag(caller: Caller) -> None:
    tag = caller.ask("/departements.geojson").headers["ETag"]
    again = caller.ask("/departements.geojson", headers={"If-None-Match": tag})
    assert again.status_code == 304
    assert caller.ask("/departements.geojson?a=1").status_code == 400
    assert caller.ask("/departements.geojson", method="HEAD").content == b""


def test_the_pages_of_grafana_may_read_it_when_they_are_told_to_be() -> None:
    """A map is drawn by a browser that is on another site."""
    origin = "http://127.0.0.1:3000"

    class NoReads:
        def states(self) -> list[State]:
            return []

        def leaf_count(self) -> int:
            return 0

    for config, allowed in ((CONFIG, None), (replace(CONFIG, api_origin=origin), origin)):
        response = Caller(NoReads(), config=config).ask("/departements.geojson")
        assert response.headers.get("Access-Control-Allow-Origin") == allowed


def test_the_script_keeps_a_shared_border_one_border(tmp_path: Path) -> None:
    """Two departments beside each other, one abroad: points move to one grid, abroad goes."""
    border = [[2.0, 46.0], [2.004, 46.1], [2.011, 46.103], [2.0, 46.3]]
    west = [*border, [1.0, 46.3], [1.0, 46.0], [2.0, 46.0]]
    east = [*border, [3.0, 46.3], [3.0, 46.0], [2.0, 46.0]]
    made = [("FR.18", "Cher", west), ("FR.03", "Allier", east), ("BE.WBR", "Brabant", west)]
    features = [
        {
            "type": "Feature",
            "properties": {"gn_a1_code": code, "name": name, "name_fr": name},
            "geometry": {"type": "Polygon", "coordinates": [ring]},
        }
        for code, name, ring in made
    ]
    given = tmp_path / "admin1.json"
    given.write_text(json.dumps({"type": "FeatureCollection", "features": features}))
    script = Path(__file__).parents[2] / "scripts" / "departements"
    done = subprocess.run([script, given], capture_output=True, text=True, check=True)

    found = {one["id"]: one for one in json.loads(done.stdout)["features"]}
    assert list(found) == ["03", "18"]
    assert found["18"]["properties"] == {"code": "18", "name": "Cher"}
    rings = [{tuple(p) for p in one["geometry"]["coordinates"][0][0]} for one in found.values()]
    assert len(rings[0] & rings[1]) >= 3
    for west_only in rings[1] - rings[0]:
        assert west_only[0] < 1.1


def test_a_department_is_as_its_gravest_page() -> None:
    others = {one.slug: state(one, Verdict.UP) for one in OF_93}
    assert len(others) > 1
    assert drawn(others)["93"]["state"] == "up"
    for verdict in Verdict:
        changed = others | {OF_93[0].slug: state(OF_93[0], verdict)}
        assert drawn(changed)["93"] == {
            "code": "93",
            "name": "Seine-Saint-Denis",
            "state": verdict.value,
            "words": drawn(changed)["93"]["words"],
            "targets": len(OF_93),
            "last_at": "2026-11-24T11:46:39Z",
        }


def test_a_page_that_nobody_checked_lately_is_not_up() -> None:
    up = {one.slug: state(one, Verdict.UP) for one in OF_93}
    old_s = 3 * OF_93[0].interval_s + 2
    old = up | {OF_93[0].slug: state(OF_93[0], Verdict.UP, ago_s=old_s)}
    assert drawn(old)["93"]["state"] == "unknown"
    never = {one.slug: state(one, Verdict.UP) for one in OF_93[1:]}
    assert drawn(never)["93"]["state"] == "unknown"


def test_the_worst_of_nothing_is_unknown() -> None:
    assert worst([]) is Verdict.UNKNOWN
    assert sorted(BY_GRAVITY) == sorted(Verdict)
    assert worst([Verdict.UP, Verdict.UNKNOWN]) is Verdict.UNKNOWN

"""The map of the departments: what a map program expects, and never greener than is known."""

from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest

from monitor.config.departments import DEPARTMENTS
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

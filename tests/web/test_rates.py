"""The page on availability: the same figures as the command, asked by a form."""

import asyncio
import json
import shutil
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path

import pytest
from lxml import html

from monitor.cli import main
from monitor.config import load
from monitor.core.model import Annotation, AnnotationKind, Kind, Target
from monitor.store import Store
from monitor.web.pages_app import build
from tests.support.clock import FakeClock
from tests.support.databases import sqlite_template
from tests.support.metrics import FixedMetrics
from tests.support.outcomes import DEAD, OK, at, outcome
from tests.web.test_app import Visitor

__all__ = ["sqlite_template"]  # a fixture
ROOT = Path(__file__).parents[2]
PAGE = "anef-usagers"
SPAN = "du=2026-11-23&au=2026-11-23"
TARGETS = {
    PAGE: Target(
        slug=PAGE,
        name="Cible",
        url="https://a.example.test/",
        kind=Kind.HOME,
        platform="anef",
        interval_s=300,
    )
}


@pytest.fixture
def data(sqlite_template: Path, tmp_path: Path) -> Path:
    """Give a record of four hours with an outage of half an hour."""
    path = shutil.copy(sqlite_template, tmp_path / "vigie.sqlite")

    async def write(store: Store) -> None:
        for step in range(48):
            judgement = DEAD if 12 <= step < 18 else OK
            await store.record(outcome(PAGE, at(step * 300), judgement))

    url = f"sqlite:///{path}"
    with Store.open(url, point="local", writer=True, rest_s=0, targets=TARGETS) as store:
        asyncio.run(write(store))
    return tmp_path


@pytest.fixture
def visitor(data: Path) -> Iterator[Visitor]:
    with Store.open(f"sqlite:///{data}/vigie.sqlite", point="local", writer=False) as store:
        yield Visitor(
            build(
                store,
                config=load(ROOT / "config"),
                clock=FakeClock(at(4 * 3600)),
                point="local",
                metrics=FixedMetrics(),
                version="0.1.0",
                fresh_s=0,
            )
        )


def text_of(visitor: Visitor, query: str) -> str:
    response = visitor.get(f"/disponibilite?{query}")
    assert response.status_code == 200, response.text[:500]
    page = html.fromstring(response.text)
    return " ".join(" ".join(map(str, page.itertext())).replace("\N{NO-BREAK SPACE}", " ").split())


def test_the_page_says_what_the_command_says(
    visitor: Visitor, data: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    words = ["--target", PAGE, "--from", "2026-11-23", "--to", "2026-11-24"]
    assert main(["availability", "--data", str(data), "--json", *words]) == 0
    (answer,) = json.loads(capsys.readouterr().out)

    text = text_of(visitor, f"de=target:{PAGE}&{SPAN}")

    assert answer["state_us"]["down"] == 30 * 60_000_000
    assert "indisponible 30 min 00 s" in text
    assert "30 min 00 s (entre 25 min 00 s et 35 min 00 s)" in text
    assert "couverture insuffisante (état connu 16,66 % du temps)" in text
    assert "48 relevés, dont 6 en échec" in text


def test_a_target_that_is_no_longer_checked_counts_as_it_does_for_the_command(
    data: Path, visitor: Visitor, capsys: pytest.CaptureFixture[str]
) -> None:
    old = {"ancienne": replace(TARGETS[PAGE], slug="ancienne", department="93")}
    url = f"sqlite:///{data}/vigie.sqlite"
    with Store.open(url, point="local", writer=True, rest_s=0, targets=old) as store:
        asyncio.run(store.record(outcome("ancienne", at(60), DEAD)))
    words = ["--prefectures", "--from", "2026-11-23", "--to", "2026-11-24"]
    assert main(["availability", "--data", str(data), "--json", *words]) == 0
    (answer,) = json.loads(capsys.readouterr().out)

    text = text_of(visitor, f"de=prefectures:prefectures&{SPAN}")

    assert "ancienne" in answer["scope"]["targets"]
    assert f" {len(answer['scope']['targets'])} adresses" in text
    assert "1 relevé, dont 1 en échec" in text
    assert "1 relevé, dont 1 en échec" in text_of(visitor, f"de=target:ancienne&{SPAN}")


def test_a_rate_outside_of_maintenance_needs_a_coverage_of_its_own(
    data: Path, visitor: Visitor
) -> None:
    note = Annotation(
        kind=AnnotationKind.MAINTENANCE,
        at=at(0),
        targets=(PAGE,),
        from_at=at(1800),
        to_at=at(4 * 3600),
        sha256="ab" * 32,
    )
    url = f"sqlite:///{data}/vigie.sqlite"
    with Store.open(url, point="local", writer=True, rest_s=0, targets=TARGETS) as store:
        asyncio.run(store.annotate(note, request=store.request_annotation(note)))

    text = text_of(visitor, f"de=target:{PAGE}&du=2026-11-23T09:00&au=2026-11-23T13:20")

    assert "87,50 % du temps connu" in text
    assert "Hors maintenance annoncée couverture insuffisante (état connu 60,00 % du temps)" in text


def test_first_comes_the_whole_of_anef_over_a_month(visitor: Visitor) -> None:
    text = text_of(visitor, "")

    assert "ANEF dans son ensemble" in text
    assert "Du 25 octobre 2026" in text


@pytest.mark.parametrize("division", ["day", "week", "month", "hour", "opening", "milestone"])
def test_each_division_has_its_table(visitor: Visitor, division: str) -> None:
    text = text_of(visitor, f"de=target:{PAGE}&du=2026-11-01&au=2026-11-23&par={division}")

    assert "Détail" in text
    assert "couverture insuffisante" in text


@pytest.mark.parametrize("between", ["T", " ", "t"])
def test_an_hour_is_not_the_end_of_its_day(visitor: Visitor, between: str) -> None:
    text = text_of(visitor, f"de=target:{PAGE}&du=2026-11-23&au=2026-11-23{between}09:30")

    assert "au 23 novembre 2026, 09:30:00" in text


def test_a_refusal_says_why(visitor: Visitor) -> None:
    response = visitor.get("/disponibilite?du=2026-11-24&au=2026-11-23")

    assert "la fin de la période n’est pas après son début" in response.text


@pytest.mark.parametrize(
    "query",
    [
        "de=target:nulle", "de=nul:x", "par=siecle", "du=demain", "x=1",
        "du=2026-11-24&au=2026-11-23", "du=1926-11-24", "au=9999-12-31",
        "de=prefectures:prefectures&par=hour&du=2025-11-01&au=2026-11-20", "du=2026-10-25T02:30",
        "de=target:<script>", "du=%00", "de=" + "a" * 400,
    ],
)  # fmt: skip
def test_a_question_that_cannot_be_asked_is_refused(visitor: Visitor, query: str) -> None:
    response = visitor.get(f"/disponibilite?{query}")

    assert response.status_code == 400
    assert "<script>" not in response.text

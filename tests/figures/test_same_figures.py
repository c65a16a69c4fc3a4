"""Twelve questions, one answer each: by the command, the interface, the page and the metrics.

The month's data set has the same test of its own, in tests/dataset; Prometheus in
tests/cli/test_prometheus.py.
"""

import asyncio
import json
from datetime import date, timedelta
from typing import Any
from urllib.parse import urlencode

import pytest
from lxml import html

from monitor.cli import main
from monitor.core.french.figure_sentences import microseconds
from monitor.core.model import Judgement, Kind, Reason, Target, Verdict
from monitor.figures.rolling import WINDOWS, RollingFigures
from monitor.metrics import MetricsState
from monitor.runtime.faults import Faults
from monitor.store import Store
from tests.support.clock import FakeClock
from tests.support.databases import database_url, postgres, sqlite_template
from tests.support.interface import CONFIG, Caller
from tests.support.outcomes import DEAD, OK, at, outcome

__all__ = ["database_url", "postgres", "sqlite_template"]  # fixtures
SLOW = Judgement(verdict=Verdict.DEGRADED, reason=Reason.SLOW, rule="slow")
REFUSED = Judgement(verdict=Verdict.BLOCKED, reason=Reason.WAF, rule="waf")
PREFECTURE = next(t.slug for t in CONFIG.targets if t.department == "93" and t.kind is Kind.HOME)
NOW_S = 30 * 3600
SPANS = {
    "half a day": ("2026-11-23T09:00+01:00", "2026-11-23T21:00+01:00"),
    "two days": ("2026-11-23", "2026-11-25"),
    "a month": ("2026-11-01", "2026-12-01"),
}
SCOPES = {
    "target": ("--target anef-usagers", "target=anef-usagers", "target:anef-usagers"),
    "component": ("--component connexion", "component=connexion", "component:connexion"),
    "anef": ("--anef", "scope=anef", "anef:anef"),
    "department": ("--department 93", "department=93", "department:93"),
}
QUESTIONS = [(scope, span) for scope in SCOPES for span in SPANS]


def targets() -> dict[str, Target]:
    return {slug: CONFIG.by_slug[slug] for slug in ("anef-usagers", "anef-sso", PREFECTURE)}


async def record(store: Store) -> None:
    """Record thirty hours: outages, a degraded hour, a refusal, and a silence of four hours."""
    for number, target in enumerate(targets().values()):
        for second in range(0, NOW_S, target.interval_s):
            hour = second / 3600
            if 9 <= hour < 13:
                continue
            judgement = OK
            if 2 + number <= hour < 3 + number or 26 <= hour < 26.5:
                judgement = DEAD
            elif 6 <= hour < 7:
                judgement = SLOW
            elif 7 <= hour < 8:
                judgement = REFUSED
            await store.record(outcome(target.slug, at(second + number), judgement))
    await store.roll_up(at(NOW_S + 7200))


def command(capsys: pytest.CaptureFixture[str], *words: str) -> dict[str, Any]:
    assert main(["availability", *words, "--json"]) == 0
    (answer,) = json.loads(capsys.readouterr().out)
    assert isinstance(answer, dict)
    return answer


def test_each_question_has_one_answer(
    database_url: str, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    now = at(NOW_S)
    with Store.open(database_url, point="local", writer=True, rest_s=0, targets=targets()) as store:
        asyncio.run(record(store))
    monkeypatch.setenv("VIGIE_DATABASE_URL", database_url)
    monkeypatch.setattr("monitor.cli.availability.SystemClock", lambda: FakeClock(now))
    with Store.open(database_url, point="local", writer=False) as store:
        caller = Caller(store, now_s=NOW_S)
        for scope, span in QUESTIONS:
            words, query, page = SCOPES[scope]
            since, until = SPANS[span]
            said = command(capsys, *words.split(), "--from", since, "--to", until)
            bounds = urlencode({"from": since, "to": until})
            by_interface = caller.answer(f"/availability?{query}&{bounds}")["availability"]
            assert by_interface == [said], (scope, span)
            if span != "half a day":  # the page asks for whole days
                assert_page_agrees(caller, page, SPANS[span], said)
        assert_metrics_agree(store, capsys, monkeypatch)


def assert_page_agrees(
    caller: Caller, scope: str, span: tuple[str, str], said: dict[str, Any]
) -> None:
    last = date.fromisoformat(span[1]) - timedelta(days=1)
    query = urlencode({"de": scope, "du": span[0], "au": last.isoformat()})
    page = html.fromstring(caller.visit(f"/disponibilite?{query}").text)
    text = " ".join(" ".join(map(str, page.itertext())).split())
    for us in (said["state_us"]["down"], said["state_us"]["up"]):
        assert " ".join(microseconds(us).split()) in text, (scope, span, us)
    assert f"{said['checks']}relevés" in text.replace(" ", "")


def assert_metrics_agree(
    store: Store, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    now = at(NOW_S)
    clock = FakeClock(now)
    board = MetricsState(CONFIG.targets)
    rolling = RollingFigures(store, CONFIG, clock=clock, board=board, faults=Faults(clock))
    asyncio.run(rolling.compute())
    figures = board.figures
    assert figures is not None
    monkeypatch.setattr("monitor.cli.availability.SystemClock", lambda: clock)
    for window in figures.targets["anef-usagers"]:
        since = figures.until - timedelta(microseconds=WINDOWS[window.window])
        said = command(
            capsys, "--target", "anef-usagers",
            "--from", since.isoformat(), "--to", figures.until.isoformat(),
        )  # fmt: skip
        assert window.coverage == said["coverage"]
        for bound, value in window.rates.items():
            assert value == said["availability"][bound]

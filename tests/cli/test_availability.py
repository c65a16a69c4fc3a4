"""`vigie availability` as a lawyer asks it: rates with their doubt, numbers to cite."""

import asyncio
import csv
import json
import shutil
from fractions import Fraction
from io import StringIO
from pathlib import Path

import pytest

from monitor.cli import main
from monitor.cli.availability import _percent
from monitor.core.french.figure_sentences import highest, lowest
from monitor.core.french.formatting import percent
from monitor.core.model import Judgement, Kind, Reason, Target, Verdict
from monitor.core.outages.span_figures import Scope, ScopeKind
from monitor.core.outages.time_accounts import Account, Bound
from monitor.figures.answers import Division, FigureQuestion, QuestionRefused
from monitor.store import Store
from tests.support.databases import sqlite_template
from tests.support.outcomes import DEAD, OK, at, outcome

__all__ = ["sqlite_template"]  # a fixture
SPACE = "\N{NO-BREAK SPACE}"
PAGE, OTHER = "anef-usagers", "anef-sso"  # two necessary components of the shipped configuration
MAINTENANCE = Judgement(
    verdict=Verdict.MAINTENANCE, reason=Reason.MAINTENANCE_TEXT, rule="maintenance"
)
TARGETS = {
    slug: Target(
        slug=slug,
        name=f"Cible {slug}",
        url=f"https://{slug}.example.test/",
        kind=Kind.HOME,
        platform="anef",
        interval_s=300,
    )
    for slug in (PAGE, OTHER)
}
# The record begins on Monday 23 November 2026 at 09:00 in Paris.
SPAN = ("--from", "2026-11-23T09:00", "--to", "2026-11-23T13:00")


@pytest.fixture
def data(sqlite_template: Path, tmp_path: Path) -> Path:
    """Give a record of four hours: half an hour of outage, then ten minutes of maintenance."""
    path = shutil.copy(sqlite_template, tmp_path / "vigie.sqlite")

    async def write(store: Store) -> None:
        for step in range(48):
            seconds = step * 300
            page = DEAD if 12 <= step < 18 else OK
            await store.record(outcome(PAGE, at(seconds), page))
            other = MAINTENANCE if 30 <= step < 32 else OK
            await store.record(outcome(OTHER, at(seconds + 7), other))

    url = f"sqlite:///{path}"
    with Store.open(url, point="local", writer=True, rest_s=0, targets=TARGETS) as store:
        asyncio.run(write(store))
    return tmp_path


def asked(capsys: pytest.CaptureFixture[str], data: Path, *words: str) -> str:
    assert main(["availability", "--data", str(data), *words]) == 0
    return capsys.readouterr().out.replace("\N{NO-BREAK SPACE}", " ")


def test_a_target_is_told_with_bounds_and_coverage(
    data: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    text = asked(capsys, data, "--target", PAGE, *SPAN)

    assert "disponible       : 87,50 % du temps connu (entre 85,41 % et 89,59 %)" in text
    assert "couverture       : 100,00 % de la période, 48 relevés, dont 6 en échec" in text
    assert "indisponible     : 30 min 00 s (entre 25 min 00 s et 35 min 00 s)" in text
    assert "1 jour, 1 semaine, 1 heure d’horloge ; le pire, le 23 novembre 2026" in text


def test_the_whole_is_down_while_a_necessary_component_is(
    data: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    (answer,) = json.loads(asked(capsys, data, "--anef", "--json", *SPAN))

    assert answer["scope"]["targets"] == [PAGE, OTHER]
    down_us = answer["state_us"]["down"] + answer["state_us"]["maintenance"]
    assert down_us == (30 + 10) * 60_000_000
    assert sum(answer["state_us"].values()) == answer["span_us"] == 4 * 3_600_000_000
    assert (answer["checks"], answer["failures"]) == (96, 8)
    assert answer["unobserved_us"] == 7_000_000  # before the first check of the second one


def test_what_follows_a_date_of_the_law_has_its_name(
    data: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    text = asked(capsys, data, "--anef", *SPAN, "--by", "milestone")

    assert "depuis le 5 novembre 2026 (Fin des six mois donnés à l’État)" in text


def test_little_coverage_gives_no_rate_and_comes_last(
    data: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    text = asked(capsys, data, "--target", PAGE, "--from", "2026-11-20", "--to", "2026-11-24")

    assert "couverture insuffisante (état connu 4,25 % du temps)" in text
    assert "aucun relevé avant le 23 novembre 2026 à 09:00:00" in text
    assert "dernier relevé le 23 novembre 2026" in text


def test_parts_add_up_in_csv(data: Path, capsys: pytest.CaptureFixture[str]) -> None:
    text = asked(capsys, data, "--target", PAGE, "--by", "hour", "--format", "csv", *SPAN)
    whole, *parts = csv.DictReader(StringIO(text))

    assert [part["part"] for part in parts] == ["09", "10", "11", "12"]
    assert sum(int(part["down_us"]) for part in parts) == int(whole["down_us"]) == 30 * 60_000_000


def test_a_day_of_little_coverage_says_how_long_it_was_down(
    data: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    span = ("--from", "2026-11-22", "--to", "2026-11-24")
    text = asked(capsys, data, "--target", PAGE, "--by", "day", *span)

    assert (
        "    23 novembre 2026 : couverture insuffisante (état connu 17,01 % du temps) ; "
        "couverture 17,01 % ; "
        "indisponible 30 min 00 s (entre 25 min 00 s et 35 min 00 s)\n"
    ) in text
    assert "    22 novembre 2026 : aucun relevé exploitable ; couverture 0,00 %\n" in text


def test_maintenance_is_told_apart_in_the_time_down(
    data: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    text = asked(capsys, data, "--target", OTHER, *SPAN)

    assert ": 10 min 00 s (entre 5 min 00 s et 15 min 00 s), dont 10 min 00 s en mainten" in text


def test_each_part_says_of_itself_whether_its_coverage_is_enough(
    data: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    span = ("--from", "2026-11-22T09:00", "--to", "2026-11-23T13:00")
    text = asked(capsys, data, "--target", PAGE, "--by", "hour", "--format", "csv", *span)
    whole, *parts = csv.DictReader(StringIO(text))

    assert whole["enough_coverage"] == "False"
    assert {part["part"]: part["enough_coverage"] for part in parts}["13"] == "False"
    text = asked(capsys, data, "--target", PAGE, "--by", "day", "--format", "csv", *SPAN)
    _, day = csv.DictReader(StringIO(text))
    assert day["enough_coverage"] == "True"
    wide = ("--from", "2026-11-23T08:50", "--to", "2026-11-23T13:00")
    text = asked(capsys, data, "--target", PAGE, "--by", "hour", "--format", "csv", *wide)
    whole, eight, *_ = csv.DictReader(StringIO(text))
    assert (eight["part"], eight["coverage"], eight["enough_coverage"]) == ("08", "0.0", "False")
    assert whole["enough_coverage"] == "True"


@pytest.mark.parametrize("words", [("--anef", "--by", "day"), ("--target", PAGE, "--by", "hour")])
def test_checks_that_are_not_known_by_part_are_not_said_to_be_none(
    data: Path, capsys: pytest.CaptureFixture[str], words: tuple[str, ...]
) -> None:
    whole, *parts = csv.DictReader(StringIO(asked(capsys, data, *words, "--format", "csv", *SPAN)))
    assert int(whole["checks"]) > 0
    assert {(part["checks"], part["failures"]) for part in parts} == {("", "")}

    (answer,) = json.loads(asked(capsys, data, *words, "--json", *SPAN))
    assert {(part["checks"], part["failures"]) for part in answer["parts"]} == {(None, None)}

    text = asked(capsys, data, *words, "--csv", "fr", *SPAN).lstrip("\ufeff")
    _, *rows = csv.DictReader(StringIO(text), delimiter=";")
    assert {(row["relevés"], row["relevés en échec"]) for row in rows} == {("", "")}


def test_a_target_that_is_named_twice_is_one(
    data: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    again = ("--compare", "2026-11-23T11:00", "2026-11-23T12:55")
    text = asked(capsys, data, "--target", PAGE, "--target", PAGE, *again, *SPAN)

    assert text.count(f"({PAGE})") == 2  # once for each period


def test_two_periods_are_compared_by_their_bounds(
    data: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    again = ("--compare", "2026-11-23T11:00", "2026-11-23T12:55")
    text = asked(capsys, data, "--target", PAGE, "--from", "2026-11-23T09:00", *again,
                 "--to", "2026-11-23T11:00")  # fmt: skip

    assert "les bornes ne se recouvrent pas : la différence est établie" in text


@pytest.mark.parametrize(
    ("words", "said"),
    [
        (["--target", "nulle"], "--target : nulle : rien de ce nom ; connus : "),
        (["--component", "nul"], "--component : nul : rien de ce nom"),
        (["--department", "99"], "--department : 99 : rien de ce nom"),
        (["--from", "2026-11-24", "--to", "2026-11-23"], "n’est pas après son début"),
        (["--from", "1926-11-24", "--to", "2026-11-23"], "période trop longue"),
        (["--from", "1926-11-24", "--to", "1926-11-25"], "une année de 1970 à 2099"),
        (["--from", "9999-12-30", "--to", "9999-12-31"], "une année de 1970 à 2099"),
    ],
)
def test_what_has_no_answer_is_refused(
    data: Path, words: list[str], said: str, capsys: pytest.CaptureFixture[str]
) -> None:
    assert main(["availability", "--data", str(data), *words]) == 2
    assert said in capsys.readouterr().err


def test_a_record_without_its_configuration_has_figures(
    data: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    text = asked(capsys, data, "--config", str(data / "nulle-part"), *SPAN)

    assert f"Cible {PAGE}" in text
    assert f"Cible {OTHER}" in text


def test_a_percentage_is_never_rounded_to_more_than_is_known() -> None:
    almost = Fraction(999_999, 1_000_000)

    assert (percent(almost), lowest(almost), highest(almost)) == (f"99,99{SPACE}%",) * 3
    assert (percent(1 - almost), percent(Fraction(1)), percent(Fraction(0))) == (
        f"0,01{SPACE}%",
        f"100,00{SPACE}%",
        f"0,00{SPACE}%",
    )
    assert (lowest(Fraction(2, 3)), highest(Fraction(2, 3))) == (f"66,66{SPACE}%", f"66,67{SPACE}%")


def test_hours_of_too_many_days_are_refused() -> None:
    slugs = tuple(f"cible-{number}" for number in range(300))
    scope = Scope(kind=ScopeKind.ALL, slug="all", name="Toutes", targets=slugs)
    until = 100 * 86_400_000_000

    FigureQuestion(scope=scope, since=0, until=until, now=until, division=Division.MONTH)
    with pytest.raises(QuestionRefused, match="30000 sont demandés"):
        FigureQuestion(scope=scope, since=0, until=until, now=until, division=Division.HOUR)


def test_a_french_spreadsheet_opens_it(data: Path, capsys: pytest.CaptureFixture[str]) -> None:
    words = ("--target", PAGE, "--by", "day", "--csv", "fr")
    text = asked(capsys, data, *words, "--from", "2026-11-23", "--to", "2026-11-24")
    whole, day = csv.DictReader(StringIO(text.lstrip("\ufeff")), delimiter=";")

    assert whole["disponible (%)"] == "couverture insuffisante (état connu 17,01 % du temps)"
    assert (whole["au moins (%)"], whole["au plus (%)"]) == ("", "")  # no rate, no bounds of it
    assert [
        whole[f"indisponible ou en maintenance, {bound} (secondes)"]
        for bound in ("au moins", "au plus")
    ] == ["1500", "2100"]
    assert (whole["indisponible (secondes)"], day["couverture (%)"]) == ("1800", "17,013")
    assert (whole["du (Paris)"], whole["du (UTC)"]) == (
        "23/11/2026 00:00:00",
        "22/11/2026 23:00:00",
    )
    assert (whole["relevés"], day["détail"]) == ("48", "2026-11-23")


def test_a_spreadsheet_has_no_whole_that_is_not_one() -> None:
    almost = Account()
    almost.add((Verdict.UP, Reason.OK), 10**9 - 1, doubt_us=1)
    almost.add((Verdict.DOWN, Reason.HTTP_5XX), 1)

    shown = [_percent(almost, bound, Fraction(9, 10)) for bound in (Bound.CENTRAL, Bound.LOW)]

    assert shown == [99.999, 99.999]


def test_a_configuration_that_is_refused_does_not_hide_the_record(
    data: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    folder = data / "config"
    folder.mkdir()
    (folder / "vigie.toml").write_text("nulle_part = 1\n", encoding="utf-8")

    text = asked(capsys, data, "--config", str(folder), "--target", PAGE, *SPAN)

    assert f"Cible {PAGE}" in text

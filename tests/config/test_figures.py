"""What figures are made with: dates of the law, opening hours, components."""

from datetime import date, time
from fractions import Fraction
from pathlib import Path

import pytest

from monitor.config import FigureSettings, load
from monitor.core.outages.calendar import Opening
from monitor.core.outages.milestones import Sure
from tests.support.local_settings import put, refusal


def test_without_a_word_there_are_only_defaults(folder: Path) -> None:
    (folder / "milestones.toml").write_text("")
    assert FigureSettings() == load(folder).figures
    assert Fraction(9, 10) == FigureSettings().coverage_min


def test_the_shipped_dates_say_how_sure_they_are(shipped: Path) -> None:
    """Those that no decision of the court states are never called sure."""
    assert [
        (date(2022, 6, 3), Sure.YES),
        (date(2026, 5, 5), Sure.YES),
        (date(2026, 11, 5), Sure.DEDUCED),
        (date(2027, 5, 5), Sure.REPORTED),
    ] == [(milestone.date, milestone.sure) for milestone in load(shipped).figures.milestones]


def test_the_shipped_hours_are_those_of_working_days(shipped: Path) -> None:
    (opening,) = load(shipped).figures.openings
    wanted = Opening(weekdays=frozenset(range(5)), from_time=time(9), to_time=time(17))
    assert wanted == opening


def test_nobody_files_or_follows_without_the_application_and_the_log_in(shipped: Path) -> None:
    config = load(shipped)
    needed = {one.slug: one.targets for one in config.figures.necessary}
    assert {"application": ("anef-usagers",), "connexion": ("anef-sso",)} == needed
    named = {slug for component in config.figures.components for slug in component.targets}
    assert named <= config.by_slug.keys()
    apart = {target.slug for target in config.targets if target.group == "anef"} - named
    # What a browser showed is a second look at the same pages: no component counts it twice.
    screens = {"anef-ecran", "anef-ecran-connexion", "anef-ecran-vls-ts"}
    assert {"anef-racine", "anef-particuliers", "anef-textes"} | screens == apart


LOCAL = """
[figures]
coverage_min = 0.95
[[figures.opening]]
slug = "aide-joignable"
closes = 16:00:00
[[figures.opening]]
slug = "samedi"
days = ["saturday"]
opens = 09:00:00
closes = 12:00:00
source = "notre permanence"
why = "nous recevons alors"
[[figures.component]]
slug = "serveur"
necessary = true
[[milestone]]
slug = "second-terme"
date = 2027-05-06
sure = "yes"
[[milestone]]
slug = "tribunal"
date = 2026-12-01
name = "Décision du tribunal"
source = "notre dossier"
sure = "yes"
"""


def test_local_settings_are_laid_over_each_entry_and_shown(shipped: Path) -> None:
    config = load(put(shipped, LOCAL))
    figures = config.figures

    assert Fraction(95, 100) == figures.coverage_min
    assert [(time(9), time(16)), (time(9), time(12))] == [
        (opening.from_time, opening.to_time) for opening in figures.openings
    ]
    assert ["application", "connexion", "serveur"] == [one.slug for one in figures.necessary]
    assert [(date(2026, 12, 1), "tribunal"), (date(2027, 5, 6), "second-terme")] == [
        (milestone.date, milestone.slug) for milestone in figures.milestones[-2:]
    ]
    said = "\n".join(map(str, config.local))
    assert 'milestone[1].date = "2027-05-06" (livré : "2027-05-05")' in said
    assert 'figures.opening[1].closes = "16:00:00" (livré : "17:00:00")' in said


@pytest.mark.parametrize(
    ("text", "says"),
    [
        ("[figures]\ncoverage_min = 2", "local.toml: figures.coverage_min: 2: nombre trop grand"),
        ("milestone = 3", "local.toml: milestone: 3: une liste est attendue"),
        ("milestone = [3]", "local.toml: milestone[1]: 3: une table est attendue"),
        (
            "[[milestone]]\nslug = 'decision'\ndate = 'hier'",
            'local.toml: milestone[1].date: "hier": une date est attendue',
        ),
        (
            "[[figures.opening]]\nslug = 'a'\ndays = ['monday']\nopens = 9",
            "local.toml: figures.opening[1].opens: 9: une heure est attendue",
        ),
    ],
)
def test_a_local_fault_is_named_where_it_is_written(folder: Path, text: str, says: str) -> None:
    lines = refusal(put(folder, text))
    assert any(line.startswith(says) for line in lines), lines
    assert all(line.startswith("local.toml") for line in lines), lines


COMPONENT = """
[[figures.component]]
slug = "un"
name = "Un"
targets = ["service"]
necessary = true
why = "la raison"
"""


def test_a_component_keeps_a_target_that_is_no_longer_checked(folder: Path) -> None:
    """What was recorded of it counts; what is not recorded any more is not covered."""
    text = COMPONENT + '[[target]]\nslug = "service"\nenabled = false\n'
    config = load(put(folder, text))
    assert [("service",)] == [component.targets for component in config.figures.components]
    assert "service" not in config.by_slug


def test_a_component_may_hold_a_local_target(folder: Path) -> None:
    target = (
        '[[target]]\nslug="neuf"\nname="N"\nurl="https://www.etat.fr/n"\nkind="page"\n'
        'platform="etat"\ninterval_s=3600\nsource="s"\nverified="no"\n'
    )
    config = load(put(folder, COMPONENT.replace('"service"', '"neuf"') + target))
    assert [("neuf",)] == [component.targets for component in config.figures.components]


@pytest.mark.parametrize("data", ['group = "services"\n[[target]]\nslug = "service"\n', "["])
def test_a_target_s_own_fault_is_not_said_again_of_its_component(folder: Path, data: str) -> None:
    (folder / "targets/national.toml").write_text(data)
    lines = refusal(put(folder, COMPONENT))
    assert lines
    assert not [line for line in lines if "figures" in line]


def test_a_component_that_is_refused_is_the_only_fault(folder: Path) -> None:
    """That none of the others is necessary does not follow."""
    refused = COMPONENT.replace("true", '"oui"')
    other = COMPONENT.replace("true", "false").replace('"un"', '"deux"')
    other = other.replace('"service"', '"prefecture-93"')
    (line,) = refusal(put(folder, refused + other))
    assert line.startswith("local.toml: figures.component[1].necessary: ")


def test_two_openings_may_share_a_day_or_hours_but_no_instant(folder: Path) -> None:
    entry = 'slug="%s"\ndays=["%s"]\nopens=%s\ncloses=%s\nsource="s"\nwhy="w"\n'
    hours = [
        ("matin", "monday", "09:00:00", "12:00:00"),
        ("soir", "monday", "12:00:00", "18:00:00"),
        ("mardi", "tuesday", "09:00:00", "18:00:00"),
    ]
    text = "".join("[[figures.opening]]\n" + entry % hour for hour in hours)
    assert 3 == len(load(put(folder, text)).figures.openings)


def test_what_figures_are_made_with_is_not_in_the_digest_of_checks(shipped: Path) -> None:
    """It changes no check: checks before and after stand under one configuration."""
    before = load(shipped)
    after = load(put(shipped, LOCAL))
    assert before.figures != after.figures
    assert before.sha256 == after.sha256
    assert before == after


def test_the_holidays_of_a_span_are_those_of_its_years() -> None:
    assert {2025, 2026, 2027} == {
        day.year for day in FigureSettings.holidays(date(2025, 12, 31), date(2027, 1, 1))
    }

"""`vigie rejudge`: two figures beside each other, each with the rules that it is made by."""

import csv
import json
import shutil
from io import StringIO
from pathlib import Path

import pytest

from monitor.cli import main
from tests.cli.test_availability import OTHER, PAGE, SPAN, data, sqlite_template
from tests.support.shipped_rulesets import FOLDER, SHIPPED

__all__ = ["data", "sqlite_template"]  # fixtures


def asked(capsys: pytest.CaptureFixture[str], data: Path, *words: str) -> str:
    assert main(["rejudge", "--data", str(data), *words]) == 0
    return capsys.readouterr().out.replace("\N{NO-BREAK SPACE}", " ")


def test_both_figures_are_told_with_their_rules(
    data: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    text = asked(capsys, data, "--ruleset", "lenient", "--target", OTHER, *SPAN)
    before, after = text.split("— Jeu de règles demandé —")

    assert SHIPPED["lenient"].sha256 in before
    assert "disponible       : 95,83 % du temps connu" in before
    assert "disponible       : 100,00 % du temps connu" in after
    assert f"règles           : lenient {SHIPPED['lenient'].version} (sha256 " in after
    assert "en maintenance compté indéterminé : 2 relevés, 10 min 00 s" in after
    assert "hors du taux, ni disponible ni indisponible" in after


def test_machines_are_given_the_same_shape_twice(
    data: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    words = ("--target", PAGE, "--by", "hour", *SPAN)
    (answer,) = json.loads(asked(capsys, data, "--ruleset", "strict", "--json", *words))
    assert main(["availability", "--data", str(data), "--json", *words]) == 0
    (plain,) = json.loads(capsys.readouterr().out)

    recorded, rejudged = answer["recorded"], answer["rejudged"]
    assert answer["ruleset"]["sha256"] == SHIPPED["strict"].sha256
    assert {name: recorded[name] for name in plain} == plain
    assert recorded.keys() == rejudged.keys()
    assert rejudged["rulesets"] == [SHIPPED["strict"].cited]
    assert [part["label"] for part in rejudged["parts"]] == ["09", "10", "11", "12"]
    assert rejudged["outages_listed"][0]["checks"] == 6
    assert rejudged["outages_listed"][0]["shortest_us"] == 25 * 60_000_000


def test_each_row_names_its_rules(data: Path, capsys: pytest.CaptureFixture[str]) -> None:
    text = asked(capsys, data, "--ruleset", "strict", "--anef", "--format", "csv", *SPAN)
    recorded, rejudged = csv.DictReader(StringIO(text))

    assert (recorded["counted_by"], rejudged["counted_by"]) == ("recorded", "ruleset")
    assert rejudged["rulesets"] == SHIPPED["strict"].cited
    assert int(recorded["down_us"]) == 30 * 60_000_000
    assert int(rejudged["down_us"]) == 40 * 60_000_000
    assert int(rejudged["maintenance_us"]) == 0


def test_a_french_spreadsheet_names_both(data: Path, capsys: pytest.CaptureFixture[str]) -> None:
    text = asked(capsys, data, "--ruleset", "lenient", "--target", PAGE, "--csv", "fr", *SPAN)
    recorded, rejudged = csv.DictReader(StringIO(text.lstrip("\ufeff")), delimiter=";")

    assert recorded["compté selon"] == "verdicts enregistrés"
    assert rejudged["règles"] == SHIPPED["lenient"].cited


def test_a_file_of_ones_own_is_taken(
    data: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    mine = tmp_path / "mine.toml"
    shutil.copy(FOLDER / "strict.toml", mine)
    text = asked(capsys, data, "--ruleset", str(mine), *SPAN)

    assert SHIPPED["strict"].sha256 in text


@pytest.mark.parametrize(
    ("words", "said"),
    [
        (["--ruleset", "no-such.toml"], "no-such.toml: fichier: (absent): fichier introuvable"),
        (["--ruleset", "strict", "--target", "nulle"], "--target : nulle : rien de ce nom"),
    ],
)
def test_what_cannot_be_done_is_refused(
    data: Path, words: list[str], said: str, capsys: pytest.CaptureFixture[str]
) -> None:
    assert main(["rejudge", "--data", str(data), *words]) == 2
    assert said in capsys.readouterr().err

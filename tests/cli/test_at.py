"""`vigie at` on a record, without any configuration: for a reader and for machines."""

import csv
import json
from io import StringIO
from pathlib import Path
from typing import Any

import pytest

from monitor.cli import main
from tests.cli.test_logs import French, Said, Vigie, vigie
from tests.support.databases import database_url, postgres, sqlite_template
from tests.support.service_days import open_store

__all__ = ["database_url", "postgres", "sqlite_template", "vigie"]


def asked(vigie: Vigie, time: str, *words: str, target: str = "accueil") -> Said:
    return vigie("at", target, f"2026-11-23T{time}", *words)


def leaf(url: str, number: int) -> dict[str, Any]:
    with open_store(url) as store:
        (entry,) = store.leaves(number, number + 1)
    found: dict[str, Any] = json.loads(entry)
    return found


def test_an_instant_between_two_good_checks(vigie: Vigie, database_url: str) -> None:
    said = asked(vigie, "09:00:35")
    assert said.code == 0
    assert "Cible accueil (accueil)" in said.out
    assert "Accessible au relevé fait 35 s avant, accessible au relevé fait 25 s après." in said.out
    assert "3 sur 3 répondaient (1 attendu), au contrôle fait 31 s avant" in said.out
    assert "un visiteur placé ailleurs a pu voir autre chose" in said.out

    found = asked(vigie, "09:00:35", "--json").json
    assert (found["verdict"], found["why"], found["hold_s"]) == ("up", None, 120)
    for side, distance, when in (("before", 35, "08:00:00"), ("after", 25, "08:01:00")):
        assert (found[side]["verdict"], found[side]["distance_s"]) == ("up", distance)
        assert found[side]["at"] == f"2026-11-23T{when}Z"
        named = leaf(database_url, found[side]["number"])
        assert (named["type"], named["target"], named["verdict"]) == (
            "observation",
            "accueil",
            "up",
        )
        assert found[side]["controls"]["ok"] == 3


def test_an_instant_between_a_good_check_and_a_failing_one(vigie: Vigie) -> None:
    said = asked(vigie, "09:01:30", "--json")
    assert said.code == 1
    found = said.json
    assert (found["verdict"], found["why"], found["relation"]) == (
        None,
        "between",
        "may_have_begun",
    )
    assert "entre les deux, nous ne pouvons pas le dire" in found["sentence"]
    (outage, *_) = vigie("outages", "--target", "accueil", "--json").json["outages"]
    assert found["outage"] == outage
    assert found["incident_number"] is not None


def test_an_instant_within_an_outage_and_one_in_a_failure_that_was_not_confirmed(
    vigie: Vigie,
) -> None:
    said = asked(vigie, "09:04:10")
    assert said.code == 0
    assert "Indisponible au relevé fait 10 s avant" in said.out
    assert "l’instant est entre son premier et son dernier relevé en échec" in said.out
    alone = asked(vigie, "09:11:00")
    assert "Indisponible au relevé de cet instant même." in alone.out
    assert "n’est pas confirmé : aucune indisponibilité" in alone.out


@pytest.mark.parametrize(
    ("time", "why", "gap"),
    [
        ("08:59:30", "gap", "overrun"),
        ("08:30", "before_first_check", None),
        ("09:30", "not_running", None),
    ],
)
def test_what_cannot_be_said_ends_with_1_and_says_why(
    vigie: Vigie, time: str, why: str, gap: str | None
) -> None:
    said = asked(vigie, time, "--json")
    assert said.code == 1
    assert (said.json["verdict"], said.json["why"]) == (None, why)
    assert (said.json["gap"] or {}).get("cause") == gap
    assert said.json["sentence"].startswith("Nous ne pouvons pas le dire : ")
    assert said.json["sentence"] in asked(vigie, time).out


def test_both_tables_say_what_json_says(vigie: Vigie) -> None:
    found = asked(vigie, "09:00:35", "--json").json
    (row,) = csv.DictReader(StringIO(asked(vigie, "09:00:35", "--format", "csv").out))
    assert row["sentence"] == found["sentence"]
    assert row["before_number"] == str(found["before"]["number"])
    assert None not in row
    (french,) = csv.DictReader(
        StringIO(asked(vigie, "09:00:35", "--csv", "fr").out[1:]), dialect=French
    )
    assert french["Réponse"] == "accessible"
    assert french["Instant demandé (Paris)"] == "23/11/2026 09:00:35"
    assert french["Écart avant (secondes)"] == "35"


def test_an_instant_or_a_target_that_is_none_is_refused(
    vigie: Vigie, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    refused = asked(vigie, "09:00", target="inconnue")
    assert refused.code == 2
    assert "aucune cible de ce nom" in refused.err
    for time in ("2026-10-25T02:30", "2026-03-29T02:30", "hier"):
        with pytest.raises(SystemExit):
            main(["at", "accueil", time, "--data", str(tmp_path)])
        assert time in capsys.readouterr().err

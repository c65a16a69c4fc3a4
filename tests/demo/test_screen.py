"""What the spectator of the demo reads in a terminal."""

from collections.abc import Mapping
from dataclasses import replace
from datetime import UTC, datetime, timedelta

import pytest

from monitor.core.changes.change import ChangeKind, Weight
from monitor.core.changes.change_log import ChangeRecord
from monitor.core.changes.page_events import PageEdge
from monitor.core.french.formatting import clock_time
from monitor.core.model import Nature, Outage, Reason, State, Verdict
from monitor.core.points.combine import CommonWord, PointWord, combine
from monitor.core.state_looks import STATE_LOOKS
from monitor.demo import sites
from monitor.demo.screen import render
from monitor.demo.timetable import SCENES

NOW = datetime(2026, 11, 23, 8, 14, 30, tzinfo=UTC)
TARGETS = sites.targets(port=443)
OUTAGE = Outage(
    target="anef-connexion",
    point="local",
    nature=Nature.DOWN,
    reason=Reason.HTTP_5XX,
    last_ok_at=NOW - timedelta(seconds=25),
    first_fail_at=NOW - timedelta(seconds=22),
    last_fail_at=NOW - timedelta(seconds=10),
    confirmed_at=NOW - timedelta(seconds=18),
    checks=5,
)


def state(slug: str, verdict: Verdict, reason: Reason) -> State:
    return State(
        target=slug,
        point="local",
        verdict=verdict,
        reason=reason,
        since=NOW - timedelta(seconds=5),
        last_at=NOW,
    )


def shown(
    *states: State,
    outages: tuple[Outage, ...] = (),
    changes: tuple[ChangeRecord, ...] = (),
    words: Mapping[str, CommonWord] | None = None,
    second: float = 21.0,
    width: int = 110,
) -> str:
    return render(
        targets=TARGETS,
        states={state.target: state for state in states},
        outages=outages,
        changes=changes,
        scenes=SCENES,
        words=words or {},
        second=second,
        now=NOW,
        url="http://127.0.0.1:8600/",
        mail_url="http://127.0.0.1:8601/",
        width=width,
    )


def line_of(text: str, name: str) -> str:
    return next(line for line in text.splitlines() if line.startswith(name))


def test_each_target_has_a_line_before_its_first_check() -> None:
    text = shown()
    for target in TARGETS:
        assert "pas encore de relevé" in line_of(text, target.name[:25])


@pytest.mark.parametrize("verdict", Verdict)
def test_each_state_is_told_by_a_word_and_its_own_shape(verdict: Verdict) -> None:
    line = line_of(shown(state("anef", verdict, Reason.SLOW)), "ANEF – application")
    assert STATE_LOOKS[verdict].sign in line
    assert "seuil de lenteur" in line
    assert "09:14:25" in line


def test_the_scenes_of_the_moment_are_announced() -> None:
    assert "le serveur répond 503" in shown(second=10)
    assert "le serveur répond 503" not in shown(second=40)
    assert "Notre propre ligne est coupée" in shown(second=45)
    text = shown(second=60)
    assert "scènes terminées" in text
    assert "  http://127.0.0.1:8600/incidents " in text
    assert "À regarder" not in shown(second=21)


def test_an_open_outage_shows_how_long_it_has_lasted() -> None:
    line = next(line for line in shown(outages=(OUTAGE,)).splitlines() if "en cours" in line)
    assert "depuis 09:14:08, en cours (22 s, 5 relevés en échec)" in line


def test_a_closed_outage_shows_its_shortest_and_longest_duration() -> None:
    closed = replace(OUTAGE, first_ok_at=NOW - timedelta(seconds=7, milliseconds=500))
    text = shown(outages=(closed,))
    last = clock_time(closed.last_fail_at)
    assert f"échecs de 09:14:08 à {last} : au moins 12 s, au plus 17 s, 5 relevés" in text


def test_an_outage_with_nothing_before_it_has_no_longest_duration() -> None:
    closed = replace(OUTAGE, last_ok_at=None, first_ok_at=NOW)
    assert "maximum inconnu" in shown(outages=(closed,))


@pytest.mark.parametrize("width", [1, 80, 110, 200])
def test_no_line_is_wider_than_the_terminal(width: int) -> None:
    text = shown(state("anef", Verdict.BLOCKED, Reason.ROBOTS), outages=(OUTAGE,), width=width)
    assert max(map(len, text.splitlines())) <= max(80, width)


def test_a_change_is_told_with_what_its_date_did() -> None:
    change = ChangeRecord(
        number=1,
        target="prefecture-76",
        point="local",
        at=NOW,
        edge=PageEdge.CHANGED,
        before=None,
        after=None,
        kinds=(ChangeKind.FEE,),
        weight=Weight.MAJOR,
        summary="Montant à payer : « 25 » devient « 50 ».",
        silent=True,
        announced=True,
    )
    said = "avant 09:14:30 (date affichée inchangée) : Montant à payer : « 25 » devient « 50 »."

    assert said in shown(changes=(change,), width=130)
    assert said not in shown(width=130)


def test_a_page_that_is_back_has_a_sentence_though_nothing_differs() -> None:
    change = ChangeRecord(
        number=1,
        target="prefecture-31",
        point="local",
        at=NOW,
        edge=PageEdge.RESTORED,
        before=None,
        after=None,
        kinds=(),
        weight=None,
        summary="",
        silent=False,
        announced=True,
    )
    assert "avant 09:14:30 : La page répond de nouveau." in shown(changes=(change,), width=130)


def _word(*verdicts: Verdict) -> CommonWord:
    return combine(
        [
            PointWord(point=str(rank), operator=str(rank), verdict=verdict)
            for rank, verdict in enumerate(verdicts)
        ]
    )


def test_one_line_says_where_the_points_differ_and_then_that_they_agree() -> None:
    up, down = Verdict.UP, Verdict.DOWN
    apart = shown(words={"timbre-fiscal": _word(down, up, up), "anef": _word(up, up, up)})
    together = shown(words={"timbre-fiscal": _word(up, up, up), "anef": _word(up, up, up)})

    assert (
        "Trois points de mesure : Timbre fiscal – titre de séjour : "
        "indisponible vu de 1 point sur 3, accessible de 2"
    ) in apart.replace("\u00a0", " ")
    assert "Trois points de mesure : d’accord sur 2 pages" in together
    assert "Trois points de mesure : aucun état commun en ce moment" in shown()

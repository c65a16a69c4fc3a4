"""What the first page says, before any markup."""

from dataclasses import replace
from datetime import datetime, timedelta
from fractions import Fraction

import pytest

from monitor.core.french.department_names import DEPARTMENT_NAMES
from monitor.core.french.labels import GAPS
from monitor.core.french.sentences import REASONS
from monitor.core.model import GapCause, Incident, Platform, Reason, Verdict
from monitor.core.outages.milestones import Component
from monitor.core.outages.time_accounts import Span
from monitor.web.views.overview import Overview, gap_totals, line_failures, overview
from tests.support.reads import (
    NOW,
    FakeReads,
    ago,
    blip,
    config,
    gap,
    life,
    outage,
    state,
    target,
    tour,
)

DAY_S = 86_400


def seen(reads: FakeReads, *slugs: str) -> Overview:
    targets = [target(slug) for slug in slugs or ("a", "b")]
    return overview(reads, config=config(targets), now=NOW, window_s=DAY_S)


def verdicts(view: Overview) -> dict[str, Verdict]:
    return {row.target.slug: row.verdict for one in view.platforms for row in one.rows}


def why(view: Overview) -> str:
    return view.platforms[0].rows[0].why


def test_an_empty_record_knows_nothing() -> None:
    view = seen(FakeReads())
    assert verdicts(view) == {"a": Verdict.UNKNOWN, "b": Verdict.UNKNOWN}
    assert (view.all_unknown, view.checked, view.line_works) == (True, False, True)
    assert why(view) == "Pas encore de relevé."


def test_a_state_that_no_recent_check_confirms_is_unknown() -> None:
    """A check holds for two intervals, here ten minutes."""
    reads = FakeReads(
        seen=[
            state("a", Verdict.UP, last_at=ago(minutes=10)),
            state("b", Verdict.DOWN, Reason.HTTP_5XX, last_at=ago(minutes=10, seconds=1)),
        ]
    )
    view = seen(reads)
    assert verdicts(view) == {"a": Verdict.UP, "b": Verdict.UNKNOWN}
    stale = view.platforms[0].rows[1]
    assert (stale.why, stale.since) == ("Pas de relevé récent.", None)
    assert stale.last_at == ago(minutes=10, seconds=1)


@pytest.mark.parametrize("cause", GapCause)
def test_the_reason_of_an_unknown_state_is_given_when_a_slot_was_just_missed(
    cause: GapCause,
) -> None:
    recent = replace(gap("a", cause), to_at=ago(minutes=4))
    assert why(seen(FakeReads(missing=[recent]), "a")) == f"Pas encore de relevé : {GAPS[cause]}."
    old = state("a", Verdict.BLOCKED, Reason.WAF, last_at=ago(hours=1))
    text = why(seen(FakeReads(seen=[old], missing=[recent]), "a"))
    assert text == f"Pas de relevé récent : {GAPS[cause]}."


def test_a_slot_missed_long_ago_explains_nothing() -> None:
    assert why(seen(FakeReads(missing=[gap("a", GapCause.REFUSED)]), "a")) == (
        "Pas encore de relevé."
    )


def test_the_pictures_begin_with_the_watch_and_go_back_a_day_at_most() -> None:
    def since(started_at: datetime) -> tuple[datetime, bool]:
        view = seen(FakeReads(life=life(started_at)))
        return view.since, view.whole

    assert since(ago(days=3)) == (ago(days=1), True)
    assert since(ago(hours=2)) == (ago(hours=2), False)
    assert since(ago(seconds=5)) == (ago(seconds=60), False)
    assert since(ago(hours=-1)) == (ago(days=1), True)


def test_states_are_counted() -> None:
    reads = FakeReads(seen=[state("a"), state("b", Verdict.DOWN, Reason.HTTP_5XX)])
    assert seen(reads, "a", "b", "c").tally == (
        (Verdict.UP, 1),
        (Verdict.DOWN, 1),
        (Verdict.UNKNOWN, 1),
    )


def test_outages_are_told_apart_by_their_end() -> None:
    reads = FakeReads(confirmed=[outage("a"), outage("b", closed=True)])
    view = seen(reads)
    assert [one.target for one in view.open_outages] == ["a"]
    assert [one.target for one in view.closed_outages] == ["b"]


def test_an_outage_of_a_target_that_is_watched_no_more_is_told_apart() -> None:
    """Nobody will ever see its end: it must not stay "in progress" for years."""
    ours, theirs = outage("a"), outage("retiree")
    reads = FakeReads(confirmed=[ours, theirs])

    view = seen(reads)

    assert (view.open_outages, view.retired_outages) == ((ours,), (theirs,))
    alone = Incident(
        platform="p",
        point="local",
        opened_at=theirs.first_fail_at,
        outages=((theirs.target, theirs.first_fail_at),),
    )
    both = replace(alone, outages=(*alone.outages, (ours.target, ours.first_fail_at)))
    assert (view.goes_on(alone), view.goes_on(both)) == (False, True)


def test_only_blips_are_counted_as_blips() -> None:
    opened = replace(blip("a", ago(hours=1)), blip=None, outage=outage("a"))
    view = seen(FakeReads(isolated=[blip("a", ago(hours=2)), opened]))
    assert [event.at for event in view.blips] == [ago(hours=2)]


def test_a_failure_of_the_line_lasts_until_the_next_good_round() -> None:
    rounds = [
        tour(ago(minutes=6)),
        tour(ago(minutes=5), ok=0),
        tour(ago(minutes=4), ok=0),
        tour(ago(minutes=3)),
        tour(ago(minutes=2), ok=0),
    ]
    first, second = line_failures(rounds)
    assert (first.from_at, first.to_at, first.rounds) == (ago(minutes=5), ago(minutes=3), 2)
    assert (second.from_at, second.to_at, second.rounds) == (ago(minutes=2), None, 1)


def test_the_line_is_what_the_last_round_says() -> None:
    good, bad = tour(ago(minutes=2)), tour(ago(minutes=1), ok=0)
    assert not seen(FakeReads(panel=[good, bad])).line_works
    assert seen(FakeReads(panel=[bad, replace(good, at=NOW - timedelta(seconds=1))])).line_works


def test_while_our_line_is_down_nothing_is_known_of_any_site() -> None:
    """Not even of those whose last check was good a minute ago."""
    reads = FakeReads(seen=[state("a"), state("b")], panel=[tour(ago(seconds=10), ok=0)])
    view = seen(reads)
    assert set(verdicts(view).values()) == {Verdict.UNKNOWN}
    assert why(view) == REASONS[Reason.LOCAL_NETWORK]


def test_gaps_are_added_up_by_cause() -> None:
    gaps = [
        gap("a", GapCause.REFUSED),
        gap("b", GapCause.REFUSED),
        gap("a", GapCause.REFUSED),
        gap("a", GapCause.OVERRUN, slots=1),
    ]
    overrun, refused = gap_totals(gaps)
    assert (overrun.cause, overrun.targets, overrun.slots) == (GapCause.OVERRUN, 1, 1)
    assert (refused.cause, refused.targets, refused.slots) == (GapCause.REFUSED, 2, 9)


def test_gaps_of_the_whole_point_are_told_one_by_one() -> None:
    view = seen(FakeReads(missing=[gap("", GapCause.STOPPED), gap("a", GapCause.ROBOTS)]))
    assert [stop.cause for stop in view.stops] == [GapCause.STOPPED]
    assert [total.cause for total in view.gap_totals] == [GapCause.ROBOTS]


def test_a_service_that_gives_no_sign_of_life_is_said_to_be_silent() -> None:
    dead = replace(life(), alive_at=ago(hours=2))
    assert seen(FakeReads(life=dead)).silent_since == ago(hours=2)
    assert seen(FakeReads(life=life())).silent_since is None
    assert seen(FakeReads(life=dead, panel=[tour(ago(minutes=1))])).silent_since is None


def test_departments_are_grouped_by_the_gravest_of_their_states() -> None:
    """Those where something is to be seen come first; a department without a page is unknown."""
    ide = Platform(slug="ide", name="Préfectures", spacing_s=10)
    targets = [
        target(f"p-{code}", platform="ide", department=code) for code in ("01", "07", "07", "93")
    ]
    targets[2] = replace(targets[2], slug="p-07-bis")
    states = [state(one.slug) for one in targets[:3]]
    states[2] = state("p-07-bis", Verdict.DOWN, Reason.HTTP_5XX)
    view = overview(FakeReads(seen=states), config=config(targets, [ide]), now=NOW, window_s=DAY_S)

    down, unknown, up = view.place_groups
    assert [(group.verdict, len(group.places)) for group in view.place_groups] == [
        (Verdict.DOWN, 1),
        (Verdict.UNKNOWN, len(DEPARTMENT_NAMES) - 2),
        (Verdict.UP, 1),
    ]
    assert (down.places[0].code, len(down.places[0].rows)) == ("07", 2)
    assert "93" in {place.code for place in unknown.places}
    assert up.places[0].name == "Ain"


COMPONENTS = (
    Component(slug="app", name="Application", targets=("a",), necessary=True, why=""),
    Component(slug="info", name="Portail", targets=("c",), necessary=False, why=""),
    Component(slug="login", name="Page de connexion", targets=("b",), necessary=True, why=""),
)


def of_anef(reads: FakeReads) -> Overview:
    plain = config([target(slug) for slug in "abc"])
    figures = replace(plain.figures, components=COMPONENTS)
    return overview(reads, config=replace(plain, figures=figures), now=NOW, window_s=DAY_S)


def test_the_page_begins_with_what_no_request_can_do_without() -> None:
    view = of_anef(FakeReads(seen=[state(slug) for slug in "abc"]))

    assert view.sentence.replace("\N{NO-BREAK SPACE}", " ") == "À 9 h 14, l’ANEF répond"
    assert [one.name for one in view.components] == ["Application", "Page de connexion", "Portail"]


def test_the_first_sentence_has_the_shortest_length_of_a_confirmed_outage() -> None:
    down = [state("a"), state("b", Verdict.DOWN, Reason.HTTP_5XX), state("c")]

    confirmed = of_anef(FakeReads(seen=down, confirmed=[outage("b")])).sentence
    lone = of_anef(FakeReads(seen=down)).sentence

    assert "une partie de l’ANEF est indisponible : page de connexion" in confirmed
    assert confirmed.replace("\N{NO-BREAK SPACE}", " ").endswith("depuis au moins 12 min")
    assert "indisponible" not in lone
    assert lone.endswith("vient d’échouer : page de connexion. Ce n’est pas confirmé")


def test_coverage_is_the_share_of_the_time_that_is_known() -> None:
    spans = [
        Span(from_at=ago(hours=24), to_at=ago(hours=6), verdict=Verdict.UP),
        Span(from_at=ago(hours=6), to_at=NOW, verdict=Verdict.UNKNOWN),
    ]
    assert seen(FakeReads(past={"a": spans}), "a").coverage == Fraction(3, 4)
    assert seen(FakeReads(), "a").coverage == 0


def test_a_platform_without_targets_is_not_shown() -> None:
    platforms = [
        Platform(slug="anef", name="ANEF", spacing_s=2),
        Platform(slug="vide", name="Vide", spacing_s=2),
    ]
    view = overview(FakeReads(), config=config([target("a")], platforms), now=NOW, window_s=DAY_S)
    assert [platform.platform.slug for platform in view.platforms] == ["anef"]


def test_a_target_never_asked_says_so_whatever_our_own_line_does() -> None:
    """Nothing was measured: neither the site nor our connection explains it."""
    down = tour(NOW, ok=0)
    assert why(seen(FakeReads(panel=[down]), "a")) == "Pas encore de relevé."

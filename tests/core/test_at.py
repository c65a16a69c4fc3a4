"""What is said of one instant: in each state, between two, and when nothing can be."""

from collections.abc import Sequence
from dataclasses import replace
from datetime import datetime, timedelta

import pytest

from monitor.core.french.at_sentences import distance, sentence
from monitor.core.journal.recorded import check_of
from monitor.core.model import Gap, GapCause, Nature, Outage, Reason, Run, Verdict
from monitor.core.outages.at import (
    Around,
    CitedCheck,
    InstantAnswer,
    Relation,
    Silence,
    answer,
)
from monitor.core.outages.time_accounts import KNOWN
from tests.support.outcomes import at, observation

HOLD = timedelta(seconds=120)
UP, DEGRADED, DOWN = Verdict.UP, Verdict.DEGRADED, Verdict.DOWN
MAINTENANCE, BLOCKED, UNKNOWN = Verdict.MAINTENANCE, Verdict.BLOCKED, Verdict.UNKNOWN
REASONS = {UNKNOWN: Reason.LOCAL_NETWORK, BLOCKED: Reason.WAF, DOWN: Reason.HTTP_5XX}
ALIVE = Run(
    point="local",
    started_at=at(-9000),
    alive_at=at(9000),
    stopped_at=None,
    version="1",
    config_sha256="",
    ruleset="1",
)


def check(seconds: float, verdict: Verdict) -> CitedCheck:
    seen = check_of(observation("anef", at(seconds)))
    reason = REASONS.get(verdict, Reason.OK)
    return CitedCheck(check=replace(seen, verdict=verdict, reason=reason), number=int(seconds))


def around(seconds: float, sky: Sequence[tuple[float, Verdict]]) -> Around:
    """Place the checks as the store does."""
    before = [check(*one) for one in sky if one[0] <= seconds]
    after = [check(*one) for one in sky if one[0] > seconds]

    def tells(cited: CitedCheck) -> bool:
        return cited.check.verdict in KNOWN

    return Around(
        before=before[-1] if before else None,
        after=after[0] if after else None,
        telling_before=next(filter(tells, reversed(before)), None),
        telling_after=next(filter(tells, after), None),
    )


def asked(
    seconds: float,
    *sky: tuple[float, Verdict],
    gaps: Sequence[Gap] = (),
    runs: Sequence[Run] = (ALIVE,),
    outages: Sequence[Outage] = (),
    now: datetime | None = None,
) -> InstantAnswer:
    return answer(
        at(seconds),
        now=now or at(8000),
        around=around(seconds, sky),
        hold=HOLD,
        gaps=gaps,
        runs=runs,
        outages=outages,
    )


@pytest.mark.parametrize(
    ("first", "second", "said"),
    [
        (UP, UP, "Accessible au relevé fait 35 s avant, accessible au relevé fait 25 s après."),
        (UP, DEGRADED, "Accessible au relevé fait 35 s avant, dégradé au relevé fait 25 s après."),
        (DEGRADED, UP, "Dégradé au relevé fait 35 s avant, accessible au relevé fait 25 s après."),
        (DOWN, DOWN, "Indisponible au relevé fait 35 s avant, indisponible au relevé fait 25 s "),
        (MAINTENANCE, DOWN, "En maintenance au relevé fait 35 s avant, indisponible au relevé "),
    ],
)
def test_the_state_of_the_check_that_holds_is_said_with_both_distances(
    first: Verdict, second: Verdict, said: str
) -> None:
    found = asked(35, (0, first), (60, second))
    assert (found.verdict, found.why) == (first, None)
    assert sentence(found).startswith(said)
    assert sentence(found).endswith("Rien n’a été relevé entre les deux.")


@pytest.mark.parametrize(
    ("first", "second"), [(UP, DOWN), (DOWN, UP), (DEGRADED, MAINTENANCE), (MAINTENANCE, UP)]
)
def test_between_a_good_check_and_a_failing_one_nothing_can_be_said(
    first: Verdict, second: Verdict
) -> None:
    found = asked(35, (0, first), (60, second))
    assert (found.verdict, found.why) == (None, Silence.BETWEEN)
    assert "entre les deux, nous ne pouvons pas le dire" in sentence(found)
    assert "35 s avant" in sentence(found)
    assert "25 s après" in sentence(found)


def test_nor_when_only_ignorance_lies_between_them() -> None:
    found = asked(35, (0, UP), (60, BLOCKED), (120, UNKNOWN), (180, DOWN))
    assert (found.verdict, found.why) == (None, Silence.BETWEEN)
    assert "indisponible au relevé fait 2 min 25 s après" in sentence(found)


def test_at_the_instant_of_a_check_what_it_saw_is_said() -> None:
    found = asked(60, (0, UP), (60, DOWN), (120, UP))
    assert (found.verdict, found.why) == (DOWN, None)
    assert sentence(found) == "Indisponible au relevé de cet instant même."


def test_the_last_check_is_said_to_have_none_after_it() -> None:
    found = asked(35, (0, UP))
    assert found.verdict is UP
    assert sentence(found) == (
        "Accessible au relevé fait 35 s avant. Aucun relevé ne l’a encore suivi."
    )


def test_a_next_check_that_tells_nothing_is_said_to() -> None:
    found = asked(35, (0, UP), (60, BLOCKED), (120, UP))
    assert found.verdict is UP
    assert sentence(found).endswith(
        "Le relevé suivant ne dit rien du site ; ensuite : accessible au relevé fait "
        "1 min 25 s après."
    )


@pytest.mark.parametrize(
    ("verdict", "why", "said"),
    [
        (BLOCKED, Silence.BLOCKED, "le site a refusé notre robot au relevé fait 35 s avant"),
        (UNKNOWN, Silence.OWN_SIDE, "Rien ne prouve que la connexion de la sonde fonctionnait."),
    ],
)
def test_a_check_that_tells_nothing_of_the_site_is_no_answer(
    verdict: Verdict, why: Silence, said: str
) -> None:
    found = asked(35, (0, verdict), (60, UP))
    assert (found.verdict, found.why, found.holds) == (None, why, True)
    assert sentence(found).startswith("Nous ne pouvons pas le dire")
    assert said in sentence(found)


def gap(first: float, last: float, cause: GapCause = GapCause.REFUSED) -> Gap:
    return Gap(
        point="local", target="anef", from_at=at(first), to_at=at(last), slots=1, cause=cause
    )


def test_a_check_holds_as_long_as_its_plan_allows_and_no_longer() -> None:
    assert asked(120, (0, UP)).verdict is UP
    found = asked(120.000001, (0, UP))
    assert (found.verdict, found.why) == (None, Silence.NO_CHECK_HOLDS)
    assert "fait 2 min 00 s avant, ne vaut plus pour cet instant" in sentence(found)
    assert "un relevé vaut 2 minutes au plus" in sentence(found)


def test_our_gap_is_named_with_its_cause_where_no_check_holds() -> None:
    found = asked(300, (0, UP), (600, UP), gaps=[gap(240, 360)])
    assert (found.why, found.gap) == (Silence.GAP, gap(240, 360))
    assert "(attente après un refus du site)" in sentence(found)
    assert asked(360, (0, UP), (600, UP), gaps=[gap(240, 360)]).why is Silence.NO_CHECK_HOLDS


def test_a_gap_does_not_undo_a_check_that_holds() -> None:
    found = asked(90, (0, UP), (120, UP), gaps=[gap(60, 120)])
    assert (found.verdict, found.gap) == (UP, gap(60, 120))


def test_a_service_that_gave_no_sign_of_life_is_said_to() -> None:
    stopped = replace(ALIVE, alive_at=at(60), stopped_at=at(60))
    killed = replace(ALIVE, alive_at=at(60))
    for run in (stopped, killed):
        found = asked(300, (0, UP), runs=[run])
        assert (found.why, found.silent_since) == (Silence.NOT_RUNNING, at(60))
        assert "ne donnait plus signe de vie depuis le 23 novembre 2026 à 09:01:00" in sentence(
            found
        )
    # A sign of life is renewed every minute: it is not missed between two.
    assert asked(180, (0, UP), runs=[killed]).why is Silence.NO_CHECK_HOLDS


def test_before_the_first_check_and_after_now_nothing_is_known() -> None:
    found = asked(-60, (0, UP))
    assert found.why is Silence.BEFORE_FIRST_CHECK
    assert "le premier relevé de cette cible est du 23 novembre 2026" in sentence(found)
    assert asked(0).why is Silence.NEVER_CHECKED
    assert "aucun relevé de cette cible" in sentence(asked(0))
    found = asked(60, (0, UP), now=at(59))
    assert (found.verdict, found.why) == (None, Silence.FUTURE)
    assert "pas encore passé" in sentence(found)


OUTAGE = Outage(
    target="anef",
    point="local",
    nature=Nature.DOWN,
    reason=Reason.HTTP_5XX,
    last_ok_at=at(0),
    first_fail_at=at(60),
    last_fail_at=at(180),
    confirmed_at=at(180),
    first_ok_at=at(240),
    recovered_at=at(360),
)
SKY = ((0, UP), (60, DOWN), (120, DOWN), (180, DOWN), (240, UP), (300, UP))


@pytest.mark.parametrize(
    ("seconds", "relation", "verdict"),
    [
        (0, None, UP),
        (30, Relation.MAY_HAVE_BEGUN, None),
        (60, Relation.WITHIN, DOWN),
        (150, Relation.WITHIN, DOWN),
        (180, Relation.WITHIN, DOWN),
        (210, Relation.MAY_HAVE_ENDED, None),
        (240, None, UP),
        (270, None, UP),
    ],
)
def test_where_an_instant_lies_in_an_outage(
    seconds: float, relation: Relation | None, verdict: Verdict | None
) -> None:
    found = asked(seconds, *SKY, outages=[OUTAGE])
    assert (found.relation, found.verdict) == (relation, verdict)
    assert found.outage == (OUTAGE if relation else None)


def test_distances_are_what_a_reader_gets_by_subtracting() -> None:
    assert distance(at(0.9), at(36.1)) == "36 s avant"
    assert distance(at(10.2), at(10.9)) == "moins d’une seconde avant"
    assert distance(at(3700), at(0)) == "1 h 01 min 40 s après"
    assert distance(at(5), at(5)) == "à cet instant même"

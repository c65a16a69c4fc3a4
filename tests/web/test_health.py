"""When the service is in good health, and when it is not."""

from datetime import timedelta

import pytest

from monitor.core.model import Verdict
from monitor.web.views.health import Health, health
from tests.support.reads import NOW, FakeReads, ago, config, life, state, target, tour

CONFIG = config([target("a"), target("b")])


def judge(reads: FakeReads) -> Health:
    return health(reads, config=CONFIG, now=NOW)


def healthy(**changes: object) -> FakeReads:
    reads = FakeReads(
        life=life(), panel=[tour(ago(seconds=30))], seen=[state("a"), state("b", Verdict.DOWN)]
    )
    for name, value in changes.items():
        setattr(reads, name, value)
    return reads


def test_a_service_that_probes_is_well_whatever_the_sites_say() -> None:
    judgement = judge(healthy())
    assert (judgement.ok, judgement.starting, judgement.late) == (True, False, 0)
    assert (judgement.round_age_s, judgement.check_age_s) == (30.0, 40.0)


def test_a_line_that_is_down_is_no_fault_of_the_service() -> None:
    assert judge(healthy(panel=[tour(ago(seconds=30), ok=0)])).ok


@pytest.mark.parametrize("rounds", [[], [tour(ago(minutes=4, seconds=1))]])
def test_without_a_recent_round_of_the_panel_it_is_not_well(rounds: list[object]) -> None:
    assert not judge(healthy(panel=rounds)).ok


@pytest.mark.parametrize(
    "states", [[], [state("a", last_at=ago(minutes=12)), state("b", last_at=ago(minutes=15))]]
)
def test_without_a_recent_check_it_is_not_well(states: list[object]) -> None:
    judgement = judge(healthy(seen=states))
    assert (judgement.ok, judgement.late) == (False, 2)


def test_one_late_target_is_counted_and_no_more() -> None:
    judgement = judge(healthy(seen=[state("a"), state("b", last_at=ago(hours=2))]))
    assert (judgement.ok, judgement.late) == (True, 1)


def test_a_target_that_is_no_longer_watched_does_not_count() -> None:
    judgement = judge(healthy(seen=[state("gone", last_at=NOW)]))
    assert (judgement.ok, judgement.check_age_s, judgement.targets) == (False, None, 2)


def test_nothing_is_expected_of_a_service_that_has_just_started() -> None:
    young = FakeReads(life=life(ago(seconds=10)))
    assert (judge(young).ok, judge(young).starting) == (True, True)
    old = FakeReads(life=life(NOW - timedelta(seconds=121)))
    assert not judge(old).ok


def test_a_start_in_the_future_is_no_excuse() -> None:
    """The clock went back: the run seems not to have begun."""
    assert not judge(FakeReads(life=life(NOW + timedelta(hours=1)))).ok


def test_nothing_secret_is_told() -> None:
    assert set(judge(healthy()).as_json()) == {
        "etat",
        "demarrage",
        "magasin",
        "dernier_tour_des_temoins_s",
        "dernier_releve_s",
        "cibles",
        "cibles_sans_releve_recent",
    }

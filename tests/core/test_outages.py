"""The fold of checks into outages, against a model that re-reads the whole history."""

import dataclasses
from collections.abc import Sequence
from datetime import datetime, timedelta
from itertools import pairwise

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from pydantic import TypeAdapter

from monitor.core.model import (
    Event,
    Nature,
    Outage,
    Policy,
    Reason,
    Sighting,
    State,
    Streak,
    Transition,
    Verdict,
)
from monitor.core.outages.fold import (
    FAILING,
    GOOD,
    advance,
    in_outage,
    needs_recheck,
    recheck_wait_s,
    success,
)
from tests.support.outcomes import at

FRESH = State(target="anef", point="local")
POLICY = Policy(failures=3, failing_s=120, successes=2, recovering_s=60, silence_s=3600)
WORDS = {
    "u": (Verdict.UP, Reason.OK),
    "s": (Verdict.DEGRADED, Reason.SLOW),
    "d": (Verdict.DOWN, Reason.HTTP_5XX),
    "m": (Verdict.MAINTENANCE, Reason.MAINTENANCE_TEXT),
    "b": (Verdict.BLOCKED, Reason.WAF),
    "?": (Verdict.UNKNOWN, Reason.LOCAL_NETWORK),
}


def see(letter: str, seconds: float) -> Sighting:
    verdict, reason = WORDS[letter]
    return Sighting(at=at(seconds), verdict=verdict, reason=reason)


def history(letters: str, step_s: float = 60) -> list[Sighting]:
    """One check a minute; a space is a minute without one."""
    return [see(letter, i * step_s) for i, letter in enumerate(letters) if letter != " "]


def fold(
    sightings: Sequence[Sighting], policy: Policy = POLICY, state: State = FRESH
) -> tuple[State, list[Event]]:
    events: list[Event] = []
    for sighting in sightings:
        state, more = advance(state, sighting, policy)
        events += more
    return state, events


def edges(letters: str) -> list[Transition]:
    return [event.edge for event in fold(history(letters))[1]]


# By example


def test_an_outage_is_framed_by_four_checks() -> None:
    _, events = fold(history("uudddduu"))

    opened, closed = events
    assert (opened.edge, opened.at) == (Transition.OUTAGE_OPENED, at(240))
    assert (
        Outage(
            target="anef",
            point="local",
            nature=Nature.DOWN,
            reason=Reason.HTTP_5XX,
            last_ok_at=at(60),
            first_fail_at=at(120),
            last_fail_at=at(300),
            confirmed_at=at(240),
            first_ok_at=at(360),
            recovered_at=at(420),
            checks=4,
        )
        == closed.outage
    )
    assert closed.outage.shortest_s == 180
    assert closed.outage.longest_s == 300


def test_failures_that_are_not_confirmed_are_a_blip_and_kept() -> None:
    state, events = fold(history("uddu"))

    assert [Transition.BLIP] == [event.edge for event in events]
    blip = Streak(first_at=at(60), last_at=at(120), count=2, reason=Reason.HTTP_5XX, downs=2)
    assert blip == events[0].blip
    assert state.failing is None


def test_three_failures_too_close_together_wait_for_the_time_to_pass() -> None:
    sightings = [see("d", 0), see("d", 10), see("d", 20), see("d", 119)]

    assert fold(sightings)[1] == []
    assert fold([*sightings, see("d", 120)])[1][0].edge is Transition.OUTAGE_OPENED


def test_one_good_check_does_not_end_an_outage_and_a_relapse_is_counted() -> None:
    state, events = fold(history("udddududd"))

    assert [Transition.OUTAGE_OPENED] == [event.edge for event in events]
    assert state.outage is not None
    assert state.outage.relapses == 2
    assert state.outage.last_fail_at == at(480)
    assert state.outage.first_ok_at is None
    assert state.outage.checks == 6


def test_unknown_and_blocked_neither_confirm_nor_deny() -> None:
    assert edges("ud??d?bd") == [Transition.OUTAGE_OPENED]
    assert edges("uddd????") == [Transition.OUTAGE_OPENED]
    assert edges("uddd?u?bu") == [Transition.OUTAGE_OPENED, Transition.OUTAGE_CLOSED]
    assert edges("???bbb???") == []


def test_maintenance_alone_has_its_own_nature_until_a_failure_is_seen() -> None:
    only, _ = fold(history("ummm"))
    then, _ = fold(history("ummmd"))
    mixed, _ = fold(history("umdm"))

    assert only.outage is not None
    assert only.outage.nature is Nature.MAINTENANCE
    assert then.outage is not None
    assert then.outage.nature is Nature.DOWN
    assert mixed.outage is not None
    assert mixed.outage.nature is Nature.DOWN
    assert mixed.outage.reason is Reason.MAINTENANCE_TEXT


def test_failures_that_a_long_silence_separates_are_not_one_outage() -> None:
    """Nobody saw what lay between: the service may well have worked."""
    state, events = fold([see("u", 0), see("d", 60), see("d", 90_000), see("d", 90_060)])

    assert [Transition.BLIP] == [event.edge for event in events]
    assert state.failing is not None
    assert state.failing.first_at == at(90_000)


def test_an_outage_outlives_a_stop_of_our_own() -> None:
    """A restart in the middle neither ends it nor makes another."""
    state, events = fold([*history("uddd"), see("d", 90_000), see("u", 90_060), see("u", 90_120)])

    assert [Transition.OUTAGE_OPENED, Transition.OUTAGE_CLOSED] == [event.edge for event in events]
    assert state.last_ok_at == at(90_120)


def test_nothing_seen_before_an_outage_leaves_its_longest_duration_unknown() -> None:
    _, events = fold(history("ddduu"))

    assert events[-1].outage is not None
    assert events[-1].outage.last_ok_at is None
    assert events[-1].outage.longest_s is None


def test_a_check_that_is_not_later_than_the_last_is_unknown_for_want_of_a_clock() -> None:
    before, _ = fold(history("uddd"))
    after, events = advance(before, see("u", 30), POLICY)

    assert events == ()
    assert (after.verdict, after.reason) == (Verdict.UNKNOWN, Reason.CLOCK)
    assert (after.since, after.last_at) == (at(30), at(30))
    assert after.outage == before.outage


def test_a_check_dated_in_the_future_by_a_bad_clock_does_not_blind_the_fold() -> None:
    """`unknown: clock` says that the instant cannot be trusted, so nothing is measured by it."""
    ahead = Sighting(at=at(1e7), verdict=Verdict.UNKNOWN, reason=Reason.CLOCK)

    _, events = fold([see("u", 0), ahead, *history(" ddd")])

    assert [Transition.OUTAGE_OPENED] == [event.edge for event in events]


def test_a_verdict_stands_since_the_first_check_that_gave_it() -> None:
    assert fold(history("uduuu"))[0].since == at(120)
    assert fold(history("uuudd"))[0].since == at(180)


def test_a_verdict_never_stands_since_later_than_its_last_check() -> None:
    state, _ = fold([*history("uu"), see("b", 120), see("b", 90)])
    assert (state.since, state.last_at) == (at(90), at(90))


def test_success_is_false_only_in_a_confirmed_failure() -> None:
    expected = {
        "": None,
        "u": True,
        "s": True,
        "ud": None,
        "uddd": False,
        "uddd?": None,
        "udddb": None,
        "uddd?d": False,
        "udddu": True,
        "udddud": False,
        "udddm": None,
        "ummm": None,
        "u?": None,
    }
    assert expected == {letters: success(fold(history(letters))[0]) for letters in expected}


def test_a_check_is_of_an_outage_from_its_confirmation_to_its_end() -> None:
    state, told = FRESH, []
    for sighting in history("ududdddduuu"):
        state, events = advance(state, sighting, POLICY)
        told.append(in_outage(state, events))

    assert told == [False] * 5 + [True] * 5 + [False]


def test_a_target_in_doubt_wants_a_recheck() -> None:
    expected = {"": False, "u": False, "ud": True, "ud?": True, "uddd": False, "udddu": True}
    expected |= {"udddud": False, "uddduu": False, "udu": False, "?": False}
    assert expected == {letters: needs_recheck(fold(history(letters))[0]) for letters in expected}


@pytest.mark.parametrize(
    ("lasted_s", "expected_s"), [(0, 40), (2, 38), (30, 10), (40, 0), (300, 0), (-3600, 40)]
)
def test_a_recheck_is_as_far_from_a_slow_failure_as_from_a_quick_one(
    lasted_s: float, expected_s: float
) -> None:
    """Counted from the beginning of the check, whatever the clock did since."""
    policy = Policy(recheck_s=40)
    assert recheck_wait_s(policy, at(0), at(lasted_s)) == expected_s


# Against a model that re-reads everything


def naive_told(sightings: Sequence[Sighting]) -> list[Sighting]:
    """Return the checks that tell something, each later than all before it."""
    told: list[Sighting] = []
    for sighting in sightings:
        if sighting.verdict in GOOD | FAILING and all(sighting.at > other.at for other in told):
            told.append(sighting)
    return told


def naive_streak(told: Sequence[Sighting], kind: frozenset[Verdict]) -> list[Sighting]:
    """Return the checks of `kind` with which `told` begins."""
    wrong = [i for i, sighting in enumerate(told) if sighting.verdict not in kind]
    return list(told[: wrong[0] if wrong else len(told)])


def naive_confirmed(streak: Sequence[Sighting], count: int, seconds: float) -> int | None:
    """Return the index of the first check of the streak at which it had lasted long enough."""
    for i, sighting in enumerate(streak):
        if i + 1 >= count and sighting.at - streak[0].at >= timedelta(seconds=seconds):
            return i
    return None


def naive(sightings: Sequence[Sighting], policy: Policy) -> tuple[list[Outage], list[Streak]]:
    """Find outages and blips by cutting the whole history into pieces."""
    told = naive_told(sightings)
    outages: list[Outage] = []
    blips: list[Streak] = []
    i = 0
    while i < len(told):
        run = naive_streak(told[i:], FAILING)
        holes = [
            k
            for k, (a, b) in enumerate(pairwise(run), start=1)
            if b.at - a.at > timedelta(seconds=policy.silence_s)
        ]
        whole = run[: holes[0]] if holes else run
        k = naive_confirmed(whole, policy.failures, policy.failing_s)
        if not run:
            i += 1
        elif k is None:
            downs = sum(s.verdict is Verdict.DOWN for s in whole)
            blips.append(
                Streak(
                    first_at=whole[0].at,
                    last_at=whole[-1].at,
                    count=len(whole),
                    reason=whole[0].reason,
                    downs=downs,
                )
            )
            i += len(whole)
        else:
            outage, used = naive_outage(told[i:], k, policy)
            good = [s.at for s in told[:i] if s.verdict in GOOD]
            outages.append(dataclasses.replace(outage, last_ok_at=good[-1] if good else None))
            i += used
    return outages, blips


def naive_outage(told: Sequence[Sighting], confirmed: int, policy: Policy) -> tuple[Outage, int]:
    """Read one outage from the checks that begin with it; return it and the checks it used."""
    relapses, i, end, used = 0, confirmed + 1, None, len(told)
    while i < len(told):
        run = naive_streak(told[i:], GOOD)
        k = naive_confirmed(run, policy.successes, policy.recovering_s)
        if k is not None:
            end, used = (run[0].at, run[k].at), i + k + 1
            break
        i += max(1, len(run))
        relapses += bool(run) and i < len(told)
    fails = [s for s in told[:used] if s.verdict in FAILING]
    down = any(s.verdict is Verdict.DOWN for s in fails)
    outage = Outage(
        target="anef",
        point="local",
        nature=Nature.DOWN if down else Nature.MAINTENANCE,
        reason=fails[0].reason,
        last_ok_at=None,
        first_fail_at=fails[0].at,
        last_fail_at=fails[-1].at,
        confirmed_at=told[confirmed].at,
        first_ok_at=end[0] if end else None,
        recovered_at=end[1] if end else None,
        checks=len(fails),
        relapses=relapses,
    )
    return outage, used


policies = st.builds(
    Policy,
    failures=st.integers(1, 4),
    failing_s=st.sampled_from([0, 60, 120, 300]),
    successes=st.integers(1, 3),
    recovering_s=st.sampled_from([0, 60, 120]),
    silence_s=st.sampled_from([120, 150, 3600]),
)
steps_s = st.sampled_from([60.0, 60.0, 60.0, 10.0, 0.000001, 150.0, 4000.0, 0.0, -1.0, -200.0])


@st.composite
def histories(draw: st.DrawFn) -> list[Sighting]:
    """Any verdicts, runs favoured; the clock mostly goes forward, may stand still or step back."""
    sightings: list[Sighting] = []
    now = 0.0
    for letter, count in draw(
        st.lists(st.tuples(st.sampled_from("uuddddsmb?"), st.integers(1, 4)), max_size=20)
    ):
        for _ in range(count):
            now += draw(steps_s)
            sightings.append(see(letter, now))
    return sightings


@settings(max_examples=300)
@given(sightings=histories(), policy=policies)
def test_the_fold_agrees_with_a_model_that_rereads_the_whole_history(
    sightings: list[Sighting], policy: Policy
) -> None:
    state, events = fold(sightings, policy)
    outages, blips = naive(sightings, policy)

    closed = [event.outage for event in events if event.edge is Transition.OUTAGE_CLOSED]
    found = [outage for outage in (*closed, state.outage) if outage is not None]
    assert outages == found
    ended = [event.blip for event in events if event.edge is Transition.BLIP]
    assert blips == [*ended, *([state.failing] if state.failing else [])]
    opened = [event.outage for event in events if event.edge is Transition.OUTAGE_OPENED]
    assert [outage.first_fail_at for outage in outages] == [o.first_fail_at for o in opened if o]
    assert (sightings[-1].at if sightings else None) == state.last_at


@settings(max_examples=100)
@given(sightings=histories(), policy=policies, cuts=st.sets(st.integers(0, 80), max_size=5))
def test_a_restart_from_the_saved_state_changes_nothing(
    sightings: list[Sighting], policy: Policy, cuts: set[int]
) -> None:
    saved = TypeAdapter(State)
    state = FRESH
    events: list[Event] = []
    for i, sighting in enumerate(sightings):
        if i in cuts:
            state = saved.validate_json(saved.dump_json(state))
        state, more = advance(state, sighting, policy)
        events += more

    assert fold(sightings, policy) == (state, events)


@settings(max_examples=200)
@given(sightings=histories(), policy=policies)
def test_no_duration_is_negative_and_openings_and_closings_alternate(
    sightings: list[Sighting], policy: Policy
) -> None:
    state = FRESH
    open_since: datetime | None = None
    for sighting in sightings:
        state, events = advance(state, sighting, policy)
        for event in events:
            if event.edge is Transition.OUTAGE_OPENED:
                assert event.outage is not None
                assert open_since is None
                open_since = event.outage.first_fail_at
            elif event.edge is Transition.OUTAGE_CLOSED:
                assert event.outage is not None
                assert open_since == event.outage.first_fail_at
                open_since = None
                check_bounds(event.outage)
        assert (open_since is None) == (state.outage is None)
        assert state.failing is None or state.outage is None
        assert state.recovering is None or state.outage is not None
        assert state.since is not None
        assert state.last_at is not None
        assert state.since <= state.last_at


def check_bounds(outage: Outage) -> None:
    assert outage.first_fail_at <= outage.confirmed_at <= outage.last_fail_at
    assert outage.first_ok_at is not None
    assert outage.recovered_at is not None
    assert outage.last_fail_at < outage.first_ok_at <= outage.recovered_at
    assert outage.shortest_s >= 0
    if outage.last_ok_at is not None:
        assert outage.last_ok_at < outage.first_fail_at
        assert outage.longest_s is not None
        assert outage.shortest_s <= outage.longest_s

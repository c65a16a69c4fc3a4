"""What follows from the leaves of a journal, and what contradicts them."""

import json
from collections.abc import Sequence

import pytest

from monitor.core.journal import encode
from monitor.core.journal.jcs import canonical
from monitor.core.journal.recorded import check_of
from monitor.core.journal.replay import EDGES, REFERENCES, Replay, ReplayedCheck, ReplayError
from monitor.core.model import Event, Kind, Policy, Sighting, State, Target, Transition
from monitor.core.outages.fold import advance
from tests.support.outcomes import DEAD, OK, at, observation, panel

POLICY = Policy(failures=2, failing_s=60, successes=2, recovering_s=60, silence_s=600)
TARGET = Target(
    slug="anef",
    name="ANEF",
    url="https://anef.test/",
    kind=Kind.PAGE,
    platform="anef",
    interval_s=60,
    policy=POLICY,
)
Leaf = encode.Leaf


def recorded(weather: str, *, skipped: int = 0) -> list[Leaf]:
    """Return a journal of one check a minute ("x" fails), without the leaves of the first ones."""
    first = observation("anef", at(0))
    check = check_of(first)
    leaves = [
        encode.origin({"observation": skipped}),
        encode.setup(point="local", config_sha256="", ruleset="", environment={}),
        encode.target(TARGET),
        encode.conditions(check.conditions),
        encode.panel(panel(at(0))),
    ]
    state = State(target="anef", point="local")
    for n, sky in enumerate(weather):
        seen = observation("anef", at(60 * n), DEAD if sky == "x" else OK, exchange=first.exchange)
        judged = seen.judgement
        sighting = Sighting(at=seen.at, verdict=judged.verdict, reason=judged.reason)
        state, events = advance(state, sighting, POLICY)
        if n >= skipped:
            index = len(leaves)
            leaves.append(
                encode.observation(check_of(seen), setup=1, conditions=3, panel=4, plan=2)
            )
            leaves += (encode.edge(event, observation=index) for event in events)
    return [json.loads(canonical(leaf)) for leaf in leaves]


def replayed(leaves: Sequence[Leaf]) -> tuple[Replay, list[ReplayedCheck], list[Event]]:
    """Replay leaves; ReplayError for one that contradicts those before it."""
    replay, told, events = Replay(), [], []
    for index, leaf in enumerate(leaves):
        if leaf["type"] == "origin":
            replay.begin(leaf)
        elif leaf["type"] in REFERENCES:
            replay.remember(index, leaf)
        elif leaf["type"] == "observation":
            replay.settle()
            told.append(replay.observation(index, leaf))
        elif leaf["type"] in EDGES:
            events.append(replay.edge(leaf))
    replay.settle()
    return replay, told, events


def edges(leaves: Sequence[Leaf]) -> list[int]:
    return [index for index, leaf in enumerate(leaves) if leaf["type"] in EDGES]


DAY = ".x.xxxx...xx"


def test_outages_follow_from_the_checks_by_the_policy_of_the_journal() -> None:
    replay, told, events = replayed(recorded(DAY))

    assert [event.edge for event in events] == [
        Transition.BLIP,
        Transition.OUTAGE_OPENED,
        Transition.OUTAGE_CLOSED,
        Transition.OUTAGE_OPENED,
    ]
    assert [event for one in told for event in one.events] == events
    (state,) = replay.states.values()
    assert state.outage == events[-1].outage
    incidents = [one.incidents for one in told if one.incidents]
    assert [(one.opened_at, one.closed_at) for (one,) in incidents] == [
        (at(180), None),
        (at(180), at(420)),
        (at(600), None),
    ]
    assert replay.on_trust == 0


@pytest.mark.parametrize("number", range(4))
def test_an_edge_that_is_not_said_is_missed(number: int) -> None:
    leaves = recorded(DAY)
    del leaves[edges(leaves)[number]]

    with pytest.raises(ReplayError, match=r"pas dit|ne suit pas"):
        replayed(leaves)


@pytest.mark.parametrize("number", range(4))
def test_an_edge_that_says_something_else_is_refused(number: int) -> None:
    leaves = recorded(DAY)
    index = edges(leaves)[number]
    counted = "count" if leaves[index]["type"] == "blip" else "checks"
    leaves[index] = {**leaves[index], counted: leaves[index][counted] + 1}

    with pytest.raises(ReplayError, match="ne suit pas des relevés"):
        replayed(leaves)


def test_an_edge_that_nothing_calls_for_is_refused() -> None:
    leaves = recorded(DAY)

    with pytest.raises(ReplayError, match="ne suit pas des relevés"):
        replayed([*leaves, leaves[edges(leaves)[-1]]])


def test_a_reference_to_a_leaf_that_is_none_is_refused() -> None:
    leaves = recorded(".")
    leaves[-1] = {**leaves[-1], "conditions": 1_000}

    with pytest.raises(ReplayError, match="1000"):
        replayed(leaves)


@pytest.mark.parametrize("skipped", range(len(DAY) + 1))
def test_a_journal_that_begins_at_any_check_is_accepted(skipped: int) -> None:
    whole, _, events = replayed(recorded(DAY))
    replay, told, said = replayed(recorded(DAY, skipped=skipped))

    assert said == [event for event in events if event.at >= at(60 * skipped)]
    assert len(told) == len(DAY) - skipped
    if skipped < len(DAY) - 2:  # at least the last outage begins in the journal
        assert replay.states == whole.states


def test_what_rests_on_checks_of_before_is_counted() -> None:
    day = "xxx..xx"
    opened_before = replayed(recorded(day, skipped=2))[0]
    assert opened_before.on_trust == 2  # the opening that was not said, and the end
    assert replayed(recorded(day, skipped=0))[0].on_trust == 0


def test_no_outage_that_was_open_ends_unsaid() -> None:
    leaves = recorded("xxxxx..", skipped=2)
    del leaves[edges(leaves)[-1]]

    with pytest.raises(ReplayError, match="la fin d’une indisponibilité"):
        replayed(leaves)


def test_a_record_that_is_not_older_rests_on_nothing() -> None:
    leaves = recorded("xxxxx..", skipped=2)
    leaves[0] = {**leaves[0], "rows_before": {"observation": 0}}

    with pytest.raises(ReplayError):
        replayed(leaves)


def test_incidents_are_those_of_the_platform_of_the_target() -> None:
    (incident,) = replayed(recorded("xx"))[1][-1].incidents

    assert incident.platform == TARGET.platform

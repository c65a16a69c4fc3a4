"""Whatever the core can say, the store gives back equal, on both engines."""

import asyncio
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from itertools import count

from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from monitor.core.journal.recorded import check_of
from monitor.core.model import (
    ControlAnswer,
    Controls,
    ControlStatus,
    Exchange,
    Failure,
    Family,
    Judgement,
    Nature,
    Observation,
    Outage,
    Outcome,
    Phase,
    Reason,
    State,
    Streak,
    Verdict,
)
from monitor.core.model.check import conditions_of
from monitor.store import Store
from tests.support.outcomes import CONFIG, START, hop

EVER = (datetime(1970, 1, 1, tzinfo=UTC), datetime(2999, 1, 1, tzinfo=UTC))
SERIAL = count()

instants = st.integers(0, 10**15).map(lambda us: START + timedelta(microseconds=us))
durations_us = st.integers(0, 2**40)
offsets_us = st.none() | st.integers(-(2**52), 2**52)
texts = st.text(max_size=60)
streaks = st.builds(
    Streak,
    first_at=instants,
    last_at=instants,
    count=st.integers(1, 10**6),
    reason=st.sampled_from(Reason),
    downs=st.integers(0, 10**6),
)
hosts = st.sampled_from(("a.test", "b.test", "c.test"))
panels = st.builds(
    Controls,
    at=instants,
    ok=st.integers(0, 9),
    asked=st.integers(0, 9),
    needed=st.integers(1, 3),
    answers=st.dictionaries(hosts, st.booleans()),
    families=st.dictionaries(
        st.sampled_from(Family), st.dictionaries(hosts, st.sampled_from(ControlStatus), min_size=1)
    ),
    witnesses=st.lists(
        st.builds(
            ControlAnswer,
            slug=hosts,
            family=st.sampled_from(Family),
            said=st.sampled_from(ControlStatus),
            after_us=durations_us,
            duration_us=durations_us,
            address=st.none() | st.sampled_from(("192.0.2.1", "2001:db8::1")),
            resolver=st.none() | st.just("192.0.2.53"),
            retransmits=st.none() | st.integers(0, 9),
        ),
        max_size=3,
    ).map(tuple),
)
exchanges = st.builds(
    Exchange,
    url=texts,
    started_at=instants,
    duration_us=durations_us,
    hops=st.lists(
        st.builds(
            lambda phases, status: replace(hop(START), phases_us=phases, status=status),
            st.dictionaries(st.sampled_from(Phase), durations_us),
            st.none() | st.integers(100, 599),
        ),
        max_size=2,
    ).map(tuple),
    failure=st.none() | st.sampled_from(Failure),
    phase=st.none() | st.sampled_from(Phase),
    body=st.binary(max_size=20),
    charset=st.sampled_from(("", "utf-8")),
    server_offset_us=offsets_us,
)


@st.composite
def outcomes(draw: st.DrawFn) -> tuple[Observation, Outcome]:
    target, at = f"cible-{next(SERIAL)}", draw(instants)
    judgement = Judgement(
        verdict=draw(st.sampled_from(Verdict)),
        reason=draw(st.sampled_from(Reason)),
        rule=draw(st.sampled_from(("ok", "r-1", "r-2"))),
    )
    observation = Observation(
        target=target,
        point="local",
        slot_at=draw(instants),
        at=at,
        judgement=judgement,
        exchange=draw(exchanges),
        controls=draw(st.none() | panels),
        config_sha256=CONFIG,
        ruleset=draw(st.sampled_from(("1", "2"))),
        clock_offset_us=draw(offsets_us),
    )
    outage = Outage(
        target=target,
        point="local",
        nature=draw(st.sampled_from(Nature)),
        reason=draw(st.sampled_from(Reason)),
        last_ok_at=draw(st.none() | instants),
        first_fail_at=draw(instants),
        last_fail_at=draw(instants),
        confirmed_at=draw(instants),
        first_ok_at=draw(st.none() | instants),
        checks=draw(st.integers(1, 10**6)),
        relapses=draw(st.integers(0, 10**3)),
    )
    state = State(
        target=target,
        point="local",
        verdict=judgement.verdict,
        reason=draw(st.none() | st.sampled_from(Reason)),
        since=draw(st.none() | instants),
        last_at=at,
        last_ok_at=draw(st.none() | instants),
        failing=draw(st.none() | streaks),
        recovering=draw(st.none() | streaks),
        outage=outage if draw(st.booleans()) else None,
    )
    return observation, Outcome(check=check_of(observation), state=state)


@settings(
    max_examples=20,
    deadline=None,
    suppress_health_check=[HealthCheck.function_scoped_fixture],  # each target is used once
)
@given(st.lists(outcomes(), min_size=1, max_size=5))
def test_outcomes_come_back_equal(
    store: Store, given_outcomes: list[tuple[Observation, Outcome]]
) -> None:
    async def all_at_once() -> None:
        await asyncio.gather(*(store.record(outcome) for _, outcome in given_outcomes))

    asyncio.run(all_at_once())
    states = {state.target: state for state in store.states()}
    for seen, outcome in given_outcomes:
        (check,) = store.observations(seen.target, *EVER)
        assert states[seen.target] == outcome.state
        assert (check.at, check.slot_at) == (seen.at, seen.slot_at)
        assert (check.verdict, check.reason) == (seen.judgement.verdict, seen.judgement.reason)
        assert (check.rule, check.ruleset) == (seen.judgement.rule, seen.ruleset)
        assert check.conditions == conditions_of(seen.exchange)
        assert check.controls == seen.controls
        assert (check.failure, check.phase) == (seen.exchange.failure, seen.exchange.phase)
        assert check.status == seen.exchange.status
        assert check.duration_us == seen.exchange.duration_us
        assert check.body_bytes == len(seen.exchange.body)
        assert check.clock_offset_us == seen.clock_offset_us
        assert check.server_offset_us == seen.exchange.server_offset_us

"""What goes in comes out, on both engines."""

import asyncio
from dataclasses import replace
from datetime import timedelta, timezone

import pytest

from monitor.core.journal.recorded import check_of
from monitor.core.model import (
    ClockReading,
    Event,
    Gap,
    GapCause,
    Incident,
    LaneState,
    Nature,
    Outage,
    Outcome,
    Reason,
    State,
    Streak,
    Transition,
    Verdict,
)
from monitor.core.model.check import conditions_of, phases_of
from monitor.store import RobotsCopy, Store, StoreError
from tests.support.outcomes import (
    CONFIG,
    DEAD,
    OK,
    a_run,
    answer,
    at,
    hop,
    observation,
    outcome,
    panel,
    refusal,
)
from tests.support.tables import clock_readings, tallies

DAY = (at(0), at(86_400))


def record(store: Store, *outcomes: Outcome) -> None:
    async def all_in_order() -> None:
        for each in outcomes:
            await store.record(each)

    asyncio.run(all_in_order())


def an_outage(target: str, **changes: object) -> Outage:
    outage = Outage(
        target=target,
        point="local",
        nature=Nature.DOWN,
        reason=Reason.HTTP_5XX,
        last_ok_at=at(0),
        first_fail_at=at(300),
        last_fail_at=at(420),
        confirmed_at=at(420),
        checks=3,
    )
    return replace(outage, **changes)  # type: ignore[arg-type]


def opening(target: str, outage: Outage) -> Outcome:
    state = State(
        target=target,
        point="local",
        verdict=Verdict.DOWN,
        reason=Reason.HTTP_5XX,
        since=outage.first_fail_at,
        last_at=outage.confirmed_at,
        last_ok_at=outage.last_ok_at,
        outage=outage,
    )
    event = Event(
        edge=Transition.OUTAGE_OPENED,
        at=outage.confirmed_at,
        target=target,
        point="local",
        outage=outage,
    )
    seen = observation(target, outage.confirmed_at, DEAD)
    return Outcome(check=check_of(seen), state=state, events=(event,))


def closing(target: str, outage: Outage) -> Outcome:
    assert outage.recovered_at is not None
    event = Event(
        edge=Transition.OUTAGE_CLOSED,
        at=outage.recovered_at,
        target=target,
        point="local",
        outage=outage,
    )
    return replace(outcome(target, outage.recovered_at), events=(event,))


def test_a_check_comes_back_with_every_fact_but_its_bytes(store: Store) -> None:
    seen = observation("anef", at(1.000007))
    record(store, replace(outcome("anef", at(1.000007)), check=check_of(seen)))
    (check,) = store.observations("anef", *DAY)
    assert (check.target, check.point) == ("anef", "local")
    assert (check.at, check.slot_at) == (seen.at, seen.slot_at)
    assert (check.verdict, check.reason, check.rule) == (Verdict.UP, Reason.OK, "ok")
    assert (check.ruleset, check.config_sha256) == ("2026-11", CONFIG)
    assert check.conditions == conditions_of(seen.exchange)
    assert check.phases_us == phases_of(seen.exchange)
    assert check.duration_us == seen.exchange.duration_us
    assert check.controls == seen.controls
    assert check.clock_offset_us == -1_734
    assert check.server_offset_us == seen.exchange.server_offset_us
    assert check.body_bytes == len(seen.exchange.body)
    assert (check.status, check.address) == (200, "198.51.100.7")


def test_a_check_that_got_no_answer_keeps_why(store: Store) -> None:
    exchange = refusal(at(1))
    judgement = replace(DEAD, reason=Reason.CONNECTION_REFUSED)
    seen = replace(observation("anef", at(1), judgement, exchange=exchange), controls=None)
    record(store, replace(outcome("anef", at(1)), check=check_of(seen)))
    (check,) = store.latest()
    assert (check.failure, check.phase) == (exchange.failure, exchange.phase)
    assert check.detail == exchange.detail
    assert check.status is None
    assert (check.body_sha256, check.body_bytes, check.controls) == (None, 0, None)


def test_what_the_outside_sends_cannot_break_the_store(store: Store) -> None:
    """NUL and lone surrogates are refused by databases: they are replaced, not fatal."""
    hostile = "a\0b\udcffé" * 1000
    bad = replace(
        hop(at(1)), url=f"https://x.test/?{hostile}", headers=(("Server", hostile), (hostile, ""))
    )
    exchange = replace(answer(at(1)), hops=(bad,), detail=hostile, charset=hostile)
    record(store, outcome("anef", at(1), exchange=exchange))
    (check,) = store.latest()
    assert check.detail.startswith("a\N{REPLACEMENT CHARACTER}b?é")
    assert len(check.detail) <= 300


def test_instants_come_back_exact_and_in_utc_whatever_their_zone(store: Store) -> None:
    paris = at(1.123456).astimezone(timezone(timedelta(hours=1)))
    record(store, outcome("anef", paris))
    (check,) = store.latest()
    assert check.at == at(1.123456)
    assert check.at.utcoffset() == timedelta(0)


def test_the_same_circumstances_are_kept_once(store: Store) -> None:
    record(store, *(outcome("anef", at(60 * n)) for n in range(5)))
    checks = store.observations("anef", *DAY)
    assert len({id(check.conditions) for check in checks}) == 1
    assert len({check.body_sha256 for check in checks}) == 1


def test_a_body_that_changes_and_comes_back_keeps_its_digest(store: Store) -> None:
    bodies = (b"a", b"b", b"b", b"a")
    record(
        store,
        *(
            outcome("anef", at(60 * n), exchange=answer(at(60 * n), body))
            for n, body in enumerate(bodies)
        ),
    )
    digests = [check.body_sha256 for check in store.observations("anef", *DAY)]
    assert digests[0] == digests[3] != digests[1] == digests[2]


def test_a_span_has_its_start_and_not_its_end(store: Store) -> None:
    record(store, *(outcome("anef", at(60 * n)) for n in range(4)))
    found = store.observations("anef", at(60), at(180))
    assert [check.at for check in found] == [at(60), at(120)]
    assert [sighting.at for sighting in store.sightings("anef", at(60), at(180))] == [
        at(60),
        at(120),
    ]


def test_the_last_check_of_each_target_is_the_latest(store: Store) -> None:
    record(store, outcome("b", at(0)), outcome("a", at(1)), outcome("b", at(2), DEAD))
    assert [(c.target, c.verdict) for c in store.latest()] == [
        ("a", Verdict.UP),
        ("b", Verdict.DOWN),
    ]


def test_points_do_not_see_each_other(store: Store, database_url: str) -> None:
    record(store, outcome("anef", at(0)))
    with Store.open(database_url, point="lyon", writer=False) as lyon:
        assert lyon.latest() == ()
        assert lyon.states() == ()
        assert tallies(lyon) == {}


def test_checks_are_counted_by_target_verdict_and_reason(store: Store) -> None:
    other_rule = replace(OK, rule="ok-shell")
    record(
        store,
        outcome("a", at(0)),
        outcome("a", at(60), other_rule),
        outcome("a", at(120), DEAD),
        outcome("b", at(0)),
    )
    assert tallies(store) == {
        ("a", Verdict.UP, Reason.OK): 2,
        ("a", Verdict.DOWN, Reason.HTTP_5XX): 1,
        ("b", Verdict.UP, Reason.OK): 1,
    }


def test_a_state_comes_back_whole(store: Store) -> None:
    streak = Streak(first_at=at(60), last_at=at(120), count=2, reason=Reason.EMPTY_SHELL, downs=1)
    state = State(
        target="anef",
        point="local",
        verdict=Verdict.MAINTENANCE,
        reason=Reason.MAINTENANCE_TEXT,
        since=at(120),
        last_at=at(120),
        last_ok_at=at(0),
        failing=streak,
        recovering=replace(streak, count=1),
    )
    record(store, outcome("anef", at(120), state=state))
    assert store.states() == (state,)
    record(store, outcome("anef", at(180)))
    assert store.states() == (outcome("anef", at(180)).state,)


def test_states_and_spans_of_checks_are_read_of_some_targets_only(store: Store) -> None:
    record(store, outcome("a", at(0)), outcome("b", at(60)), outcome("c", at(120)))
    every, watched = store.states(), store.watched()
    assert [one.target for one in every] == ["a", "b", "c"]
    assert store.states(["c", "nobody", "a"]) == (every[0], every[2])
    assert store.states([]) == ()
    assert store.watched(["b", "nobody"]) == {"b": watched["b"]}


def test_an_outage_opens_grows_and_closes(store: Store) -> None:
    opened = an_outage("anef")
    record(store, opening("anef", opened))
    assert store.outages(open_only=True) == (opened,)
    (state,) = store.states()
    assert state.outage == opened

    grown = replace(opened, last_fail_at=at(480), checks=4, relapses=1)
    still = replace(state, last_at=at(480), outage=grown)
    record(store, outcome("anef", at(480), DEAD, state=still))
    assert store.states() == (still,)

    closed = replace(grown, first_ok_at=at(540), recovered_at=at(600))
    record(store, closing("anef", closed))
    assert store.outages(open_only=True) == ()
    assert store.outages() == (closed,)
    assert [(e.edge, e.outage) for e in store.events(*DAY)] == [
        (Transition.OUTAGE_OPENED, closed),
        (Transition.OUTAGE_CLOSED, closed),
    ]


def test_outages_are_found_by_target_and_by_the_span_that_they_touch(store: Store) -> None:
    a = an_outage("a", first_ok_at=at(540), recovered_at=at(600))
    b = an_outage("b", first_fail_at=at(310))
    record(store, opening("a", replace(a, first_ok_at=None, recovered_at=None)))
    record(store, closing("a", a), opening("b", b))
    assert store.outages() == (a, b)
    assert store.outages(["b"]) == (b,)
    assert store.outages(until=at(305)) == (a,)
    assert store.outages(since=at(540)) == (b,)
    assert store.outages(since=at(539), until=at(301)) == (a,)
    assert store.outages([]) == ()


def test_a_second_open_outage_of_a_target_is_refused(store: Store) -> None:
    record(store, opening("anef", an_outage("anef")))
    second = an_outage("anef", first_fail_at=at(900), confirmed_at=at(1000))
    with pytest.raises(StoreError, match="incohérent"):
        record(store, opening("anef", second))
    assert len(store.outages()) == 1
    assert len(store.observations("anef", *DAY)) == 1, "nothing of the outcome was written"


def test_a_blip_is_kept(store: Store) -> None:
    blip = Streak(first_at=at(0), last_at=at(0), count=1, reason=Reason.DEADLINE, downs=1)
    event = Event(edge=Transition.BLIP, at=at(60), target="anef", point="local", blip=blip)
    record(store, replace(outcome("anef", at(60)), events=(event,)))
    assert store.events(*DAY) == (event,)


def test_incidents_grow_and_close(store: Store) -> None:
    a, b = an_outage("a"), an_outage("b", first_fail_at=at(310))
    one = Incident(platform="anef", point="local", opened_at=at(300), outages=(("a", at(300)),))
    record(store, replace(opening("a", a), incidents=(one,)))
    assert store.incidents(open_only=True) == (one,)
    two = replace(one, outages=(("a", at(300)), ("b", at(310))))
    record(store, replace(opening("b", b), incidents=(two,)))
    assert store.incidents() == (two,)
    closed = replace(two, closed_at=at(600))
    ended = replace(a, first_ok_at=at(600), recovered_at=at(660))
    record(store, replace(closing("a", ended), incidents=(closed,)))
    assert store.incidents() == (closed,)
    assert store.incidents(open_only=True) == ()
    assert store.incidents(since=at(600)) == ()


def test_an_incident_that_turns_out_older_replaces_the_younger(store: Store) -> None:
    """An outage confirmed late may have begun first: one incident, not two."""
    a, b = an_outage("a"), an_outage("b", first_fail_at=at(200))
    younger = Incident(platform="anef", point="local", opened_at=at(300), outages=(("a", at(300)),))
    record(store, replace(opening("a", a), incidents=(younger,)))
    older = Incident(
        platform="anef",
        point="local",
        opened_at=at(200),
        outages=(("b", at(200)), ("a", at(300))),
    )
    record(store, replace(opening("b", b), incidents=(older,)))
    assert store.incidents() == (older,)


def test_a_run_is_kept_alive_by_its_rounds(store: Store) -> None:
    run = a_run(at(0))
    clock = ClockReading(
        at=at(-5), server="ntp.test", offset_us=-1_200, dispersion_us=900, stratum=2
    )

    async def life() -> None:
        await store.start_run(run)
        await store.record_round(panel(at(60)), clock)
        await store.record_round(panel(at(120), ok=0), clock)

    asyncio.run(life())
    assert store.runs() == (replace(run, alive_at=at(120)),)
    assert store.rounds(at(0), at(121)) == (panel(at(60)), panel(at(120), ok=0))
    assert clock_readings(store) == (clock,)
    asyncio.run(store.stop_run(at(130)))
    assert store.runs() == (replace(run, alive_at=at(130), stopped_at=at(130)),)


def test_rounds_and_starts_at_one_instant_are_told_apart(store: Store) -> None:
    """A clock that was set back comes to the same microsecond again."""
    run = a_run(at(0))

    async def lives() -> None:
        for _ in range(3):
            await store.start_run(run)
            await store.record_round(panel(at(60)), None)
        await store.stop_run(at(90))

    asyncio.run(lives())
    step = timedelta(microseconds=1)
    assert [one.started_at for one in store.runs()] == [at(0), at(0) + step, at(0) + 2 * step]
    assert [one.stopped_at for one in store.runs()] == [None, None, at(90)]
    assert [one.at for one in store.rounds(at(0), at(61))] == [
        at(60), at(60) + step, at(60) + 2 * step,
    ]  # fmt: skip


def test_gaps_are_found_by_the_span_that_they_touch(store: Store) -> None:
    whole = Gap(
        point="local",
        target="",
        from_at=at(0),
        to_at=at(600),
        slots=20,
        cause=GapCause.STOPPED,
    )
    one = replace(whole, target="anef", from_at=at(900), to_at=at(960), cause=GapCause.OVERRUN)

    async def both() -> None:
        await store.record_gap(whole)
        await store.record_gap(one)

    asyncio.run(both())
    assert store.gaps(*DAY) == (whole, one)
    assert store.gaps(at(600), at(901)) == (one,)
    assert store.gaps(at(500), at(900)) == (whole,)


def test_a_lane_never_overwrites_an_operators_pause(store: Store, database_url: str) -> None:
    with Store.open(database_url, point="local", writer=False) as command_line:
        command_line.set_pause("ide", paused=True, why="à leur demande")
    lane = LaneState(platform="ide", blocked_until=at(3600), strikes=2)
    asyncio.run(store.save_lane(lane))
    asyncio.run(store.save_lane(replace(lane, strikes=3)))
    paused = replace(lane, strikes=3, paused=True, paused_why="à leur demande")
    assert store.lanes() == (paused,)
    assert store.pauses() == {"ide": "à leur demande"}
    store.set_pause("ide", paused=True, why="encore")
    assert store.pauses() == {"ide": "encore"}
    store.set_pause("ide", paused=False)
    store.set_pause("ide", paused=False)
    assert store.lanes() == (replace(lane, strikes=3),)


def test_robots_texts_are_kept_and_the_newest_is_given(store: Store) -> None:
    async def two_days() -> None:
        await store.keep_robots("a.test", "User-agent: *\0", 200, at(0))
        await store.keep_robots("a.test", "User-agent: *\nDisallow: /", 200, at(86_400))
        await store.keep_robots("b.test", None, None, at(5))

    asyncio.run(two_days())
    assert store.robots() == (
        RobotsCopy(
            host="a.test", fetched_at=at(86_400), status=200, text="User-agent: *\nDisallow: /"
        ),
        RobotsCopy(host="b.test", fetched_at=at(5), status=None, text=None),
    )


@pytest.mark.parametrize("verdict", list(Verdict))
def test_every_verdict_can_be_recorded(store: Store, verdict: Verdict) -> None:
    record(store, outcome("anef", at(0), replace(OK, verdict=verdict)))
    assert store.latest()[0].verdict is verdict


def test_every_reason_can_be_recorded(store: Store) -> None:
    """A word added to the code without a migration is refused by the database: here first."""
    record(store, *(outcome("anef", at(n), replace(DEAD, reason=r)) for n, r in enumerate(Reason)))
    assert [check.reason for check in store.observations("anef", *DAY)] == list(Reason)

"""The record by another ruleset: from the checks alone, on both engines, to the microsecond."""

import asyncio
from collections import Counter
from collections.abc import Iterator, Sequence
from dataclasses import replace
from datetime import timedelta
from random import Random

import pytest

from monitor.core.model import Annotation, AnnotationKind, Judgement, Reason, Verdict
from monitor.core.outages.span_figures import Scope, ScopeKind
from monitor.core.outages.time_accounts import microseconds
from monitor.core.verdict.rulesets import Ruleset
from monitor.figures.answers import Basis, Division, FigureQuestion, availability
from monitor.figures.rejudged import RejudgedAnswer, RejudgedRecord, rejudged_answers
from monitor.store import Store
from monitor.store.engine import connected, parse
from tests.support.folds import Folds
from tests.support.outcomes import START, answer, at, observation, refusal, targets_named
from tests.support.shipped_rulesets import AS_RECORDED, SHIPPED

HOUR = 3600
TARGETS = targets_named(("a", "b"), platform="anef", interval_s=300)
KINDS = {
    ".": Judgement(verdict=Verdict.UP, reason=Reason.OK, rule="healthy"),
    "x": Judgement(verdict=Verdict.DOWN, reason=Reason.HTTP_5XX, rule="server-error"),
    "t": Judgement(verdict=Verdict.DOWN, reason=Reason.CONNECTION_REFUSED, rule="no-answer"),
    "e": Judgement(verdict=Verdict.DOWN, reason=Reason.ERROR_TEXT, rule="fault-mark"),
    "s": Judgement(verdict=Verdict.DEGRADED, reason=Reason.SLOW, rule="slow"),
    "m": Judgement(verdict=Verdict.MAINTENANCE, reason=Reason.MAINTENANCE_TEXT, rule="m"),
    "b": Judgement(verdict=Verdict.BLOCKED, reason=Reason.WAF, rule="refusal-status"),
    "?": Judgement(verdict=Verdict.UNKNOWN, reason=Reason.LOCAL_NETWORK, rule="line-in-doubt"),
}


@pytest.fixture
def store(database_url: str) -> Iterator[Store]:
    with Store.open(database_url, point="local", writer=True, rest_s=0, targets=TARGETS) as opened:
        yield opened


def record(store: Store, weather: dict[str, str], *, step_s: int = 300) -> None:
    """Record a check of each target every five minutes, and all that follows from it."""
    folds = Folds(TARGETS)

    async def write() -> None:
        steps = sorted(
            (step * step_s + number, slug, kind)
            for number, (slug, line) in enumerate(weather.items())
            for step, kind in enumerate(line)
        )
        for second, slug, kind in steps:
            now = at(second)
            exchange = refusal(now) if kind in "t?" else answer(now)
            if kind == "s":
                exchange = replace(exchange, duration_us=20_000_000 + second // step_s % 2)
            if kind == "x":
                (hop,) = exchange.hops
                exchange = replace(exchange, hops=(replace(hop, status=502),))
            seen = observation(slug, now, KINDS[kind], exchange=exchange)
            await store.record(folds.outcome(seen))

    asyncio.run(write())


def asked(  # noqa: PLR0913 -- a question, by name
    store: Store,
    ruleset: Ruleset,
    targets: Sequence[str] = ("a",),
    hours: tuple[float, float] = (0, 4),
    *,
    whole: bool = False,
    division: Division | None = None,
    now_h: float = 30,
) -> RejudgedAnswer:
    start = microseconds(START)
    since, until = (start + round(hour * HOUR * 1_000_000) for hour in hours)
    scope = Scope(kind=ScopeKind.ALL, slug="s", name="s", targets=tuple(targets), needs_all=whole)
    question = FigureQuestion(
        scope=scope,
        since=since,
        until=until,
        now=start + round(now_h * HOUR * 1_000_000),
        division=division,
    )
    (answered,) = rejudged_answers(store, ruleset, [question], Basis())
    assert answered.recorded == availability(store, question, Basis())
    return answered


WEATHER = {
    "a": "..xxx.....x..eee?..bb..tttt....mmm.sss..xx..xx..",
    "b": "....xxxxxx......mm....ttt?t?......................",
}


@pytest.mark.parametrize("whole", [False, True])
@pytest.mark.parametrize("hours", [(0, 4), (0.5, 2.37), (1, 1.32), (-3, 1), (3.9, 40)])
def test_rules_that_change_nothing_give_the_figures_that_were_recorded(
    store: Store, hours: tuple[float, float], *, whole: bool
) -> None:
    record(store, WEATHER)
    for targets in (["a"], ["a", "b"]):
        found = asked(store, AS_RECORDED, targets, hours, whole=whole, division=Division.HOUR)

        assert found.rejudged.account == found.recorded.account
        assert found.rejudged.parts == found.recorded.parts
        assert found.rejudged.touched == found.recorded.touched
        assert found.rejudged_outages == list(found.outages)
        numbered = replace(found.recorded.outages, numbers=())
        assert found.rejudged.outages == numbered
        assert not any(one.differs for one in found.differences)


def test_sums_by_day_are_not_used(store: Store) -> None:
    """They are of the verdicts that were recorded, and would give the old figure."""
    record(store, {"a": "e" * 24}, step_s=HOUR)  # far apart: each holds ten minutes
    asyncio.run(store.roll_up(at(72 * HOUR)))
    found = asked(store, SHIPPED["lenient"], hours=(-9, 48))

    assert found.recorded.account.us(Verdict.DOWN) == 24 * 600 * 1_000_000
    assert found.rejudged.account.us(Verdict.UP) == 24 * 600 * 1_000_000


@pytest.mark.parametrize("name", SHIPPED)
@pytest.mark.parametrize("seed", range(4))
def test_each_microsecond_and_check_is_in_the_differences_once(
    store: Store, name: str, seed: int
) -> None:
    random = Random(seed)  # noqa: S311 -- a test's weather
    kinds = [random.choice("...xxxtessmb?") * random.randint(1, 5) for _ in range(24)]
    record(store, {"a": "".join(kinds), "b": "".join(reversed(kinds))})
    last_h = 300 * (len("".join(kinds)) - 1) / HOUR
    for *hours, now_h in ((0, 4, 30), (0.3, 1.7, 30), (-1, 40, 30), (-1, 40, last_h + 0.05)):
        found = asked(store, SHIPPED[name], ("a", "b"), (hours[0], hours[1]), now_h=now_h)
        account = found.rejudged.account
        held: Counter[Verdict] = Counter()
        before: Counter[Verdict] = Counter()
        for one in found.differences:
            held[one.counts_as] += one.held_us
            before[one.verdict] += one.held_us
        held[Verdict.UNKNOWN] += account.unobserved_us
        before[Verdict.UNKNOWN] += found.recorded.account.unobserved_us

        for counts, of in ((held, account), (before, found.recorded.account)):
            assert {verdict: counts[verdict] for verdict in Verdict} == of.by_verdict
        assert sum(one.checks for one in found.differences) == account.checks
        assert account.span_us == found.recorded.account.span_us


def test_what_differs_is_told_with_its_reason(store: Store) -> None:
    record(store, {"a": "....x....eee....tttt....xxxx.....mm....ss...b?.."})
    found = asked(store, SHIPPED["lenient"])
    told = Counter(
        {(one.reason, one.counts_as): one.checks for one in found.differences if one.differs}
    )

    assert told == {
        (Reason.HTTP_5XX, Verdict.UNKNOWN): 1,  # alone: confirmed by nothing
        (Reason.ERROR_TEXT, Verdict.UP): 3,
        (Reason.MAINTENANCE_TEXT, Verdict.UNKNOWN): 2,
        (Reason.SLOW, Verdict.UP): 2,
    }
    assert found.rejudged.rulesets == (SHIPPED["lenient"].cited,)
    assert [outage.checks for outage in found.rejudged_outages] == [4, 4]
    assert all(outage.number is None for outage in found.rejudged_outages)


def test_strict_counts_what_a_visitor_waited_for_and_what_was_not_announced(
    store: Store, monkeypatch: pytest.MonkeyPatch
) -> None:
    record(store, {"a": "....ssss....mmmm...."})
    note = Annotation(
        at=START - timedelta(days=1),
        kind=AnnotationKind.MAINTENANCE,
        targets=("a",),
        from_at=at(14 * 300),
        to_at=at(20 * 300),
        sha256="ab" * 32,
    )
    before = asked(store, SHIPPED["strict"]).rejudged.account
    monkeypatch.setattr(store, "annotations", lambda: (replace(note, number=1),))
    after = asked(store, SHIPPED["strict"]).rejudged.account

    minutes = {verdict: us // 60_000_000 for verdict, us in before.by_verdict.items() if us}
    assert minutes[Verdict.DOWN] == 2 * 5 + 4 * 5  # every second one took over 20 s
    assert Verdict.MAINTENANCE not in minutes
    assert after.us(Verdict.MAINTENANCE) == 10 * 60_000_000
    assert after.us(Verdict.DOWN) == before.us(Verdict.DOWN) - 10 * 60_000_000


def test_a_failure_that_nobody_vouches_for_is_not_conceded(store: Store) -> None:
    async def write() -> None:
        for step in range(8):
            now = at(300 * step)
            seen = observation("a", now, KINDS["t"], exchange=refusal(now))
            if step >= 4:
                seen = replace(seen, controls=None)
            await store.record(Folds(TARGETS).outcome(seen))

    asyncio.run(write())
    account = asked(store, SHIPPED["lenient"], hours=(0, 2 / 3)).rejudged.account

    assert account.us(Verdict.DOWN) == account.us(Verdict.UNKNOWN) == 20 * 60_000_000


def test_what_our_own_process_slept_through_is_not_waited_for(store: Store) -> None:
    async def write() -> None:
        for step, stalled_us in enumerate((0, 999_999, 1_000_000)):
            now = at(300 * step)
            exchange = replace(answer(now), duration_us=21_000_000, stalled_us=stalled_us)
            await store.record(
                Folds(TARGETS).outcome(observation("a", now, KINDS["s"], exchange=exchange))
            )

    asyncio.run(write())
    account = asked(store, SHIPPED["strict"], hours=(0, 0.25)).rejudged.account

    assert account.us(Verdict.DOWN) == 10 * 60_000_000
    assert account.us(Verdict.DEGRADED) == 5 * 60_000_000


def test_failures_that_nothing_confirms_yet_are_not_conceded(store: Store) -> None:
    record(store, {"a": "....xxx"})
    account = asked(store, SHIPPED["lenient"], hours=(0, 0.5)).rejudged.account

    assert account.us(Verdict.DOWN) == 0
    assert account.us(Verdict.UNKNOWN) == 10 * 60_000_000


def test_each_check_is_followed_by_the_policy_of_its_time(database_url: str) -> None:
    quick = {
        slug: replace(target, policy=replace(target.policy, failures=1, failing_s=0))
        for slug, target in TARGETS.items()
    }
    for targets, since_s in ((TARGETS, 0), (quick, 2 * HOUR)):
        with Store.open(
            database_url, point="local", writer=True, rest_s=0, targets=targets
        ) as opened:
            folds = Folds(targets, states=opened.states(), outages=opened.outages())

            async def write(store: Store, folds: Folds, since_s: int) -> None:
                for step, kind in enumerate("..xx...x...x...."):
                    now = at(since_s + 300 * step)
                    await store.record(folds.outcome(observation("a", now, KINDS[kind])))

            asyncio.run(write(opened, folds, since_s))
            both = asked(opened, AS_RECORDED)
            assert both.rejudged_outages == list(both.outages)
            assert [one.checks for one in both.outages] == ([2, 1, 1] if since_s else [])


def test_an_outage_is_found_whole_though_it_reaches_out_of_the_span(store: Store) -> None:
    record(store, {"a": ".." + "x" * 30 + "...."})
    found = asked(store, SHIPPED["lenient"], hours=(1, 1.5))
    (outage,) = found.rejudged_outages

    assert (outage.first_fail_at, outage.checks) == (at(600), 30)
    assert found.rejudged.account.us(Verdict.DOWN) == 30 * 60_000_000


def test_a_reason_of_a_newer_program_is_read(store: Store, database_url: str) -> None:
    """It counts by the line of its verdict that asks nothing."""
    record(store, {"a": "..xxxxx.."})
    with connected(parse(database_url), writer=True) as connection:
        for statement in SPOILED[database_url.startswith("sqlite")]:
            connection.exec_driver_sql(statement)
        connection.exec_driver_sql("UPDATE judgement SET reason = 'quantum' WHERE verdict = 'down'")
        connection.commit()
    scope = Scope(kind=ScopeKind.ALL, slug="s", name="s", targets=("a",))
    start = microseconds(START)
    end = start + 45 * 60_000_000
    question = FigureQuestion(scope=scope, since=start, until=end, now=end)
    down = {}
    for name, ruleset in SHIPPED.items():
        rejudged = RejudgedRecord(store, ruleset, lambda _checks: None)
        ((_, (account,)),) = rejudged.accounts(["a"], [start, end], now=end)
        down[name] = account.us(Verdict.DOWN)
        reasons = {one.reason for one in rejudged.differences(question)}
        assert reasons == {Reason.OK, None}

    assert down == {"lenient": 0, "strict": 25 * 60_000_000}


# By whether it is SQLite: what lets a word be written that no program of today writes.
SPOILED = {
    True: ("PRAGMA ignore_check_constraints = ON", "DROP TRIGGER judgement_no_update"),
    False: (
        "ALTER TABLE judgement DISABLE TRIGGER USER",
        "ALTER TABLE judgement DROP CONSTRAINT ck_judgement_reason",
    ),
}

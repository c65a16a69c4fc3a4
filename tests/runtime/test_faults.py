"""One place decides what a fault of our own does: stop with a sentence, or go on without."""

import asyncio
from collections.abc import Iterator
from dataclasses import replace
from typing import Any

import pytest
from structlog.testing import capture_logs

from monitor.config import ControlHost
from monitor.core.model import Exchange, Family, GapCause, Target, Verdict
from monitor.evidence.captures.capture_policy import CaptureError
from monitor.evidence.log.journal import JournalError
from monitor.fetch import Gate
from monitor.probe.build import build_line
from monitor.runtime.faults import Faults
from monitor.store import Store, StoreError
from tests.probe.test_watch import CONFIG, ONE, TWO, Bench, since_dawn
from tests.support.clock import FakeClock
from tests.support.databases import database_url, postgres, sqlite_template
from tests.support.fetching import make_fetcher, open_gate

__all__ = ["database_url", "postgres", "sqlite_template"]  # fixtures

pytestmark = pytest.mark.anyio
PANIC = type("PanicException", (BaseException,), {})  # as PyO3 makes its own
SECRET = "s3cret-of-ours"  # noqa: S105 -- planted


@pytest.fixture
def bench(database_url: str) -> Iterator[Bench]:
    with Store.open(database_url, point="local", writer=True, rest_s=0) as store:
        yield Bench(store)


def breaks(bench: Bench, step: str, error: BaseException, *, target: str = ONE.slug) -> None:
    """Have one step of the checks of one target raise."""
    real: Any = getattr(bench.watch, step)

    async def fails(wanted: Target, *rest: Any, **more: Any) -> Any:
        if wanted.slug == target:
            password = SECRET  # a local, as a traceback would show it
            raise error from KeyError(len(password))
        return await real(wanted, *rest, **more)

    setattr(bench.watch, step, fails)


@pytest.mark.parametrize(
    "error",
    [KeyError("x"), RecursionError(), MemoryError(), AssertionError(), OSError(5, "x"), PANIC("x")],
    ids=lambda error: type(error).__name__,
)
async def test_a_fault_of_one_check_is_a_gap_of_that_target_alone(
    bench: Bench, error: BaseException
) -> None:
    breaks(bench, "_fetch", error)
    with capture_logs() as said:
        assert await bench.check(ONE) is None
        healthy = await bench.check(TWO)
    assert healthy is not None
    assert healthy.check.verdict is Verdict.UP
    (gap,) = bench.store.gaps(*since_dawn(bench))
    assert (gap.target, gap.cause, gap.slots) == (ONE.slug, GapCause.FAULT, 1)
    assert {GapCause.FAULT: 1} == bench.board.targets[ONE.slug].missed
    (line,) = [one for one in said if one["log_level"] == "error"]
    assert (line["work"], line["error"]) == (ONE.slug, type(error).__name__)
    assert SECRET not in str(said)
    assert bench.lane.backlog == 0


@pytest.mark.parametrize("step", ["judge.classify", "observer.check_of"])
async def test_a_fault_while_judging_leaves_the_state_as_it_was(
    bench: Bench, monkeypatch: pytest.MonkeyPatch, step: str
) -> None:
    await bench.check(ONE)
    before = bench.watch.state_of(ONE)

    def broken(*_: Any, **__: Any) -> None:
        raise ZeroDivisionError

    with monkeypatch.context() as patch:
        patch.setattr(f"monitor.probe.{step}", broken)
        assert await bench.check(ONE) is None
    assert bench.watch.state_of(ONE) == before
    assert await bench.check(ONE) is not None


@pytest.mark.parametrize("step", ["_read", "_keep"])
async def test_what_cannot_be_read_or_copied_is_recorded_without(bench: Bench, step: str) -> None:
    """An answer that was judged is known: to lose it for its text could hide an outage's edge."""
    breaks(bench, step, KeyError("x"))
    outcome = await bench.check(ONE)
    assert outcome is not None
    (check,) = bench.store.observations(ONE.slug, *since_dawn(bench))
    assert check.verdict is Verdict.UP
    assert bench.store.gaps(*since_dawn(bench)) == ()


async def test_a_recheck_that_fails_leaves_no_gap_and_holds_up_nothing(bench: Bench) -> None:
    breaks(bench, "_fetch", KeyError("x"))
    assert await bench.check(ONE, urgent=True) is None
    assert bench.store.gaps(*since_dawn(bench)) == ()
    assert await bench.check(TWO) is not None


@pytest.mark.parametrize("kind", [StoreError, CaptureError, JournalError])
@pytest.mark.parametrize("step", ["_fetch", "_read", "_keep"])
async def test_an_error_of_the_record_stops(bench: Bench, step: str, kind: type[Exception]) -> None:
    breaks(bench, step, kind("la base est pleine"))
    with pytest.raises(kind, match="pleine"):
        await bench.check(ONE)


async def test_who_is_cancelled_is_cancelled(bench: Bench) -> None:
    breaks(bench, "_fetch", asyncio.CancelledError())
    with pytest.raises(asyncio.CancelledError):
        await bench.check(ONE)


async def test_a_fault_that_repeats_is_said_once_an_hour() -> None:
    clock = FakeClock()
    faults = Faults(clock)

    def fail(work: str) -> None:
        with faults.sparing(work):
            raise KeyError(work)

    with capture_logs() as said:
        for _ in range(120):
            fail("a")
            fail("b")
            await clock.advance(60)
        fail("a")
    assert [("a", 0), ("b", 0), ("a", 59), ("b", 59), ("a", 59)] == [
        (one["work"], one["unsaid"]) for one in said
    ]


async def test_faults_without_end_are_remembered_within_a_bound() -> None:
    faults = Faults(FakeClock())
    with capture_logs():
        for number in range(3_000):
            with faults.sparing(f"t{number}"):
                raise KeyError(number)
    assert len(faults._said) <= 1_000


async def test_a_control_that_fails_is_one_that_did_not_answer(
    monkeypatch: pytest.MonkeyPatch, bench: Bench
) -> None:
    hosts = [
        ControlHost(slug=slug, name=slug, url=f"http://{slug}.test/", operator=slug)
        for slug in ("bon", "mauvais")
    ]
    fetcher = make_fetcher()

    async def fetch_url(
        url: str, *, deadline_s: float, gate: Gate, family: Family | None
    ) -> Exchange:
        del deadline_s, gate, family
        if "mauvais" in url:
            raise KeyError(url)
        return await bench.fetch(replace(ONE, url=url), open_gate)

    monkeypatch.setattr(fetcher, "fetch_url", fetch_url)
    config = replace(CONFIG, controls=replace(CONFIG.controls, hosts=tuple(hosts)))
    with capture_logs() as said:
        round_ = await build_line(config, bench.clock, fetcher, Faults(bench.clock)).check()
    assert round_.answers == {"bon": True, "mauvais": False}
    assert [one["error"] for one in said] == ["KeyError"]

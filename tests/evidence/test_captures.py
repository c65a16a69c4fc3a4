"""Which bytes are kept, that they are there when they are named, and how long they stay."""

import gzip
import random
import shutil
import subprocess
import sys
import time
from collections.abc import Sequence
from dataclasses import dataclass, field, replace
from datetime import UTC, date, datetime, timedelta
from pathlib import Path

import pytest

from monitor.core.model import (
    Capture,
    Event,
    Exchange,
    Judgement,
    Kind,
    Nature,
    Outage,
    Reason,
    Target,
    Transition,
    Verdict,
)
from monitor.core.outages.fold import in_outage
from monitor.evidence.captures import capture_metadata, capture_policy, day_files
from monitor.evidence.captures.capture_policy import CaptureError, Captures
from tests.support import outcomes
from tests.support.captured import ANSWERS, PAGE, spoken
from tests.support.outcomes import DEAD, OK, refusal
from tests.support.sites import answer

pytestmark = pytest.mark.anyio
ROOT = Path(__file__).parents[2]
DAY_ONE = datetime(2026, 11, 23, 8, 0, tzinfo=UTC)
TARGET = Target(slug="cible", name="Cible", url="http://site.test/", kind=Kind.PAGE, platform="x")
OTHER = replace(TARGET, slug="autre")
SLOW = Judgement(verdict=Verdict.DEGRADED, reason=Reason.SLOW, rule="slow")
LOST = Judgement(verdict=Verdict.UNKNOWN, reason=Reason.LOCAL_NETWORK, rule="controls-failed")
REFUSED = Judgement(verdict=Verdict.BLOCKED, reason=Reason.WAF, rule="refusal-mark")


def page(text: str = "") -> bytes:
    return answer(PAGE + text.encode(), "Date: Mon, 23 Nov 2026 08:00:00 GMT")


@dataclass(slots=True)
class Bench:
    """Captures of one target, a minute after the other."""

    folder: Path
    now: datetime = DAY_ONE
    kept: Captures = field(init=False)

    def __post_init__(self) -> None:
        self.restart()

    def restart(self, **more: int) -> None:
        self.kept = Captures(self.folder, software="essai/1", clock_limit_us=500_000)
        if more:
            self.kept._files = day_files.DayFiles(self.folder, software="essai/1", **more)

    async def see(  # noqa: PLR0913 -- keyword-only, each with its default
        self,
        judgement: Judgement = OK,
        data: bytes | None = None,
        *,
        minutes: float = 1,
        events: tuple[Event, ...] = (),
        outage: Outage | None = None,
        exchange: Exchange | None = None,
    ) -> tuple[Capture, ...]:
        self.now += timedelta(minutes=minutes)
        exchange = exchange or spoken(self.now, page() if data is None else data)
        observation = outcomes.observation("cible", self.now, judgement, exchange=exchange)
        state = replace(outcomes.outcome("cible", self.now, judgement).state, outage=outage)
        return await self.kept.keep(
            TARGET, observation, known_good=True, in_outage=in_outage(state, events)
        )

    async def why(self, *given: Judgement) -> list[str]:
        """Return why each of a series of observations was kept, the one before it first."""
        told = []
        for judgement in given:
            failing = judgement is DEAD
            at = self.now + timedelta(minutes=1)
            told.append(spell(await self.see(judgement, exchange=refusal(at) if failing else None)))
        return told

    def read(self, kept: Capture) -> capture_metadata.CaptureMetadata:
        found = day_files.find(self.folder / kept.file, kept.sha256)
        assert found is not None
        told, find = found
        whole = capture_metadata.observation_from(told, find)
        assert (whole.target, whole.at) == (kept.target, kept.at)
        assert told.why == kept.why
        return told

    def records(self, name: str = "2026-11-23.warc.gz") -> list[str]:
        return [member.record.kind for member in day_files.members(self.folder / name)]


def spell(kept: tuple[Capture, ...]) -> str:
    return " | ".join("+".join(place.why) for place in kept)


@pytest.fixture
def bench(tmp_path: Path) -> Bench:
    return Bench(tmp_path / "captures")


async def test_an_unchanged_page_is_kept_once_a_day(bench: Bench) -> None:
    assert ["text+daily", "", ""] == await bench.why(OK, OK, SLOW)
    bench.now += timedelta(days=1)
    assert ["daily", ""] == await bench.why(OK, OK)


async def test_every_failure_is_kept_with_the_good_check_before_and_after(bench: Bench) -> None:
    assert ["text+daily", "", "before | failure", "failure", "after", ""] == await bench.why(
        OK, OK, DEAD, DEAD, OK, OK
    )


async def test_a_refusal_and_a_line_that_fails_are_failures_too(bench: Bench) -> None:
    assert ["text+daily", "", "before | failure", "failure", "after"] == await bench.why(
        OK, OK, REFUSED, LOST, OK
    )


async def test_good_checks_are_kept_until_no_outage_is_open(bench: Bench) -> None:
    """The recovery may be confirmed by any of them, or by none."""
    await bench.see()
    outage = Outage(
        target="cible",
        point="local",
        nature=Nature.DOWN,
        reason=Reason.HTTP_5XX,
        last_ok_at=bench.now,
        first_fail_at=bench.now,
        last_fail_at=bench.now,
        confirmed_at=bench.now,
    )
    closed = Event(
        edge=Transition.OUTAGE_CLOSED, at=bench.now, target="cible", point="local", outage=outage
    )
    seen = [
        await bench.see(DEAD, outage=outage),
        await bench.see(outage=outage),
        await bench.see(outage=outage),
        await bench.see(events=(closed,)),
        await bench.see(),
    ]

    assert ["failure", "after", "after", "after", ""] == [spell(each) for each in seen]


async def test_a_page_that_says_something_else_is_kept(bench: Bench) -> None:
    texts = ["a", "a", "b", "a", "a"]

    seen = [await bench.see(data=page(text)) for text in texts]

    assert ["text+daily", "", "text", "text", ""] == [spell(each) for each in seen]


async def test_what_a_page_says_may_be_less_than_its_bytes(bench: Bench) -> None:
    """The digest is given: a token that changes at each request makes no new text.

    It takes two readings to be believed: both are kept when their bytes differ.
    """
    bench.kept = Captures(
        bench.folder,
        software="essai/1",
        clock_limit_us=0,
        text_of=lambda _target, exchange: exchange.body[:100],
    )

    seen = [await bench.see(data=page(text)) for text in "aabcd"]
    failed = await bench.see(DEAD, exchange=refusal(bench.now))

    assert ["text+daily", "", "text", "", ""] == [spell(each) for each in seen]
    assert spell(failed) == "before | failure"
    told = bench.read(failed[0])
    assert told.observation.at == bench.now - timedelta(minutes=1)


async def test_a_page_whose_every_copy_differs_does_not_fill_the_disk(
    bench: Bench, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(capture_policy, "MAX_TEXTS", 3)

    seen = [spell(await bench.see(data=page(str(rank)))) for rank in range(5)]
    bench.now += timedelta(days=1)
    tomorrow = spell(await bench.see(data=page("un autre jour")))

    assert ["text+daily", "text", "text", "", ""] == seen
    assert tomorrow == "text+daily"


async def test_every_place_that_is_named_holds_the_exchange_whole(bench: Bench) -> None:
    given = [OK, OK, DEAD, DEAD, OK, OK, SLOW, REFUSED]
    for judgement in given:
        for kept in await bench.see(judgement):
            told = bench.read(kept)
            assert told.target == TARGET
            assert told.known_good


async def test_the_same_body_stands_once_in_a_file(bench: Bench) -> None:
    await bench.why(OK, OK, REFUSED, OK)

    kinds = bench.records()

    assert kinds.count("response") == 1
    assert kinds.count("revisit") == 3


async def test_a_copy_that_waited_over_midnight_goes_to_its_own_day(bench: Bench) -> None:
    bench.now = DAY_ONE.replace(hour=23, minute=57)
    await bench.why(OK, OK)
    failed = await bench.see(DEAD, minutes=5, exchange=refusal(bench.now))

    assert [kept.file for kept in failed] == ["2026-11-23.warc.gz", "2026-11-24.warc.gz"]
    bench.read(failed[0])


async def test_too_much_is_not_held_in_memory(
    bench: Bench, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Its digest is recorded all the same."""
    monkeypatch.setattr(capture_policy, "HELD_BYTES", 10)

    assert ["text+daily", "", "failure"] == await bench.why(OK, OK, DEAD)
    assert bench.kept._buffered_bytes == 0


async def test_what_waits_is_counted_and_let_go(bench: Bench) -> None:
    await bench.why(OK, OK, OK)
    assert 0 < bench.kept._buffered_bytes < 1000  # a revisit and a request
    await bench.why(DEAD)
    assert bench.kept._buffered_bytes == 0


async def test_after_a_restart_the_first_check_is_kept_whole(bench: Bench) -> None:
    """Whatever changed meanwhile is not missed; nothing is read back."""
    await bench.why(OK, OK)
    bench.restart()

    assert ["text+daily", ""] == await bench.why(OK, OK)
    assert bench.records().count("response") == 2
    assert bench.records().count("warcinfo") == 1


async def test_a_full_file_is_followed_by_another(bench: Bench) -> None:
    bench.restart(max_file_bytes=2000)
    places = [(await bench.see(REFUSED, page(str(n))))[-1] for n in range(4)]

    names = [kept.file for kept in places]
    assert names[0] == "2026-11-23.warc.gz"
    assert names[1] == "2026-11-23-2.warc.gz"
    for kept in places:
        bench.read(kept)
    assert names == sorted(names, key=len)
    paths = day_files.files(bench.folder, since=date(2026, 11, 23))
    assert [path.name for path in paths] == list(dict.fromkeys(names))


async def test_a_torn_end_is_cut_off_before_more_is_added(bench: Bench) -> None:
    kept = (await bench.see(REFUSED))[-1]
    path = bench.folder / "2026-11-23.warc.gz"
    whole = path.read_bytes()
    path.write_bytes(whole + gzip.compress(b"WARC/1.1")[:-3])
    assert len(bench.records()) == 4  # a reader passes over it

    bench.restart()
    again = (await bench.see(REFUSED))[-1]

    assert path.read_bytes().startswith(whole)
    bench.read(kept)
    bench.read(again)


async def test_a_file_torn_in_its_first_record_is_begun_again(bench: Bench) -> None:
    bench.folder.mkdir()
    (bench.folder / "2026-11-23.warc.gz").write_bytes(b"\x1f\x8b")

    bench.read((await bench.see())[-1])

    assert bench.records()[0] == "warcinfo"


async def test_a_damaged_file_is_left_as_it_is(bench: Bench) -> None:
    await bench.see(REFUSED)
    path = bench.folder / "2026-11-23.warc.gz"
    damaged = bytearray(path.read_bytes())
    damaged[len(damaged) // 2] ^= 1
    path.write_bytes(damaged)

    bench.restart()
    kept = (await bench.see(REFUSED))[-1]

    assert kept.file == "2026-11-23-2.warc.gz"
    assert path.read_bytes() == damaged


async def test_what_cannot_be_written_stops_the_service(bench: Bench) -> None:
    bench.folder.write_bytes(b"a file in the place of the folder")

    with pytest.raises(CaptureError, match="relancez"):
        await bench.see()


@pytest.mark.parametrize("taken", ["folder", "file"])
async def test_copies_that_are_taken_away_under_the_service_stop_it(
    bench: Bench, taken: str
) -> None:
    await bench.see(REFUSED, page("1"))
    shutil.rmtree(bench.folder)
    if taken == "file":
        bench.folder.mkdir()

    with pytest.raises(CaptureError, match="relancez"):
        await bench.see(REFUSED, page("2"))
    assert not list(bench.folder.glob("*"))


async def test_only_daily_copies_are_removed_and_the_rest_stays_byte_for_byte(
    bench: Bench,
) -> None:
    first = await bench.see()  # a text, for ever
    bench.now += timedelta(days=1)
    await bench.why(OK, OK)  # a daily copy alone in its file
    bench.now += timedelta(days=1)
    await bench.see()  # a daily copy that stands before a failure
    framed = await bench.see(DEAD, exchange=refusal(bench.now))
    bench.now += timedelta(days=1)
    await bench.see()
    before = {path.name: path.read_bytes() for path in day_files.files(bench.folder)}

    await bench.kept.thin(bench.now.date(), days=0)

    after = {path.name: path.read_bytes() for path in day_files.files(bench.folder)}
    assert set(before) - set(after) == {"2026-11-24.warc.gz"}
    changed = {name for name in after if after[name] != before[name]}
    assert changed == {"2026-11-25.warc.gz"}
    assert bench.records("2026-11-25.warc.gz") == [
        "warcinfo", "request", "response", "metadata", "metadata",
    ]  # fmt: skip
    bench.read(first[-1])
    bench.read(framed[0])
    bench.read(framed[1])
    await bench.kept.thin(bench.now.date(), days=0)
    assert after == {path.name: path.read_bytes() for path in day_files.files(bench.folder)}


async def test_thinning_leaves_alone_what_it_cannot_read(bench: Bench) -> None:
    await bench.why(OK)
    bench.now += timedelta(days=1)
    await bench.why(OK)
    path = bench.folder / "2026-11-24.warc.gz"
    path.write_bytes(path.read_bytes()[:50] + b"!" + path.read_bytes()[51:])
    damaged = path.read_bytes()

    await bench.kept.thin(date(2027, 11, 25), days=365)

    assert path.read_bytes() == damaged


async def write_everything(bench: Bench) -> Sequence[Path]:
    """Keep every kind of answer, some twice, and failures."""
    for data in ANSWERS.values():
        await bench.see(OK, data)
        await bench.see(REFUSED, data)
    await bench.see(DEAD, exchange=refusal(bench.now))
    cut = spoken(bench.now, b"HTTP/1.1 2")
    await bench.see(DEAD, exchange=cut)
    return day_files.files(bench.folder)


async def test_warcio_finds_our_files_in_order(bench: Bench) -> None:
    """Every digest that warcio can check is right."""
    for path in await write_everything(bench):
        done = subprocess.run(  # noqa: ASYNC221 -- a test that waits for one program
            [sys.executable, "-m", "warcio.cli", "check", "-v", str(path)],
            capture_output=True,
            text=True,
            check=False,
        )
        assert done.returncode == 0, done.stdout
        assert "digest pass" in done.stdout
        assert "fail" not in done.stdout


async def test_fastwarc_finds_our_files_in_order(bench: Bench) -> None:
    fastwarc = Path(sys.executable).with_name("fastwarc")
    for path in await write_everything(bench):
        done = subprocess.run(  # noqa: ASYNC221 -- a test that waits for one program
            [fastwarc, "check", str(path)], capture_output=True, text=True, check=False
        )
        assert done.returncode == 0, done.stdout + done.stderr
        assert "fail" not in done.stdout.lower()


def test_killed_at_any_moment_a_file_can_be_read_and_holds_all_that_was_said(
    tmp_path: Path,
) -> None:
    chance = random.Random(1)  # noqa: S311 -- a test that can be repeated
    said: list[tuple[str, str]] = []
    for _ in range(4):
        command = [sys.executable, "-m", "tests.support.capture_writer", str(tmp_path)]
        with subprocess.Popen(command, cwd=ROOT, stdout=subprocess.PIPE, text=True) as process:
            assert process.stdout is not None
            lines = [process.stdout.readline() for _ in range(5)]
            time.sleep(chance.random() / 50)
            process.kill()
            lines += process.stdout.readlines()
        said += [(name, digest) for name, _, digest in (line.partition(" ") for line in lines)]
    for name, digest in said:
        if digest.endswith("\n"):  # the last line may be cut
            assert day_files.find(tmp_path / name, digest.strip()) is not None

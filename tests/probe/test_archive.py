"""What our own new rules of reading make of pages: kept bytes are read again, on both engines."""

import json
from asyncio import gather
from collections.abc import Callable, Iterator
from contextlib import ExitStack
from dataclasses import replace
from datetime import timedelta
from pathlib import Path
from threading import Event as Pause
from threading import Semaphore
from typing import Any

import pytest

from monitor.core.changes.page_events import PageEdge, PageEvent, Version
from monitor.core.changes.text_history import NO_COPY, RETAKEN
from monitor.core.model import Exchange, Kind, Outcome, Target
from monitor.core.text.page import EXTRACTION_VERSION, Element, Page
from monitor.core.text.read import read_page
from monitor.evidence.captures.capture_policy import Captures
from monitor.probe import page_tracker
from monitor.probe.page_archive import Archive
from monitor.probe.page_tracker import PageTracker
from monitor.store import Store
from monitor.store.audit.auditor import audit
from tests.support.captured import spoken
from tests.support.clock import FakeClock
from tests.support.databases import database_url, postgres, sqlite_template
from tests.support.outcomes import observation, outcome
from tests.support.readings import URL, body, minute
from tests.support.reads import target
from tests.support.sites import answer

__all__ = ["database_url", "postgres", "sqlite_template"]

pytestmark = pytest.mark.anyio
PAGE = replace(target("etrangers"), kind=Kind.PAGE, url=URL)
NEXT, AFTER_NEXT = "next", "after next"  # versions of rules that are yet to come
TOKEN = b'<input type="hidden" name="jeton" value="%d">'


@pytest.fixture
def anyio_backend() -> str:
    return "asyncio"


class Service:
    """The parts that keep, read and record one page, for as many runs as a test wants."""

    def __init__(self, url: str, folder: Path) -> None:
        self.folder = folder
        self._url = url
        self._runs = ExitStack()
        self.clock = FakeClock()
        self.start()

    def start(self) -> None:
        """Start anew, after a stop if need be."""
        self._runs.close()
        self.store = self._runs.enter_context(
            Store.open(self._url, point="local", writer=True, rest_s=0)
        )
        archive = Archive(self.store, self.folder, clock=self.clock)
        self.book = PageTracker(self.store.tracks(), point="local", archive=archive)
        self.captures = Captures(
            self.folder, software="essai/1", clock_limit_us=500_000, text_of=self.book.text_of
        )

    def stop(self) -> None:
        self._runs.close()

    async def see(self, letters: str, since: int, noise: bytes = b"") -> list[PageEvent]:
        """Record one reading a minute of texts that go by a letter."""
        events: list[PageEvent] = []
        for number, letter in enumerate(letters, since):
            content = body(letter) + (noise and noise % number)
            seen = await self.record(spoken(minute(number), answer(content), url=URL))
            events += seen.changes
        return events

    async def record(self, exchange: Exchange, *, of: Target = PAGE) -> Outcome:
        seen = observation(of.slug, exchange.started_at, exchange=exchange)
        version, changes = await self.book.read(of, seen, ())
        done = replace(
            outcome(of.slug, seen.at, exchange=exchange),
            version=version,
            changes=changes,
            captures=await self.captures.keep(of, seen, known_good=True, in_outage=False),
        )
        await self.store.record(done)
        return done


@pytest.fixture
def service(database_url: str, tmp_path: Path) -> Iterator[Service]:
    service = Service(database_url, tmp_path / "captures")
    yield service
    service.stop()


def titled(page: Page) -> Page:
    """Read as new rules that take the title from elsewhere."""
    return replace(page, title=f"{page.title}, par les nouvelles règles")


def without_phones(page: Page) -> Page:
    return replace(page, blocks=tuple(b for b in page.blocks if "Téléphone" not in b.text))


@pytest.fixture
def upgrade(service: Service, monkeypatch: pytest.MonkeyPatch) -> Callable[..., None]:
    """Return what stops the service and starts it with other rules."""

    def restart(rule: Callable[[Page], Page] = titled, version: str = NEXT) -> None:
        def read(*given: Any, **more: Any) -> Page:
            return replace(rule(read_page(*given, **more)), extraction_version=version)

        monkeypatch.setattr(page_tracker, "read_page", read)
        service.start()

    return restart


def edges(events: list[PageEvent]) -> list[str]:
    return [event.edge.value for event in events]


async def test_new_rules_alone_are_one_technical_edge_that_nobody_is_told(
    service: Service, upgrade: Callable[..., None]
) -> None:
    await service.see("AAA", 0)
    upgrade()

    (technical,) = await service.see("AAA", 3)

    assert (PageEdge.TECHNICAL, False) == (technical.edge, technical.announced)
    assert technical.before is not None
    assert technical.after is not None
    assert technical.before.body_sha256 == technical.after.version.body_sha256
    assert technical.before.sha256 != technical.after.version.sha256
    assert technical.change is not None
    assert technical.change.summary == RETAKEN
    new, old = service.store.page_versions(PAGE.slug)
    assert [(EXTRACTION_VERSION, minute(0), minute(2)), (NEXT, minute(2), minute(5))] == [
        (one.extraction_version, one.first_at, one.last_at) for one in (old, new)
    ]


async def test_a_change_of_the_page_at_the_same_time_is_found_and_announced(
    service: Service, upgrade: Callable[..., None]
) -> None:
    await service.see("AAA", 0)
    upgrade()

    technical, changed = await service.see("BB", 3)

    assert ["technical", "changed"] == edges([technical, changed])
    assert [False, True] == [technical.announced, changed.announced]
    assert [minute(3), minute(4)] == [technical.at, changed.at]
    newest = service.store.page_changes(announced_only=True)[0]
    assert (minute(2), minute(3)) == (newest.after_at, newest.by_at)
    assert "01 99 00 56 78" in newest.summary


async def test_a_restart_between_the_two_readings_of_the_change_loses_nothing(
    service: Service, upgrade: Callable[..., None]
) -> None:
    await service.see("AAA", 0)
    upgrade()
    before = await service.see("B", 3)
    service.start()

    after = await service.see("BB", 4)

    assert (["technical"], ["changed"]) == (edges(before), edges(after))


async def test_a_check_that_was_never_recorded_leaves_nothing_of_its_rereading(
    service: Service, upgrade: Callable[..., None]
) -> None:
    """As when the process is killed before its transaction; the journal and the rows agree."""
    await service.see("AAA", 0)
    upgrade()
    exchange = spoken(minute(3), answer(body("B")), url=URL)
    killed = observation(PAGE.slug, minute(3), exchange=exchange)
    assert (await service.book.read(PAGE, killed, ()))[1]
    service.start()

    assert ["technical", "changed"] == edges(await service.see("BB", 4))
    store = service.store
    entries = list(store.leaves(0, store.leaf_count()))
    assert ["first", "technical", "changed"] == [
        leaf["edge"] for leaf in map(json.loads, entries) if leaf["type"] == "change"
    ]
    assert {"state"} >= {one.table for one in audit(store, entries)}  # states are not folded here


async def test_a_text_that_was_shown_before_the_new_rules_is_a_return_even_runs_later(
    service: Service, upgrade: Callable[..., None]
) -> None:
    await service.see("AABBB", 0)
    upgrade()
    technical = await service.see("BB", 5)
    service.start()

    events = await service.see("AA", 7)

    assert (["technical"], ["returned"]) == (edges(technical), edges(events))


async def test_a_text_that_was_never_shown_is_no_return_under_new_rules(
    service: Service, upgrade: Callable[..., None]
) -> None:
    await service.see("AABBB", 0)
    upgrade()

    assert ["technical", "changed"] == edges(await service.see("CC", 5))


@pytest.mark.parametrize(
    "how", ["missing", "damaged", "of another body", "unreadable by new rules"]
)
async def test_without_a_sound_copy_the_next_reading_is_taken_and_the_summary_says_so(
    service: Service, upgrade: Callable[..., None], monkeypatch: pytest.MonkeyPatch, how: str
) -> None:
    await service.see("AAA", 0)
    (file,) = service.folder.glob("*.warc.gz")
    if how == "missing":
        file.unlink()
    elif how == "damaged":
        file.write_bytes(file.read_bytes()[:200] + b"?" + file.read_bytes()[201:])
    elif how == "of another body":
        other = spoken(minute(0), answer(body("C")), url=URL)
        monkeypatch.setattr("monitor.evidence.captures.capture_check.opened", lambda *_: other)
    upgrade()
    if how == "unreadable by new rules":
        monkeypatch.setattr(page_tracker, "_read_again", lambda *_: None)

    (technical,) = await service.see("BB", 3)

    assert technical.edge is PageEdge.TECHNICAL
    assert technical.change is not None
    assert technical.change.summary == NO_COPY
    assert technical.after is not None
    assert (minute(2), minute(3)) == (
        technical.after.version.before_at,
        technical.after.version.first_at,
    )


async def test_a_page_of_which_every_copy_differs_by_a_token_is_bounded_by_its_daily_copy(
    service: Service, upgrade: Callable[..., None]
) -> None:
    day = 24 * 60
    await service.see("A", 0, TOKEN)
    await service.see("AAA", day, TOKEN)
    upgrade()

    events = await service.see("BB", day + 3, TOKEN)

    assert ["technical", "changed"] == edges(events)
    assert events[1].before is not None
    assert minute(day) == events[1].before.last_at


async def test_such_a_page_is_bounded_on_its_first_day_by_the_reading_that_made_it_believed(
    service: Service, upgrade: Callable[..., None]
) -> None:
    await service.see("AAAA", 0, TOKEN)
    upgrade()

    events = await service.see("BB", 4, TOKEN)

    assert ["technical", "changed"] == edges(events)
    assert events[1].before is not None
    assert minute(1) == events[1].before.last_at


async def test_the_next_reading_may_be_the_only_later_copy_that_agrees(
    service: Service, upgrade: Callable[..., None]
) -> None:
    await service.see("A", 0)
    upgrade()

    (technical,) = await service.see("AA", 3)

    assert technical.change is not None
    assert technical.change.summary == RETAKEN
    assert [(minute(3), minute(4)), (minute(0), minute(0))] == [
        (version.first_at, version.last_at) for version in service.store.page_versions(PAGE.slug)
    ]


async def test_what_only_the_new_rules_see_has_bounds_that_are_not_too_short(
    service: Service, upgrade: Callable[..., None], monkeypatch: pytest.MonkeyPatch
) -> None:
    """The old rules left the phone out; it changed between two copies of one stay."""
    monkeypatch.setattr(
        page_tracker, "read_page", lambda *a, **k: without_phones(read_page(*a, **k))
    )
    await service.see("AABB", 0)
    upgrade(titled)

    technical, changed = await service.see("BB", 4)

    assert ["technical", "changed"] == edges([technical, changed])
    assert changed.before is not None
    assert changed.after is not None
    assert (minute(1), minute(4)) == (changed.before.last_at, changed.after.version.first_at)


async def test_a_later_copy_that_the_new_rules_read_otherwise_bounds_nothing(
    service: Service, upgrade: Callable[..., None], monkeypatch: pytest.MonkeyPatch
) -> None:
    """Then only the first reading is known to have shown the text: a stay needs a later one."""
    monkeypatch.setattr(
        page_tracker, "read_page", lambda *a, **k: without_phones(read_page(*a, **k))
    )
    day = 24 * 60
    await service.see("A", 0, TOKEN)
    await service.see("BB", day, TOKEN)
    upgrade(titled)

    (technical,) = await service.see("BB", day + 2, TOKEN)

    assert technical.change is not None
    assert technical.change.summary == NO_COPY


async def test_facts_pass_from_the_old_rules_to_the_new_without_a_hole(
    service: Service, upgrade: Callable[..., None]
) -> None:
    await service.see("AAA", 0)
    upgrade(without_phones)
    await service.see("AA", 3)

    facts = {
        (fact.element, fact.extraction_version): (fact.since, fact.until)
        for fact in service.store.page_facts()
    }
    assert {
        (Element.PHONE, EXTRACTION_VERSION): (minute(0), minute(2)),
        (Element.OPENING_HOURS, EXTRACTION_VERSION): (minute(0), minute(2)),
    } == facts
    assert not page_tracker.metrics_of_pages(service.store, service.store.tracks())[
        PAGE.slug
    ].offered
    upgrade(titled, AFTER_NEXT)
    await service.see("AA", 5)
    seen = page_tracker.metrics_of_pages(service.store, service.store.tracks())[PAGE.slug]
    assert {Element.PHONE, Element.OPENING_HOURS} == seen.offered


async def test_earlier_texts_are_read_again_only_when_another_text_shows(
    service: Service, upgrade: Callable[..., None], monkeypatch: pytest.MonkeyPatch
) -> None:
    await service.see("AABBCC", 0)
    upgrade()
    read, again = page_tracker._read_again, []

    def counted(archive: Archive, slug: str, version: Version) -> Any:
        again.append(version.first_at)
        return read(archive, slug, version)

    monkeypatch.setattr(page_tracker, "_read_again", counted)

    await service.see("CCC", 6)
    assert [minute(4)] == again
    await service.see("DDD", 9)
    assert [minute(4), minute(4), minute(2), minute(0)] == again


async def test_reading_earlier_texts_again_is_bounded_in_number_and_time(
    service: Service, upgrade: Callable[..., None], monkeypatch: pytest.MonkeyPatch
) -> None:
    await service.see("AABBCCDDEE", 0)
    monkeypatch.setattr(page_tracker, "MOST_RENAMED", 2)
    upgrade()
    await service.see("E", 10)
    await service.see("FF", 11)
    assert ["returned"] == edges(await service.see("DD", 13))
    assert ["changed"] == edges(await service.see("AA", 15))

    monkeypatch.setattr(page_tracker, "MOST_RENAMED", 20)
    monkeypatch.setattr(page_tracker, "RENAMING_US", -1)
    service.start()
    assert ["changed"] == edges(await service.see("BB", 17))


async def test_a_page_that_differs_by_noise_only_is_one_text_among_the_copies(
    service: Service,
) -> None:
    seen = [
        await service.record(spoken(minute(number), answer(body(letter) + TOKEN % number), url=URL))
        for number, letter in enumerate("AAABBAA")
    ]

    assert ["text daily", "text", "", "text", "text", "text", "text"] == [
        " ".join(" ".join(kept.why) for kept in one.captures) for one in seen
    ]
    later = minute(0) + timedelta(days=1)
    tomorrow = await service.record(spoken(later, answer(body("A") + TOKEN % 99), url=URL))
    assert [("daily",)] == [kept.why for kept in tomorrow.captures]


async def test_kept_bodies_are_read_again_one_at_a_time_each_at_the_check_of_its_page(
    service: Service, upgrade: Callable[..., None], monkeypatch: pytest.MonkeyPatch
) -> None:
    many = [replace(PAGE, slug=f"page-{number}") for number in range(5)]
    for number in range(2):
        for one in many:
            await service.record(spoken(minute(number), answer(body("A")), url=URL), of=one)
    upgrade()
    read, inside, alone = page_tracker._read_again, Semaphore(1), list[bool]()

    def slowly(archive: Archive, slug: str, version: Version) -> Any:
        alone.append(inside.acquire(blocking=False))
        found = read(archive, slug, version)
        Pause().wait(0.05)
        inside.release()
        return found

    monkeypatch.setattr(page_tracker, "_read_again", slowly)
    seen = [
        observation(one.slug, minute(2), exchange=spoken(minute(2), answer(body("B"))))
        for one in many
    ]

    assert [] == alone
    found = await gather(
        *(service.book.read(one, each, ()) for one, each in zip(many, seen, strict=True))
    )
    # Its text, then the one that it had before, by its name under the new rules.
    assert [True] * 10 == alone
    assert [["technical"]] * 5 == [edges(list(events)) for _, events in found]

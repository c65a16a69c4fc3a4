"""Which checks are read, and how seldom a page is parsed."""

from asyncio import gather
from dataclasses import replace
from threading import Event as Pause
from threading import Semaphore, get_ident
from typing import cast

import pytest

from monitor.core.changes.page_events import PageEdge, PageReading, Version
from monitor.core.changes.text_history import HistoryStep, TextHistory, advance
from monitor.core.model import (
    Event,
    Judgement,
    Kind,
    Nature,
    Observation,
    Outage,
    Reason,
    Target,
    Transition,
    Verdict,
)
from monitor.core.text.page import Page, is_little_compared
from monitor.core.text.read import read_page
from monitor.probe import page_tracker
from monitor.probe.page_archive import Archive
from monitor.probe.page_tracker import RESTS, PageTracker
from tests.support.clock import FakeClock
from tests.support.little_compared import little_compared
from tests.support.outcomes import OK, answer, observation
from tests.support.readings import body, minute
from tests.support.reads import target

pytestmark = pytest.mark.anyio
PAGE = replace(target("etrangers"), kind=Kind.PAGE)
NOISE = b'<input type="hidden" name="jeton" value="%d"><script>var t = %d;</script>'


@pytest.fixture
def anyio_backend() -> str:
    return "asyncio"


def check(content: bytes, number: int, judgement: Judgement = OK) -> Observation:
    at = minute(number)
    return observation(PAGE.slug, at, judgement, exchange=answer(at, content))


async def read(
    book: PageTracker, content: bytes, number: int, judgement: Judgement = OK, *, of: Target = PAGE
) -> list[PageEdge]:
    _, events = await book.read(of, check(content, number, judgement), ())
    return [event.edge for event in events]


async def test_a_change_is_told_at_the_second_reading_and_wanted_soon_before() -> None:
    book = PageTracker((), point="local")

    assert [PageEdge.FIRST] == await read(book, body("A"), 0)
    assert [] == await read(book, body("B"), 1)
    assert book.in_doubt(PAGE.slug)
    assert [PageEdge.CHANGED] == await read(book, body("B"), 2)
    assert not book.in_doubt(PAGE.slug)


@pytest.mark.parametrize(
    ("verdict", "reason", "makes"),
    [
        (Verdict.UP, Reason.OK, True),
        (Verdict.UP, Reason.MOVED, True),
        (Verdict.DEGRADED, Reason.SLOW, True),
        (Verdict.DEGRADED, Reason.TLS_CHAIN_INCOMPLETE, True),
        (Verdict.DEGRADED, Reason.MARKER_MISSING, False),
        (Verdict.DEGRADED, Reason.MOVED, False),
        (Verdict.DEGRADED, Reason.EMPTY_SHELL, False),
        (Verdict.DOWN, Reason.ERROR_TEXT, False),
        (Verdict.MAINTENANCE, Reason.MAINTENANCE_TEXT, False),
        (Verdict.BLOCKED, Reason.CAPTCHA, False),
        (Verdict.UNKNOWN, Reason.LOCAL_NETWORK, False),
    ],
)
async def test_only_the_page_itself_makes_a_version(
    verdict: Verdict, reason: Reason, *, makes: bool
) -> None:
    book = PageTracker((), point="local")
    judgement = Judgement(verdict=verdict, reason=reason, rule="r")

    assert [PageEdge.FIRST] * makes == await read(book, body("A"), 0, judgement)


@pytest.mark.parametrize("kind", [kind for kind in Kind if kind is not Kind.PAGE])
async def test_only_pages_are_followed(kind: Kind) -> None:
    book = PageTracker((), point="local")

    assert [] == await read(book, body("A"), 0, of=replace(PAGE, kind=kind))


async def test_a_page_without_any_text_makes_no_version() -> None:
    book = PageTracker((), point="local")

    assert [] == await read(book, b"<html><body></body></html>", 0)


async def test_the_same_bytes_are_not_parsed_again(monkeypatch: pytest.MonkeyPatch) -> None:
    book = PageTracker((), point="local")
    await read(book, body("A"), 0)

    def refuse(*_: object, **__: object) -> None:
        raise AssertionError("parsed")

    monkeypatch.setattr(page_tracker, "read_page", refuse)
    version, events = await book.read(PAGE, check(body("A"), 1), ())

    assert () == events
    assert version is not None
    assert (2, minute(1)) == (version.checks, version.last_at)


async def test_a_page_that_differs_by_its_tokens_only_has_the_same_text() -> None:
    book = PageTracker((), point="local")
    await read(book, body("A") + NOISE % (1, 1), 0)

    version, events = await book.read(PAGE, check(body("A") + NOISE % (2, 2), 1), ())

    assert () == events
    assert version is not None
    assert (2, minute(1)) == (version.checks, version.last_at)


async def test_a_confirmed_disappearance_is_an_edge_and_an_outage_of_another_kind_is_not() -> None:
    book = PageTracker((), point="local")
    await read(book, body("A"), 0)
    down = Judgement(verdict=Verdict.DOWN, reason=Reason.GONE, rule="gone")
    seen = check(b"", 1, down)

    for reason, edges in ((Reason.HTTP_5XX, []), (Reason.GONE, [PageEdge.REMOVED])):
        _, found = await book.read(PAGE, seen, [opened(reason)])
        assert edges == [event.edge for event in found]


def opened(reason: Reason) -> Event:
    outage = Outage(
        target=PAGE.slug,
        point="local",
        nature=Nature.DOWN,
        reason=reason,
        last_ok_at=minute(0),
        first_fail_at=minute(1),
        last_fail_at=minute(1),
        confirmed_at=minute(1),
    )
    return Event(
        edge=Transition.OUTAGE_OPENED, at=minute(1), target=PAGE.slug, point="local", outage=outage
    )


async def test_pages_are_parsed_one_at_a_time(monkeypatch: pytest.MonkeyPatch) -> None:
    """Parsing threads share one interpreter with the probes: many would starve them."""
    parse = read_page
    inside = Semaphore(1)
    alone: list[bool] = []

    def slowly(body: bytes, *, url: str | None, charset: str | None) -> Page:
        alone.append(inside.acquire(blocking=False))
        Pause().wait(0.05)
        if alone[-1]:
            inside.release()
        return parse(body, url=url, charset=charset)

    monkeypatch.setattr(page_tracker, "read_page", slowly)
    book = PageTracker((), point="local")

    await gather(*(read(book, body("A"), 0, of=replace(PAGE, slug=f"page-{n}")) for n in range(5)))

    assert alone == [True] * 5


async def test_the_loop_is_free_while_two_long_texts_are_compared(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    where: list[int] = []

    def watched(track: TextHistory, reading: PageReading) -> HistoryStep:
        where.append(get_ident())
        return advance(track, reading)

    monkeypatch.setattr(page_tracker, "advance", watched)
    book = PageTracker((), point="local")
    for number, letter in enumerate("AABBA"):
        await read(book, body(letter), number)

    assert [one == get_ident() for one in where] == [True, True, False, False, False]


class _Archive:
    """What a page book asks of an archive where our own rules do not change."""

    def __init__(self) -> None:
        self.clock = FakeClock()

    def versions(self, target: str) -> tuple[Version, ...]:
        del target
        return ()


async def test_a_page_that_takes_long_is_read_seldom_and_its_own_text_is_known_meanwhile(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    archive, read_by = _Archive(), list[bytes]()
    book = PageTracker((), point="local", archive=cast("Archive", archive))

    def slowly(body: bytes, *, url: str | None, charset: str | None) -> Page:
        if "numéro L".encode() in body:
            archive.clock._set(archive.clock.monotonic_us() + 3_000_000)
        read_by.append(body)
        return read_page(body, url=url, charset=charset)

    monkeypatch.setattr(page_tracker, "read_page", slowly)
    other = replace(PAGE, slug="autre")

    await read(book, body("L"), 0)
    await read(book, body("M"), 1)
    await read(book, body("N"), 0, of=other)
    assert len(read_by) == 2  # the second is of another page

    version, _ = await book.read(PAGE, check(body("L"), 2), ())
    assert version is not None
    assert version.checks == 2

    await archive.clock.advance(3 * RESTS + 1)
    await read(book, body("M"), 3)
    assert [PageEdge.CHANGED] == await read(book, body("M"), 4)


async def test_a_page_of_which_little_is_compared_is_followed_and_says_so() -> None:
    book = PageTracker((), point="local")

    assert [PageEdge.FIRST] == await read(book, little_compared(), 0)
    shown = book.shown(PAGE.slug)
    assert shown is not None
    assert is_little_compared(shown.packed.compared_permille)
    assert [] == await read(book, little_compared(" Venez tôt."), 1)
    assert [PageEdge.CHANGED] == await read(book, little_compared(" Venez tôt."), 2)

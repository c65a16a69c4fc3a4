"""The Atom feeds: what RFC 4287 asks of a document, stable names, 304, and hostile texts."""

import asyncio
from collections.abc import Iterator
from dataclasses import replace
from datetime import datetime, timedelta
from pathlib import Path

import httpx
import pytest
from lxml import etree
from starlette.applications import Starlette

from monitor.core.changes.change_log import ChangeRecord
from monitor.core.model import Incident, Nature, Outcome
from monitor.core.notices.feed_entries import LINE_MAX, TITLE_MAX, change_entry, incident_entry
from monitor.core.untrusted.xml_text import xml_line
from monitor.store import Store
from monitor.web.pages_app import build
from tests.core.test_letters import CHANGE
from tests.support.alerting import closed, configured, opened
from tests.support.clock import FakeClock
from tests.support.databases import sqlite_template
from tests.support.followed import record
from tests.support.metrics import FixedMetrics
from tests.support.outcomes import at
from tests.support.reads import NOW, outage

__all__ = ["sqlite_template"]
ATOM = "{http://www.w3.org/2005/Atom}"
CONFIG = configured()
PLACE = next(target for target in CONFIG.targets if target.department == "38")
SITE = "https://vigie.association.test"
HOSTILE = "</title><script>alert(1)</script>]]>&\x00\x1b\u202e\ufffe\n" + "x" * 5_000


@pytest.fixture
def store(sqlite_template: Path, tmp_path: Path) -> Iterator[Store]:
    path = tmp_path / "vigie.sqlite"
    path.write_bytes(sqlite_template.read_bytes())
    with Store.open(f"sqlite:///{path}", point="local", writer=True, rest_s=0) as made:
        yield made


def app_of(store: Store) -> Starlette:
    return build(
        store,
        config=CONFIG,
        clock=FakeClock(at(10_000)),
        point="local",
        metrics=FixedMetrics(),
        version="0",
        fresh_s=0,
    )


def put(store: Store, outcome: Outcome) -> None:
    """Record an edge with the incident that a watch would have made of it."""
    (event,) = outcome.events
    assert event.outage is not None
    incident = Incident(
        platform=CONFIG.by_slug[event.target].platform,
        point="local",
        opened_at=event.outage.first_fail_at,
        closed_at=event.outage.first_ok_at,
        outages=((event.target, event.outage.first_fail_at),),
    )
    asyncio.run(store.record(replace(outcome, incidents=(incident,))))


def ask(store: Store, path: str, **headers: str) -> httpx.Response:
    async def once() -> httpx.Response:
        transport = httpx.ASGITransport(app=app_of(store))
        async with httpx.AsyncClient(transport=transport, base_url="http://vigie.test") as web:
            return await web.get(path, headers=headers)

    return asyncio.run(once())


def text(element: etree._Element, name: str) -> str:
    (child,) = element.findall(ATOM + name)
    return child.text or ""


def instant(written: str) -> datetime:
    assert written.endswith("Z")
    return datetime.fromisoformat(written)


def checked(answer: httpx.Response) -> etree._Element:
    """Check what RFC 4287 asks of a feed and its entries; return the feed."""
    assert answer.status_code == 200
    assert answer.headers["content-type"] == "application/atom+xml; charset=utf-8"
    assert answer.headers["x-content-type-options"] == "nosniff"
    parser = etree.XMLParser(resolve_entities=False, no_network=True)
    root = etree.fromstring(answer.content, parser)
    assert root.tag == f"{ATOM}feed"
    identifiers = [text(root, "id")]
    assert root.findall(f"{ATOM}author/{ATOM}name")[0].text
    rels = [link.get("rel") for link in root.findall(f"{ATOM}link")]
    assert sorted(map(str, rels)) == ["alternate", "self"]  # 4.1.1: at most one of each type
    newest = instant(text(root, "updated"))
    for entry in root.findall(f"{ATOM}entry"):
        identifiers.append(text(entry, "id"))
        assert text(entry, "title")
        assert instant(text(entry, "published")) <= instant(text(entry, "updated")) <= newest
        (link,) = entry.findall(f"{ATOM}link")
        assert link.get("rel") == "alternate"
        assert str(link.get("href")).startswith(f"{SITE}/")
        (content,) = entry.findall(f"{ATOM}content")
        assert content.get("type") == "text"
        assert not len(content), "4.1.3.3: text has no child"
    assert len(set(identifiers)) == len(identifiers)
    assert all(identifier.startswith("https://") for identifier in identifiers)
    known = {"feed", "entry", "id", "title", "updated", "published", "author", "name", "link"}
    known |= {"icon", "rights", "content"}
    assert {str(one.tag).removeprefix(ATOM) for one in root.iter()} <= known
    return root


FEEDS = (
    "/flux/tout.xml",
    "/flux/incidents.xml",
    "/flux/modifications.xml",
    "/flux/departements/38.xml",
    f"/flux/cibles/{PLACE.slug}.xml",
)


@pytest.mark.parametrize("path", FEEDS)
def test_a_feed_without_any_entry_is_valid(store: Store, path: str) -> None:
    root = checked(ask(store, path))
    assert root.findall(f"{ATOM}entry") == []
    self_link = next(one for one in root.findall(f"{ATOM}link") if one.get("rel") == "self")
    assert self_link.get("href") == f"{SITE}{path}"


@pytest.mark.parametrize("path", ["/flux/cibles/nulle.xml", "/flux/departements/999.xml", "/flux/"])
def test_there_is_no_feed_of_what_does_not_exist(store: Store, path: str) -> None:
    assert ask(store, path).status_code == 404


def entries(store: Store, path: str) -> list[etree._Element]:
    return checked(ask(store, path)).findall(f"{ATOM}entry")


def test_an_incident_keeps_its_name_and_is_updated_when_its_end_is_confirmed(store: Store) -> None:
    put(store, opened(PLACE.slug, 0))
    (before,) = entries(store, "/flux/incidents.xml")
    assert text(before, "title").startswith("[Indisponible] ")
    assert instant(text(before, "updated")) == at(0), "when it was confirmed"
    put(store, closed(PLACE.slug, 600, 0))
    (after,) = entries(store, "/flux/incidents.xml")
    assert text(after, "title").startswith("[Rétabli] ")
    assert text(after, "id") == text(before, "id")
    assert instant(text(after, "updated")) == at(600)
    assert text(after, "published") == text(before, "published")


def test_each_place_has_its_own_entries_and_all_are_in_the_whole(store: Store) -> None:
    put(store, opened(PLACE.slug, 9_000))
    put(store, opened("anef-usagers", 60))
    record(store, "AABB", target=PLACE.slug)
    numbers = {path: len(entries(store, path)) for path in FEEDS}
    assert numbers["/flux/incidents.xml"] == 2
    assert numbers["/flux/modifications.xml"] == 1
    assert numbers["/flux/departements/38.xml"] == 2
    assert numbers[f"/flux/cibles/{PLACE.slug}.xml"] == 2
    whole = entries(store, "/flux/tout.xml")
    assert len(whole) == 3
    order = [instant(text(one, "updated")) for one in whole]
    assert order == sorted(order, reverse=True)


def test_who_has_a_feed_is_told_that_nothing_changed(store: Store) -> None:
    put(store, opened(PLACE.slug, 0))
    first = ask(store, "/flux/tout.xml")
    again = ask(store, "/flux/tout.xml", **{"if-none-match": first.headers["etag"]})
    assert again.status_code == 304
    assert again.content == b""
    put(store, closed(PLACE.slug, 600, 0))
    changed = ask(store, "/flux/tout.xml", **{"if-none-match": first.headers["etag"]})
    assert changed.status_code == 200


@pytest.mark.parametrize(
    ("page", "feed"),
    [
        ("/", "/flux/tout.xml"),
        ("/incidents", "/flux/incidents.xml"),
        ("/modifications", "/flux/modifications.xml"),
        ("/departements/38", "/flux/departements/38.xml"),
        (f"/cibles/{PLACE.slug}", f"/flux/cibles/{PLACE.slug}.xml"),
    ],
)
def test_pages_name_their_feed_in_their_head(store: Store, page: str, feed: str) -> None:
    head = ask(store, page).text.partition("</head>")[0]
    assert f'type="application/atom+xml" href="{feed}"' in head
    assert 'href="/flux/tout.xml"' in head


class Hostile:
    """The record of a page that writes what would end an element."""

    def __init__(self, store: Store) -> None:
        self._store = store

    def __getattr__(self, name: str) -> object:
        return getattr(self._store, name)

    def page_changes(self, **_: object) -> list[ChangeRecord]:
        change = replace(CHANGE, summary=HOSTILE, target=PLACE.slug)
        return [replace(change, number=number) for number in range(40)]


def test_a_watched_page_writes_nothing_but_bounded_text(store: Store) -> None:
    answer = ask(Hostile(store), "/flux/modifications.xml")  # type: ignore[arg-type]
    root = checked(answer)
    assert len(root.findall(f"{ATOM}entry")) == 40
    assert b"<script" not in answer.content
    contents = [text(one, "content") for one in root.findall(f"{ATOM}entry")]
    assert all("<script>alert(1)</script>" in one for one in contents), "shown as it is written"
    assert all(len(one) < 3 * LINE_MAX for one in contents)
    assert len(answer.content) < 200_000


def test_names_of_targets_are_bounded_and_of_one_line() -> None:
    entry = change_entry(CHANGE, HOSTILE)
    assert len(entry.title) <= TITLE_MAX
    assert "\n" not in entry.title
    for char in "\x00\x1b\u202e\ufffe":
        assert char not in entry.title
    assert xml_line("a\u2028b\ud800c\tdé", 100) == "a b c dé"


def test_an_open_incident_says_nothing_that_the_next_check_would_change() -> None:
    one = replace(outage("a"), number=4)
    names = {"a": "Une page"}
    later = replace(one, last_fail_at=one.last_fail_at + timedelta(hours=1), checks=99)
    assert incident_entry(4, [one], names, is_open=True) == incident_entry(
        4, [later], names, is_open=True
    )
    maintenance = replace(one, nature=Nature.MAINTENANCE)
    assert incident_entry(4, [maintenance], names, is_open=True).title == "[Maintenance] Une page"
    over = replace(outage("b", closed=True), number=5)
    both = incident_entry(4, [one, over], names | {"b": "Autre"}, is_open=True)
    assert both.title == "[Indisponible] Une page", "of those that last"
    assert both.updated <= NOW

"""A page that leads to a target that goes, and comes back: told once each, restarts included."""

import json
from collections import Counter
from collections.abc import Iterator, Sequence
from dataclasses import replace

import pytest

from monitor.core.changes.change import ChangeKind, Weight
from monitor.core.changes.change_log import ChangeRecord
from monitor.core.changes.page_events import PageEdge
from monitor.core.model import Exchange, Target
from monitor.fetch import Gate
from monitor.metrics import MetricsState
from monitor.probe.page_tracker import metrics_of_pages
from monitor.store import Store
from tests.probe.test_watch import ONE as ANEF
from tests.probe.test_watch import TWO as PAGE
from tests.probe.test_watch import Bench
from tests.support.clock import FakeClock
from tests.support.databases import database_url, postgres, sqlite_template
from tests.support.linking import body
from tests.support.outcomes import answer

__all__ = ["database_url", "postgres", "sqlite_template"]  # fixtures

pytestmark = pytest.mark.anyio
LINK = f'<a href="{ANEF.url}">Déposer ma demande</a>'
FILLING = "La procédure est décrite sur cette page. " * 20
LINKS = [PageEdge.LINK_BROKEN, PageEdge.LINK_RESTORED, PageEdge.LINK_DROPPED]


class Linked(Bench):
    """A page with a link to a target, and that target."""

    def __init__(self, store: Store, clock: FakeClock | None = None) -> None:
        super().__init__(store, clock)
        self.said: Sequence[str] = (FILLING, LINK)
        self.status = 200
        self.asked: Counter[str] = Counter()

    async def fetch(self, wanted: Target, gate: Gate) -> Exchange:
        await gate(wanted.url)
        self.asked[wanted.url] += 1
        said, status = (self.said, 200) if wanted == PAGE else ((FILLING,), self.status)
        found = answer(self.clock.now(), body(*said))
        hops = tuple(replace(hop, url=wanted.url, status=status) for hop in found.hops)
        return replace(found, url=wanted.url, hops=hops)

    async def go_round(self, times: int = 3) -> None:
        """Check the target, then the page: enough for an outage to open, or to end."""
        for _ in range(times):
            for wanted in (ANEF, PAGE):
                assert await self.check(wanted) is not None

    def told(self) -> list[ChangeRecord]:
        """Return what was recorded of links, the oldest first."""
        return [change for change in self.store.page_changes()[::-1] if change.edge in LINKS]


@pytest.fixture
def anyio_backend() -> str:
    return "asyncio"


@pytest.fixture
def store(database_url: str) -> Iterator[Store]:
    with Store.open(database_url, point="local", writer=True, rest_s=0) as opened:
        yield opened


@pytest.fixture
def bench(store: Store) -> Linked:
    return Linked(store)


def again(bench: Linked) -> Linked:
    """Start the service anew on the same record, with the sites as they are."""
    restarted = Linked(bench.store, bench.clock)
    restarted.board = MetricsState(
        [ANEF, PAGE],
        states=bench.store.states(),
        pages=metrics_of_pages(bench.store, bench.store.tracks()),
    )
    restarted.watch._board = restarted.board
    restarted.said, restarted.status = bench.said, bench.status
    return restarted


def dead(bench: Linked) -> int:
    seen = bench.board.targets[PAGE.slug].page
    assert seen is not None
    return seen.dead_links


async def test_a_link_is_told_dead_then_restored_and_each_is_a_row_and_a_leaf(
    bench: Linked,
) -> None:
    await bench.go_round()
    bench.status = 404
    await bench.go_round()
    (died,) = bench.told()
    (link,) = bench.store.dead_links(dead_only=True)
    (outage,) = bench.store.outages(open_only=True)

    assert (PageEdge.LINK_BROKEN, PAGE.slug) == (died.edge, died.target)
    assert ((ChangeKind.LINK_BROKEN,), Weight.MAJOR, True) == (
        died.kinds,
        died.weight,
        died.announced,
    )
    assert "« Déposer ma demande »" in died.summary
    assert (None, died.at) == (died.after_at, died.by_at)
    assert (PAGE.slug, ANEF.slug, outage.first_fail_at) == (
        link.page,
        link.link.target,
        link.link.gone_at,
    )
    assert (died.at, None, 1) == (link.since, link.until, dead(bench))

    bench.status = 200
    await bench.go_round()
    back = bench.told()[-1]
    (ended,) = bench.store.dead_links([PAGE.slug])
    assert (PageEdge.LINK_RESTORED, True, 2) == (back.edge, back.announced, len(bench.told()))
    assert ((back.at, 0), ()) == (
        (ended.until, dead(bench)),
        bench.store.dead_links(dead_only=True),
    )
    assert [(ended,), (ended,), ()] == [
        bench.store.dead_links(change=number) for number in (died.number, back.number, 1)
    ]
    leaves = [json.loads(entry) for entry in bench.store.leaves(0, 1000)]
    said = [leaf for leaf in leaves if leaf["type"] == "change" and "leads_to" in leaf]
    assert [("link_broken", [ANEF.slug]), ("link_restored", [ANEF.slug])] == [
        (leaf["edge"], leaf["leads_to"]) for leaf in said
    ]
    assert "Déposer" not in json.dumps(said, ensure_ascii=False)


async def test_nothing_more_is_asked_for_links(bench: Linked) -> None:
    bench.said = (FILLING, LINK, *(f'<a href="https://ailleurs.example/{n}">x</a>' for n in "abc"))
    bench.status = 404
    await bench.go_round()

    assert {ANEF.url: 3, PAGE.url: 3} == bench.asked


async def test_a_restart_tells_neither_the_death_nor_the_return_twice(bench: Linked) -> None:
    await bench.go_round()
    bench.status = 404
    await bench.go_round()
    bench = again(bench)
    assert 1 == dead(bench)
    await bench.go_round()
    assert [PageEdge.LINK_BROKEN] == [one.edge for one in bench.told()]

    bench.status = 200
    await bench.go_round()
    bench = again(bench)
    await bench.go_round()
    assert [PageEdge.LINK_BROKEN, PageEdge.LINK_RESTORED] == [one.edge for one in bench.told()]
    assert 0 == dead(bench)


async def test_a_link_that_left_is_told_by_the_text_alone(bench: Linked) -> None:
    await bench.go_round()
    bench.status = 404
    await bench.go_round()
    bench.said = (FILLING, "Le service en ligne est supprimé.")
    await bench.go_round()

    announced = [
        change.edge
        for change in bench.store.page_changes(targets=[PAGE.slug], announced_only=True)[::-1]
    ]
    assert [PageEdge.LINK_BROKEN, PageEdge.CHANGED] == announced
    assert [PageEdge.LINK_BROKEN, PageEdge.LINK_DROPPED] == [one.edge for one in bench.told()]
    assert (0, ()) == (dead(bench), bench.store.dead_links(dead_only=True))


async def test_a_page_that_comes_to_link_to_a_dead_address_is_told_when_its_text_is_believed(
    bench: Linked,
) -> None:
    bench.said = (FILLING,)
    await bench.go_round()
    bench.status = 404
    await bench.go_round()
    assert [] == bench.told()
    bench.said = (FILLING, LINK)
    await bench.check(PAGE)
    assert [] == bench.told()
    await bench.check(PAGE)

    changed, died = bench.store.page_changes(targets=[PAGE.slug], announced_only=True)[::-1]
    assert (PageEdge.CHANGED, PageEdge.LINK_BROKEN) == (changed.edge, died.edge)
    assert changed.after == died.before


async def test_a_failure_that_may_pass_tells_nothing_of_links(bench: Linked) -> None:
    await bench.go_round()
    bench.status = 503
    await bench.go_round(5)

    assert 1 == len(bench.store.outages(open_only=True))
    assert [] == bench.told()


async def test_links_are_told_only_by_a_check_that_read_the_text_that_has_them(
    bench: Linked,
) -> None:
    await bench.go_round()
    bench.status = 404
    for _ in range(3):
        await bench.check(ANEF)
    bench.said = (FILLING, "Un autre texte, vu une fois.")
    await bench.check(PAGE)
    assert [] == bench.told()

    bench.said = (FILLING, LINK)
    await bench.check(PAGE)
    assert [PageEdge.LINK_BROKEN] == [one.edge for one in bench.told()]

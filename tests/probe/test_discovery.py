"""A search walks a site of ours: politely, to its end, and again after a stop."""

import asyncio
import tomllib
from collections.abc import Mapping
from dataclasses import replace
from pathlib import Path

import pytest

from monitor.core.model import (
    Exchange,
    Hop,
    Judgement,
    Kind,
    Platform,
    Reason,
    Verdict,
)
from monitor.probe.discovery import MOST_PAGES, MOST_WAITING, Search, Searches, step
from monitor.probe.lane import Lane
from monitor.probe.robots_cache import Gate
from monitor.probe.turn_queue import NoTurn
from tests.support.clock import FakeClock
from tests.support.reads import target

pytestmark = pytest.mark.anyio
SITE = "https://www.exemple.gouv.fr"
HOME = replace(
    target("prefecture-93", "Exemple – site de la préfecture", department="93"),
    url=f"{SITE}/",
    kind=Kind.HOME,
)
KNOWN = [
    (f"{SITE}/ancienne/Naturalisation", "Naturalisation"),
    ("https://copie.example/sejour", "Titres de séjour"),
]


def page(title: str, *links: str) -> str:
    listed = "".join(f'<li><a href="{link}">{link}</a></li>' for link in links)
    return (
        f"<html><head><title>{title}</title></head><body><main><h1>{title}</h1>"
        f"<p>Un texte.</p><ul>{listed}</ul></main></body></html>"
    )


PAGES = {
    "/": page("Accueil", "/Demarches", "/Demarches/Etrangers", "http://copie.example/etrangers"),
    "/Demarches": page("Démarches", "/Demarches/Etrangers2", "/Demarches/Asile", "/Permis"),
    "/Demarches/Etrangers": page("Étrangers en France", "/profond/sejour", "/sortie/sejour"),
    "/Demarches/Asile": page("Asile"),
    "/profond/sejour": page("Titres de séjour", "/trop/profond/sejour"),
    "/trop/profond/sejour": page("Trop loin, séjour"),
}


class Site:
    """Answers what it has, sends some visitors elsewhere, and counts them."""

    def __init__(self, pages: Mapping[str, str]) -> None:
        self.clock = FakeClock()
        self.pages = pages
        self.asked: list[str] = []
        self.at_us: list[int] = []
        self.verdicts: dict[str, Verdict] = {}
        platform = Platform(slug="anef", name="", spacing_s=10)
        self.lane = Lane(platform, self.clock)

    async def fetch(self, url: str, gate: Gate) -> Exchange:
        await gate(url)
        self.asked.append(url)
        self.at_us.append(self.clock.monotonic_us())
        if "/sortie/" in url:
            await gate("https://copie.example/sejour")
        path = url.removeprefix(SITE)
        now = self.clock.now()
        status = 200 if path in self.pages else 404
        hop = Hop(url=url, started_at=now, status=status)
        body = self.pages.get(path, "").encode()
        return Exchange(url=url, started_at=now, duration_us=1, hops=(hop,), body=body)

    async def judge(self, exchange: Exchange) -> Judgement:
        verdict = Verdict.UP if exchange.status == 200 else Verdict.DOWN
        verdict = self.verdicts.get(exchange.url.removeprefix(SITE), verdict)
        return Judgement(verdict=verdict, reason=Reason.OK, rule="r")

    async def walk(self, search: Search, steps: int = 100) -> list[str]:
        told: list[str] = []
        while not search.done and len(told) < steps:
            going = asyncio.ensure_future(
                step(search, lane=self.lane, clock=self.clock, fetch=self.fetch, judge=self.judge)
            )
            while not going.done():
                await self.clock.advance(10)
            told.append(await going)
        return told


def begun(folder: Path) -> Search:
    return Searches(folder).open(HOME, KNOWN)


@pytest.fixture
def anyio_backend() -> str:
    return "asyncio"


def proposals(search: Search) -> set[str]:
    return {proposal.url.removeprefix(SITE) for proposal in search.proposals}


async def test_a_search_proposes_what_speaks_of_foreigners_within_two_links(
    tmp_path: Path,
) -> None:
    search, site = begun(tmp_path), Site(PAGES)

    await site.walk(search)

    assert {"/Demarches/Etrangers", "/Demarches/Asile", "/profond/sejour"} == proposals(search)
    assert f"{SITE}/trop/profond/sejour" not in site.asked


async def test_no_other_site_is_visited_whatever_leads_there(tmp_path: Path) -> None:
    search, site = begun(tmp_path), Site(PAGES)

    told = await site.walk(search)

    assert all(url.startswith(f"{SITE}/") for url in site.asked)
    assert "mène à un autre site : écartée" in told


async def test_each_page_is_asked_once_and_the_spacing_is_kept(tmp_path: Path) -> None:
    search, site = begun(tmp_path), Site(PAGES)

    await site.walk(search)

    assert len(site.asked) == len(set(site.asked))
    assert all(
        after - before >= 10_000_000
        for before, after in zip(site.at_us, site.at_us[1:], strict=False)
    )


async def test_a_search_that_was_stopped_goes_on_where_it_was(tmp_path: Path) -> None:
    whole, other = begun(tmp_path / "a"), begun(tmp_path / "b")
    straight, broken = Site(PAGES), Site(PAGES)
    await straight.walk(whole)

    searches = Searches(tmp_path / "b")
    while not other.done:
        await broken.walk(other, steps=1)
        searches.save(other, HOME, watched=[])
        other = searches.open(HOME, KNOWN)

    assert straight.asked == broken.asked
    assert proposals(whole) == proposals(other)


async def test_a_site_without_end_costs_no_more_than_its_share(tmp_path: Path) -> None:
    links = [f"/sejour/{number}" for number in range(3_000)]
    endless = page("Séjour", *links)
    site = Site(dict.fromkeys(("/", *links), endless))
    search = begun(tmp_path)

    await site.walk(search)

    assert (MOST_PAGES, MOST_PAGES) == (len(site.asked), search.pages)
    assert len(search.waiting) <= MOST_WAITING


async def test_a_refusal_closes_the_lane_and_keeps_the_page_for_later(tmp_path: Path) -> None:
    search, site = begun(tmp_path), Site(PAGES)
    site.verdicts["/"] = Verdict.BLOCKED

    await site.walk(search, steps=1)

    assert f"{SITE}/" == search.waiting[0].url
    assert 0 == search.pages
    with pytest.raises(NoTurn):
        await site.walk(search, steps=1)
    assert 1 == len(site.asked)


async def test_what_our_own_line_kept_from_us_is_taken_up_again(tmp_path: Path) -> None:
    search, site = begun(tmp_path), Site(PAGES)
    site.verdicts["/"] = Verdict.UNKNOWN

    await site.walk(search, steps=1)

    assert f"{SITE}/" == search.waiting[0].url


async def test_proposals_are_entries_that_the_configuration_takes(tmp_path: Path) -> None:
    search, site = begun(tmp_path), Site({**PAGES, "/Demarches/Asile": page('L\'"asile"\x7f')})
    await site.walk(search)

    watched = [HOME.url, f"{SITE}/index.php/demarches/ETRANGERS"]
    path = Searches(tmp_path).save(search, HOME, watched=watched)

    found = tomllib.loads(path.read_text(encoding="utf-8"))["target"]
    assert {f"{SITE}/Demarches/Asile", f"{SITE}/profond/sejour"} == {one["url"] for one in found}
    assert {"page"} == {one["kind"] for one in found}
    assert all(one["slug"].startswith("prefecture-93-") for one in found)
    assert "Exemple – Titres de séjour" in {one["name"] for one in found}

"""Search a prefecture's site for its pages for foreigners, within its platform's budget.

From its home page and the addresses known from public copies, the search follows links whose
words mention foreigners, and the menus of the home page. Results are proposed to a person; the
configuration is never changed.
"""

import json
from collections.abc import Awaitable, Callable, Iterable
from dataclasses import dataclass, field
from datetime import datetime
from pathlib import Path

from pydantic import TypeAdapter

from monitor.core.model import Exchange, Judgement, Target, Verdict
from monitor.core.text.markup import parse
from monitor.core.text.page_candidates import (
    CandidateLink,
    folded,
    hosts_of,
    is_of,
    leads,
    slug_of,
    speaks_of_foreigners,
)
from monitor.core.text.read import read_markup
from monitor.core.untrusted.library_errors import Unreadable, reading
from monitor.evidence import durable
from monitor.probe.lane import Lane
from monitor.probe.robots_cache import Gate
from monitor.runtime.clock import Clock

MOST_PAGES = 25  # read of one prefecture, its home included
MOST_DEPTH = 2  # links followed from the home page
MOST_WAITING = 300

Fetch = Callable[[str, Gate], Awaitable[Exchange]]  # never raises for failures of the site
Judge = Callable[[Exchange], Awaitable[Judgement]]


class Elsewhere(Exception):  # noqa: N818 -- an outcome: a redirect led to another site
    """A request that would leave the prefecture's own hosts."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Proposal:
    """A page proposed for the configuration."""

    url: str
    title: str
    found_on: str  # the words of the link, or where the address was known from
    read_at: datetime
    updated_on: str


@dataclass(slots=True, kw_only=True)
class Search:
    """The state of the search of one prefecture, stored between two runs."""

    department: str
    home: str
    waiting: list[CandidateLink] = field(default_factory=list)
    seen: set[str] = field(default_factory=set)  # folded addresses
    proposals: list[Proposal] = field(default_factory=list)
    pages: int = 0

    @property
    def done(self) -> bool:
        return not self.waiting or self.pages >= MOST_PAGES


_SEARCH = TypeAdapter(Search)


class Searches:
    """The searches in progress: one file each, and one with its proposals."""

    def __init__(self, folder: Path) -> None:
        self._folder = folder

    def open(self, home: Target, known: Iterable[tuple[str, str]]) -> Search:
        """Return a search where it stopped, or a new one from `known` addresses and titles."""
        path = self._folder / f"{home.department}.json"
        if path.exists():
            return _SEARCH.validate_json(path.read_bytes())
        search = Search(department=home.department, home=home.url)
        hosts = hosts_of(home.url)
        add(search, [CandidateLink(url=home.url, text="", depth=0, about=False)], hosts)
        starts = [CandidateLink(url=url, text=title, depth=1, about=True) for url, title in known]
        add(search, starts, hosts)
        return search

    def save(self, search: Search, home: Target, *, watched: Iterable[str]) -> Path:
        """Write a search and its proposals durably; return the file to review."""
        data = _SEARCH.dump_json(search, indent=1)
        durable.write(self._folder / f"{search.department}.json", data)
        path = self._folder / f"{search.department}.toml"
        durable.write(path, proposed(search, home, watched=watched).encode())
        return path


def add(search: Search, candidates: Iterable[CandidateLink], hosts: frozenset[str]) -> None:
    """Queue addresses, each page once; those that mention foreigners come first."""
    for lead in candidates:
        name = folded(lead.url)
        acceptable = lead.depth <= MOST_DEPTH and is_of(lead.url, hosts)
        if acceptable and name not in search.seen and len(search.waiting) < MOST_WAITING:
            search.seen.add(name)
            search.waiting.append(lead)
    search.waiting.sort(key=lambda lead: (lead.depth > 0, not lead.about, lead.depth))


async def step(search: Search, *, lane: Lane, clock: Clock, fetch: Fetch, judge: Judge) -> str:
    """Read the next page of a search; return the result, in French.

    A page that could not be read for a fault of our own stays in the queue.

    Raises:
        NoTurn: The lane is closed, or robots.txt forbids the page; it stays in the queue.

    """
    lead = search.waiting[0]
    hosts = hosts_of(search.home)
    try:
        async with lane.turn(f"discover-{search.department}", clock.now()) as turn:
            exchange = await fetch(lead.url, _within(hosts, turn.request))
            judgement = await judge(exchange)
            if judgement.verdict is Verdict.BLOCKED:
                lane.refused(clock.now())
                return "accès refusé : le budget de la plateforme se ferme"
    except Elsewhere:
        _take(search, lead)
        return "mène à un autre site : écartée"
    if judgement.verdict is Verdict.UNKNOWN:
        return "indéterminé de notre côté : à reprendre"
    _take(search, lead)
    if judgement.verdict not in {Verdict.UP, Verdict.DEGRADED}:
        return f"ne répond pas comme une page ({judgement.reason.value}) : écartée"
    try:
        with reading("page"):
            return _read(search, lead, exchange, hosts)
    except Unreadable:
        return "ne se laisse pas lire : écartée"


def _within(hosts: frozenset[str], request: Gate) -> Gate:
    """Return a gate that allows only these hosts, redirects included."""

    async def gate(url: str) -> None:
        if not is_of(url, hosts):
            raise Elsewhere
        await request(url)

    return gate


def _take(search: Search, lead: CandidateLink) -> None:
    search.waiting.remove(lead)
    search.pages += 1


def _read(search: Search, lead: CandidateLink, exchange: Exchange, hosts: frozenset[str]) -> str:
    """Queue the links of a page, and propose it when it mentions foreigners itself."""
    markup = parse(exchange.body, charset=exchange.charset or None)
    url = exchange.final_url
    search.seen.add(folded(url))
    add(search, leads(markup, base=url, depth=lead.depth, hosts=hosts), hosts)
    page = read_markup(markup, url=url)
    about = lead.depth > 0 and speaks_of_foreigners(page.title, url)
    if page.obstacle or not about:
        return "lue"
    if folded(url) in {folded(proposal.url) for proposal in search.proposals}:
        return "lue, déjà proposée"
    search.proposals.append(
        Proposal(
            url=url,
            title=page.title or lead.text,
            found_on=lead.text,
            read_at=exchange.started_at,
            updated_on=page.updated_on,
        )
    )
    return f"proposée : {page.title or lead.text}"


def proposed(search: Search, home: Target, *, watched: Iterable[str]) -> str:
    """Format the proposals as entries of `config/targets/prefectures/`, for a person to accept.

    Pages that are targets already, whatever the variant of their address, are left out.
    """
    watched_pages = {folded(url) for url in watched}
    place = home.name.split(" – ")[0]
    lines = [
        "# Propositions de « vigie discover » : relire chaque page, puis recopier ce qui convient",
        f"# dans config/targets/prefectures/{search.department}.toml. Rien n’y est ajouté seul.",
    ]
    slugs: set[str] = set()
    for proposal in search.proposals:
        if folded(proposal.url) in watched_pages:
            continue
        entry = {
            "slug": _slug(search.department, proposal.title, slugs),
            "name": f"{place} – {proposal.title[:120]}",
            "url": proposal.url,
            "kind": "page",
            "source": f"vigie discover, page lue le {proposal.read_at:%d/%m/%Y}",
            "verified": "live",
        }
        lines += ["", "[[target]]", *(f"{key} = {_toml(value)}" for key, value in entry.items())]
        if proposal.updated_on:
            lines.append(f"# Mise à jour affichée : {proposal.updated_on}")
    return "\n".join(lines) + "\n"


def _slug(department: str, title: str, slugs: set[str]) -> str:
    base = f"prefecture-{department.lower()}-{slug_of(title) or 'page'}"
    slug, number = base, 2
    while slug in slugs:
        slug, number = f"{base}-{number}", number + 1
    slugs.add(slug)
    return slug


def _toml(text: str) -> str:
    """Encode a string; a JSON string is a TOML string too, except for DEL."""
    return json.dumps(text.replace("\x7f", ""), ensure_ascii=False)

"""`vigie discover`: search prefectures' sites for pages for foreigners, and propose them."""

import asyncio
import csv
import os
from argparse import Namespace
from collections import defaultdict
from collections.abc import Sequence
from functools import partial
from pathlib import Path

from monitor.cli.parsing import CommandRefused, Commands, folders, require_identity
from monitor.config import Config, load
from monitor.config.settings import Settings, read_settings
from monitor.core.french.formatting import count
from monitor.core.model import Exchange, GapCause, Judgement, Kind, LaneState, Target
from monitor.core.scheduling.robots_txt import RobotsFile
from monitor.fetch import Fetcher, Gate, Resolver
from monitor.probe.build import build_fetcher, build_lanes, build_line
from monitor.probe.discovery import MOST_PAGES, Searches, step
from monitor.probe.judge import Judge
from monitor.probe.local_health.own_health import LocalHealth
from monitor.probe.turn_queue import NoTurn
from monitor.runtime.clock import Clock, SystemClock
from monitor.runtime.faults import Faults
from monitor.store import Store

CANDIDATES = "discovery/candidates.csv"  # in the folder of the configuration
DEADLINE_S = 30.0
FOLDER = "discovery"  # in the folder of data

Known = dict[str, list[tuple[str, str]]]  # addresses and titles, by department


def add(commands: Commands) -> None:
    """Add the command."""
    finding = commands.add_parser(
        "discover",
        help="chercher les pages pour les étrangers des préfectures",
        description="Lit lentement l’accueil et les menus d’une préfecture, dans le budget de sa "
        "plateforme, et propose des cibles à relire. La configuration n’est jamais modifiée. "
        "Une recherche interrompue reprend où elle en était. Le service doit être arrêté.",
    )
    folders(finding)
    finding.add_argument(
        "--department", action="append", metavar="CODE",
        help="plusieurs fois si besoin ; sans lui, ceux qui n’ont pas encore de page",
    )  # fmt: skip
    finding.set_defaults(run=run)


def run(args: Namespace) -> int:
    """Search each department in turn; 1 when a search could not be completed."""
    config = load(args.config)
    homes = chosen(config, args.department)
    known = read_known(args.config / CANDIDATES)
    require_identity(config)
    settings = read_settings(os.environ, data=args.data)
    # The lock of the writer excludes the service, which spends the same budgets.
    with Store.open(settings.database_url, point=settings.point, writer=True) as store:
        return asyncio.run(search_all(config, settings, store, homes, known))


def chosen(config: Config, codes: Sequence[str] | None) -> Sequence[Target]:
    """Return the home pages to start from.

    Raises:
        CommandRefused: A department has none.

    """
    homes = {target.department: target for target in config.targets if target.kind is Kind.HOME}
    homes.pop("", None)
    if codes is None:
        followed = {target.department for target in config.targets if target.kind is Kind.PAGE}
        return [home for code, home in sorted(homes.items()) if code not in followed]
    for code in codes:
        if code not in homes:
            raise CommandRefused(
                f"--department : {code} : aucun accueil de préfecture n’est surveillé"
            )
    return [homes[code] for code in codes]


def read_known(path: Path) -> Known:
    """Read the addresses known from public copies.

    Raises:
        CommandRefused: The file cannot be read.

    """
    by_department: Known = defaultdict(list)
    try:
        with path.open(encoding="utf-8", newline="") as file:
            for row in csv.DictReader(file):
                by_department[row["department_code"]].append((row["url"], row["title"]))
    except FileNotFoundError:
        return by_department
    except (OSError, UnicodeDecodeError, KeyError, csv.Error) as error:
        raise CommandRefused(f"{path} : illisible : {error}") from None
    return by_department


class Searcher:
    """Makes the requests of searches under the same rules as the service."""

    def __init__(
        self,
        config: Config,
        settings: Settings,
        store: Store,
        *,
        clock: Clock,
        resolver: Resolver | None = None,
    ) -> None:
        self._config = config
        self._store = store
        self._clock = clock
        self._fetcher: Fetcher = build_fetcher(config, clock, resolver)
        self._line: LocalHealth = build_line(config, clock, self._fetcher, Faults(clock))
        self._judge = Judge(config=config, point=settings.point, line=self._line)
        self._searches = Searches(settings.data / FOLDER)
        self._writing: set[asyncio.Task[None]] = set()
        self._lanes = build_lanes(
            config,
            store,
            clock=clock,
            fetcher=self._fetcher,
            keep_robots=self._keep_robots,
            on_change=self._lane_changed,
        )

    async def search(self, home: Target, addresses: Sequence[tuple[str, str]]) -> bool:
        """Search one department; False when the search was interrupted."""
        search = self._searches.open(home, addresses)
        watched = [target.url for target in self._config.targets]
        ended = True
        while not search.done and ended:
            url = search.waiting[0].url
            try:
                result = await step(
                    search,
                    lane=self._lanes[home.platform],
                    clock=self._clock,
                    fetch=self._fetch,
                    judge=partial(self._judged, home),
                )
                ended = url not in {lead.url for lead in search.waiting}
            except NoTurn as refusal:
                ended = refusal.cause is GapCause.ROBOTS
                result = "robots.txt demande de ne pas la lire" if ended else "plateforme fermée"
                if ended:
                    search.waiting.pop(0)
            path = self._searches.save(search, home, watched=watched)
            print(f"{home.department} : {search.pages}/{MOST_PAGES} · {url} : {result}", flush=True)
        path = self._searches.save(search, home, watched=watched)
        proposals_text = count(len(search.proposals), "page proposée", "pages proposées")
        state = "" if ended else " Recherche interrompue : relancer pour reprendre."
        print(f"{home.department} : {proposals_text}, à relire dans {path}.{state}", flush=True)
        await asyncio.gather(*self._writing)
        return ended

    async def _fetch(self, url: str, gate: Gate) -> Exchange:
        return await self._fetcher.fetch_url(url, deadline_s=DEADLINE_S, gate=gate)

    async def _judged(self, home: Target, exchange: Exchange) -> Judgement:
        page = Target(
            slug=home.slug,
            name=home.name,
            url=exchange.url,
            kind=Kind.PAGE,
            platform=home.platform,
            slow_s=float("inf"),
        )
        observation = await self._judge.observation(
            page, exchange.started_at, exchange, known_good=True
        )
        return observation.judgement

    def _keep_robots(self, file: RobotsFile) -> None:
        self._write(self._store.keep_robots(file.origin, file.text, file.status, file.fetched_at))

    def _lane_changed(self, state: LaneState) -> None:
        self._write(self._store.save_lane(state))

    def _write(self, work: object) -> None:
        task = asyncio.ensure_future(work)  # type: ignore[call-overload]
        self._writing.add(task)


async def search_all(
    config: Config, settings: Settings, store: Store, homes: Sequence[Target], by_department: Known
) -> int:
    """Search each department in turn, until a platform is closed; 0 when all were completed."""
    searcher = Searcher(config, settings, store, clock=SystemClock())
    for number, home in enumerate(homes, start=1):
        print(f"Département {home.department} ({number} sur {len(homes)})", flush=True)
        if not await searcher.search(home, by_department.get(home.department, [])):
            return 1
    return 0

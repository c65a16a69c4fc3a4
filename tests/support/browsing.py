"""The pages on a real server of this machine, over a record of a little of everything, or none."""

import asyncio
import re
import socket
import threading
from collections.abc import Iterator, Sequence
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from urllib.parse import urlsplit

import httpx
from bs4 import BeautifulSoup
from starlette.applications import Starlette

from monitor.config import Config
from monitor.store import Store, migrate
from monitor.web.serving.http_server import WebServer
from tests.support.folds import Folds
from tests.support.followed import record
from tests.support.interface import CONFIG, MADE_FILES, PAGE, Caller, opened
from tests.support.outcomes import (
    DEAD,
    OK,
    SPOILED,
    a_run,
    answer,
    at,
    observation,
    panel,
    refusal,
)
from tests.support.service_days import open_store

# Of each minute: "." good, "x" failing, "?" spoiled on our own side, " " no check. The last outage
# is still open.
WEATHER = ("..xxxxx....x..", "..............", ".xxxx..?..xxxx", "..??..........")
STEP_S = 60
WATCHED = 48  # targets of the real list that this record has
PAGES_MAX = 400  # that a crawl visits
PATIENCE_S = 60  # for one page, on a machine that has other work
_FILES = ("/journal/", "/static/")  # no pages; this server has no journal
# One page stands for all that a route makes: their data differ, their template does not.
_PARTS = (
    (
        re.compile(r"^/((?:en|ar)/)?(cibles|departements|incidents|modifications)/[^/.]+"),
        r"/\1\2/…",
    ),
)


@dataclass(frozen=True, slots=True)
class Weather:
    """What a record is filled with: of each step one sign, see `WEATHER`, for targets in turn."""

    skies: Sequence[str] = WEATHER
    step_s: int = STEP_S
    watched: int = WATCHED

    @property
    def now_s(self) -> int:
        """A minute after the last checks."""
        return self.step_s * (len(self.skies[0]) - 1) + 60


def fill(url: str, weather: Weather, config: Config) -> None:
    """Record outages, blips, a gap and changes of pages, on targets of the real list."""
    targets = {target.slug: target for target in config.targets[: weather.watched]}
    folds = Folds(targets)

    async def live(store: Store) -> None:
        await store.start_run(a_run(at(-1)))
        for step in range(len(weather.skies[0])):
            await store.record_round(panel(at(weather.step_s * step)), None)
            for rank, slug in enumerate(targets):
                now = at(weather.step_s * step + 5 + rank / 100)
                sky = weather.skies[rank % len(weather.skies)][step]
                if sky == " ":
                    continue
                judgement = {"x": DEAD, "?": SPOILED}.get(sky, OK)
                exchange = refusal(now) if sky in "x?" else answer(now)
                seen = observation(slug, now, judgement, exchange=exchange)
                await store.record(folds.outcome(seen))

    with open_store(url, targets={target.slug: target for target in config.targets}) as store:
        asyncio.run(live(store))
        record(store, "AABBABACC", target=PAGE)


@contextmanager
def serving(folder: Path, *, weather: Weather | None, config: Config = CONFIG) -> Iterator[str]:
    """Serve the pages over a new record until left; yield their address, without a final slash.

    The record is empty without a weather.
    """
    url = f"sqlite:///{folder / 'vigie.sqlite'}"
    migrate(url)
    if weather:
        # In a thread of its own: a browser that is driven from this one has a loop running here.
        with ThreadPoolExecutor(max_workers=1) as pool:
            pool.submit(fill, url, weather, config).result()
    with opened(url) as store:
        now_s = (weather or Weather()).now_s
        for name in MADE_FILES:
            (folder / name).write_bytes(b"a file of a dossier")
        with served(Caller(store, config=config, now_s=now_s, made_dossiers=folder).app) as base:
            yield base


@contextmanager
def served(app: Starlette) -> Iterator[str]:
    """Serve an application on loopback until left; yield its address, without a final slash."""
    with socket.create_server(("127.0.0.1", 0)) as listening:
        listening.setblocking(False)  # noqa: FBT003 -- its only argument
        host, port = listening.getsockname()[:2]
        loop = asyncio.new_event_loop()
        server = WebServer(app, listening)
        thread = threading.Thread(target=loop.run_until_complete, args=[server.serve()])
        thread.start()
        try:
            yield f"http://{host}:{port}"
        finally:
            loop.call_soon_threadsafe(server.stop)
            thread.join()
            loop.close()


def shape(path: str) -> str:
    """Return what pages of one route have in common: their path without the name of one thing."""
    for pattern, replacement in _PARTS:
        path = pattern.sub(replacement, path)
    return path


def crawl(base: str, *forms: str) -> dict[str, bytes]:
    """Return one page of each shape that a reader reaches by links from `/`: its body by its path.

    And the pages at `forms`, which no link leads to.
    Raises AssertionError for a link that leads to nothing.
    """
    pages: dict[str, bytes] = {}
    waiting, known = ["/", *forms], {"/"}
    # One connection a page: the site ends a silent one, on a busy machine just as we ask again.
    fresh = httpx.Limits(max_keepalive_connections=0)
    with httpx.Client(base_url=base, timeout=PATIENCE_S, limits=fresh) as client:
        for _ in range(PAGES_MAX):
            if not waiting:
                break
            path = waiting.pop(0)
            response = client.get(path, follow_redirects=True)
            assert response.status_code == 200, f"{path} answers {response.status_code}"
            if not response.headers["content-type"].startswith("text/html"):
                continue
            pages[path] = response.content
            for link in BeautifulSoup(response.text, "lxml").find_all("a", href=True):
                parts = urlsplit(str(link["href"]))
                inside = not parts.netloc and parts.path.startswith("/")
                inside = inside and not parts.path.startswith(_FILES)
                if inside and shape(parts.path) not in known:
                    known.add(shape(parts.path))
                    # With its query: a file of figures is none without the period asked for.
                    waiting.append(parts._replace(fragment="").geturl())
    assert not waiting, f"more than {PAGES_MAX} shapes"
    return pages

"""The interface over a record, asked without a socket."""

import asyncio
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import httpx

from monitor.alerts.requests import SubscriptionAnswer, SubscriptionRequest, Wish
from monitor.config import Config
from monitor.core.notices.topics import ANEF, INCIDENT
from monitor.dossier.online.dossier_wishes import DossierState, DossierWish, MadeFile
from monitor.store import Store
from monitor.web.api.application import build_interface
from monitor.web.pages_app import build
from tests.support.clock import FakeClock
from tests.support.followed import record
from tests.support.metrics import FixedMetrics
from tests.support.outcomes import at
from tests.support.service_days import live, open_store
from tests.support.shipped_config import SHIPPED

CONFIG = SHIPPED
PAGE = "prefecture-93-rendez-vous"  # a page that is followed
PREFIX = "/api/v1"
MADE_FILES = ("01-fiche.pdf", "dossier.zip")
GOOD_LINK = "jeton"  # of a link that is good


def fill(url: str) -> None:
    """Record outages, blips, a gap, and the changes of a page."""
    with open_store(url) as store:
        live(store)
        record(store, "AABBABACC", target=PAGE)


def opened(url: str) -> Store:
    return Store.open(url, point="local", writer=False, read_s=10.0)


async def subscribed(request: SubscriptionRequest) -> SubscriptionAnswer:
    """Answer as the service does to links that are good, or to a form that it takes."""
    if request.wish is Wish.ASK and not request.address:
        return SubscriptionAnswer(outcome="invalid")
    if request.wish in {Wish.SHOW, Wish.CONFIRM} and request.token != GOOD_LINK:
        return SubscriptionAnswer(outcome="invalid")
    return SubscriptionAnswer(outcome="done", topics=[ANEF, INCIDENT], token=GOOD_LINK)


async def dossier_made(wish: DossierWish) -> DossierState:
    """Answer that a dossier is made, or that a link is none."""
    if wish.wish == "look" and wish.token != GOOD_LINK:
        return DossierState(outcome="gone")
    name, whole = MADE_FILES
    piece = MadeFile(name=name, title="Fiche", number=1, size_bytes=12_345, sha256="0" * 64)
    return DossierState(
        outcome="done", token=GOOD_LINK, code="K7Q2-9FDM-4XWQ", whole=whole, files=[piece]
    )


class Caller:
    """Asks the pages with their interface, over HTTP semantics."""

    def __init__(
        self,
        reads: Any,
        *,
        config: Config = CONFIG,
        now_s: float = 2_000,
        made_dossiers: Path | None = None,
    ) -> None:
        """Build the application; with a folder of dossiers, with the pages of visitors' wishes."""
        self.config = config
        clock = FakeClock(at(now_s))
        interface = build_interface(
            reads, config=config, clock=clock, version="0.1.0", dossiers=made_dossiers is not None
        )
        self.description = interface.description
        self.app = build(
            reads,
            config=config,
            clock=clock,
            point="local",
            metrics=FixedMetrics(),
            version="0.1.0",
            interface=interface,
            subscriptions=subscribed if made_dossiers else None,
            dossiers=dossier_made if made_dossiers else None,
            made_dossiers=made_dossiers,
        )

    def visit(self, path: str, *, headers: Mapping[str, str] | None = None) -> httpx.Response:
        """Ask for a page."""
        return self._send("GET", path, headers)

    def ask(
        self, path: str, *, method: str = "GET", headers: Mapping[str, str] | None = None
    ) -> httpx.Response:
        """Ask for a place below `/api/v1`."""
        return self._send(method, f"{PREFIX}{path}", headers)

    def _send(self, method: str, path: str, headers: Mapping[str, str] | None) -> httpx.Response:
        async def send() -> httpx.Response:
            transport = httpx.ASGITransport(app=self.app, raise_app_exceptions=False)
            async with httpx.AsyncClient(transport=transport, base_url="http://evil.test") as web:
                return await web.request(method, path, headers=headers)

        return asyncio.run(send())

    def answer(self, path: str) -> Any:
        """Return the JSON of a question that has an answer."""
        response = self.ask(path)
        assert response.status_code == 200, response.text
        return response.json()

"""The interface over a record, asked without a socket."""

import asyncio
from collections.abc import Mapping
from typing import Any

import httpx

from monitor.config import Config
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


def fill(url: str) -> None:
    """Record outages, blips, a gap, and the changes of a page."""
    with open_store(url) as store:
        live(store)
        record(store, "AABBABACC", target=PAGE)


def opened(url: str) -> Store:
    return Store.open(url, point="local", writer=False, read_s=10.0)


class Caller:
    """Asks the pages with their interface, over HTTP semantics."""

    def __init__(self, reads: Any, *, config: Config = CONFIG, now_s: float = 2_000) -> None:
        self.config = config
        clock = FakeClock(at(now_s))
        interface = build_interface(reads, config=config, clock=clock, version="0.1.0")
        self.description = interface.description
        self.app = build(
            reads,
            config=config,
            clock=clock,
            point="local",
            metrics=FixedMetrics(),
            version="0.1.0",
            interface=interface,
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

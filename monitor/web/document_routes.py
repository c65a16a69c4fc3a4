"""The pages that say what this is, how it works and who answers for it: they read no record."""

from collections.abc import Awaitable, Callable, Mapping
from typing import Final

import jinja2
from starlette.requests import Request
from starlette.responses import HTMLResponse, Response
from starlette.routing import Route

from monitor.config import Config
from monitor.config.rules.legal import missing_facts
from monitor.core.scheduling.backoff import BACK_OFF
from monitor.core.scheduling.robots_txt import product

_HEADERS = {"Cache-Control": "public, max-age=3600"}

# Address -> template.
DOCUMENTS: Final[Mapping[str, str]] = {
    "/methode": "method.html",
    "/robot": "robot.html",
    "/donnees": "data.html",
    "/journal": "journal.html",
    "/mentions-legales": "legal.html",
    "/confidentialite": "privacy.html",
    "/accessibilite": "accessibility.html",
}


def document_routes(templates: jinja2.Environment, *, config: Config, journal: bool) -> list[Route]:
    """Return the routes of these pages, each rendered once: only a restart changes them.

    `journal`: whether one is served.
    """
    values = {
        "robot_name": product(config.user_agent),
        "missing_facts": missing_facts(config.legal),
        "back_off_s": BACK_OFF,
        "journal_served": journal,
        "site": config.publisher.site.rstrip("/"),
    }
    return [
        Route(address, _serving(templates.get_template(name).render(values)))
        for address, name in DOCUMENTS.items()
    ]


def _serving(page: str) -> Callable[[Request], Awaitable[Response]]:
    async def serve(_: Request) -> Response:
        return HTMLResponse(page, headers=_HEADERS)

    return serve

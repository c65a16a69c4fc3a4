"""The pages that say what this is, how it works and who answers for it: they read no record."""

from collections.abc import Awaitable, Callable, Mapping
from functools import cache
from typing import Final

from starlette.requests import Request
from starlette.responses import HTMLResponse, Response
from starlette.routing import Route

from monitor.config import Config
from monitor.config.rules.legal import missing_facts
from monitor.core.language import Language
from monitor.core.scheduling.backoff import BACK_OFF
from monitor.core.scheduling.robots_txt import product
from monitor.web.templating import LanguageTemplates
from monitor.web.translated_pages import has_translation, in_every_language, language_asked

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


def document_routes(templates: LanguageTemplates, *, config: Config, journal: bool) -> list[Route]:
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

    @cache
    def rendered(name: str, address: str, language: Language) -> str:
        return templates.get(name, language).render(values, address=address)

    def serving(address: str, name: str) -> Callable[[Request], Awaitable[Response]]:
        async def serve(request: Request) -> Response:
            page = rendered(name, address, language_asked(request))
            return HTMLResponse(page, headers=_HEADERS)

        return serve

    routes: list[Route] = []
    for address, name in DOCUMENTS.items():
        serve = serving(address, name)
        translated = has_translation(address)
        routes += in_every_language(address, serve) if translated else (Route(address, serve),)
    return routes

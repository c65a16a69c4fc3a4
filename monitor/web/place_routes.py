"""The web pages that lead to targets: `/cibles`, `/departements` and one department."""

from collections.abc import Callable
from functools import partial

import jinja2
from starlette.exceptions import HTTPException
from starlette.requests import Request
from starlette.responses import Response
from starlette.routing import Route

from monitor.config import Config
from monitor.core.french import page_event_sentences
from monitor.core.french.department_names import DEPARTMENT_NAMES, department_title
from monitor.core.french.figure_sentences import percent
from monitor.runtime.clock import Clock
from monitor.web.record_reads import RecordReads
from monitor.web.serving.answer_cache import AnswerCache
from monitor.web.views.department_drawing import HEIGHT, WIDTH
from monitor.web.views.place_views import (
    CLASSES,
    MEASURES,
    TargetSearch,
    place_list,
    place_page,
    target_list,
)

FRESH_S = 5.0  # how long a page is served from the cache, at least
MEASURED_S = 300.0  # the same for a map of figures, which reads more
BROWSER_S = 30  # how long a reader's browser may cache it


class PlaceRoutes:
    """Serves these pages. Each is rendered in a thread, once for all who wait for it."""

    def __init__(  # noqa: PLR0913 -- keyword-only
        self,
        reads: RecordReads,
        *,
        config: Config,
        clock: Clock,
        templates: jinja2.Environment,
        cache: AnswerCache,
        most_fresh_s: float = MEASURED_S,
    ) -> None:
        self._reads = reads
        self._config = config
        self._clock = clock
        self._templates = templates
        self._cache = cache
        self._most_fresh_s = most_fresh_s
        templates.globals.update(
            department_title=department_title,
            map_size=(WIDTH, HEIGHT),
            measures=MEASURES,
            share_classes=CLASSES,
            tellings=page_event_sentences,
        )
        templates.filters.update(percent=percent)

    def routes(self) -> list[Route]:
        return [
            Route("/cibles", self.targets),
            Route("/departements", self.places),
            Route("/departements/{code}", self.place),
        ]

    async def targets(self, request: Request) -> Response:
        """Serve the list of targets, or the results of a search; 400 for an invalid filter."""
        try:
            search = TargetSearch.of(request.query_params, self._config)
        except ValueError as error:
            raise HTTPException(400) from error
        return await self._page(
            request,
            f"/cibles?{search.query}",
            "targets.html",
            lambda: target_list(self._reads, self._config, search, now=self._clock.now()),
        )

    async def places(self, request: Request) -> Response:
        """Serve the map of the departments; 400 for a figure that there is not."""
        measure = request.query_params.get("mesure", "")
        if measure and measure not in MEASURES:
            raise HTTPException(400)
        return await self._page(
            request,
            f"/departements?mesure={measure}",
            "places.html",
            lambda: place_list(self._reads, self._config, measure, now=self._clock.now()),
            fresh_s=MEASURED_S if measure else FRESH_S,
        )

    async def place(self, request: Request) -> Response:
        code: str = request.path_params["code"]
        if code not in DEPARTMENT_NAMES:
            raise HTTPException(404)
        return await self._page(
            request,
            f"/departements/{code}",
            "place.html",
            lambda: place_page(self._reads, self._config, code, now=self._clock.now()),
        )

    async def _page(
        self,
        request: Request,
        name: str,
        template: str,
        work: Callable[[], object],
        *,
        fresh_s: float = FRESH_S,
    ) -> Response:
        answer = await self._cache.get(
            name, partial(self._made, template, work), fresh_s=min(fresh_s, self._most_fresh_s)
        )
        return self._cache.response(request, answer, browser_s=BROWSER_S)

    def _made(self, template: str, work: Callable[[], object]) -> bytes:
        return self._templates.get_template(template).render(view=work()).encode()

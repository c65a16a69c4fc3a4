"""The web pages that lead to targets: `/cibles`, `/departements` and one department."""

from starlette.exceptions import HTTPException
from starlette.requests import Request
from starlette.responses import Response
from starlette.routing import Route

from monitor.config import Config
from monitor.core.french import page_event_sentences
from monitor.core.french.department_names import DEPARTMENT_NAMES, department_title
from monitor.runtime.clock import Clock
from monitor.web.record_reads import RecordReads
from monitor.web.serving.cached_pages import CachedPages
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


class PlaceRoutes:
    """Serves these pages."""

    def __init__(
        self, reads: RecordReads, *, config: Config, clock: Clock, pages: CachedPages
    ) -> None:
        self._reads = reads
        self._config = config
        self._clock = clock
        self._pages = pages
        pages.templates.globals.update(
            department_title=department_title,
            map_size=(WIDTH, HEIGHT),
            measures=MEASURES,
            share_classes=CLASSES,
            tellings=page_event_sentences,
        )

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
        return await self._pages.serve(
            request,
            f"/cibles?{search.query}",
            "targets.html",
            lambda: target_list(self._reads, self._config, search, now=self._clock.now()),
            fresh_s=FRESH_S,
        )

    async def places(self, request: Request) -> Response:
        """Serve the map of the departments; 400 for a figure that there is not."""
        measure = request.query_params.get("mesure", "")
        if measure and measure not in MEASURES:
            raise HTTPException(400)
        return await self._pages.serve(
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
        return await self._pages.serve(
            request,
            f"/departements/{code}",
            "place.html",
            lambda: place_page(self._reads, self._config, code, now=self._clock.now()),
            fresh_s=FRESH_S,
        )

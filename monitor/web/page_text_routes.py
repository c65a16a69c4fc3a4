"""The web pages about the texts of pages: `/modifications`, `/informations`, `/cibles`."""

import asyncio

from starlette.exceptions import HTTPException
from starlette.requests import Request
from starlette.responses import Response
from starlette.routing import Route

from monitor.attest.point_reader import PointReader
from monitor.config import Config
from monitor.core.changes.change import ChangeKind, Op, Weight
from monitor.core.changes.page_events import OF_LINKS
from monitor.core.french import change_sentences as change_words
from monitor.core.french import figure_sentences as figure_words
from monitor.core.french import page_event_sentences, point_sentences, rendering_sentences
from monitor.core.outages.time_accounts import instant
from monitor.core.text.page import Element
from monitor.figures.scopes import Scopes
from monitor.runtime.clock import Clock
from monitor.web.path_numbers import number_asked
from monitor.web.record_reads import RecordReads
from monitor.web.serving.answer_cache import as_csv
from monitor.web.serving.cached_pages import CachedPages
from monitor.web.views.dead_link_views import LinkStatus
from monitor.web.views.modifications import Filters, after, before, difference, listing
from monitor.web.views.offer import Stated, offer
from monitor.web.views.point_views import points_view
from monitor.web.views.rates import (
    DIVISIONS,
    RatesQuestion,
    RatesRefused,
    asked_of,
    name_of,
    rates,
    scopes_of,
)
from monitor.web.views.target import TargetView, target_view

CHANGE_S = 300.0  # how long the cache has one change: only the end of its new text may change
RATES_S = 60.0  # the same for figures, which read more


class PageTextRoutes:
    """Serves these pages."""

    def __init__(
        self,
        reads: RecordReads,
        *,
        config: Config,
        clock: Clock,
        pages: CachedPages,
        points: PointReader | None = None,
    ) -> None:
        """Serve pages of a record; `points` reads those of the others, None without any."""
        self._points = points
        self._reads = reads
        self._config = config
        self._clock = clock
        self._pages = pages
        pages.templates.globals.update(
            change_words=change_words,
            point_words=point_sentences,
            tellings=page_event_sentences,
            kinds=tuple(ChangeKind),
            weights=tuple(Weight),
            elements=tuple(Element),
            OF_LINKS=OF_LINKS,
            Element=Element,
            LinkStatus=LinkStatus,
            Op=Op,
            Stated=Stated,
            figure_words=figure_words,
            rendering_words=rendering_sentences,
            divisions=DIVISIONS,
            name_of=name_of,
            instant_of_us=instant,
        )
        pages.templates.filters.update(before=before, after=after)

    def routes(self) -> list[Route]:
        return [
            Route("/modifications", self.modifications),
            Route("/modifications/{number}", self.modification),
            Route("/informations", self.informations),
            Route("/cibles/{slug}", self.target),
            Route("/points", self.points),
            Route("/disponibilite", self.rates),
            Route("/disponibilite.csv", self.rate_data),
        ]

    async def modifications(self, request: Request) -> Response:
        """Serve one page of the list; 400 for an invalid filter."""
        try:
            filters = Filters.of(request.query_params, self._config)
        except ValueError as error:
            raise HTTPException(400) from error
        name = f"/modifications?{filters.query(filters.page)}"
        return await self._pages.serve(
            request, name, "changes.html", lambda: listing(self._reads, self._config, filters)
        )

    async def modification(self, request: Request) -> Response:
        number = number_asked(request)
        return await self._pages.serve(
            request,
            f"/modifications/{number}",
            "change.html",
            lambda: difference(self._reads, self._config, number),
            fresh_s=CHANGE_S,
        )

    async def informations(self, request: Request) -> Response:
        return await self._pages.serve(
            request, "/informations", "offer.html", lambda: offer(self._reads, self._config)
        )

    async def target(self, request: Request) -> Response:
        slug: str = request.path_params["slug"]
        if slug not in self._config.by_slug:
            raise HTTPException(404)
        return await self._pages.serve(
            request,
            f"/cibles/{slug}",
            "target.html",
            lambda: self._target(slug),
        )

    def _target(self, slug: str) -> TargetView | None:
        now = self._clock.now()
        words = self._points.common_words(self._reads, now) if self._points else {}
        return target_view(
            self._reads, config=self._config, slug=slug, now=now, common=words.get(slug)
        )

    async def points(self, request: Request) -> Response:
        """Serve what several points say; 404 where there is only one."""
        reader = self._points
        if reader is None:
            raise HTTPException(404)
        return await self._pages.serve(
            request,
            "/points",
            "points.html",
            lambda: points_view(reader, self._reads, config=self._config, now=self._clock.now()),
        )

    async def rate_data(self, request: Request) -> Response:
        """Serve the parts of the same figures as CSV; 404 where nothing is drawn of them."""
        scopes, question = await self._question(request)

        def data() -> bytes | None:
            table = rates(self._reads, self._config, scopes, question).table
            return table.csv().encode() if table else None

        name = f"/disponibilite.csv?{question.query}"
        answer = await self._pages.get(name, data, fresh_s=RATES_S)
        return as_csv(self._pages.response(request, answer), "disponibilite")

    async def _question(self, request: Request) -> tuple[Scopes, RatesQuestion]:
        now = self._clock.now()
        scopes = await asyncio.to_thread(scopes_of, self._reads, self._config)
        try:
            return scopes, asked_of(request.query_params, scopes, now)
        except RatesRefused as error:
            raise HTTPException(400) from error

    async def rates(self, request: Request) -> Response:
        """Serve figures over a period; 400 for a question that cannot be asked."""
        scopes, question = await self._question(request)
        return await self._pages.serve(
            request,
            f"/disponibilite?{question.query}",
            "rates.html",
            lambda: rates(self._reads, self._config, scopes, question),
            fresh_s=RATES_S,
        )

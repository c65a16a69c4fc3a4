"""The web pages about the texts of pages: `/modifications`, `/informations`, `/cibles`."""

import asyncio
from collections.abc import Callable

import jinja2
from starlette.exceptions import HTTPException
from starlette.requests import Request
from starlette.responses import Response
from starlette.routing import Route

from monitor.config import Config
from monitor.core.changes.change import ChangeKind, Op, Weight
from monitor.core.changes.page_events import OF_LINKS
from monitor.core.french import change_sentences as change_words
from monitor.core.french import figure_sentences as figure_words
from monitor.core.french import page_event_sentences
from monitor.core.outages.time_accounts import instant
from monitor.core.text.page import Element
from monitor.core.untrusted.numbers import whole
from monitor.figures.scopes import Scopes
from monitor.runtime.clock import Clock
from monitor.web.record_reads import RecordReads
from monitor.web.serving.answer_cache import AnswerCache, as_csv
from monitor.web.views.dead_link_views import LinkStatus
from monitor.web.views.modifications import Filters, after, before, difference, listing
from monitor.web.views.offer import Stated, offer
from monitor.web.views.rates import (
    DIVISIONS,
    RatesQuestion,
    RatesRefused,
    asked_of,
    name_of,
    rates,
    scopes_of,
)
from monitor.web.views.target import target_view

FRESH_S = 2.0  # how long a page is served from the cache, at least
CHANGE_S = 300.0  # the same for one change, which never changes, except the end of its new text
RATES_S = 60.0  # the same for figures, which read more
BROWSER_S = 30  # how long a reader's browser may cache it
MOST_NUMBER = 2**63 - 1  # of a leaf, in the columns of both databases


class PageTextRoutes:
    """Serves these pages. Each is rendered in a thread, once for all who wait for it."""

    def __init__(  # noqa: PLR0913 -- keyword-only
        self,
        reads: RecordReads,
        *,
        config: Config,
        clock: Clock,
        templates: jinja2.Environment,
        cache: AnswerCache,
        most_fresh_s: float = CHANGE_S,
    ) -> None:
        self._reads = reads
        self._config = config
        self._clock = clock
        self._cache = cache
        self._most_fresh_s = most_fresh_s
        self._templates = templates
        self._templates.globals.update(
            change_words=change_words,
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
            divisions=DIVISIONS,
            name_of=name_of,
            instant_of_us=instant,
        )
        self._templates.filters.update(before=before, after=after)

    def routes(self) -> list[Route]:
        return [
            Route("/modifications", self.modifications),
            Route("/modifications/{number}", self.modification),
            Route("/informations", self.informations),
            Route("/cibles/{slug}", self.target),
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
        return await self._page(
            request, name, "changes.html", lambda: listing(self._reads, self._config, filters)
        )

    async def modification(self, request: Request) -> Response:
        try:
            number = whole(request.path_params["number"])
        except ValueError:
            raise HTTPException(404) from None
        if number > MOST_NUMBER:
            raise HTTPException(404)
        return await self._page(
            request,
            f"/modifications/{number}",
            "change.html",
            lambda: difference(self._reads, self._config, number),
            fresh_s=CHANGE_S,
        )

    async def informations(self, request: Request) -> Response:
        return await self._page(
            request, "/informations", "offer.html", lambda: offer(self._reads, self._config)
        )

    async def target(self, request: Request) -> Response:
        slug: str = request.path_params["slug"]
        if slug not in self._config.by_slug:
            raise HTTPException(404)
        return await self._page(
            request,
            f"/cibles/{slug}",
            "target.html",
            lambda: target_view(self._reads, config=self._config, slug=slug, now=self._clock.now()),
        )

    async def rate_data(self, request: Request) -> Response:
        """Serve the parts of the same figures as CSV; 404 where nothing is drawn of them."""
        scopes, question = await self._question(request)

        def data() -> bytes | None:
            table = rates(self._reads, self._config, scopes, question).table
            return table.csv().encode() if table else None

        name = f"/disponibilite.csv?{question.query}"
        answer = await self._cache.get(name, data, fresh_s=min(RATES_S, self._most_fresh_s))
        return as_csv(self._cache.response(request, answer, browser_s=BROWSER_S), "disponibilite")

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
        return await self._page(
            request,
            f"/disponibilite?{question.query}",
            "rates.html",
            lambda: rates(self._reads, self._config, scopes, question),
            fresh_s=RATES_S,
        )

    async def _page(
        self,
        request: Request,
        name: str,
        template: str,
        work: Callable[[], object | None],
        *,
        fresh_s: float = FRESH_S,
    ) -> Response:
        """Serve a template filled with the result of `work`; 404 when that is None.

        `name` is the key of the cache: the address and all that the page depends on.
        """
        answer = await self._cache.get(
            name, lambda: self._rendered(template, work()), fresh_s=min(fresh_s, self._most_fresh_s)
        )
        return self._cache.response(request, answer, browser_s=BROWSER_S)

    def _rendered(self, template: str, view: object | None) -> bytes | None:
        if view is None:
            return None
        return self._templates.get_template(template).render(view=view).encode()

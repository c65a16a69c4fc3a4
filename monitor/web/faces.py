"""The pages about what pages say: `/modifications`, `/informations`, `/cibles`."""

from collections.abc import Callable

import anyio.to_thread
import jinja2
from starlette.exceptions import HTTPException
from starlette.requests import Request
from starlette.responses import HTMLResponse, Response
from starlette.routing import Route

from monitor.clock import Clock
from monitor.config import Config
from monitor.core.changes import tellings
from monitor.core.changes import words as change_words
from monitor.core.changes.change import ChangeKind, Op
from monitor.core.changes.events import OF_LINKS
from monitor.core.pages.page import Element
from monitor.web.dead_links import Life
from monitor.web.modifications import Filters, after, before, difference, listing
from monitor.web.offer import Stated, offer
from monitor.web.reads import Reads
from monitor.web.target import target_view

FRESH_S = 30  # a reader's own browser may show the page again for so long
MOST_NUMBER = 2**31 - 1  # of a change


class Faces:
    """Serves these pages. Each is worked out in a thread, from one reading of the record."""

    def __init__(
        self, reads: Reads, *, config: Config, clock: Clock, templates: jinja2.Environment
    ) -> None:
        self._reads = reads
        self._config = config
        self._clock = clock
        self._templates = templates
        self._templates.globals.update(
            change_words=change_words,
            tellings=tellings,
            kinds=tuple(ChangeKind),
            elements=tuple(Element),
            OF_LINKS=OF_LINKS,
            Element=Element,
            Life=Life,
            Op=Op,
            Stated=Stated,
        )
        self._templates.filters.update(before=before, after=after)

    def routes(self) -> list[Route]:
        return [
            Route("/modifications", self.modifications),
            Route("/modifications/{number:int}", self.modification),
            Route("/informations", self.informations),
            Route("/cibles/{slug}", self.target),
        ]

    async def modifications(self, request: Request) -> Response:
        """Serve one page of the list; 400 for a filter that names nothing."""
        try:
            filters = Filters.of(request.query_params, self._config)
        except ValueError as error:
            raise HTTPException(400) from error
        return await self._page("changes.html", lambda: listing(self._reads, self._config, filters))

    async def modification(self, request: Request) -> Response:
        number: int = request.path_params["number"]
        if number > MOST_NUMBER:
            raise HTTPException(404)
        return await self._page(
            "change.html", lambda: difference(self._reads, self._config, number)
        )

    async def informations(self, _: Request) -> Response:
        return await self._page("offer.html", lambda: offer(self._reads, self._config))

    async def target(self, request: Request) -> Response:
        slug: str = request.path_params["slug"]
        now = self._clock.now()
        return await self._page(
            "target.html",
            lambda: target_view(self._reads, config=self._config, slug=slug, now=now),
        )

    async def _page(self, template: str, work: Callable[[], object | None]) -> Response:
        """Serve a template filled with what `work` finds; 404 when it finds nothing."""
        text = await anyio.to_thread.run_sync(lambda: self._rendered(template, work()))
        if text is None:
            raise HTTPException(404)
        return HTMLResponse(text, headers={"Cache-Control": f"public, max-age={FRESH_S}"})

    def _rendered(self, template: str, view: object | None) -> str | None:
        if view is None:
            return None
        return self._templates.get_template(template).render(view=view)

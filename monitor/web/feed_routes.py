"""`/flux/…`: Atom feeds of incidents and changes, for readers of feeds: no address is asked for."""

from starlette.exceptions import HTTPException
from starlette.requests import Request
from starlette.responses import Response
from starlette.routing import Route

from monitor.config import Config
from monitor.core.french.department_names import DEPARTMENT_NAMES, department_title
from monitor.figures.log_shapes import utc
from monitor.web.record_reads import RecordReads
from monitor.web.serving.cached_pages import CachedPages
from monitor.web.views.feeds import FeedScope, feed

ATOM = "application/atom+xml; charset=utf-8"
FRESH_S = 10.0  # how long a feed is served from the cache, at least
WHOLE = FeedScope(place="flux/tout.xml", title="Incidents et modifications", page="")
OF_INCIDENTS = FeedScope(
    place="flux/incidents.xml", title="Incidents", page="incidents", changes=False
)
OF_CHANGES = FeedScope(
    place="flux/modifications.xml",
    title="Modifications de pages",
    page="modifications",
    incidents=False,
)


class FeedRoutes:
    """Serves the feeds."""

    def __init__(self, reads: RecordReads, *, config: Config, pages: CachedPages) -> None:
        self._reads = reads
        self._config = config
        self._pages = pages
        pages.templates.filters.update(utc_time=utc)

    def routes(self) -> list[Route]:
        return [
            Route(f"/{WHOLE.place}", self.whole),
            Route(f"/{OF_INCIDENTS.place}", self.incidents),
            Route(f"/{OF_CHANGES.place}", self.changes),
            Route("/flux/departements/{code}.xml", self.department),
            Route("/flux/cibles/{slug}.xml", self.target),
        ]

    async def whole(self, request: Request) -> Response:
        """Serve the newest incidents and changes of all that is watched."""
        return await self._serve(request, WHOLE)

    async def incidents(self, request: Request) -> Response:
        return await self._serve(request, OF_INCIDENTS)

    async def changes(self, request: Request) -> Response:
        return await self._serve(request, OF_CHANGES)

    async def department(self, request: Request) -> Response:
        code: str = request.path_params["code"]
        if code not in DEPARTMENT_NAMES:
            raise HTTPException(404)
        scope = FeedScope(
            place=f"flux/departements/{code}.xml",
            title=department_title(code),
            page=f"departements/{code}",
            targets=frozenset(
                target.slug for target in self._config.targets if target.department == code
            ),
        )
        return await self._serve(request, scope)

    async def target(self, request: Request) -> Response:
        slug: str = request.path_params["slug"]
        if slug not in self._config.by_slug:
            raise HTTPException(404)
        scope = FeedScope(
            place=f"flux/cibles/{slug}.xml",
            title=self._config.by_slug[slug].name,
            page=f"cibles/{slug}",
            targets=frozenset({slug}),
        )
        return await self._serve(request, scope)

    async def _serve(self, request: Request, scope: FeedScope) -> Response:
        response = await self._pages.serve(
            request,
            f"/{scope.place}",
            "feed.xml",
            lambda: feed(self._reads, self._config, scope),
            fresh_s=FRESH_S,
        )
        if response.status_code != 304:  # noqa: PLR2004 -- RFC 9110
            response.headers["Content-Type"] = ATOM
        return response

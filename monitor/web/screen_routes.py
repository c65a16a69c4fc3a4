"""`/cibles/<slug>/ecran/<leaf>/<file>`: what a browser showed, from the bytes that were kept."""

from collections.abc import Mapping
from pathlib import Path
from typing import Protocol

from starlette.exceptions import HTTPException
from starlette.requests import Request
from starlette.responses import Response
from starlette.routing import Route

from monitor.attest.kept_answers import KeptAnswers
from monitor.core.model.rendering import FILES, JournaledRendering
from monitor.core.untrusted.numbers import whole
from monitor.web.serving.cached_pages import CachedPages

FRESH_S = 3600.0  # it never changes; it may be removed, as copies are
MOST_NUMBER = 2**63 - 1  # of a leaf, in the columns of both databases
# The document is not served: it is a page of another site, with its scripts.
SERVED: Mapping[str, str] = {
    f"{name}.{'png' if name == 'picture' else 'txt'}": name for name in FILES if name != "document"
}


class ScreenReads(Protocol):
    """The queries that these pages need; the store provides them."""

    def rendering(self, number: int) -> JournaledRendering | None: ...


class ScreenRoutes:
    """Serves the files of renderings; none where no bytes are kept."""

    def __init__(self, reads: ScreenReads, *, captures: Path | None, pages: CachedPages) -> None:
        self._reads = reads
        self._kept = KeptAnswers(captures) if captures else None
        self._pages = pages

    def routes(self) -> list[Route]:
        return [Route("/cibles/{slug}/ecran/{number}/{file}", self.file)]

    async def file(self, request: Request) -> Response:
        """Serve one file, whose digest is in its leaf; 404 where its bytes are not kept."""
        slug, file = request.path_params["slug"], request.path_params["file"]
        try:
            number = whole(request.path_params["number"])
        except ValueError:
            raise HTTPException(404) from None
        if file not in SERVED or number > MOST_NUMBER:
            raise HTTPException(404)
        name = SERVED[file]
        answer = await self._pages.get(
            f"/cibles/{slug}/ecran/{number}/{file}",
            lambda: self._read(slug, number, name),
            fresh_s=FRESH_S,
        )
        response = self._pages.response(request, answer)
        response.headers["Content-Type"] = FILES[name]
        return response

    def _read(self, slug: str, number: int, name: str) -> bytes | None:
        shown = self._reads.rendering(number)
        if shown is None or shown.record.target != slug or self._kept is None:
            return None
        return self._kept.shown_file(shown, name)

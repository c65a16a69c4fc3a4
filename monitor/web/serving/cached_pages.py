"""Pages that are rendered in a thread, once for all who wait for them, and cached for a while."""

from collections.abc import Callable

import jinja2
from starlette.requests import Request
from starlette.responses import Response

from monitor.web.serving.answer_cache import AnswerCache, CachedAnswer

FRESH_S = 2.0  # how long a page is served from the cache, at least
BROWSER_S = 30  # how long a reader's browser may cache it


class CachedPages:
    """The templates with their cache. `keep` is False where each visit is to be answered anew."""

    def __init__(
        self, templates: jinja2.Environment, cache: AnswerCache, *, keep: bool = True
    ) -> None:
        self.templates = templates
        self._cache = cache
        self._keep = keep

    async def serve(
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

        def make() -> bytes | None:
            view = work()
            return None if view is None else self.render(template, view)

        return self.response(request, await self.get(name, make, fresh_s=fresh_s))

    async def get(
        self, name: str, make: Callable[[], bytes | None], *, fresh_s: float = FRESH_S
    ) -> CachedAnswer:
        """Return the cached answer of a name, else what `make` returns in a thread."""
        return await self._cache.get(name, make, fresh_s=fresh_s if self._keep else 0)

    def response(self, request: Request, answer: CachedAnswer) -> Response:
        """Return an answer for one reader: 304 for one who has it, 404 for None."""
        return self._cache.response(request, answer, browser_s=BROWSER_S)

    def render(self, template: str, view: object) -> bytes:
        """Return a page."""
        return self.templates.get_template(template).render(view=view).encode()

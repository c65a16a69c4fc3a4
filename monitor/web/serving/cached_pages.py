"""Pages that are rendered in a thread, once for all who wait for them, and cached for a while."""

from collections.abc import Callable

import jinja2
from starlette.requests import Request
from starlette.responses import Response

from monitor.core.language import FRENCH, Language
from monitor.web.serving.answer_cache import AnswerCache, CachedAnswer
from monitor.web.templating import LanguageTemplates

FRESH_S = 2.0  # how long a page is served from the cache, at least
BROWSER_S = 30  # how long a reader's browser may cache it


class CachedPages:
    """The templates with their cache. `keep` is False where each visit is to be answered anew."""

    def __init__(
        self, templates: jinja2.Environment, cache: AnswerCache, *, keep: bool = True
    ) -> None:
        self.templates = templates
        self.translated = LanguageTemplates(templates)
        self._cache = cache
        self._keep = keep

    async def serve(  # noqa: PLR0913 -- keyword-only
        self,
        request: Request,
        name: str,
        template: str,
        work: Callable[[], object | None],
        *,
        fresh_s: float = FRESH_S,
        language: Language = FRENCH,
    ) -> Response:
        """Serve a template filled with the result of `work`; 404 when that is None.

        `name` is the French address, with all that the page depends on: with the language, it is
        the key of the cache.
        """

        def make() -> bytes | None:
            view = work()
            return None if view is None else self.render(template, view, name, language)

        answer = await self.get(f"{language.prefix}{name}", make, fresh_s=fresh_s)
        return self.response(request, answer)

    async def get(
        self, name: str, make: Callable[[], bytes | None], *, fresh_s: float = FRESH_S
    ) -> CachedAnswer:
        """Return the cached answer of a name, else what `make` returns in a thread."""
        return await self._cache.get(name, make, fresh_s=fresh_s if self._keep else 0)

    def response(
        self, request: Request, answer: CachedAnswer, *, browser_s: int = BROWSER_S
    ) -> Response:
        """Return an answer for one reader: 304 for one who has it, 404 for None."""
        return self._cache.response(request, answer, browser_s=browser_s)

    def render(
        self, template: str, view: object, address: str, language: Language = FRENCH
    ) -> bytes:
        """Return a page; `address` is the French one."""
        page = self.translated.get(template, language).render(view=view, address=address)
        return page.encode()

"""Which pages are translated, and where: below the code of a language, `/en/verifier`.

An address without a code is French for everybody: it is cited, and cached by strangers.
"""

import re
from collections.abc import Awaitable, Callable, Sequence
from typing import Final

from starlette.requests import Request
from starlette.responses import Response
from starlette.routing import Route

from monitor.core.language import FRENCH, Language
from monitor.translations import LANGUAGES

_PAGES: Final = re.compile(r"/|/incidents/[0-9]+|/verifier|/methode|/abonnement(?:/.*)?")
_CODES: Final = "|".join(code for code in LANGUAGES if code != FRENCH.code)
_PREFIXED: Final = re.compile(rf"/({_CODES})(?:/|\Z)")


def has_translation(address: str) -> bool:
    """Return whether a page is written in every language; `address` is the French one."""
    path = address.partition("?")[0].partition("#")[0]
    return _PAGES.fullmatch(path) is not None


def in_every_language(
    path: str,
    endpoint: Callable[[Request], Awaitable[Response]],
    *,
    methods: Sequence[str] = ("GET",),
) -> tuple[Route, ...]:
    """Return the routes of a translated page, one a language."""
    return tuple(
        Route(f"{language.prefix}{path}", endpoint, methods=list(methods))
        for language in LANGUAGES.values()
    )


def language_asked(request: Request) -> Language:
    """Return the language of an address, whether or not there is a page."""
    code = _PREFIXED.match(request.url.path)
    return LANGUAGES[code[1]] if code else FRENCH


def french_address(request: Request) -> str:
    """Return the address without the code of its language and without its query."""
    return request.url.path.removeprefix(language_asked(request).prefix) or "/"

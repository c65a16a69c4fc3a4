"""A chain of redirects: where an answer leads, and the cookies that a visitor would bring there.

Redirects are ours and not httpx's: every one is a request of its own, asked of the gate, recorded
and bounded. Cookies live as long as the chain: a site that sets one and sends the visitor on
answers otherwise to who does not bring it.
"""

import re
from collections.abc import Callable
from contextlib import suppress

import httpx

from monitor.core.model import Failure
from monitor.core.model.exchange import StatusClass, status_class
from monitor.core.untrusted.library_errors import Unreadable, reading
from monitor.fetch.draft import Draft
from monitor.fetch.failures import ExchangeBroken, describe
from monitor.fetch.reachable import Address, read_url

REFRESH_S = 10  # a visitor waits that long for a page that sends on by itself
_REDIRECTS = frozenset({301, 302, 303, 307, 308})
_MOST_COOKIES = 50
_COOKIE_CHARACTERS = 4096  # as in browsers
_REFRESH = re.compile(
    r"\s{0,9}(\d{1,5})(?:\.\d{0,9})?\s{0,9}[;,]\s{0,9}(?:url\s{0,9}=\s{0,9})?(.+)",
    re.IGNORECASE | re.DOTALL,
)


class Chain:
    """The requests of one chain so far.

    Attributes:
        drafts: One for each request.
        refusal: Why the last redirect is not followed, if it is not.

    """

    def __init__(self, hops: int, allowed: Callable[[Address], Address]) -> None:
        """Follow at most `hops` requests; `allowed` raises ValueError for an address."""
        self._hops = hops
        self._allowed = allowed
        self._cookies: httpx.Cookies | None = None
        self._visited: set[tuple[str, str]] = set()
        self.drafts: list[Draft] = []
        self.refusal: ExchangeBroken | None = None

    def enter(self, address: Address) -> str:
        """Return the Cookie header of the next request; "" for none."""
        cookie = self._cookie_for(address)
        self._visited.add((address.without_fragment, cookie))
        return cookie

    def following(self, draft: Draft, address: Address) -> Address | None:
        """Take an answer, and return the address that it leads to; None when it is the last one.

        The headers are enough: a redirect whose body breaks is followed, as browsers do.
        """
        self.drafts.append(draft)
        self._keep_cookies(draft, address)
        try:
            return self._redirect(draft, address) or self._refresh(draft, address)
        except ExchangeBroken as error:
            self.refusal = error
            return None

    def _redirect(self, draft: Draft, address: Address) -> Address | None:
        """Return where a redirect leads.

        Raises:
            ExchangeBroken: `redirect_refused`, `redirect_loop`.

        """
        location = draft.header("Location")
        if draft.status not in _REDIRECTS or not location or draft.failure is Failure.DEADLINE:
            return None
        try:
            following = self._allowed(read_url(_as_browsers_read(location), base=address.url))
        except ValueError as error:
            raise ExchangeBroken(Failure.REDIRECT_REFUSED, describe(error)) from error
        if self._is_visited(following):
            raise ExchangeBroken(
                Failure.REDIRECT_LOOP, f"after {len(self.drafts)} requests: {following.url}"
            )
        return following

    def _refresh(self, draft: Draft, address: Address) -> Address | None:
        """Return where a page sends its visitor on by itself; None if it is not followed."""
        refresh = _REFRESH.fullmatch(draft.header("Refresh"))
        answered = draft.status and status_class(draft.status) == StatusClass.SUCCESS
        if not (refresh and answered) or int(refresh[1]) > REFRESH_S or draft.failure:
            return None
        try:
            place = _as_browsers_read(refresh[2].strip(" '\""))
            following = self._allowed(read_url(place, base=address.url))
        except ValueError:
            return None
        return None if self._is_visited(following) else following

    def _is_visited(self, address: Address) -> bool:
        visit = (address.without_fragment, self._cookie_for(address))
        return visit in self._visited or len(self.drafts) >= self._hops

    def _keep_cookies(self, draft: Draft, address: Address) -> None:
        values = draft.values("Set-Cookie")[:_MOST_COOKIES]
        fields = [("Set-Cookie", value) for value in values if len(value) <= _COOKIE_CHARACTERS]
        if not fields:
            return
        request = httpx.Request("GET", address.parsed)
        self._cookies = self._cookies or httpx.Cookies()
        with suppress(Unreadable), reading("cookies"):
            answer = httpx.Response(200, headers=fields, request=request)
            self._cookies.extract_cookies(answer)

    def _cookie_for(self, address: Address) -> str:
        if self._cookies is None:
            return ""
        request = httpx.Request("GET", address.parsed)
        with suppress(Unreadable), reading("cookies"):
            self._cookies.set_cookie_header(request)
        return str(request.headers.get("cookie", ""))


def _as_browsers_read(value: str) -> str:
    r"""Return the address in a header, whose characters are its bytes, as browsers read it.

    UTF-8 when it is valid; without tabs; with "/" for "\\" before the query (WHATWG, URL).
    """
    with suppress(UnicodeDecodeError):
        value = value.encode("latin-1").decode("utf-8")
    path, mark, rest = value.replace("\t", "").partition("?")
    return path.replace("\\", "/") + mark + rest

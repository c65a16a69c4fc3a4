"""Checks of rendered pages: the page is fetched as any other, then shown by a browser.

The browser has no network. Each of its requests is made by our own fetch, in the lane of its
platform, one at a time, and becomes a part of the exchange, with its exact bytes. Nothing is asked
of other sites, nothing is sent but questions, and cookies end with the visit. When the page itself
does not come, no browser is started.

While the page thinks, its platform is free for others: the turn is given back after each request.
"""

from asyncio import Lock
from collections.abc import Awaitable, Callable, Mapping
from dataclasses import replace
from functools import partial

import structlog

from monitor.browser.chromium import Executable
from monitor.browser.executable import find_browser
from monitor.browser.interception import BrowserAnswer, BrowserRequest, NoAnswer
from monitor.browser.visit import Patience, ScreenPage, visit
from monitor.config import Config
from monitor.core.model import Exchange, GapCause, Kind, Target
from monitor.core.model.rendering import RefusalCause
from monitor.core.verdict.context import same_site
from monitor.core.verdict.rules_rendered import is_shown
from monitor.fetch import Fetcher, Gate, is_service
from monitor.probe.judge import Again, Fetch, look_again
from monitor.probe.lane import LaneTurn
from monitor.probe.turn_queue import NoTurn
from monitor.runtime.clock import Clock

log = structlog.get_logger(__name__)

_PASSED = frozenset({"accept", "cookie", "origin", "referer", "x-requested-with"})
_HEADER_CHARACTERS = 4_096
_BY_ROBOTS = frozenset({GapCause.ROBOTS, GapCause.CRAWL_DELAY})
_MEGABYTE = 1_000_000


#: Fetches a page and shows it: `Renderer.fetch`.
Render = Callable[[Target, Gate, Callable[[], None]], Awaitable[Exchange]]


class Renderer:
    """Shows pages, one at a time."""

    def __init__(
        self, config: Config, *, clock: Clock, fetcher: Fetcher, executable: Executable
    ) -> None:
        self._config = config
        self._clock = clock
        self._fetcher = fetcher
        self._executable = executable
        self._one = Lock()

    async def fetch(self, target: Target, gate: Gate, rest: Callable[[], None]) -> Exchange:
        """Fetch a page and show it. Never raises for what the site or the page does.

        Args:
            target: Of kind `rendered`.
            gate: Awaited before each request, as for any other probe.
            rest: Gives the turn at the platform back; `gate` takes it again.

        """
        page = await self._fetcher.fetch(target, gate)
        if page.status is None or not page.body:
            return page
        rest()
        async with self._one:
            patience = Patience(self._clock, target.deadline_s)
            sites = target.url, page.final_url
            loads = _Loads(self._fetcher, sites, page, (gate, rest), patience)
            rendering = await visit(
                ScreenPage(
                    url=_with_fragment(page.final_url, target.url),
                    deadline_s=target.deadline_s,
                    memory_bytes=self._config.browser.memory_mb * _MEGABYTE,
                    user_agent=self._config.user_agent,
                ),
                self._executable,
                answer=loads.answer,
                expected=partial(is_shown, markers=target.markers),
                patience=patience,
            )
        return replace(page, parts=tuple(loads.parts), rendering=rendering)


def rendered(config: Config) -> tuple[Target, ...]:
    """Return the targets that only a browser shows."""
    return tuple(target for target in config.targets if target.kind is Kind.RENDERED)


def shown_beside(target: Target, config: Config) -> tuple[Target, ...]:
    """Return the pages to show when an outage of a target begins or ends."""
    return tuple(
        other
        for other in rendered(config)
        if other.platform == target.platform and other.slug != target.slug
    )


def build_renderer(config: Config, clock: Clock, fetcher: Fetcher) -> Render | None:
    """Return what shows pages; None, and why in the log, without a browser that may be used."""
    if not rendered(config):
        return None
    browser = find_browser(config.browser, no_sandbox=config.no_sandbox)
    if isinstance(browser, str):
        log.warning("no browser", why=browser)
        return None
    return Renderer(config, clock=clock, fetcher=fetcher, executable=browser).fetch


async def asked_or_shown(
    target: Target, turn: LaneTurn, fetch: Fetch, render: Render | None
) -> Exchange:
    """Ask a target, and show its page when that is what is watched.

    Raises:
        NoTurn: A request may not be made; or no browser may be used.

    """
    if target.kind is not Kind.RENDERED:
        return await fetch(target, turn.request)
    if render is None:
        raise NoTurn(GapCause.NO_BROWSER)
    return await render(target, turn.request, turn.end)


def again_as_before(target: Target, turn: LaneTurn, again: Fetch, render: Render | None) -> Again:
    """Return how a target is asked once more: a page that was shown is shown again.

    Without its browser, the same page could only be said to come, never to be empty again.
    """

    async def once_more(target: Target, gate: Gate) -> Exchange:
        if target.kind is Kind.RENDERED and render is not None:
            return await render(target, gate, turn.end)
        return await again(target, gate)

    return partial(look_again, once_more, target, turn.request)


class _Loads:
    """Answers the requests of one visit; `parts` are those that were made."""

    def __init__(
        self,
        fetcher: Fetcher,
        sites: tuple[str, ...],  # addresses whose sites may be asked
        page: Exchange,
        turn: tuple[Gate, Callable[[], None]],
        patience: Patience,
    ) -> None:
        self._fetcher = fetcher
        self._sites = sites
        self._page = page
        self._gate, self._rest = turn
        self._patience = patience
        self._page_given = False
        self.parts: list[Exchange] = []

    async def answer(self, request: BrowserRequest) -> BrowserAnswer | NoAnswer | RefusalCause:
        """Answer a request of the page, or say why it is not made."""
        url = request.url.partition("#")[0]
        if not self._page_given and url == self._page.final_url.partition("#")[0]:
            self._page_given = True
            return _given(self._page, _cookies(self._page))
        if not url.startswith(("http://", "https://")):
            return RefusalCause.NEEDLESS
        if not any(same_site(url, site) for site in self._sites):
            return RefusalCause.THIRD_PARTY
        if not is_service(url):
            return RefusalCause.NEEDLESS
        try:
            part = await self._fetcher.fetch_one(
                url,
                deadline_s=max(1.0, self._patience.left_s),
                gate=self._wait,
                headers=_passed(request.headers),
            )
        except NoTurn as refusal:
            return RefusalCause.ROBOTS if refusal.cause in _BY_ROBOTS else RefusalCause.CLOSED
        finally:
            self._rest()
        self.parts.append(part)
        return NoAnswer() if part.status is None else _given(part, ())

    async def _wait(self, url: str) -> None:
        """Wait for the turn of a request; that is no time of the page."""
        self._patience.pause()
        try:
            await self._gate(url)
        finally:
            self._patience.resume()


def _given(exchange: Exchange, more: tuple[tuple[str, str], ...]) -> BrowserAnswer:
    last = exchange.last
    headers = last.headers if last else ()
    return BrowserAnswer(status=exchange.status or 0, headers=(*headers, *more), body=exchange.body)


def _cookies(page: Exchange) -> tuple[tuple[str, str], ...]:
    """Return the cookies that redirects to a page set, which a visitor's browser has by then."""
    return tuple(
        (name, value)
        for hop in page.hops[:-1]
        for name, value in hop.headers
        if name.lower() == "set-cookie" and same_site(hop.url, page.final_url)
    )


def _passed(headers: Mapping[str, str]) -> dict[str, str]:
    """Return what a page may say in a request: the form that it wants, and where it is from."""
    return {
        name: value
        for name, value in headers.items()
        if name in _PASSED
        and len(value) <= _HEADER_CHARACTERS
        and value.isascii()
        and value.isprintable()
    }


def _with_fragment(url: str, other: str) -> str:
    """Return an address with the fragment of another one, unless it has its own."""
    fragment = other.partition("#")[2]
    return f"{url}#{fragment}" if fragment and "#" not in url else url

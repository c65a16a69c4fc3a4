"""A rendered page from its platform's budget to a verdict: a real browser, real sockets."""

import json
import os
from collections.abc import Callable, Mapping
from dataclasses import replace

import pytest

from monitor.browser.executable import find_browser
from monitor.config.schema import BrowserSettings
from monitor.core.model import (
    Controls,
    Exchange,
    Failure,
    GapCause,
    Judgement,
    Kind,
    Platform,
    Reason,
    Target,
    Verdict,
)
from monitor.core.model.rendering import RefusalCause, RefusedRequests
from monitor.core.verdict.classify import classify
from monitor.fetch import Gate
from monitor.probe.lane import Lane
from monitor.probe.renderer import Renderer, again_as_before, asked_or_shown, shown_beside
from monitor.probe.turn_queue import NoTurn
from monitor.runtime.clock import SystemClock
from tests.support.fetching import PATIENT_S, USER_AGENT, make_fetcher
from tests.support.reads import config, target
from tests.support.screens import browser
from tests.support.sites import Site, answer, routes, site

pytestmark = pytest.mark.anyio
SHELL = (
    "<!doctype html><title>Espace</title><link rel=icon href=/icone.png><div id=root></div>"
    "<script src=/app.js></script><script src=http://autre.test/tiers.js></script>"
    "<script src=/_Incapsula_Resource?x=1></script>"
)
APPLICATION = """
(async () => {
  const answer = await fetch('/api/conf', {headers: {'X-Requested-With': 'app'}});
  if (!answer.ok) throw new Error('conf ' + answer.status);
  document.getElementById('root').innerHTML = `<h1>${(await answer.json()).title}</h1>`;
})();
"""
PAGES: Mapping[str, bytes] = {
    "/debut": answer(b"", "Location: /espace/", "Set-Cookie: a=1; Path=/", status="302 Found"),
    "/espace/": answer(SHELL.encode(), "Set-Cookie: b=2; Path=/"),
    "/app.js": answer(APPLICATION.encode(), content_type="text/javascript"),
    "/api/conf": answer(
        json.dumps({"title": "Vos démarches"}).encode(), content_type="application/json"
    ),
}
DEAD = {**PAGES, "/api/conf": answer(b"", status="503 Service Unavailable")}


@pytest.fixture
def anyio_backend() -> str:
    return "asyncio"


def watched(place: Site) -> Target:
    return replace(
        target("ecran"),
        url=place.url("/debut#/accueil", host="site.test"),
        kind=Kind.RENDERED,
        markers=("Vos démarches",),
        deadline_s=PATIENT_S,
    )


async def shown(place: Site, *, spacing_s: float = 0.01) -> tuple[Target, Exchange]:
    """Show the page in a lane, as the service does."""
    clock = SystemClock()
    one = watched(place)
    renderer = Renderer(config([one]), clock=clock, fetcher=make_fetcher(), executable=browser())
    lane = Lane(Platform(slug=one.platform, name="", spacing_s=spacing_s), clock)
    async with lane.turn(one.slug, clock.now()) as turn:
        return one, await asked_or_shown(one, turn, make_fetcher().fetch, renderer.fetch)


def judged(one: Target, exchange: Exchange) -> Judgement:
    return classify(
        one,
        exchange,
        controls=Controls(at=exchange.started_at, ok=3, asked=3, needed=2),
        clock_offset_us=0,
        clock_limit_us=500_000,
        known_good=True,
        fingerprints=(),
    )


def fields(request: bytes) -> dict[str, str]:
    lines = request.decode().split("\r\n")[1:]
    return {
        name.lower(): text for name, _, text in (line.partition(": ") for line in lines) if name
    }


async def test_a_page_is_loaded_by_our_own_requests_and_shown() -> None:
    async with site(routes(PAGES)) as place:
        one, exchange = await shown(place)
        requests = {data.split()[1].decode(): fields(data) for data in place.received}
    assert exchange.rendering is not None
    assert "heading « Vos démarches » level=1" in exchange.rendering.tree
    assert judged(one, exchange).verdict is Verdict.UP
    assert exchange.url == one.url
    assert [hop.status for hop in exchange.hops] == [302, 200]
    # Exact bytes of each request, as of any other.
    paths = [part.url.partition(str(place.port))[2] for part in exchange.parts]
    assert paths == ["/app.js", "/api/conf"]
    assert all(part.hops[0].response_bytes.startswith(b"HTTP/1.1 200") for part in exchange.parts)
    # Only what is needed, by the robot's name; cookies along the visit.
    assert set(requests) == {"/debut", "/espace/", "/app.js", "/api/conf"}
    assert {request["user-agent"] for request in requests.values()} == {USER_AGENT}
    assert requests["/api/conf"]["x-requested-with"] == "app"
    assert set(requests["/api/conf"]["cookie"].split("; ")) == {"a=1", "b=2"}
    third = RefusedRequests(origin="http://autre.test", cause=RefusalCause.THIRD_PARTY)
    assert third in exchange.rendering.refused


async def test_an_interface_that_is_dead_is_why_nothing_is_shown() -> None:
    async with site(routes(DEAD)) as place:
        one = replace(watched(place), deadline_s=3.0)
        clock = SystemClock()
        renderer = Renderer(
            config([one]), clock=clock, fetcher=make_fetcher(), executable=browser()
        )
        lane = Lane(Platform(slug=one.platform, name="", spacing_s=0.01), clock)
        async with lane.turn(one.slug, clock.now()) as turn:
            exchange = await renderer.fetch(one, turn.request, turn.end)
            # The platform is free for others while the page thinks.
            assert not lane.busy
    found = judged(one, exchange)
    assert (found.verdict, found.reason) == (Verdict.DOWN, Reason.SIGN_OF_LIFE_MISSING)
    assert exchange.rendering is not None
    assert any("conf 503" in line for line in exchange.rendering.console)
    as_shell = replace(one, kind=Kind.SHELL, markers=())
    without = replace(exchange, rendering=None, parts=exchange.parts[:1])
    assert judged(as_shell, without).verdict is Verdict.UP  # what HTTP alone says of it


async def test_a_page_that_does_not_come_costs_no_browser() -> None:
    async with site(routes(PAGES)) as place:
        one = watched(place)
    _, exchange = await shown(replace_port(place))
    assert exchange.failure is Failure.CONNECTION_REFUSED
    assert exchange.rendering is None
    assert judged(one, exchange).reason is Reason.CONNECTION_REFUSED


def replace_port(place: Site) -> Site:
    """Return the same site, where nobody listens any more."""
    return Site(scheme=place.scheme, host=place.host, port=place.port)


async def test_without_a_browser_the_slot_is_a_gap() -> None:
    clock = SystemClock()
    one = replace(target("ecran"), kind=Kind.RENDERED, markers=("x",))
    lane = Lane(Platform(slug=one.platform, name="", spacing_s=0.01), clock)
    async with lane.turn(one.slug, clock.now()) as turn:
        with pytest.raises(NoTurn) as refused:
            await asked_or_shown(one, turn, make_fetcher().fetch, None)
    assert refused.value.cause is GapCause.NO_BROWSER


async def test_a_page_that_was_shown_is_shown_again_before_it_counts() -> None:
    """An interface that refuses connections at once fails the same way the second time."""
    clock, calls = SystemClock(), list[str]()
    one = replace(target("ecran"), kind=Kind.RENDERED, markers=("x",))
    empty = Exchange(url=one.url, started_at=clock.now(), duration_us=0)

    async def plain(_: Target, __: Gate) -> Exchange:
        calls.append("plain")
        return empty

    async def screen(_: Target, __: Gate, rest: Callable[[], None]) -> Exchange:
        rest()
        calls.append("screen")
        return empty

    lane = Lane(Platform(slug=one.platform, name="", spacing_s=0.01), clock)
    async with lane.turn(one.slug, clock.now()) as turn:
        assert await again_as_before(one, turn, plain, screen)() == empty
        page = replace(one, kind=Kind.PAGE)
        assert await again_as_before(page, turn, plain, screen)() == empty
    assert calls == ["screen", "plain"]


def test_as_root_nothing_is_shown_unless_a_test_says_so(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(os, "geteuid", lambda: 0)
    here = BrowserSettings(executable=str(browser().path))
    refusal = find_browser(here, no_sandbox=False)
    assert isinstance(refusal, str)
    assert "root" in refusal
    in_test = find_browser(here, no_sandbox=True)
    assert not isinstance(in_test, str)
    assert "--no-sandbox" in in_test.flags
    monkeypatch.setattr(os, "geteuid", lambda: 1000)
    ordinary = find_browser(here, no_sandbox=False)
    assert not isinstance(ordinary, str)
    assert "--no-sandbox" not in ordinary.flags


def test_a_browser_that_is_not_installed_is_said_to_be_missing() -> None:
    refusal = find_browser(BrowserSettings(executable="/nowhere/chromium"), no_sandbox=False)
    assert isinstance(refusal, str)
    assert "/nowhere/chromium" in refusal


def test_the_pages_of_a_platform_are_shown_when_its_outage_begins() -> None:
    page, other = target("page"), replace(target("autre"), platform="sso")
    screens = [replace(target(slug), kind=Kind.RENDERED) for slug in ("ecran", "second")]
    known = config([page, other, *screens])
    assert [one.slug for one in shown_beside(page, known)] == ["ecran", "second"]
    assert [one.slug for one in shown_beside(screens[0], known)] == ["second"]
    assert shown_beside(other, known) == ()

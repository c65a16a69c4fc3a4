"""Redirects and cookies as servers really use them: where a browser gets to, we get to."""

import pytest

from monitor.core.model import Controls, Exchange, Failure, Kind, Reason, Target, Verdict
from monitor.core.verdict.classify import classify
from tests.corpus.wire import PAGE
from tests.support import sites
from tests.support.fetching import PATIENT_S, fetch
from tests.support.shipped_config import SHIPPED
from tests.support.sites import Script, Visit, answer, redirect

pytestmark = pytest.mark.anyio
HTML = "Content-Type: text/html; charset=utf-8"
SHOWN = answer(PAGE, HTML)
EXPIRED = b"<title>Session</title><p>Votre session a expir\xc3\xa9. Veuillez vous reconnecter.</p>"
WITHOUT_COOKIE = {
    "500": answer(b"", status="500 Internal Server Error"),
    "404": answer(b"", status="404 Not Found"),
    "session expired": answer(EXPIRED, HTML),
    "403": answer(b"", status="403 Forbidden"),
    "400": answer(b"", status="400 Bad Request"),
}


def judged(exchange: Exchange) -> tuple[Verdict, Reason]:
    target = Target(
        slug="x", name="x", url=exchange.url, kind=Kind.PAGE, platform="x", deadline_s=PATIENT_S
    )
    judgement = classify(
        target,
        exchange,
        controls=Controls(at=exchange.started_at, ok=1, asked=1),
        clock_offset_us=0,
        clock_limit_us=1,
        known_good=True,
        fingerprints=SHIPPED.fingerprints,
    )
    return judgement.verdict, judgement.reason


def wants_cookie(cookie: str, refusal: bytes, *, start: bytes = b"") -> Script:
    """Set a cookie and send the visitor on to /app, which refuses who does not bring it."""

    async def script(visit: Visit) -> None:
        request = await visit.request()
        if b"GET /app" not in request:
            sent_on = start or answer(b"", "Location: /app", cookie, status="302 Found")
            await visit.send(sent_on)
        else:
            await visit.send(SHOWN if b"s=1" in request else refusal)

    return script


@pytest.mark.parametrize("refusal", WITHOUT_COOKIE)
async def test_a_page_that_wants_the_cookie_of_its_redirect_is_up(refusal: str) -> None:
    async with sites.site(wants_cookie("Set-Cookie: s=1", WITHOUT_COOKIE[refusal])) as site:
        exchange = await fetch(site.url())

    assert judged(exchange) == (Verdict.UP, Reason.MOVED)


@pytest.mark.parametrize(
    "cookie",
    [
        "Set-Cookie: s=1; Path=/app; HttpOnly; SameSite=Lax",
        "Set-Cookie: s=1; Max-Age=60; Path=/",
        "Set-Cookie: s=1; Expires=Wed, 21 Oct 2099 07:28:00 GMT",
        "set-cookie: a=b; Path=/\r\nSet-Cookie: s=1",
        "Set-Cookie: s=1;",
    ],
)
async def test_a_cookie_is_brought_in_whatever_form_it_was_set(cookie: str) -> None:
    async with sites.site(wants_cookie(cookie, WITHOUT_COOKIE["500"])) as site:
        exchange = await fetch(site.url())

    assert judged(exchange) == (Verdict.UP, Reason.MOVED)


@pytest.mark.parametrize(
    "cookie", ["Set-Cookie: s=1; Path=/autre", "Set-Cookie: s=1; Domain=exemple.fr"]
)
async def test_a_cookie_for_another_place_is_not_brought(cookie: str) -> None:
    async with sites.site(wants_cookie(cookie, WITHOUT_COOKIE["500"])) as site:
        exchange = await fetch(site.url())

    assert judged(exchange) == (Verdict.DOWN, Reason.HTTP_5XX)


async def test_a_loop_that_a_script_might_leave_proves_nothing() -> None:
    back = answer(b"", "Location: /", "Set-Cookie: s=0", status="302 Found")
    async with sites.site(sites.says(back)) as site:
        exchange = await fetch(site.url())

    assert exchange.failure is Failure.REDIRECT_LOOP
    assert judged(exchange) == (Verdict.UNKNOWN, Reason.REDIRECT_LOOP)


@pytest.mark.parametrize(
    "refresh",
    ["0; url=/accueil", "0;URL='/accueil'", '1; url="/accueil"', "0, url=/accueil", "3;/accueil"],
)
async def test_an_empty_page_that_sends_on_by_its_header_is_followed(refresh: str) -> None:
    pages = {"/": answer(b"", f"Refresh: {refresh}"), "/accueil": SHOWN}
    async with sites.site(sites.routes(pages)) as site:
        exchange = await fetch(site.url())

    assert judged(exchange) == (Verdict.UP, Reason.MOVED)


@pytest.mark.parametrize(
    "status", ["302 Found", "301 Moved Permanently", "303 See Other", "307 T", "308 P"]
)
@pytest.mark.parametrize("location", [(), ("Location: ",)])
async def test_a_redirect_without_a_place_shows_its_page(
    status: str, location: tuple[str, ...]
) -> None:
    async with sites.site(sites.says(answer(PAGE, HTML, *location, status=status))) as site:
        exchange = await fetch(site.url())

    assert judged(exchange) == (Verdict.UP, Reason.OK)


@pytest.mark.parametrize("characters", [100, 2_000, 5_000, 8_000, 16_000])
async def test_a_long_signed_address_is_followed(characters: int) -> None:
    place = "/connexion?SAMLRequest=" + "a%2B" * (characters // 4)
    async with sites.site(sites.routes({"/": redirect(place), place: SHOWN})) as site:
        exchange = await fetch(site.url())

    assert judged(exchange) == (Verdict.UP, Reason.MOVED)


@pytest.mark.parametrize(
    ("location", "path"),
    [
        ("/a b", "/a%20b"),
        ("?page=2", "/?page=2"),
        ("\\accueil", "/accueil"),
        ("/accueil#haut", "/accueil"),
        ("./x/../accueil", "/accueil"),
        ("  /accueil  ", "/accueil"),
    ],
)
async def test_an_odd_address_leads_where_browsers_go(location: str, path: str) -> None:
    async with sites.site(sites.routes({"/": redirect(location), path: SHOWN})) as site:
        exchange = await fetch(site.url())

    assert (exchange.failure, exchange.body) == (None, PAGE), exchange.detail


@pytest.mark.parametrize("characters", [40_000, 70_000, 250_000])
async def test_an_address_longer_than_we_follow_proves_nothing(characters: int) -> None:
    async with sites.site(sites.says(redirect("/connexion?a=" + "b" * characters))) as site:
        exchange = await fetch(site.url())

    assert judged(exchange) == (Verdict.UNKNOWN, Reason.REDIRECT_REFUSED)


@pytest.mark.parametrize(
    "location",
    ["mailto:a@exemple.fr", "ftp://exemple.fr/", "javascript:void(0)", "data:text/html,<p>a"],
)
async def test_an_address_that_browsers_refuse_too_is_no_page(location: str) -> None:
    async with sites.site(sites.says(redirect(location))) as site:
        exchange = await fetch(site.url())

    assert judged(exchange) == (Verdict.DOWN, Reason.REDIRECT_REFUSED)


@pytest.mark.parametrize(
    "location", ["https://exemple.fr:99999/", "http://exa mple.fr/", "http://exemple.fr:22/"]
)
async def test_an_address_that_we_alone_refuse_proves_nothing(location: str) -> None:
    async with sites.site(sites.says(redirect(location))) as site:
        exchange = await fetch(site.url())

    assert judged(exchange)[0] is Verdict.UNKNOWN, (exchange.failure, exchange.detail)

"""What a single-page app's shell makes a browser load is part of its check."""

import time
from dataclasses import replace

import pytest

from monitor.core.model import Exchange, Failure, Kind, Target
from monitor.fetch import GateClosed, Limits, shell
from tests.support import sites
from tests.support.fetching import PATIENT_S, make_fetcher, open_gate
from tests.support.sites import Site, answer

pytestmark = pytest.mark.anyio

SHELL = b"""<!doctype html><html lang="fr"><head><base href="/usagers/">
<link rel="stylesheet" href="styles.1a.css"><link rel="icon" href="favicon.ico">
<link rel="modulepreload" href="chunk.2b.js"><script src="//ailleurs.test/mesure.js"></script>
<script src="/_Incapsula_Resource?SWJIYLWA=1"></script><script>var a</script></head>
<body><app-root></app-root><script src="main.3c.js" defer></script>
<script src="main.3c.js"></script></body></html>"""


def target(url: str, *, kind: Kind = Kind.SHELL, signs: tuple[str, ...] = ()) -> Target:
    return Target(
        slug="anef",
        name="ANEF",
        url=url,
        kind=kind,
        platform="anef",
        deadline_s=PATIENT_S,
        signs_of_life=signs,
    )


def paths(site: Site) -> list[str]:
    return [each.split(b" ", 2)[1].decode() for each in site.received]


async def fetch_target(wanted: Target, limits: Limits | None = None) -> Exchange:
    return await make_fetcher(limits=limits).fetch(wanted, open_gate)


async def test_a_shell_is_fetched_with_its_assets_then_its_signs_of_life() -> None:
    pages = {
        "/": answer(SHELL),
        "/usagers/styles.1a.css": answer(b"a{}", content_type="text/css"),
        "/usagers/main.3c.js": answer(b"go()", content_type="text/javascript"),
        "/api/drapeaux": answer(b"{}", content_type="application/json"),
    }
    async with sites.site(sites.routes(pages)) as site:
        gated: list[str] = []

        async def gate(url: str) -> None:
            gated.append(url)

        wanted = target(site.url(), signs=(site.url("/api/drapeaux"),))
        exchange = await make_fetcher().fetch(wanted, gate)
        assert paths(site) == [
            "/",
            "/usagers/styles.1a.css",
            "/usagers/chunk.2b.js",
            "/usagers/main.3c.js",
            "/api/drapeaux",
        ]
        assert gated == [site.url(path) for path in paths(site)]
    assert exchange.status == 200
    assert [part.status for part in exchange.parts] == [200, 404, 200, 200]
    assert [part.body for part in exchange.parts][-1] == b"{}"


async def test_only_a_shell_has_parts() -> None:
    async with sites.site(sites.routes({"/": answer(SHELL)})) as site:
        exchange = await fetch_target(target(site.url(), kind=Kind.PAGE))
    assert exchange.parts == ()


async def test_a_shell_that_is_down_is_left_alone() -> None:
    async with sites.site(
        sites.routes({"/": answer(SHELL, status="503 Service Unavailable")})
    ) as site:
        exchange = await fetch_target(target(site.url(), signs=(site.url("/api"),)))
        assert paths(site) == ["/"]
    assert exchange.status == 503


async def test_a_broken_part_is_kept_with_its_failure() -> None:
    pages = {"/": answer(b"<script src=a.js></script>"), "/a.js": b"HTTP/1.1 200 OK\r\nCont"}
    async with sites.site(sites.routes(pages)) as site:
        exchange = await fetch_target(target(site.url()))
    assert exchange.failure is None
    assert [part.failure for part in exchange.parts] == [Failure.EOF]


async def test_the_parts_share_the_deadline_of_the_whole() -> None:
    async with (
        sites.site(sites.silent()) as slow,
        sites.site(sites.says(answer(b"<p>"))) as page,
    ):
        wanted = target(page.url(), signs=(slow.url("/a"), slow.url("/b")))
        exchange = await fetch_target(replace(wanted, deadline_s=3))
        assert paths(slow) == ["/a"]
    assert exchange.failure is None
    assert [(part.failure, len(part.hops)) for part in exchange.parts] == [
        (Failure.DEADLINE, 1),
        (Failure.DEADLINE, 0),
    ]


def test_the_number_of_assets_is_bounded() -> None:
    page = "".join(f"<script src='{n}.js'></script>" for n in range(1000))
    assert len(shell.assets(page, "https://site.test/", limit=12)) == 12


@pytest.mark.parametrize(
    "page",
    [
        "",
        "\0",
        "<script src='http://['></script><script src='data:,'></script>",
        "<base href='http://['><base href='javascript:1'>",
        "<div>" * 50_000,
        "<link rel=stylesheet><script src>",
        "é" * 10,
    ],
)
def test_a_page_that_names_nothing_usable_has_no_assets(page: str) -> None:
    assert shell.assets(page, "https://site.test/", limit=12) == ()


def test_what_a_browser_must_load_to_run_the_app_is_an_asset_and_nothing_else() -> None:
    page = """
      <link rel="icon" href="icon.png"><link rel="preload" href="font.woff">
      <link rel="canonical" href="/"><link rel="manifest" href="app.json">
      <link rel="Stylesheet" href="a.css"><link rel="alternate stylesheet" href="b.css">
      <link rel="modulepreload" href="c.js"><script src="d.js"></script><script>e()</script>
      <script src="/_Incapsula_Resource?x=1"></script><img src="f.png">
    """
    assets = shell.assets(page, "https://site.test/x/", limit=12)
    assert assets == tuple(
        f"https://site.test/x/{name}" for name in ("a.css", "b.css", "c.js", "d.js")
    )


def test_a_base_elsewhere_makes_the_assets_someone_else_s() -> None:
    page = "<base href='https://ailleurs.test/'><script src='a.js'></script>"
    assert shell.assets(page, "https://site.test/", limit=12) == ()


async def test_a_part_that_the_gate_bars_is_left_out_and_the_rest_is_judged() -> None:
    """robots.txt may forbid a sign of life: the shell is still observed."""
    pages = {
        "/": answer(SHELL),
        "/usagers/styles.1a.css": answer(b"a{}", content_type="text/css"),
        "/usagers/main.3c.js": answer(b"go()", content_type="text/javascript"),
    }
    async with sites.site(sites.routes(pages)) as site:

        async def gate(url: str) -> None:
            if "/api/" in url:
                raise GateClosed

        wanted = target(site.url(), signs=(site.url("/api/drapeaux"),))
        exchange = await make_fetcher().fetch(wanted, gate)

        assert exchange.status == 200
        assert "/api/drapeaux" not in paths(site)
        assert all("/api/" not in part.url for part in exchange.parts)


async def test_a_page_that_the_gate_bars_is_not_fetched() -> None:
    async def gate(_url: str) -> None:
        raise GateClosed

    with pytest.raises(GateClosed):
        await make_fetcher().fetch(target("http://127.0.0.1:1/"), gate)


async def test_a_page_that_names_assets_without_end_costs_little() -> None:
    """Each address is taken apart: a hundred thousand of them took seconds, on the loop."""
    page = "<script src=https://autre.test/a.js></script>" * 100_000
    begun = time.process_time()
    assert shell.assets(page, "https://site.test/", limit=12) == ()
    assert time.process_time() - begun < 2

"""Each surprise of a site is named, its line is proposed, and accepting it makes the next right."""

from collections.abc import AsyncIterator, Callable, Mapping
from datetime import timedelta
from pathlib import Path
from typing import cast

import pytest

from monitor.config import load
from monitor.core.model import Verdict
from monitor.core.verdict.classify import exchange_of_saved
from monitor.demo.certificates import issue_authority, issue_leaf, server_context
from monitor.demo.site_server import SiteAnswer
from monitor.demo.sites import ANEF, FOREIGNERS_PATH, SIGNS_OF_LIFE, page
from monitor.runtime.clock import SystemClock
from monitor.survey.acceptance import accept
from monitor.survey.explored_page import explore
from monitor.survey.surprise import Surprise, SurpriseKind
from monitor.survey.target_reading import TargetClass
from tests.support.surveying import Surveyed, of, surveyed

pytestmark = pytest.mark.anyio
HOST, SLUG = "www.prefecture-34.demo.test", "prefecture-34"
NEW_PATH = "/Demarches-administratives/Accueil-des-etrangers2"


@pytest.fixture
def anyio_backend() -> str:
    return "asyncio"


@pytest.fixture
async def demo(tmp_path: Path) -> AsyncIterator[Surveyed]:
    async with surveyed(tmp_path) as one:
        yield one


def html(body: str, *, status: int = 200, title: str = "Page") -> SiteAnswer:
    text = f"<!DOCTYPE html><html lang=fr><title>{title}</title><body>{body}</body></html>"
    return SiteAnswer(status=status, body=text.encode())


def at(host: str, path: str, answer: SiteAnswer) -> Callable[[str, str], SiteAnswer | None]:
    return lambda h, p: answer if (h, p) == (host, path) else None


def on_host(answers: Mapping[str, SiteAnswer]) -> Callable[[str, str], SiteAnswer | None]:
    return lambda host, path: answers.get(path) if host == HOST else None


async def surprise_at(demo: Surveyed, slug: str, kind: SurpriseKind) -> Surprise:
    report = await demo.ask(only=(slug,))
    (surprise,) = of(report, slug).surprises
    assert surprise.kind is kind, surprise
    assert of(report, slug).standing in {TargetClass.TO_CORRECT, TargetClass.REFUSED}
    return surprise


def accepted(demo: Surveyed, surprise: Surprise) -> None:
    now, folder = SystemClock().now(), demo.world.config_folder
    accept(folder, surprise, before=load(folder), observed_at=now, now=now)


async def test_a_page_that_moved_on_its_host(demo: Surveyed) -> None:
    there = SiteAnswer(body=page("fiche.html"))
    moved = SiteAnswer(status=301, headers=(("Location", NEW_PATH),))
    demo.instead = on_host({FOREIGNERS_PATH: moved, NEW_PATH: there})

    surprise = await surprise_at(demo, SLUG, SurpriseKind.MOVED)
    assert surprise.edit
    assert str(surprise.edit.values["url"]).endswith(NEW_PATH)
    assert str(surprise.edit.values["source"]).startswith("relevé du ")
    accepted(demo, surprise)

    report = await demo.ask(only=(SLUG,))
    assert of(report, SLUG).standing is TargetClass.EXPECTED
    assert of(report, SLUG).reading.rule == "healthy"


async def test_a_page_that_is_gone_and_that_a_menu_still_names(demo: Surveyed) -> None:
    menu = f'<nav><a href="/Autre">Autre chose</a> <a href="{NEW_PATH}">Étrangers</a></nav>'
    gone = html(f"<h1>Page introuvable</h1>{menu}", status=404)
    there = SiteAnswer(body=page("fiche.html"))
    demo.instead = on_host({FOREIGNERS_PATH: gone, NEW_PATH: there})

    surprise = await surprise_at(demo, SLUG, SurpriseKind.GONE)
    assert "« Étrangers »" in surprise.observed
    accepted(demo, surprise)

    assert of(await demo.ask(only=(SLUG,)), SLUG).standing is TargetClass.EXPECTED


async def test_a_page_that_is_gone_and_that_nothing_names_is_for_a_person(demo: Surveyed) -> None:
    demo.instead = at(HOST, FOREIGNERS_PATH, html("<h1>Page introuvable</h1>", status=404))

    surprise = await surprise_at(demo, SLUG, SurpriseKind.GONE)
    assert surprise.edit is None
    assert "vigie discover" in surprise.advice


@pytest.mark.parametrize("status", [200, 503])
async def test_a_notice_in_unknown_words(demo: Surveyed, status: int) -> None:
    words = "<h1>Nos équipes préparent du neuf</h1><p>Merci de votre patience.</p>"
    demo.instead = at(HOST, FOREIGNERS_PATH, html(words, status=status))

    surprise = await surprise_at(demo, SLUG, SurpriseKind.NOTICE)
    assert surprise.edit
    assert surprise.edit.table == "fingerprint"
    assert surprise.edit.values["confidence"] == "live"
    accepted(demo, surprise)

    after = of(demo.report(), SLUG)
    assert after.reading.verdict is Verdict.MAINTENANCE
    assert after.surprises == ()


async def test_a_guard_that_nobody_knows(demo: Surveyed) -> None:
    words = "<h1>Sésame de sécurité du portier</h1><p>Référence 77-AB</p>"
    demo.instead = at(HOST, FOREIGNERS_PATH, html(words))

    surprise = await surprise_at(demo, SLUG, SurpriseKind.REFUSAL)
    assert "contourner" in surprise.advice
    accepted(demo, surprise)

    after = of(demo.report(), SLUG)
    assert after.reading.verdict is Verdict.BLOCKED
    assert after.standing is TargetClass.REFUSED
    assert after.surprises == ()


async def test_a_guard_by_its_status_closes_the_platform(demo: Surveyed) -> None:
    demo.instead = at(HOST, FOREIGNERS_PATH, html("<h1>Halte-là</h1>", status=403))

    report = await demo.ask()

    refused = [t for t in report.targets if t.reading.target.platform == "pages"]
    assert {t.standing for t in refused} <= {
        TargetClass.REFUSED, TargetClass.NOT_ASKED, TargetClass.EXPECTED,
    }  # fmt: skip
    assert of(report, SLUG).surprises[0].kind is SurpriseKind.REFUSAL
    before = len(demo.requests)
    await demo.ask()
    assert len(demo.requests) == before, "a platform that refused us is left alone"


async def test_a_text_that_was_expected_is_not_there(demo: Surveyed) -> None:
    path = demo.world.config_folder / "local.toml"
    path.write_text(f'[[target]]\nslug = "{SLUG}"\nmarkers = ["zzz absent"]\n', encoding="utf-8")

    surprise = await surprise_at(demo, SLUG, SurpriseKind.MARKER)
    assert surprise.edit
    accepted(demo, surprise)

    after = of(demo.report(), SLUG)
    assert after.standing is TargetClass.EXPECTED
    assert after.reading.marker == surprise.edit.values["markers"][-1]  # type: ignore[index]


async def test_an_application_whose_sign_of_life_moved(demo: Surveyed) -> None:
    demo.instead = at(ANEF, SIGNS_OF_LIFE[0], html("<h1>404</h1>", status=404))

    surprise = await surprise_at(demo, "anef", SurpriseKind.SHELL)
    assert surprise.edit
    (rest,) = cast("tuple[str]", surprise.edit.values["signs_of_life"])
    assert rest.endswith(SIGNS_OF_LIFE[1])
    accepted(demo, surprise)

    report = demo.report()
    assert of(report, "anef").surprises == ()


async def test_an_application_that_became_a_page(demo: Surveyed) -> None:
    words = "<h1>Titres de séjour</h1>" + "<p>Tout se fait maintenant au guichet de Lyon.</p>" * 5
    demo.instead = at(ANEF, "/usagers/", html(words))

    surprise = await surprise_at(demo, "anef", SurpriseKind.SHELL)
    assert surprise.edit
    assert surprise.edit.values["kind"] == "page"
    accepted(demo, surprise)
    assert of(demo.report(), "anef").standing is TargetClass.EXPECTED


async def test_a_certificate_of_an_authority_that_is_not_trusted(demo: Surveyed) -> None:
    now = SystemClock().now()
    starts, ends = now - timedelta(days=90), now + timedelta(days=90)
    root = issue_authority("Racine nouvelle", starts=starts, ends=ends)
    leaf = issue_leaf(root, hosts=(HOST,), starts=starts, ends=ends, aia_url="")
    site = next(s for s in demo.world._sites if s.host.name == HOST)
    known, site.server.tls = site.server.tls, server_context(leaf)

    report = await demo.ask(only=(SLUG,))
    (surprise,) = of(report, SLUG).surprises
    assert surprise.kind is SurpriseKind.CERTIFICATE
    assert "Racine nouvelle" in surprise.observed
    assert surprise.edit is None, "what browsers refuse, no line may make right"
    assert of(report, SLUG).standing is TargetClass.DOWN
    assert "1 indisponible ce jour-là" in report.sum_sentence

    site.server.tls = known  # as after an upgrade of Vigie, whose list has it
    report = await demo.ask(only=(SLUG,))
    assert of(report, SLUG).standing is TargetClass.EXPECTED
    assert report.surprises == ()


async def test_what_robots_txt_forbids_is_not_asked(demo: Surveyed) -> None:
    keep_out = SiteAnswer(body=b"User-agent: *\nDisallow: /Demarches/\n", media="text/plain")
    demo.instead = at(HOST, "/robots.txt", keep_out)

    surprise = await surprise_at(demo, SLUG, SurpriseKind.ROBOTS)
    assert (HOST, FOREIGNERS_PATH) not in demo.requests
    accepted(demo, surprise)
    assert SLUG not in demo.config.by_slug


@pytest.mark.parametrize(
    "body",
    [
        b"", b"\x00\xff" * 400, b"<a href='http://[::1'>x</a>", b"<div>" * 15_000 + b"maintenance",
        b"<a>" * 300_000, b"<h1>\xe2\x80\xae" + b"maintenance " * 20_000,
    ],
)  # fmt: skip
def test_a_hostile_page_is_explored_within_bounds(body: bytes) -> None:
    url = "https://www.prefecture.test/"
    _, exchange = exchange_of_saved(status=200, headers=[], body=body, url=url)
    page_explored = explore(exchange)
    assert len(page_explored.links) <= 1_000
    assert all(len(text) <= 200 for text in page_explored.statements)
    assert "\u202e" not in "".join(page_explored.statements)

"""The pages over HTTP: what they say, to whom, and under which headers."""

import asyncio
import re
from collections.abc import Mapping, Sequence
from dataclasses import replace
from datetime import timedelta
from itertools import pairwise
from unittest.mock import AsyncMock, patch

import httpx
import pytest
from lxml import html
from starlette.applications import Starlette

from monitor.core.language import FRENCH
from monitor.core.model import GapCause, LaneState, Platform, Policy, Reason, Target, Verdict
from monitor.web.pages_app import build
from monitor.web.security import QUERY_MAX
from monitor.web.templating import SHOWN_MAX, TimeTags
from tests.support.clock import FakeClock
from tests.support.metrics import FixedMetrics
from tests.support.reads import (
    NOW,
    FakeReads,
    ago,
    blip,
    config,
    gap,
    incident,
    life,
    outage,
    state,
    target,
    tour,
)

NBSP = "\N{NO-BREAK SPACE}"
HOSTILE = "<script>alert('x')</script>\" onmouseover=\"x"


class Visitor:
    """Asks an application, over HTTP semantics but without a socket."""

    def __init__(self, app: Starlette) -> None:
        self._transport = httpx.ASGITransport(app=app, raise_app_exceptions=False)

    def get(self, path: str, headers: Mapping[str, str] | None = None) -> httpx.Response:
        return self.ask("GET", path, headers)

    def ask(
        self, method: str, path: str, headers: Mapping[str, str] | None = None
    ) -> httpx.Response:
        async def send() -> httpx.Response:
            async with httpx.AsyncClient(
                transport=self._transport, base_url="http://vigie.example"
            ) as web:
                return await web.request(method, path, headers=headers)

        return asyncio.run(send())


def client(
    reads: FakeReads,
    targets: list[Target] | None = None,
    *,
    platforms: list[Platform] | None = None,
    clock: FakeClock | None = None,
    fresh_s: float = 0,
) -> Visitor:
    return Visitor(
        build(
            reads,
            config=config(targets or [target("a"), target("b")], platforms),
            clock=clock or FakeClock(NOW),
            point="local",
            metrics=FixedMetrics(),
            version="0.1.0",
            fresh_s=fresh_s,
        )
    )


def eventful() -> FakeReads:
    """Return a day in which everything happened."""
    return FakeReads(
        life=life(),
        seen=[state("a", Verdict.DOWN, Reason.HTTP_5XX), state("b")],
        confirmed=[outage("a"), outage("b", closed=True)],
        grouped=[incident("a"), incident("b", closed=True)],
        isolated=[blip("b", ago(hours=3))],
        missing=[gap("", GapCause.STOPPED), gap("b", GapCause.REFUSED)],
        panel=[tour(ago(minutes=3), ok=0), tour(ago(minutes=1))],
        budgets=[LaneState(platform="anef", paused=True, paused_why="travaux")],
    )


def page(reads: FakeReads, *targets: Target) -> html.HtmlElement:
    response = client(reads, list(targets) or None).get("/")
    assert response.status_code == 200
    return html.fromstring(response.text)


def said(document: html.HtmlElement) -> str:
    """Return the text of the page with plain spaces."""
    return " ".join(" ".join(document.itertext()).replace(NBSP, " ").split())


STORES = {
    "empty": FakeReads(),
    "unknown only": FakeReads(
        seen=[state(slug, Verdict.UNKNOWN, Reason.LOCAL_NETWORK) for slug in "ab"],
        panel=[tour(ago(minutes=1), ok=0)],
    ),
    "eventful": eventful(),
    "flapping": FakeReads(
        seen=[state("a", since=ago(seconds=40)), state("b")],
        confirmed=[replace(outage("a"), relapses=14)],
        isolated=[blip("b", ago(minutes=3 * number)) for number in range(1, 90)],
    ),
}
every_store = pytest.mark.parametrize("reads", STORES.values(), ids=STORES)


@every_store
def test_the_page_is_one_document_in_french_with_one_title(reads: FakeReads) -> None:
    document = page(reads)
    assert document.get("lang") == "fr"
    assert document.findtext(".//title") == "État des sites surveillés – Vigie ANEF"
    assert len(document.findall(".//h1")) == 1


@every_store
def test_headings_never_skip_a_level(reads: FakeReads) -> None:
    levels = [int(node.tag[1]) for node in page(reads).xpath("//h1|//h2|//h3|//h4|//h5|//h6")]
    assert levels[0] == 1
    assert all(after - before <= 1 for before, after in pairwise(levels))


@every_store
def test_every_reference_has_its_element_and_every_id_is_unique(reads: FakeReads) -> None:
    document = page(reads)
    ids = document.xpath("//@id")
    assert len(ids) == len(set(ids))
    wanted = set(document.xpath("//@aria-labelledby"))
    wanted |= {value[1:] for value in document.xpath("//a/@href") if value.startswith("#")}
    wanted |= {value[5:-1] for value in document.xpath("//@fill") if value.startswith("url(#")}
    assert wanted <= set(ids)


@every_store
def test_every_picture_has_words(reads: FakeReads) -> None:
    for picture in page(reads).xpath("//svg"):
        hidden = picture.get("aria-hidden") == "true"
        assert hidden != bool(picture.get("aria-label"))
        assert hidden or picture.get("role") == "img"


@every_store
def test_every_state_is_written_in_a_word(reads: FakeReads) -> None:
    for badge in page(reads).xpath("//*[contains(@class, 'badge')]"):
        assert len("".join(badge.xpath("./text()")).strip()) > 5


@every_store
def test_nothing_in_the_page_needs_a_script_or_a_style_of_its_own(reads: FakeReads) -> None:
    document = page(reads)
    assert not document.xpath("//script|//style|//@style|//@*[starts-with(name(), 'on')]")
    sources = document.xpath("//link[not(@rel='alternate')]/@href|//img/@src")
    assert all(source.startswith("/static/") for source in sources)


@every_store
def test_the_keyboard_reaches_the_content_first(reads: FakeReads) -> None:
    first = page(reads).xpath("//body//a")[0]
    assert (first.get("href"), first.text) == ("#contenu", "Aller au contenu")


def test_an_empty_store_says_that_nothing_was_checked_yet() -> None:
    text = said(page(FakeReads()))
    assert "Aucun relevé n’a encore été fait." in text
    assert "Aucune indisponibilité confirmée n’est en cours." in text


def test_without_a_line_the_page_says_that_all_is_unknown() -> None:
    text = said(page(STORES["unknown only"]))
    assert "Sans réseau, tout est indéterminé" in text
    assert "aucun de nos 3 sites témoins n’a répondu" in text
    assert "mais nous ne pouvons rien relever en ce moment" in text
    assert "notre propre connexion ne fonctionne pas" in text


def test_a_line_that_half_works_is_told_with_its_numbers() -> None:
    weak = replace(tour(ago(minutes=1), ok=1), needed=2)
    text = said(page(FakeReads(panel=[weak])))
    assert "1 seulement de nos 3 sites témoins, sur 2 attendus, a répondu" in text


def test_an_open_outage_shows_its_checks_and_both_durations_so_far() -> None:
    (article,) = page(eventful()).xpath("//article")
    text = said(article)
    for expected in (
        "Dernier relevé conforme avant 23 novembre 2026, 08:13:05",
        "Premier relevé en échec 23 novembre 2026, 08:14:05",
        "Dernier relevé en échec 23 novembre 2026, 08:26:05",
        "Durée minimale à ce jour 12 min 00 s",
        "Durée maximale à ce jour 1 h 01 min 00 s",
        "Relevés en échec 9, avec 1 rechute",
    ):
        assert expected in text


def test_the_rule_is_told_and_where_another_time_counts() -> None:
    own = replace(target("b"), policy=Policy(failing_s=1800))

    assert "Autre durée" not in said(page(FakeReads(), target("a")))
    text = said(page(FakeReads(), target("a"), own))
    assert "Autre durée, pour tout ou partie : ANEF, 30 minutes." in text


def test_an_outage_with_nothing_good_before_it_has_no_longest_duration() -> None:
    first = replace(outage("a"), last_ok_at=None)
    text = said(page(FakeReads(confirmed=[first])))
    assert "Durée maximale à ce jour inconnue, faute de relevé conforme avant" in text


def test_what_is_past_is_told_with_its_bounds() -> None:
    text = said(page(eventful()))
    assert "Durée d’au moins 12 min 00 s, d’au plus 14 min 00 s ; 9 relevés en échec" in text
    assert "1 échec isolé, trop bref pour être confirmé comme indisponibilité" in text
    assert "ANEF, 1 cible : depuis aujourd’hui 8 h 14" in text


def test_our_own_gaps_are_told() -> None:
    text = said(page(eventful()))
    assert "(1 contrôle sans réponse des témoins)" in text
    assert "le service de surveillance était arrêté (3 relevés prévus)" in text
    assert "attente après un refus du site : 3 relevés, 1 cible." in text
    assert "ANEF : surveillance suspendue par l’opérateur : travaux." in text


def test_instants_are_also_given_to_machines() -> None:
    times = page(eventful()).xpath("//article//dl//time/@datetime")
    assert times[0] == "2026-11-23T07:13:05Z"


def test_an_incident_that_began_while_the_page_was_read_goes_on() -> None:
    begun = FakeReads(grouped=[replace(incident("a"), number=7)])
    retired = FakeReads(
        confirmed=[replace(outage("retiree"), number=9)],
        grouped=[replace(incident("retiree"), number=9)],
    )

    assert "en cours." in said(page(begun, target("a")))
    assert "fin inconnue" not in said(page(begun, target("a")))
    assert "fin inconnue" in said(page(retired, target("a")))


def test_a_day_is_not_said_twice() -> None:
    times, start = TimeTags(FRENCH), ago(hours=3)
    assert re.fullmatch(r"<time [^>]+>\d+\sh\s\d\d</time>", times.moment(ago(hours=1), NOW, start))
    assert "hier" in times.moment(ago(days=1), NOW, start)


def test_a_long_list_is_cut_and_counted_whole() -> None:
    text = said(page(STORES["flapping"]))
    assert "89 échecs isolés, trop brefs" in text
    assert text.count("1 relevé en échec.") == SHOWN_MAX
    assert f"{89 - SHOWN_MAX} autres ne sont pas affichés ici" in text


def test_hostile_names_are_text_and_nothing_else() -> None:
    bad = replace(target("a", HOSTILE), url=f"https://a.example/?q={HOSTILE}", city=HOSTILE)
    reads = eventful()
    reads.budgets = [LaneState(platform="anef", paused=True, paused_why=HOSTILE)]
    platforms = [Platform(slug="anef", name=HOSTILE, spacing_s=1)]
    response = client(reads, [bad, target("b")], platforms=platforms).get("/")
    document = html.fromstring(response.text)
    assert not document.xpath("//script|//@onmouseover")
    assert "<script" not in response.text
    names = document.xpath("//section[@aria-labelledby='plateformes']//li/a/text()")
    assert names == [HOSTILE]
    assert document.xpath("//article//h3/a/text()") == [HOSTILE]


def test_what_is_cited_has_its_number_and_an_address() -> None:
    reads = FakeReads(
        confirmed=[
            replace(outage("a"), number=48_213),
            replace(outage("b", closed=True), number=7),
            replace(outage("retiree"), number=9),
        ],
        grouped=[replace(incident("a"), number=7), incident("b", closed=True)],
        missing=[replace(gap("", GapCause.STOPPED), number=12)],
    )
    document = page(reads, target("a"), target("b"))
    text = said(document)
    for expected in (
        "Indisponibilité n° 48 213 .",
        "indisponibilité n° 7 :",
        "indisponibilité n° 9 :",
        "Incident n° 7 ",
        "Incident sans numéro,",
        "Lacune n° 12, entre",
    ):
        assert expected in text.replace("\N{NARROW NO-BREAK SPACE}", " ").replace(
            "\N{NO-BREAK SPACE}", " "
        ), expected
    assert "/incidents/48213" in document.xpath("//article//a/@href")
    assert {
        "indisponibilite-48213",
        "indisponibilite-7",
        "indisponibilite-9",
        "incident-7",
        "lacune-12",
    } <= set(document.xpath("//@id"))


def test_an_outage_of_a_target_that_is_no_longer_watched_is_told_by_its_slug() -> None:
    document = page(FakeReads(confirmed=[outage("retiree")]))
    assert not document.xpath("//article")
    (name,) = document.xpath("//section[@aria-labelledby='en-cours']//strong/text()")
    assert name == "retiree"
    assert "Aucune indisponibilité confirmée n’est en cours" in document.text_content()


@pytest.mark.parametrize(
    ("path", "status"),
    [
        ("/", 200),
        ("/sante", 503),
        ("/metrics", 200),
        ("/probe", 400),
        ("/static/style.css", 200),
        ("/static/absent.css", 404),
        ("/nulle-part", 404),
        (f"/?{'q' * (QUERY_MAX + 1)}", 414),
    ],
)
def test_every_answer_carries_the_same_guards(path: str, status: int) -> None:
    response = client(FakeReads()).get(path)
    assert response.status_code == status
    policy = response.headers["content-security-policy"]
    assert "default-src 'none'" in policy
    assert "unsafe" not in policy
    assert response.headers["x-content-type-options"] == "nosniff"
    assert response.headers["referrer-policy"] == "no-referrer"


@pytest.mark.parametrize("path", ["/", "/sante", "/metrics", "/static/style.css"])
def test_head_answers_as_get_without_a_body(path: str) -> None:
    web = client(eventful())
    head, get = web.ask("HEAD", path), web.get(path)
    assert (head.status_code, head.content) == (get.status_code, b"")
    assert head.headers["content-type"] == get.headers["content-type"]


@pytest.mark.parametrize(
    ("method", "path", "title"),
    [("GET", "/nulle-part", "Page introuvable"), ("POST", "/", "Demande impossible")],
)
def test_errors_are_pages_in_french(method: str, path: str, title: str) -> None:
    document = html.fromstring(client(FakeReads()).ask(method, path).text)
    assert (document.get("lang"), document.findtext(".//h1")) == ("fr", title)


def test_a_store_that_cannot_be_read_gives_a_page_that_tells_nothing_of_the_inside() -> None:
    response = client(FakeReads(broken=True)).get("/")
    assert response.status_code == 500
    assert "n’a pas pu être établie" in response.text
    assert "secret" not in response.text
    assert "default-src 'none'" in response.headers["content-security-policy"]


def test_health_is_200_when_well_and_503_when_not() -> None:
    well = client(replace(eventful(), panel=[tour(ago(seconds=20))])).get("/sante")
    assert (well.status_code, well.json()["etat"]) == (200, "ok")
    assert client(FakeReads()).get("/sante").status_code == 503


def test_health_says_that_the_store_is_unreadable_and_no_more() -> None:
    response = client(FakeReads(broken=True)).get("/sante")
    assert response.status_code == 503
    found = response.json()
    assert (found["etat"], found["magasin"]) == ("en défaut", "illisible")
    assert response.headers["cache-control"] == "no-store"


def test_many_visitors_cost_one_reading_until_the_page_is_stale() -> None:
    reads, clock = eventful(), FakeClock(NOW)
    web = client(reads, clock=clock, fresh_s=10)
    first = web.get("/")
    assert web.get("/").text == first.text
    assert reads.reads == 1
    assert first.headers["cache-control"] == "public, max-age=10"
    clock._set(10_000_000)
    assert web.get("/").text != first.text
    assert reads.reads == 2


def test_a_page_that_was_long_to_make_is_kept_for_longer() -> None:
    clock = FakeClock(NOW)

    class Slow(FakeReads):
        def lanes(self) -> Sequence[LaneState]:
            clock._set(clock.monotonic_us() + 3_000_000)
            return []

    reads = Slow()
    web = client(reads, clock=clock, fresh_s=10)
    web.get("/")
    clock._set(62_000_000)
    assert web.get("/").headers["cache-control"] == "public, max-age=1"
    assert reads.reads == 1
    clock._set(63_000_000)
    web.get("/")
    assert reads.reads == 2


def test_a_clock_that_goes_back_breaks_no_page() -> None:
    reads = eventful()
    clock = FakeClock(NOW - timedelta(days=2))
    assert client(reads, clock=clock).get("/").status_code == 200
    assert client(reads, clock=clock).get("/sante").status_code in {200, 503}


def test_metrics_are_passed_through() -> None:
    response = client(FakeReads()).get("/metrics")
    assert response.content == b"# HELP x y\n"
    assert response.headers["content-type"] == "text/plain; version=0.0.4; charset=utf-8"


@pytest.mark.parametrize("path", ["/", "/cibles/a", "/metrics"])
def test_pages_and_metrics_are_compressed_for_who_accepts_it(path: str) -> None:
    web = client(FakeReads())
    with patch.object(FixedMetrics, "metrics", AsyncMock(return_value=b"# HELP x y\n" * 200)):
        packed = web.get(path, headers={"Accept-Encoding": "gzip"})
        plain = web.get(path, headers={"Accept-Encoding": "identity"})

    assert packed.headers["content-encoding"] == "gzip"
    assert "content-encoding" not in plain.headers
    assert packed.headers["vary"] == plain.headers["vary"] == "Accept-Encoding"
    assert packed.content == plain.content
    assert int(packed.headers["content-length"]) < int(plain.headers["content-length"]) / 2


@pytest.mark.parametrize(
    ("query", "status"),
    [("target=a&module=page", 200), ("target=z", 404), ("", 400), (f"target={'a' * 101}", 400)],
)
def test_probe_answers_for_known_targets_only(query: str, status: int) -> None:
    response = client(FakeReads()).get(f"/probe?{query}")
    assert response.status_code == status
    assert ("probe_success 1" in response.text) == (status == 200)

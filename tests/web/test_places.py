"""The pages that lead to targets: the list with its search, the departments and their map."""

import gzip
import re
from dataclasses import replace

import pytest
from lxml import html

from monitor.core.french.department_names import DEPARTMENT_NAMES, department_title
from monitor.core.model import Reason, Target, Verdict
from monitor.web.api.department_map import outlines
from monitor.web.pages_app import build
from monitor.web.views.department_drawing import HEIGHT, WIDTH, department_shapes
from monitor.web.views.places import matching
from tests.support.clock import FakeClock
from tests.support.metrics import FixedMetrics
from tests.support.reads import NOW, FakeReads, config, outage, state, target
from tests.web.test_app import Visitor

MAP_BYTES = 20_000  # compressed, at most
PAGE_BYTES = 50_000  # the same of a page without its map

TARGETS = [
    target("anef", "ANEF – application des usagers"),
    replace(
        target("prefecture-94", "Val-de-Marne – site de la préfecture", department="94"),
        city="Créteil",
    ),
    replace(
        target("prefecture-93", "Seine-Saint-Denis – rendez-vous", department="93"),
        city="Bobigny",
    ),
]


def visitor(reads: FakeReads, targets: list[Target] | None = None) -> Visitor:
    return Visitor(
        build(
            reads,
            config=config(targets or TARGETS),
            clock=FakeClock(NOW),
            point="local",
            metrics=FixedMetrics(),
            version="0.1.0",
            fresh_s=0,
        )
    )


def document(path: str, reads: FakeReads | None = None) -> html.HtmlElement:
    response = visitor(reads or FakeReads()).get(path)
    assert response.status_code == 200
    return html.fromstring(response.text)


def slugs_in(page: html.HtmlElement) -> list[str]:
    links = page.xpath("//ul[@class='rows']//p[@class='name']/a/@href")
    return [link.removeprefix("/cibles/") for link in links]


@pytest.mark.parametrize(
    ("query", "slugs"),
    [
        ("créteil", {"prefecture-94"}),
        ("CRETEIL", {"prefecture-94"}),
        ("94", {"prefecture-94"}),
        ("seine saint", {"prefecture-93"}),
        ("rendez vous bobigny", {"prefecture-93"}),
        ("prefecture", {"prefecture-94", "prefecture-93"}),
        ("application", {"anef"}),
        ("bobigny marne", set()),
        ("eteil", set()),
        ("'; DROP TABLE", set()),
    ],
)
def test_a_page_is_found_by_its_words_accents_aside(query: str, slugs: set[str]) -> None:
    assert matching(query, TARGETS, config(TARGETS)) == slugs


def test_a_search_shows_what_it_found_and_stays_in_its_form() -> None:
    page = document("/cibles?q=Cr%C3%A9teil&etat=unknown&plateforme=anef")

    assert slugs_in(page) == ["prefecture-94"]
    assert page.xpath("//input[@name='q']/@value") == ["Créteil"]
    assert page.xpath("//select[@name='etat']/option[@selected]/@value") == ["unknown"]
    assert page.xpath("//select[@name='plateforme']/option[@selected]/@value") == ["anef"]


def test_a_state_filters_alone() -> None:
    reads = FakeReads(seen=[state("anef"), state("prefecture-93", Verdict.DOWN, Reason.HTTP_5XX)])

    assert slugs_in(document("/cibles?etat=down", reads)) == ["prefecture-93"]
    assert slugs_in(document("/cibles?etat=maintenance", reads)) == []


@pytest.mark.parametrize(
    ("path", "status"),
    [
        ("/cibles?etat=en-panne", 400),
        ("/cibles?plateforme=absente", 400),
        ("/cibles?q=" + "a" * 500, 200),
        ("/cibles?q=%00%FF%F0", 200),
        ("/departements?mesure=absente", 400),
        ("/departements/20", 404),
        ("/departements/..%2F", 404),
        ("/departements/2A", 200),
        ("/departements/977-978", 200),
    ],
)
def test_what_cannot_be_asked_is_refused(path: str, status: int) -> None:
    assert visitor(FakeReads()).get(path).status_code == status


def test_what_a_reader_searched_is_text_and_nothing_else() -> None:
    page = document("/cibles?q=%22%3E%3Cscript%3Ealert(1)%3C/script%3E")

    assert not page.xpath("//script")
    assert page.xpath("//input[@name='q']/@value") == ['"><script>alert(1)</script>']


def test_every_target_can_be_reached_without_a_search() -> None:
    page = document("/cibles")

    links = set(page.xpath("//main//a/@href"))
    assert "/cibles/anef" in links
    assert {f"/departements/{code}" for code in DEPARTMENT_NAMES} <= links


def test_the_names_are_those_of_the_outlines() -> None:
    drawn = {str(one["id"]): str(one["properties"]["name"]) for one in outlines()}

    assert {code: name.replace("'", "’") for code, name in drawn.items()}.items() <= (
        DEPARTMENT_NAMES.items()
    )
    assert department_title("93") == "Seine-Saint-Denis\N{NO-BREAK SPACE}(93)"
    assert department_title("00") == "00"


def test_every_department_is_drawn_within_the_picture() -> None:
    shapes = department_shapes()

    assert {shape.code for shape in shapes} == DEPARTMENT_NAMES.keys()
    assert sorted(s.code for s in shapes if [t.code for t in shapes].count(s.code) > 1) == [
        *("75", "75", "92", "92", "93", "93", "94", "94"),
    ]
    for shape in shapes:
        assert re.fullmatch(r"(?:M-?\d[-\d lhvz]+z)+", shape.path)
        assert 0 <= shape.x <= WIDTH
        assert 0 <= shape.y <= HEIGHT


def test_the_map_is_light_and_says_the_states_in_words() -> None:
    reads = FakeReads(seen=[state("prefecture-93", Verdict.DOWN, Reason.HTTP_5XX)])
    page = document("/departements", reads)

    (picture,) = page.xpath("//*[@class='map']")
    assert len(gzip.compress(html.tostring(picture))) <= MAP_BYTES
    titles = picture.xpath(".//*[local-name()='a'][@href='/departements/93']/title/text()")
    assert titles == [f"{department_title('93')}\N{NO-BREAK SPACE}: indisponible"] * 2
    assert "✕" in picture.text_content()
    groups = page.xpath("//details[@class='group'][@open]")
    assert [link for group in groups for link in group.xpath(".//a/@href")] == ["/departements/93"]


def test_the_map_shows_a_figure_with_its_table() -> None:
    page = document("/departements?mesure=couverture")

    assert len(page.xpath("//table//tbody/tr")) == len(DEPARTMENT_NAMES)
    row = page.xpath("//table//tr[th/a/@href='/departements/93']")[0]
    assert row.xpath("string(td)").replace("\N{NO-BREAK SPACE}", " ") == "0,00 %"


def test_a_department_shows_its_pages_and_their_outages() -> None:
    reads = FakeReads(
        seen=[state("prefecture-93", Verdict.DOWN, Reason.HTTP_5XX)],
        confirmed=[replace(outage("prefecture-93"), number=12)],
    )
    page = document("/departements/93", reads)

    assert page.findtext(".//h1") == department_title("93")
    assert slugs_in(page) == ["prefecture-93"]
    assert page.xpath("//article/@id") == ["indisponibilite-12"]


def test_a_department_without_a_page_says_so() -> None:
    page = document("/departements/2A")

    assert "Aucune page de ce département n’est encore surveillée." in page.text_content()


@pytest.mark.parametrize("path", ["/", "/cibles", "/departements", "/departements/93"])
def test_pages_stay_small_with_a_thousand_targets(path: str) -> None:
    codes = sorted(DEPARTMENT_NAMES)
    many = [
        target(f"cible-{number}", department=codes[number % len(codes)]) for number in range(1_000)
    ]
    response = visitor(FakeReads(seen=[state(one.slug) for one in many]), many).get(path)
    without_map = re.sub(r'<svg class="map".*?</svg>', "", response.text, flags=re.DOTALL)

    assert response.status_code == 200
    assert len(gzip.compress(without_map.encode())) <= PAGE_BYTES


@pytest.mark.parametrize("path", ["/", "/cibles", "/cibles?q=val", "/departements/93"])
def test_a_reader_who_has_the_page_gets_no_second_copy(path: str) -> None:
    web = visitor(FakeReads())
    tag = web.get(path).headers["etag"]

    again = web.get(path, headers={"If-None-Match": tag})

    assert (again.status_code, again.content) == (304, b"")


@pytest.mark.parametrize("path", ["/", "/cibles", "/departements", "/departements/93"])
def test_no_link_of_ours_leads_nowhere(path: str) -> None:
    web = visitor(FakeReads())
    links = {
        link.split("#")[0]
        for link in document(path).xpath("//a/@href")
        if link.startswith("/") and not link.startswith(("/departements/", "/journal/"))
    }

    assert "/mentions-legales" in links
    assert {link for link in links if link and web.get(link).status_code != 200} == set()

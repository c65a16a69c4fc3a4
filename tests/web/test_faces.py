"""The pages about what pages say, over HTTP, on a real record."""

import shutil
from collections.abc import Iterator
from dataclasses import replace
from itertools import pairwise
from pathlib import Path

import pytest
from lxml import html

from monitor.core.changes.change import ChangeKind
from monitor.core.changes.text_history import NO_COPY
from monitor.core.model import Kind
from monitor.core.text.page import Element
from monitor.store import Store
from monitor.web.pages_app import build
from monitor.web.views.modifications import PER_PAGE
from monitor.web.views.offer import Stated, stated
from tests.support.clock import FakeClock
from tests.support.databases import sqlite_template
from tests.support.followed import address, number_of, record
from tests.support.metrics import FixedMetrics
from tests.support.readings import SENTENCES, page
from tests.support.reads import NOW, config, target
from tests.web.test_app import HOSTILE, Visitor, said

__all__ = ["sqlite_template"]  # a fixture
TARGETS = [
    target("prefecture-63-etrangers", "Étrangers 63", department="63"),
    target("prefecture-75-etrangers", "Étrangers 75", department="75"),
    replace(target("prefecture-01", "Accueil 01", department="01"), kind=Kind.HOME),
]
FLAPPING = "ABABABA"


@pytest.fixture
def store(sqlite_template: Path, tmp_path: Path) -> Iterator[Store]:
    url = f"sqlite:///{shutil.copy(sqlite_template, tmp_path / 'vigie.sqlite')}"
    with Store.open(url, point="local", writer=True, rest_s=0) as opened:
        yield opened


def visitor(store: Store) -> Visitor:
    return Visitor(
        build(
            store,
            config=config(TARGETS),
            clock=FakeClock(NOW),
            point="local",
            metrics=FixedMetrics(),
            version="0.1.0",
            fresh_s=0,
        )
    )


@pytest.fixture
def web(store: Store) -> Visitor:
    record(store, "AABBBAACC", target="prefecture-63-etrangers", removed=True)
    record(store, FLAPPING, target="prefecture-75-etrangers")
    return visitor(store)


def read(web: Visitor, path: str) -> html.HtmlElement:
    answer = web.get(path)
    assert answer.status_code == 200
    return html.fromstring(answer.text)


ADDRESSES = (
    "/modifications",
    "/modifications?tout=oui",
    *range(1, 10),  # a change, by its rank
    "/informations",
    "/cibles/prefecture-63-etrangers",
    "/cibles/prefecture-01",
)


@pytest.mark.parametrize("path", ADDRESSES)
def test_each_page_is_one_sound_document_in_french(
    web: Visitor, store: Store, path: str | int
) -> None:
    document = read(web, path if isinstance(path, str) else address(store, path))

    assert "fr" == document.get("lang")
    assert 1 == len(document.findall(".//h1"))
    levels = [int(node.tag[1]) for node in document.xpath("//h1|//h2|//h3|//h4")]
    assert all(after - before <= 1 for before, after in pairwise(levels))
    ids = document.xpath("//@id")
    assert len(ids) == len(set(ids))
    assert not document.xpath("//script|//style|//@style")
    labelled = {label.get("for") for label in document.xpath("//label[@for]")}
    assert set(document.xpath("//select/@id")) <= labelled


def test_the_list_tells_what_is_announced_and_on_demand_the_rest(web: Visitor) -> None:
    told, every = (said(read(web, f"/modifications{end}")) for end in ("", "?tout=oui"))

    assert "4 modifications" in told
    assert "retour à un texte antérieur" not in told.split("Filtrer")[0]
    assert "Page retirée" in told
    assert "Textes en alternance" not in told
    assert "Textes en alternance" in every
    assert "Premier texte relevé" in every


def test_the_list_is_filtered_by_department_and_kind(web: Visitor) -> None:
    counts = {
        query: read(web, f"/modifications?{query}").findtext(".//h2")
        for query in (
            "departement=63",
            "departement=75",
            "nature=page_removed",
            "nature=fee",
            "importance=major",
            "importance=cosmetic",
            "departement=63&nature=phone",
            "departement=75&tout=oui",
        )
    }

    assert {
        "departement=63": "4 modifications",
        "departement=75": "0 modification",
        "nature=page_removed": "1 modification",
        "nature=fee": "0 modification",
        "importance=major": "4 modifications",
        "importance=cosmetic": "0 modification",
        "departement=63&nature=phone": "3 modifications",
        "departement=75&tout=oui": "4 modifications",
    } == counts


@pytest.mark.parametrize(
    ("path", "status"),
    [
        ("/modifications?departement=00", 400),
        ("/modifications?nature=inconnue", 400),
        ("/modifications?importance=inconnue", 400),
        ("/modifications?page=0", 400),
        ("/modifications?page=x", 400),
        ("/modifications?page=99999999999999999999", 400),
        ("/modifications?page=1_0", 400),
        ("/modifications?page=%2B1", 400),
        ("/modifications?page=%201", 400),
        ("/modifications?page=%D9%A3", 400),
        ("/modifications?page=9999", 200),
        (f"/modifications/{'9' * 5_000}", 404),
        ("/modifications/1_0", 404),
        ("/modifications/", 404),
        ("/cibles/inconnue/", 404),
        ("/modifications/999", 404),
        ("/modifications/99999999999999999999", 404),
        ("/modifications/x", 404),
        ("/cibles/inconnue", 404),
    ],
)
def test_what_names_nothing_is_refused_plainly(web: Visitor, path: str, status: int) -> None:
    assert status == web.get(path).status_code


def test_a_long_list_is_turned_page_by_page(store: Store) -> None:
    texts = [page(f"texte{number}") for number in range(35)]
    twice = [text for text in texts for _ in range(2)]
    record(store, twice, target="prefecture-63-etrangers")
    web = visitor(store)

    first = read(web, "/modifications")
    (after,) = first.xpath("//a[@rel='next']/@href")
    second = read(web, after)

    assert [PER_PAGE, 34 - PER_PAGE] == [
        len(one.xpath("//ul[@class='rows']/li")) for one in (first, second)
    ]
    assert ["/modifications?page=1"] == second.xpath("//a[@rel='prev']/@href")
    assert not second.xpath("//a[@rel='next']")


def test_a_change_shows_both_texts_word_by_word_without_needing_colour(
    web: Visitor, store: Store
) -> None:
    document = read(web, address(store, 2))
    text = said(document)

    assert "[− 34. −] [+ 78. +]" in text or "[− 01 99 00 12 34. −] [+ 01 99 00 56 78. +]" in text
    assert document.xpath("//del")
    assert document.xpath("//ins")
    assert "Nature téléphone" in text
    assert "Importance importante" in text
    assert "Le texte a changé alors que la date de mise à jour affichée" in text
    assert "inchangée : 12 octobre 2026" in text
    assert "N’est plus indiqué : numéro de téléphone ( +33199001234 )." in text


def test_a_change_of_our_own_rules_says_what_it_may_hide(store: Store) -> None:
    old = replace(page("A"), extraction_version="0")
    record(store, [old, old, page("B"), page("B")], target="prefecture-63-etrangers")
    web = visitor(store)

    for path in ("/modifications?tout=oui", address(store, 2)):
        assert NO_COPY in said(read(web, path))
    assert NO_COPY not in said(read(web, "/modifications"))


def test_a_change_gives_its_bounds_in_paris_and_utc_and_its_digests(
    web: Visitor, store: Store
) -> None:
    document = read(web, address(store, 2))
    text = said(document)
    change = store.page_change(number_of(store, 2))
    assert change is not None
    before, after = change[0].before, change[0].after
    assert before is not None
    assert after is not None

    for name, time in (("dernière", "09:01:00"), ("première", "09:02:00")):
        assert f"pour la {name} fois 23 novembre 2026, {time}" in text
    # UTC is in the titles, and is printed.
    (after_at, *_) = document.xpath("//dd/time")
    assert after_at.get("datetime") == "2026-11-23T08:01:00Z"
    assert "08:01:00\N{NO-BREAK SPACE}UTC" in after_at.get("title")
    for digest in (before.sha256, after.sha256, before.body_sha256):
        assert digest in text
    assert "L’instant exact du changement n’est pas connu" in text


def test_a_target_shows_its_state_facts_versions_and_changes(web: Visitor) -> None:
    text = said(read(web, "/cibles/prefecture-63-etrangers"))

    for expected in (
        "Date de mise à jour affichée : 12 octobre 2026, il y a 42 jours",
        "Numéro de téléphone : +33199005678",
        "Textes relevés",
        "Page retirée",
        "Indisponibilités Aucune n’est enregistrée.",
    ):
        assert expected in text


def test_the_table_says_for_each_department_what_is_stated(web: Visitor) -> None:
    document = read(web, "/informations")
    text = said(document)

    assert "2 pages suivies, dont 2 lues au moins une fois" in text
    assert "Aucune page pour les étrangers n’y est encore confirmée : 01." in text
    (row, _) = document.xpath("//tbody/tr")
    assert ["✔ oui", "–", "✔ oui"] == [cell.text for cell in row.xpath("./td")[2:5]]


def test_an_offer_and_its_denial_are_told_apart(store: Store) -> None:
    SENTENCES["post"] = "Aucun dossier reçu par courrier ne sera traité."
    record(store, [page("post")], target="prefecture-63-etrangers")
    found = stated(store.page_facts(stated_only=True))

    assert (Stated.DENIED, Stated.NO) == (found[Element.POST], found[Element.PHONE])


def test_text_from_outside_is_text_and_nothing_else(store: Store) -> None:
    SENTENCES["bad"] = html.tostring(html.Element("p"), encoding="unicode") + HOSTILE.replace(
        "<", "&lt;"
    )
    record(store, [page("A"), page("bad"), page("bad")], target="prefecture-63-etrangers")
    web = visitor(store)

    for path in ("/modifications", address(store, 2), "/cibles/prefecture-63-etrangers"):
        answer = web.get(path)
        assert "<script" not in answer.text
        assert not html.fromstring(answer.text).xpath("//@onmouseover")
    assert "alert(" in web.get(address(store, 2)).text


def test_every_kind_can_be_chosen(web: Visitor) -> None:
    offered = read(web, "/modifications").xpath("//select[@id='nature']/option/@value")

    assert ["", *ChangeKind] == offered


@pytest.mark.parametrize(
    "path", ["/modifications/", "/informations/", "/sante/", "/%2F/evil.example/"]
)
@pytest.mark.parametrize("name", ["host", "x-forwarded-host", "forwarded"])
def test_no_answer_leads_to_a_host_that_the_request_named(
    web: Visitor, path: str, name: str
) -> None:
    answer = web.get(path, headers={name: "evil.example"})

    assert answer.status_code == 404
    assert "location" not in answer.headers
    assert "evil" not in answer.text

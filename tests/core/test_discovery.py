"""Which links are worth reading, and which addresses are one page."""

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from monitor.core.text.markup import parse
from monitor.core.text.page_candidates import (
    MOST_LINKS,
    folded,
    hosts_of,
    is_of,
    leads,
    slug_of,
    speaks_of_foreigners,
)

HOME = "https://www.exemple.gouv.fr/"
HOSTS = hosts_of(HOME)


def found(page: str, *, depth: int = 0) -> list[str]:
    return [lead.url for lead in leads(parse(page.encode()), base=HOME, depth=depth, hosts=HOSTS)]


@pytest.mark.parametrize(
    "other",
    [
        "http://www.exemple.gouv.fr/Demarches/Etrangers",
        "https://exemple.gouv.fr/Demarches/Etrangers/",
        "https://www.exemple.gouv.fr/index.php/Demarches/Etrangers",
        "https://www.exemple.gouv.fr/layout/set/print/Demarches/Etrangers",
        "https://www.exemple.gouv.fr//Demarches//Etrangers",
        "https://www.exemple.gouv.fr/demarches/etrangers",
        "https://www.exemple.gouv.fr/Demarches/Etrangers2",
        "https://www.exemple.gouv.fr/Demarches/Etrangers/Etrangers",
        "https://www.exemple.gouv.fr/Demarches/Etrangers/Etrangers3",
        "https://www.exemple.gouv.fr/Demarches/Etrangers#haut",
    ],
)
def test_variants_of_an_address_are_one_page(other: str) -> None:
    assert folded("https://www.exemple.gouv.fr/Demarches/Etrangers") == folded(other)


@pytest.mark.parametrize(
    "other",
    [
        "https://www.exemple.gouv.fr/Demarches/Asile",
        "https://www.autre.gouv.fr/Demarches/Etrangers",
        "https://www.exemple.gouv.fr/booking/create/12",
        "https://www.exemple.gouv.fr/booking/create/13",
        "https://www.exemple.gouv.fr/spip.php?id_article=1",
        "https://www.exemple.gouv.fr/spip.php?id_article=2",
    ],
)
def test_other_pages_are_others(other: str) -> None:
    every = [
        "https://www.exemple.gouv.fr/Demarches/Etrangers",
        "https://www.exemple.gouv.fr/booking/create/1",
        "https://www.exemple.gouv.fr/spip.php?id_article=3",
    ]

    assert folded(other) not in {folded(url) for url in every}


@pytest.mark.parametrize(
    ("url", "own"),
    [
        ("https://www.exemple.gouv.fr/a", True),
        ("http://exemple.gouv.fr/a", True),
        ("https://www.rdv.exemple.gouv.fr/booking/create/1", True),
        ("https://www.exemple.gouv.fr.copie.example/a", False),
        ("https://copie.example/www.exemple.gouv.fr", False),
        ("https://www.exemple-gouv.fr/a", False),
        ("https://www.exemple.gouv.fr@copie.example/", False),
        ("https://moi@www.exemple.gouv.fr/", False),
        ("https://www.exemple.gouv.fr:8443/", False),
        ("https://www.exemple.gouv.fr:99999/", False),
        ("javascript:alert(1)", False),
        ("ftp://www.exemple.gouv.fr/", False),
        ("https://[", False),
        ("", False),
        (f"https://www.exemple.gouv.fr/{'a' * 500}", False),
    ],
)
def test_only_the_prefecture_s_own_hosts_are_visited(url: str, *, own: bool) -> None:
    assert own is is_of(url, HOSTS)


def test_links_that_speak_of_foreigners_are_followed_and_menus_once() -> None:
    page = """
    <nav><a class="x" href="/Demarches">Toutes les démarches</a>
    <a href="/Actualites">Actualités</a></nav>
    <a href="/Demarches/Etrangers">Ressortissants <b>étrangers</b></a>
    <a href="/x/NATURALISATION-et-nationalite">Lire</a>
    <a href="/Demarches/Permis">Permis de conduire</a>
    <a href="/guide-sejour.pdf">Guide du séjour</a>
    <a href="https://ailleurs.example/etrangers">Étrangers</a>
    """
    own = [f"{HOME}{path}" for path in ("Demarches/Etrangers", "x/NATURALISATION-et-nationalite")]

    assert [f"{HOME}Demarches", *own] == found(page)
    assert own == found(page, depth=1)


def test_a_page_of_any_number_of_links_is_read_in_part() -> None:
    page = '<a href="/sejour">séjour</a>' * (3 * MOST_LINKS) + "<a href=" * 50_000

    assert MOST_LINKS == len(found(page))


@given(st.text(max_size=300))
@settings(max_examples=60, deadline=None)
def test_whatever_a_page_holds_what_is_followed_is_the_prefecture_s(text: str) -> None:
    for page in (text, f'<a href="{text}">séjour</a>', f'<a href="//{text}/sejour">x</a>'):
        assert all(is_of(url, HOSTS) for url in found(page))


def test_titles_are_recognised_and_named() -> None:
    assert speaks_of_foreigners("Titres de séjour", "https://a.example/x")
    assert speaks_of_foreigners("Accueil", "https://a.example/Demarches/Accueil-des-Etrangers")
    assert not speaks_of_foreigners("Permis de conduire", "https://a.example/permis")
    assert "accueil-des-etrangers-l-ete" == slug_of("Accueil des étrangers, l’été !")
    assert 50 >= len(slug_of("mot " * 40))

"""Which part of a page is its content, when the page does not say so."""

import pytest

from monitor.core.changes.compare import compare
from monitor.core.text.page import Page, Structure
from monitor.core.text.read import read_page
from tests.support.prefecture import URL

TEXT = "".join(
    f"<p>Phrase numéro {n} d'un texte assez long pour peser dans la page.</p>" for n in range(20)
)
BANNER = (
    "<div><h3>Vos choix</h3><p>Avec nos partenaires nous mesurons l'audience de ce site et "
    "proposons des contenus adaptés, que vous pouvez accepter ou refuser.</p></div>"
)


def read(html: str) -> Page:
    return read_page(f"<html><body>{html}</body></html>".encode(), url=URL)


@pytest.mark.parametrize("where", ["before", "after"])
def test_a_banner_without_a_name_beside_the_text_is_no_change(where: str) -> None:
    """Even one that speaks in sentences: it stands at the level of the whole page."""
    plain = f"<div><h1>Titre</h1>{TEXT}</div>"
    noisy = BANNER + plain if where == "before" else plain + BANNER

    assert compare(read(plain), read(noisy)) is None


def test_an_introduction_above_the_largest_part_belongs_to_the_text() -> None:
    page = read(
        "<div class='page'><div class='x'><p>Cette introduction dit la démarche en peu de mots.</p>"
        f"<div class='y'>{TEXT}</div></div></div>"
    )

    assert page.structure == Structure.DENSEST
    assert "Cette introduction" in page.text


@pytest.mark.parametrize(
    "parts", ["<div><h1>Asile</h1></div><div>{}</div>", "<div>{}</div><div><h1>Asile</h1></div>"]
)
def test_the_title_beside_the_largest_part_belongs_to_the_text(parts: str) -> None:
    page = read(f"<div>{parts.format(TEXT)}</div>")

    assert page.title == "Asile"
    assert "Asile" in page.text


def test_several_parts_that_bear_one_name_are_read_together() -> None:
    """A class that is repeated for each section names no main part."""
    parts = "".join(f'<div class="content"><h2>Partie {n}</h2>{TEXT}</div>' for n in range(3))
    page = read(f"<div>{parts}</div>")

    assert page.structure != Structure.NAMED
    assert all(f"Partie {n}" in page.text for n in range(3))


def test_a_call_out_inside_the_main_part_is_content_and_a_list_of_links_is_not() -> None:
    call_out = (
        "<aside><h2>Attention</h2><p>Il n'est pas possible de venir sans rendez-vous.</p></aside>"
    )
    teasers = "<aside><a href='/1'>Le carnaval</a><a href='/2'>La fête de la musique</a></aside>"
    page = read(f"<main><h1>Titre</h1>{TEXT}{call_out}{teasers}</main>{call_out}")

    assert page.text.count("sans rendez-vous") == 1
    assert "carnaval" not in page.text

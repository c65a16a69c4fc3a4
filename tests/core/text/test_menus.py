"""Menus that a page does not name."""

import pytest

from monitor.core.text.masks.menus import LEAST_LANGUAGES, LEAST_LINKS, LEAST_ROW, RULE
from monitor.core.text.page import Page, Structure
from monitor.core.text.read import read_page
from tests.support.prefecture import URL

SENTENCES = "".join(
    f"<p>Phrase numéro {n} d'un texte assez long pour peser dans la page.</p>" for n in range(20)
)


def page(*, links: int, tag: str = "div") -> Page:
    menu = "".join(f'<p><a href="/{n}">Rubrique {n}</a></p>' for n in range(links))
    html = f"<body><{tag}><div>{menu}</div>{SENTENCES}<div>{menu}</div></{tag}></body>"
    return read_page(html.encode(), url=URL)


def test_many_links_around_a_guessed_text_are_a_menu() -> None:
    found = page(links=LEAST_LINKS)

    assert found.structure == Structure.DENSEST
    assert "Rubrique" not in found.text
    assert {block.mask for block in found.blocks if not block.main} == {RULE}


def test_a_few_links_around_a_text_are_content() -> None:
    assert "Rubrique" in page(links=LEAST_LINKS - 1).text


def test_a_page_that_declares_its_main_part_keeps_its_links() -> None:
    assert "Rubrique" in page(links=LEAST_LINKS, tag="main").text


def ended(end: str) -> Page:
    """Return a page that declares its main part, with something after its last sentence."""
    return read_page(f"<body><main>{SENTENCES}{end}</main></body>".encode(), url=URL)


def row(links: int) -> str:
    return "<p>" + "".join(f'<a href="/{n}">Rubrique {n}</a>' for n in range(links)) + "</p>"


def test_a_row_of_many_links_is_a_menu_wherever_the_main_part_came_from() -> None:
    assert "Rubrique" not in ended(row(LEAST_ROW)).text
    assert "Rubrique" in ended(row(LEAST_ROW - 1)).text


def test_a_row_of_links_between_sentences_is_content() -> None:
    assert "Rubrique" in ended(row(LEAST_ROW) + SENTENCES).text


OTHERS = (
    "<h2>{title}</h2><ul><li><a href='/a'>Un article</a></li><li><a href='/b'>Un autre</a></li>"
)


@pytest.mark.parametrize(
    "title", ["À lire aussi", "Et aussi", "Articles récents :", "Dans la même rubrique", "See also"]
)
def test_a_list_of_other_pages_by_its_title_is_a_menu(title: str) -> None:
    found = ended(OTHERS.format(title=title) + "</ul><h2>Coût</h2><p>Le titre coûte 225 euros.</p>")

    assert title not in found.text
    assert "Un autre" not in found.text
    assert "225 euros" in found.text


@pytest.mark.parametrize(
    ("title", "rest"),
    [
        ("Pièces à fournir", ""),
        ("Voir aussi le guichet", ""),
        ("Et aussi", "<li>Le dépôt est fermé au public le mercredi après-midi.</li>"),
        ("Et aussi", "<li>Téléphone : 04 73 98 61 61</li>"),
    ],
)
def test_a_list_that_says_something_itself_is_content(title: str, rest: str) -> None:
    assert "Un autre" in ended(OTHERS.format(title=title) + rest + "</ul>").text


def test_names_of_languages_in_a_row_are_a_menu() -> None:
    names = ["Français (France)", "English", "Español", "العربية"]

    assert len(names) == LEAST_LANGUAGES
    assert "Español" not in ended("".join(f"<p>{name}</p>" for name in names)).text
    assert "Español" in ended("".join(f"<p>{name}</p>" for name in names[1:])).text

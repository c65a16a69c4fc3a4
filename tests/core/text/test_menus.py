"""Menus that a page does not name."""

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


def test_names_of_languages_in_a_row_are_a_menu() -> None:
    names = ["Français (France)", "English", "Español", "العربية"]

    assert len(names) == LEAST_LANGUAGES
    assert "Español" not in ended("".join(f"<p>{name}</p>" for name in names)).text
    assert "Español" in ended("".join(f"<p>{name}</p>" for name in names[1:])).text

"""Menus that a page does not name."""

from monitor.core.pages.menus import LEAST_LINKS, RULE
from monitor.core.pages.page import Page, Structure
from monitor.core.pages.read import read_page
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

"""What is French on the pages is set as French."""

import re

import jinja2
import pytest

from monitor.core.french import labels, sentences
from monitor.core.french.typesetting import typeset, typeset_markup
from monitor.web.templating import TEMPLATES, Typesetting, environment

NBSP = "\N{NO-BREAK SPACE}"


@pytest.mark.parametrize(
    ("typed", "printed"),
    [
        ("« a b » devient « c »", "«~a b~» devient «~c~»"),
        ("Vrai ? Oui ! Donc : a ; b", "Vrai~? Oui~! Donc~: a~; b"),
        ("à 14 h 02, 35 min, 3 s, 12 %, n° 4", "à 14~h~02, 35~min, 3~s, 12~%, n°~4"),
        ("l'état d'un site", "l’état d’un site"),
        ("https://a.example/?q=1 'mot' 5 hommes", "https://a.example/?q=1 'mot' 5 hommes"),
    ],
)
def test_french_spaces_do_not_break_a_line(typed: str, printed: str) -> None:
    expected = printed.replace("~", NBSP)

    assert typeset(typed) == expected
    assert typeset(expected) == expected


def test_tags_are_left_alone() -> None:
    assert typeset_markup('<a title="x : y">l\'un : deux</a>') == (
        f'<a title="x : y">l’un{NBSP}: deux</a>'
    )


def test_texts_of_templates_are_typeset_and_values_are_not() -> None:
    templates = jinja2.Environment(extensions=[Typesetting], autoescape=True)

    page = templates.from_string("<p>L'un : {{ value }} ?</p>").render(value="l'autre : x")

    assert page == f"<p>L’un{NBSP}: l&#39;autre : x{NBSP}?</p>"


@pytest.mark.parametrize("template", sorted(TEMPLATES.glob("*.html")), ids=lambda path: path.name)
def test_no_text_of_a_template_can_break_where_french_does_not(template: str) -> None:
    templates = environment(version="0")
    source = (TEMPLATES / template).read_text(encoding="utf-8")
    data = [text for _, kind, text in templates.lex(templates.preprocess(source)) if kind == "data"]
    tokens = templates._tokenize(source, name=None)
    set_texts = [token.value for token in tokens if token.type == "data"]

    assert len(set_texts) == len(data)
    bare = [re.sub("<[^<>]*>", "", text) for text in set_texts]
    assert [text for text in bare if re.search(r"« | [:;?!»]|\w'\w", text)] == []


@pytest.mark.parametrize("module", [sentences, labels], ids=lambda module: module.__name__)
def test_the_words_of_the_pages_have_curly_apostrophes(module: object) -> None:
    tables = [table for table in vars(module).values() if isinstance(table, dict)]
    said = [text for table in tables for text in table.values() if isinstance(text, str)]
    assert said
    assert [text for text in said if re.search(r"\w'\w", text)] == []

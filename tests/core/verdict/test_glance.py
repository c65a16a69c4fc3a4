"""The cheap reading of an answer: what it sees, and that nothing outside can break it."""

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from monitor.core.text.charset import decode
from monitor.core.verdict import page_summary as glancing
from monitor.core.verdict.answer_form import Form
from monitor.core.verdict.page_summary import (
    MAX_ADDRESS,
    MAX_BYTES,
    MAX_TEXT,
    fold,
    glance,
)
from monitor.core.verdict.summary_cache import SummaryCache


@pytest.mark.parametrize(
    ("text", "folded"),
    [
        ("  Accès\n refusé ", "acces refuse"),
        ("L’ÉTAT – d’urgence", "l'etat - d'urgence"),
        ("Œuvre n° 3", "œuvre n° 3"),
        ("ДОСТУП ОГРАНИЧЕН", "доступ ограничен"),
    ],
)
def test_folding_takes_out_case_accents_and_odd_quotes(text: str, folded: str) -> None:
    assert folded == fold(text)


@pytest.mark.parametrize(
    ("body", "charset", "text"),
    [
        (b"\xef\xbb\xbfd\xc3\xa9", "latin-1", "dé"),
        (b"d\xe9", "iso-8859-1", "dé"),
        (b'<meta charset="windows-1252">d\xe9', "", '<meta charset="windows-1252">dé'),
        (b"d\xc3\xa9", "", "dé"),
        (b"d\xe9", "", "dé"),
        (b"d\xc3\xa9", "x-no-such-charset", "dé"),
        (b"d\xc3\xa9", "rot13", "dé"),
        ("dé".encode("utf-16"), "", "dé"),
    ],
)
def test_a_body_is_decoded_as_browsers_do(body: bytes, charset: str, text: str) -> None:
    """Byte-order mark first, then the header, then `meta`, then UTF-8, then 1252."""
    assert text == decode(body, charset)


@pytest.mark.parametrize(
    ("body", "content_type", "form"),
    [
        (b"", "text/html", Form.EMPTY),
        (b" \n\x00 ", "text/html", Form.EMPTY),
        (b'{"a": 1}', "text/html", Form.JSON),
        (b"<p>x</p>", "application/json", Form.HTML),
        (b"Forbidden", "text/plain", Form.TEXT),
        (b"Forbidden", "text/html", Form.HTML),
        (b"%PDF-1.7 x", "application/pdf", Form.BINARY),
        (b"\x89PNG\x00\x00", "", Form.BINARY),
    ],
)
def test_the_form_goes_by_the_bytes_then_by_the_header(
    body: bytes, content_type: str, form: Form
) -> None:
    assert form == glance(body, content_type=content_type).form


PAGE = """<!doctype html><html><head><title>Le  titre</title>
<meta http-equiv="Refresh" content="5; URL='/suite'"></head><body>
<header><nav><a href="/">Accueil du site</a></nav></header>
<main><h1>Étrangers</h1><p>Cinq mots à eux seuls <a href="/x">et un lien</a></p>
<form><input type="hidden" name="t"><input name="nom"><input type="password"></form>
<div style="display: none">Une erreur est survenue</div><div hidden>Maintenance</div></main>
<noscript>Activez JavaScript</noscript><iframe src="/cadre"></iframe>
<script src="/main.js"></script><script>var a = 1;</script><footer>Mentions</footer></body></html>
"""


def test_what_a_visitor_sees_is_told_from_what_is_hidden_and_from_the_menus() -> None:
    page = glance(PAGE.encode())

    assert page.title == "le titre"
    assert page.headings == ("etrangers",)
    assert page.own_text == "etrangers ¦ cinq mots a eux seuls"
    assert page.text == "accueil du site etrangers cinq mots a eux seuls et un lien mentions"
    assert page.words == 13
    assert page.own_words == 6
    assert page.noscript == "activez javascript"
    assert (page.scripts, page.inline_chars) == (("/main.js",), 10)
    assert (page.frames, page.refresh) == (("/cadre",), "/suite")
    assert (page.fields, page.password) == (2, True)


@pytest.mark.parametrize(
    ("body", "root"),
    [
        ("<div id='root'></div>", True),
        ("<app-root>Chargement…</app-root>", True),
        ("<div id='root'><p>Une vraie page, avec plus de mots que cela</p></div>", False),
        ("<div id='contenu'></div>", False),
    ],
)
def test_an_empty_container_is_an_application_that_waits(body: str, *, root: bool) -> None:
    assert root is glance(f"<html><body>{body}</body></html>".encode()).root


def test_what_stands_after_a_first_end_of_document_is_read() -> None:
    page = glance(b"<html><head></head></html><body><p>Le texte vient ensuite</p></body>")

    assert page.text == "le texte vient ensuite"


def test_a_page_written_for_those_without_scripts_is_read() -> None:
    page = glance(b"<html><body><noscript><p>" + b"mot " * 200 + b"</p></noscript></body></html>")

    assert page.words == 200


def test_a_megabyte_of_styles_does_not_hide_the_page() -> None:
    body = (
        b"<html><head><style>" + b"a{}" * MAX_BYTES + b"</style></head><body>Bonjour</body></html>"
    )

    assert glance(body).text == "bonjour"


@pytest.mark.parametrize(
    "body",
    [
        b"<div>" * 50_000 + b"fond",
        b"<p>x</p>" * 300_000,
        b"<a " + b"x='y' " * 300_000 + b">lien</a>",
        b"<" * 2_000_000,
        b"<style>" * 200_000,
        b"<title>" * 100_000,
        b"&amp;" * 400_000,
        b"<script>" + b"<!--" * 300_000,
        b"\x00\xff\xfe" * 300_000,
        b"<?xml version='1.0' encoding='ebcdic'?><html>x</html>",
        b"<html><body>\xed\xa0\x80 \xff\xff</body></html>",
        b"<meta http-equiv=refresh content='" + b";" * 100_000 + b"'>",
    ],
    ids=range(12),
)
def test_hostile_markup_gives_a_bounded_glance(body: bytes) -> None:
    page = glance(body, content_type="text/html")

    assert len(page.text) <= MAX_TEXT
    assert len(page.source) <= 2 * MAX_BYTES


def test_of_too_many_tags_no_tree_is_made_and_the_text_is_read(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    body = b"<html><body><nav>menu</nav><p>Service indisponible</p></body></html>"

    assert "menu" not in glance(body).own_text
    monkeypatch.setattr(glancing, "MAX_TAGS", 5)
    assert "menu service indisponible" in glance(body).own_text


def test_a_page_nested_beyond_the_parsers_bound_keeps_its_text() -> None:
    body = b"<html><body>" + b"<div>" * 3000 + b"Service indisponible</body></html>"

    assert "service indisponible" in glance(body).text


@given(st.binary(max_size=400), st.sampled_from(["", "text/html", "application/json", "x"]))
@settings(max_examples=150)
def test_no_bytes_raise(body: bytes, content_type: str) -> None:
    glance(body, content_type=content_type, charset="utf-7")
    glance(b"<html>" + body, content_type=content_type)


@pytest.mark.parametrize(
    "body",
    [
        b"",
        b"\x00\x01",
        b'{"a": 1}',
        b"<html><title>Titre</title><main><h1>A</h1><p>" + b"mot " * 300,
        "<html><meta charset=iso-8859-1><p>é".encode("latin-1"),
        b"<p>" + b"x" * (MAX_BYTES + 10),
    ],
    ids=["empty", "binary", "json", "long", "latin", "too-long"],
)
def test_a_memory_answers_as_a_first_look_does(body: bytes) -> None:
    memory = SummaryCache()
    memory.glance(b"<p>autre")

    first, second = memory.glance(body), memory.glance(body)

    assert first == second == glance(body)


def test_a_memory_is_bounded_by_what_it_holds() -> None:
    memory = SummaryCache(characters=10_000)
    for number in range(20):
        memory.glance(b"<p>%d " % number + b"mot " * 500)

    assert len(memory._known) == 3
    assert memory._left == 10_000 - sum(page.weight for page in memory._known.values())


def test_an_answer_longer_than_the_whole_memory_is_not_remembered() -> None:
    memory = SummaryCache(characters=1_000)
    long = b"<p>" + b"mot " * 2_000

    assert memory.glance(long) == memory.glance(long) == glance(long)
    assert not memory._known
    assert memory._left == 1_000


@pytest.mark.parametrize("tag", ["script", "iframe"])
def test_addresses_that_hold_a_file_are_cut(tag: str) -> None:
    page = glance(f"<p>Texte</p><{tag} src='data:{'x' * 100_000}'></{tag}>".encode())

    assert [len(address) for address in (*page.scripts, *page.frames)] == [MAX_ADDRESS]


def test_a_long_title_is_cut() -> None:
    assert glance(f"<html><title>{'a' * 400}</title></html>".encode()).title == "a" * 300


def test_a_page_that_begins_with_a_megabyte_of_style_is_read_behind_it() -> None:
    style = b"<style>" + b"a" * MAX_BYTES + b"</style>"
    page = b"<html><body><p>ouvert</p></body></html>"

    for body in (style + page, page[:12] + style + page[12:]):
        read = glance(body)
        assert (read.text, read.cut) == ("ouvert", False)

"""The first and cheapest masking."""

from itertools import pairwise

import pytest
from hypothesis import given
from hypothesis import strategies as st

from monitor.core.text import clean as cleaning
from monitor.core.text.clean import _TOKEN, MOST_PLAIN_TAGS, clean, digest, is_cut
from monitor.core.text.read import read_clean
from tests.support.prefecture import TEMPLATES, URL, Content, Extra, Template

UNSEEN = {
    "comment": "<!-- rendu par le serveur {0} -->",
    "script": '<script nonce="{0}">var jeton = "<p>{0}</p>";</script>',
    "style": "<style>.x{0} {{ color: red }}</style>",
    "state": '<script type="application/json">{{"id": "{0}"}}</script>',
    "meta": '<meta name="csrf-token" content="{0}">',
    "stylesheet": '<link rel="stylesheet" href="/style.css?v={0}">',
    "image": '<img src="/image.png?t={0}" alt="">',
    "hidden input": '<input type="hidden" name="_csrf" value="{0}">',
    "attribute": '<span data-reactid="{0}" nonce="{0}" onclick="f({0})"></span>',
    "noscript": '<noscript><img src="//traceur.exemple/?{0}"></noscript>',
    "frame": '<iframe src="https://video.exemple/{0}">{0}</iframe>',
}


@pytest.mark.parametrize("template", TEMPLATES)
@pytest.mark.parametrize("noise", UNSEEN.values(), ids=UNSEEN)
def test_what_no_reader_sees_does_not_change_the_digest(noise: str, template: Template) -> None:
    """An unchanged page whose token differs is known without being parsed."""
    bodies = [
        template(Content(), Extra(top=noise.format(token))).encode() for token in ("a1b2", "zz99")
    ]

    assert digest(clean(bodies[0])) == digest(clean(bodies[1]))


def test_what_a_reader_sees_changes_the_digest() -> None:
    assert digest(clean(b"<p>8h30</p>")) != digest(clean(b"<p>8h31</p>"))


def test_a_tag_inside_a_quoted_value_is_no_tag() -> None:
    cleaned = clean(b'<p title="<b>">un</p><a href="/x?a=1&b=2">deux</a>')

    assert cleaned == '<p>un</p><a href="/x?a=1&b=2">deux</a>'


def test_a_script_ends_only_at_its_own_end_tag() -> None:
    assert clean(b"<p>a<script>'</p>' </scr ipt> <b></script>b</p>") == "<p>a b</p>"


def test_a_style_that_hides_is_kept_as_hidden() -> None:
    assert clean(b'<p style="color:red">a</p>') == "<p>a</p>"
    assert clean(b'<p style="DISPLAY : none">a</p>') == '<p hidden="">a</p>'


def test_a_tag_keeps_a_bounded_number_of_attributes() -> None:
    many = " ".join(f'a{n}="1"' for n in range(200)) + ' class="x"'

    assert clean(f"<p {many}>a</p>".encode()) == "<p>a</p>"


def test_no_character_that_the_parser_refuses_is_left() -> None:
    """Each of them alone: a cheap look says if there is any."""
    refused = [*range(9), 0x0B, 0x0C, *range(14, 32), 0x7F, 0xD800, 0xDFFF, 0xFFFE, 0xFFFF]

    for number in refused:
        body = f"<p>a{chr(number)}b".encode("utf-16-le", "surrogatepass")
        assert clean(b"\xff\xfe" + body) in {"<p>ab", "<p>a\ufffdb"}, hex(number)
    assert clean("<p>a\t\nb é".encode()) == "<p>a\t\nb é"


def test_a_page_of_too_many_tags_is_cut_at_one_and_says_so(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr(cleaning, "MOST_TAGS", 3)
    few, many = b"<p>un<p>deux", b"<p>un<p>deux<p>trois<p>quatre"

    assert not is_cut(few, clean(few))
    assert clean(many) == "<p>un<p>deux<p>trois"
    assert is_cut(many, clean(many))


def test_a_page_over_the_bounds_says_so(monkeypatch: pytest.MonkeyPatch) -> None:
    body = b"<p>un deux trois</p>"

    assert not is_cut(body, clean(body))
    monkeypatch.setattr(cleaning, "MOST_CHARACTERS", 5)
    assert is_cut(body, clean(body))


@given(st.binary(max_size=300))
def test_any_bytes_are_cleaned_and_read(body: bytes) -> None:
    cleaned = clean(body)

    assert read_clean(cleaned, url=URL) == read_clean(cleaned, url=URL)


@given(st.text(alphabet="<>/!-\"'= apscriptdiv", max_size=120))
def test_broken_tags_are_cleaned_and_read(text: str) -> None:
    cleaned = clean(text.encode())

    assert clean(cleaned.encode()) == clean(clean(cleaned.encode()).encode())
    read_clean(cleaned)


@pytest.mark.parametrize("piece", ["<", "<p>", "</p>", "<1", "</ ", "<p><b>a", "<br/>", "<!a>"])
def test_no_stretch_of_a_page_holds_the_interpreter(piece: str) -> None:
    """From one token to the next, nothing else runs: none may be half a page of tags away."""
    text = piece * 200_000
    ends = [0, *(found.end() for found in _TOKEN.finditer(text)), len(text)]

    assert max(text.count("<", one, other) for one, other in pairwise(ends)) <= MOST_PLAIN_TAGS


def test_what_xml_forbids_is_removed_wherever_it_is() -> None:
    """Also when every such character is there."""
    forbidden = "".join(map(chr, (*range(9), 11, 12, *range(14, 32), 127, 0xFFFE, 0xFFFF)))
    assert clean(f"<p>a{forbidden}b</p>".encode(), charset="utf-8") == "<p>ab</p>"

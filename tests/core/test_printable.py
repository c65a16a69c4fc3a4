"""What is not seen is written out; what a terminal or a page would obey reaches neither."""

import json

import pytest

from monitor.core.model.check import clean
from monitor.core.scheduling.robots_txt import parse
from monitor.core.text.read import read_page
from monitor.core.untrusted.numbers import decimal, whole
from monitor.core.untrusted.printable import is_control, printable

OBEYED = [
    *map(chr, (*range(9), *range(11, 32), *range(0x7F, 0xA0))),
    *"\u202a\u202e\u2066\u2069\u200f\u2028\u2029\u061c",
]


def escape(char: str) -> str:
    return f"\\u{ord(char):04x}"


@pytest.mark.parametrize("char", OBEYED, ids=escape)
def test_what_is_obeyed_is_written_out(char: str) -> None:
    assert is_control(char)
    assert escape(char) == printable(char)


@pytest.mark.parametrize("char", ["\ud800", "\ue000", "\u200b", "\ufeff", "\U000e0041", "\x85"])
def test_a_json_text_means_the_same_after(char: str) -> None:
    assert json.loads(printable(json.dumps(f"a{char}b", ensure_ascii=False))) == f"a{char}b"


def test_letters_of_every_script_signs_and_french_spaces_stay() -> None:
    text = "Été « 5\u202f000 € » à 8\u00a0h\nالعربية 中文 हिन्दी\t☎ 👍"

    assert text == printable(text)


@pytest.mark.parametrize("char", OBEYED, ids=escape)
def test_a_page_gives_no_character_that_is_obeyed(char: str) -> None:
    """Raw, as an entity, in the address of a link, in what is unquoted from one."""
    body = (
        f"<title>a{char}b&#{ord(char)};</title><main><h1>t&#x{ord(char):x};[31mitre</h1>"
        f"<p>texte&#{ord(char)};[31mrouge {char}[0m"
        f"<a href='mailto:%1b%9b{char}a@b.fr?&#{ord(char)};'>li&#{ord(char)};en</a>"
        f"<a href='x:&#{ord(char)};{char}'>lien</a><a href='/#/{char}&#27;[31m'>lien</a>"
    )

    page = read_page(body.encode("utf-8", "replace"), url="https://a.fr/")

    links = [text for b in page.blocks for link in b.links for text in (link.text, link.target)]
    said = [page.title, *(text for b in page.blocks for text in (b.text, b.compared, *b.headings))]
    assert "rouge" in " ".join(said)
    assert not [char for text in (*said, *links) for char in text if is_control(char)]


@pytest.mark.parametrize("char", [*OBEYED, "\ud800"], ids=escape)
def test_a_header_or_a_name_of_a_certificate_keeps_none(char: str) -> None:
    kept = clean(f"ngi{char}nx")

    assert not any(map(is_control, kept))
    assert kept.startswith("ngi")
    assert kept.endswith("nx")


@pytest.mark.parametrize(
    "text", ["1_0", "+1", "-1", " 1", "1 ", "１", "٣", "²", "", "9" * 5_000, "1e3"]
)
def test_a_number_from_outside_is_written_in_plain_digits(text: str) -> None:
    with pytest.raises(ValueError, match="number"):
        whole(text)
    with pytest.raises(ValueError, match="number"):
        decimal(text)


@pytest.mark.parametrize(
    ("text", "delay_s"), [("1_0", None), ("٣", None), ("inf", None), ("2.5", 2.5)]
)
def test_a_delay_is_written_in_plain_digits(text: str, delay_s: float | None) -> None:
    assert parse(f"User-agent: *\nCrawl-delay: {text}", "VigieANEF").crawl_delay_s == delay_s


@pytest.mark.parametrize("digits", ["9" * 5_000, "²", "٣"])
def test_a_page_whose_tags_or_dates_hold_odd_digits_is_read(digits: str) -> None:
    body = (
        f"<h1>titre</h1><h{digits} class=nav>a</h{digits}><p>mis à jour le {digits} mai {digits}"
        f"<p>ouvert de {digits}h à {digits}h, tél. 04 73 {digits}, {digits} €, {digits}/{digits}/20"
    )

    assert read_page(body.encode()).obstacle is None

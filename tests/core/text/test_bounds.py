"""Long titles and long runs: nothing is lost, and nothing is kept once for each block."""

import tracemalloc

import pytest

from monitor.core.text.blocks import MOST_CHARACTERS, MOST_RUN_CHARACTERS
from monitor.core.text.read import MOST_TITLE_CHARACTERS, read_page


def test_a_run_of_any_length_is_read_whole() -> None:
    words = [f"mot{number}" for number in range(2 * MOST_RUN_CHARACTERS // 6)]

    page = read_page(f"<main><p>{' '.join(words)}</p></main>".encode())

    assert max(len(block.text) for block in page.blocks) <= MOST_RUN_CHARACTERS
    assert "".join(page.text.split()) == "".join(words)


def test_a_title_without_end_is_not_kept_with_each_block_below_it() -> None:
    body = f"<main><h2>{'t ' * 9_000}</h2>" + "<p>du texte</p>" * 100

    page = read_page(body.encode())

    assert {len(title) for block in page.blocks for title in block.headings} == {
        MOST_TITLE_CHARACTERS
    }


GROWING = ("\ufdfa", "\u0390", "\u1fb7", "ß", "\ufb03", "&NotEqualTilde;", "&#xfdfa;", "\u33c2")
# Each character in a paragraph; in each other place those that grow most, as such and as named.
PLACES = ("a href=/x", "h1", "title", "td", "li")
GROWING_IN = [
    *((char, "p") for char in GROWING),
    *((char, tag) for tag in PLACES for char in ("\ufdfa", "&#xfdfa;")),
]


@pytest.mark.parametrize(("char", "tag"), GROWING_IN)
def test_characters_that_grow_do_not_make_memory_grow(char: str, tag: str) -> None:
    """NFKC makes 18 characters of U+FDFA: a page of these is cut, before and after."""
    whole = char * (3_000_000 // len(char.encode()))
    body = f"<main><{tag}>{whole}</main>".encode()

    tracemalloc.start()
    page = read_page(body)
    peak = tracemalloc.get_traced_memory()[1]
    tracemalloc.stop()

    assert peak < 60_000_000
    assert sum(len(block.text) for block in page.blocks) <= 2 * MOST_CHARACTERS


def test_many_runs_of_characters_that_grow_are_cut() -> None:
    page = read_page(("<p>" + "\ufdfa" * 2_000).encode() * 200)

    assert page.cut
    assert sum(len(block.text) for block in page.blocks) <= MOST_CHARACTERS + 20 * 2_000

"""Long titles and long runs: nothing is lost, and nothing is kept once for each block."""

from monitor.core.pages.blocks import MOST_RUN_CHARACTERS
from monitor.core.pages.read import MOST_TITLE_CHARACTERS, read_page


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

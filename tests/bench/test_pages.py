"""The bench of pages measures what it says."""

from bench.pages import varied, with_token
from bench.site import PAGE_BYTES
from monitor.core.text.read import read_page


def test_its_pages_have_their_weight_and_no_paragraph_in_common() -> None:
    one, other = varied(0), varied(1)
    paragraphs = {block.text for block in read_page(one).main() if "Point" in block.text}

    assert len(one) == PAGE_BYTES
    assert len(paragraphs) > 250
    assert not paragraphs & {block.text for block in read_page(other).main()}


def test_its_tokens_change_the_bytes_and_not_what_is_read() -> None:
    body = varied(0)

    assert with_token(body, 1) != with_token(body, 2)
    assert read_page(with_token(body, 1)) == read_page(with_token(body, 2))

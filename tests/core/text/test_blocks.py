"""The runs of a page: their text, and how much of it is in links."""

import pytest

from monitor.core.text import blocks
from monitor.core.text.blocks import outline
from monitor.core.text.markup import parse
from monitor.core.text.outline import Outline


def read(html: str) -> Outline:
    return outline(parse(f"<html><body>{html}</body></html>".encode()), url=None)


def test_a_run_counts_the_characters_of_its_links() -> None:
    page = read(
        '<p>Lire <a href="/a">ici</a> ou <a href="/b">là-bas</a>.</p><p>Rien.</p>'
        '<p><a href="/c">Tout</a></p>'
    )

    assert [(run.text, run.linked) for run in page.runs] == [
        ("Lire ici ou là-bas.", 9),
        ("Rien.", 0),
        ("Tout", 4),
    ]


@pytest.mark.parametrize(("name", "bound"), [("MOST_RUNS", 5), ("MOST_CHARACTERS", 60)])
def test_each_bound_alone_cuts_a_page(
    name: str, bound: int, monkeypatch: pytest.MonkeyPatch
) -> None:
    html = "<p>Une phrase.</p>" * 20
    assert not read(html).cut

    monkeypatch.setattr(blocks, name, bound)

    assert read(html).cut
    assert 0 < len(read(html).runs) < 20

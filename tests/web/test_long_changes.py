"""A page that changed in thousands of places costs its readers, and us, a bounded page."""

import json
import shutil
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from monitor.cli import main
from monitor.core.changes.change import Edit, Op, Piece
from monitor.core.text.page import Page
from monitor.core.text.read import read_page
from monitor.store import Store
from monitor.web import page_text_routes
from monitor.web.pages_app import build
from monitor.web.views.modifications import MOST_EDITS, MOST_SHOWN, difference, shown
from tests.support.clock import FakeClock
from tests.support.databases import sqlite_template
from tests.support.followed import record
from tests.support.metrics import FixedMetrics
from tests.support.reads import NOW, config
from tests.web.test_app import Visitor
from tests.web.test_faces import TARGETS, read, visitor

__all__ = ["sqlite_template"]  # a fixture
EDITS = 300
SLUG = "prefecture-63-etrangers"


def long_page(turn: int) -> Page:
    said = "".join(
        f"<p>Pièce {number} du dossier : original et copie.</p>"
        f"<p>Le guichet numéro {number} délivre le titre {turn} sur rendez-vous seulement.</p>"
        for number in range(EDITS)
    )
    return read_page(f"<html><title>T</title><main><h1>T</h1>{said}</main></html>".encode())


@pytest.fixture
def store(sqlite_template: Path, tmp_path: Path) -> Iterator[Store]:
    url = f"sqlite:///{shutil.copy(sqlite_template, tmp_path / 'vigie.sqlite')}"
    with Store.open(url, point="local", writer=True, rest_s=0) as opened:
        before, after = long_page(1), long_page(2)
        record(opened, [before, before, after, after], target=SLUG)
        yield opened


def number_of(store: Store) -> int:
    return store.page_changes(announced_only=True)[0].number


def test_a_bounded_number_is_shown_and_the_others_are_counted(store: Store) -> None:
    web: Visitor = visitor(store)
    path = f"/modifications/{number_of(store)}"
    document = read(web, path)

    assert MOST_EDITS == len(document.xpath("//section[@class='edit']"))
    (note,) = document.xpath("//p[@class='note'][contains(., 'passages modifiés')]")
    assert f"{EDITS - MOST_EDITS} autres passages modifiés" in " ".join(note.text_content().split())
    assert len(web.get(path).content) < 150_000


def test_the_command_gives_all_of_them(
    store: Store, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    words = ["--number", str(number_of(store)), "--data", str(tmp_path)]
    assert 0 == main(["changes", *words, "--json"])
    document = json.loads(capsys.readouterr().out)
    assert 0 == main(["changes", *words])

    assert (SLUG, EDITS) == (document["target"], len(document["edits"]))
    assert {"op": "added", "text": "2"} in document["edits"][0]["pieces"]
    assert "+ 2\n" in capsys.readouterr().out


@pytest.mark.parametrize("number", ["0", "999999"])
def test_the_command_knows_no_other_number(
    store: Store, tmp_path: Path, number: str, capsys: pytest.CaptureFixture[str]
) -> None:
    del store
    assert 1 == main(["changes", "--number", number, "--data", str(tmp_path)])
    assert "aucune modification de ce numéro" in capsys.readouterr().err


@pytest.mark.parametrize("number", ["-1", "1_0", str(10**30)])
def test_the_command_takes_numbers_only(number: str) -> None:
    with pytest.raises(SystemExit) as refused:
        main(["changes", "--number", number])
    assert 2 == refused.value.code


def edit(*lengths: int) -> Edit:
    pieces = tuple(Piece(op=Op.ADDED, text="x" * length) for length in lengths)
    return Edit(kinds=(), before=(), after=(), pieces=pieces)


def test_what_is_short_is_shown_whole() -> None:
    edits = (edit(10, 20), edit(30))

    assert (edits, False) == shown(edits)


@pytest.mark.parametrize(
    "lengths",
    [[[10 * MOST_SHOWN]], [[1] * MOST_SHOWN], [[9_000]] * 99],
    ids=["one long piece", "many short pieces", "many long edits"],
)
def test_no_text_is_shown_beyond_the_bound(lengths: list[list[int]]) -> None:
    edits = tuple(edit(*each) for each in lengths)
    found, cut = shown(edits)

    pieces = [piece for one in found for piece in one.pieces]
    assert sum(len(piece.text) for piece in pieces) <= MOST_SHOWN
    assert len(pieces) < MOST_SHOWN / 50
    assert cut or len(found) < len(edits)


def test_a_reader_who_has_it_is_told_so(store: Store) -> None:
    web: Visitor = visitor(store)
    first, again = (web.get(f"/modifications/{number_of(store)}") for _ in range(2))

    assert first.headers["etag"] == again.headers["etag"]
    assert first.content == again.content


def test_a_change_is_made_once_for_all_who_read_it(
    store: Store, monkeypatch: pytest.MonkeyPatch
) -> None:
    """For minutes on end: it never changes. To who has it already, it is not sent again."""
    made = 0

    def counted(*given: Any) -> Any:
        nonlocal made
        made += 1
        return difference(*given)

    monkeypatch.setattr(page_text_routes, "difference", counted)
    clock = FakeClock(NOW)
    web = Visitor(
        build(
            store,
            config=config(TARGETS),
            clock=clock,
            point="local",
            metrics=FixedMetrics(),
            version="0.1.0",
        )
    )
    path = f"/modifications/{number_of(store)}"
    for second in range(0, 300, 30):
        clock._set(second * 1_000_000)
        answer = web.get(path)
        again = web.get(path, {"If-None-Match": answer.headers["etag"]})
        assert (answer.status_code, again.status_code, again.content) == (200, 304, b"")
    assert made == 1

"""Every kind, weight, element and obstacle has its French words."""

from itertools import permutations

import pytest

from monitor.core.changes.change import ChangeKind, Edit, LinkEdit, Op, Piece, Weight
from monitor.core.french import change_sentences, excerpts
from monitor.core.text.page import Element, Obstacle


def edit(*pieces: Piece) -> Edit:
    return Edit(kinds=(ChangeKind.PROCEDURE_TEXT,), before=(), after=(), pieces=pieces)


def test_nothing_that_is_shown_lacks_words() -> None:
    assert set(change_sentences.KINDS) == set(ChangeKind)
    assert set(change_sentences.WEIGHTS) == set(Weight)
    assert set(change_sentences.ELEMENTS) == set(Element)
    assert set(change_sentences.OBSTACLES) == set(Obstacle)


def test_a_summary_is_one_bounded_line_that_says_what_became_of_what() -> None:
    pieces = [
        Piece(op=Op.SAME, text="de"),
        Piece(op=Op.REMOVED, text="8h30"),
        Piece(op=Op.ADDED, text="9h"),
        Piece(op=Op.ADDED, text="sauf le mardi"),
        Piece(op=Op.REMOVED, text="x" * 5000),
    ]
    link = LinkEdit(kind=ChangeKind.LINK_TARGET, text="ici", before="//a.fr/1", after="//a.fr/2")
    text = change_sentences.summary(
        (ChangeKind.OPENING_HOURS, ChangeKind.LINK_TARGET), edits=[edit(*pieces)], links=[link]
    )

    assert text.startswith(
        "Horaires, destination d’un lien : « de 8h30 » devient « de 9h » ; "
        "« sauf le mardi » ajouté ; "
    )
    assert "le lien « ici » mène à a.fr/2 au lieu de a.fr/1" in text
    assert len(text) <= change_sentences.MOST_SUMMARY_CHARACTERS
    assert "\n" not in text


@pytest.mark.parametrize(
    ("added", "end"),
    [
        (6, "« mot 5 » ajouté."),
        (7, "« mot 5 » ajouté ; et 1 autre."),
        (8, "« mot 5 » ajouté ; et 2 autres."),
    ],
)
def test_what_is_not_told_is_counted(added: int, end: str) -> None:
    pieces = [
        piece
        for n in range(added)
        for piece in (Piece(op=Op.SAME, text="-"), Piece(op=Op.ADDED, text=f"mot {n}"))
    ]

    summary = change_sentences.summary(
        (ChangeKind.PROCEDURE_TEXT,), edits=[edit(*pieces)], links=()
    )
    assert summary.endswith(end)


@pytest.mark.parametrize(
    ("kind", "sentence"),
    [
        (ChangeKind.LINK_TARGET, "le lien « ici » mène à a.fr/2 au lieu de a.fr/1"),
        (ChangeKind.LINK_ADDED, "lien « ici » ajouté vers a.fr/2"),
        (ChangeKind.LINK_REMOVED, "lien « ici » retiré, qui menait à a.fr/1"),
        (ChangeKind.LINK_BROKEN, "« ici », qui mène à a.fr/1"),
        (ChangeKind.LINK_RESTORED, "« ici », qui mène à a.fr/1"),
    ],
)
def test_what_became_of_a_link_is_told(kind: ChangeKind, sentence: str) -> None:
    link = LinkEdit(kind=kind, text="ici", before="//a.fr/1", after="//a.fr/2")
    summary = change_sentences.summary((kind,), edits=(), links=[link])
    assert summary.endswith(f" : {sentence}.")


@pytest.mark.parametrize(("length", "shown"), [(160, "x" * 160), (161, "x" * 158 + "…")])
def test_a_text_is_cut_only_beyond_its_bound(length: int, shown: str) -> None:
    pieces = [Piece(op=Op.REMOVED, text="x" * length)]
    summary = change_sentences.summary((ChangeKind.TITLE,), edits=[edit(*pieces)], links=())
    assert summary == f"Titre : « {shown} » retiré."


def test_an_excerpt_is_cut_at_the_same_place_in_whatever_order_its_facts_come() -> None:
    """They are those of a set: with another seed of hashes, a signed summary was another."""
    text = f"{'avant ' * 60}01 99 00 12 34 {'puis ' * 60}50 € {'enfin ' * 60}"
    facts = ("50 €", "01 99 00 12 34", "absent")

    cuts = {excerpts.shorten(text, around=order) for order in permutations(facts)}

    (cut,) = cuts
    assert "01 99 00 12 34" in cut

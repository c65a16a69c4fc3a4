"""Which blocks differ, and what is shown as edited."""

from monitor.core.changes.change import Op
from monitor.core.changes.edits import regions
from monitor.core.text.page import Page
from monitor.core.text.read import read_page


def read(*paragraphs: str) -> Page:
    html = "<html><body><main><h1>Séjour</h1>{}</main></body></html>"
    return read_page(html.format("".join(f"<p>{each}</p>" for each in paragraphs)).encode())


def edits(before: Page, after: Page) -> list[list[tuple[Op, str]]]:
    return [
        [(piece.op, piece.text) for piece in region.pieces] for region in regions(before, after)[0]
    ]


def test_a_paragraph_that_stood_in_two_places_is_removed_from_both() -> None:
    before = read("Un guichet.", "Fermé le mardi.", "Un courrier.", "Fermé le mardi.", "Un appel.")
    after = read("Un guichet.", "Un courrier.", "Un appel.")

    assert edits(before, after) == [[(Op.REMOVED, "Fermé le mardi.")]] * 2


def test_edits_that_one_word_parts_are_one_and_those_that_two_words_part_are_two() -> None:
    before = read("Le dossier complet est envoyé par courrier simple.")

    assert edits(before, read("Le dossier complet est remis par porteur simple.")) == [
        [
            (Op.SAME, "Le dossier complet est"),
            (Op.REMOVED, "envoyé par courrier"),
            (Op.ADDED, "remis par porteur"),
            (Op.SAME, "simple."),
        ]
    ]
    assert edits(before, read("Le dossier signé est envoyé par porteur simple.")) == [
        [
            (Op.SAME, "Le dossier"),
            (Op.REMOVED, "complet"),
            (Op.ADDED, "signé"),
            (Op.SAME, "est envoyé par"),
            (Op.REMOVED, "courrier"),
            (Op.ADDED, "porteur"),
            (Op.SAME, "simple."),
        ]
    ]
    assert edits(before, read("Le dossier complet est remis par courrier suivi.")) == [
        [
            (Op.SAME, "Le dossier complet est"),
            (Op.REMOVED, "envoyé"),
            (Op.ADDED, "remis"),
            (Op.SAME, "par courrier"),
            (Op.REMOVED, "simple."),
            (Op.ADDED, "suivi."),
        ]
    ]

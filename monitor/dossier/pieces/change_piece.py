"""Piece "Modifications de page": the whole text before and after, and when each was online."""

from collections.abc import Iterator
from datetime import date
from typing import Final

from monitor.core.changes.change_log import ChangeRecord
from monitor.core.changes.compare import compared
from monitor.core.changes.page_events import Version
from monitor.core.french.change_sentences import ELEMENTS, KINDS
from monitor.core.french.excerpts import excerpts
from monitor.core.french.formatting import count, day, grouped, numbered, to_the_second, when
from monitor.core.french.page_event_sentences import EDGES, EXPLAINED
from monitor.core.text.facts.page_facts import facts_of
from monitor.core.text.page import Page
from monitor.dossier.dossier_record import DossierRecord
from monitor.dossier.pdf.document_blocks import (
    MOST_QUOTED,
    Block,
    PieceDocument,
    bullets,
    code,
    facts,
    heading,
    note,
    page_break,
    paragraph,
    quotation,
    strong,
    table,
)
from monitor.dossier.pieces import dossier_sentences as french

CHANGES_TITLE: Final = "Modifications de page"
MOST_CHANGES: Final = 40  # in full; the others are lines of a table
_MOST_EXCERPTS: Final = 60
_MOST_LISTED: Final = 1_000


def change_piece(record: DossierRecord, label: str) -> PieceDocument:
    """Return the piece; one without any change says so."""
    question = record.question
    return PieceDocument(
        label=label,
        title=CHANGES_TITLE,
        subtitle=f"{question.title}, {french.period(question.since, question.until)}",
        blocks=list(_blocks(record)),
    )


def _changes(record: DossierRecord) -> list[ChangeRecord]:
    """Return the changes of the period, the oldest first."""
    question = record.question
    changes = record.store.page_changes(
        targets=question.targets, since=question.since, until=question.until
    )
    return [one for one in reversed(changes) if one.number < record.checkpoint.size]


def _blocks(record: DossierRecord) -> Iterator[Block]:
    changes = _changes(record)
    yield paragraph(
        "Cette pièce se suffit à elle-même : elle montre ce que les pages disaient avant et après "
        "chaque modification relevée. Entre le dernier relevé de l’ancien texte et le premier du "
        "nouveau, l’instant de la modification n’est pas connu."
    )
    if not changes:
        yield paragraph(
            strong("Aucune modification relevée sur la période."),
            " Seul le texte des pages suivies pour leur contenu est comparé ; les pages d’accueil "
            "et les services ne le sont pas.",
        )
        return
    yield table(
        ("N°", "Page", "Nature", "En ligne au plus tard le"),
        (
            (
                numbered(one.number),
                record.target(one.target).name,
                _nature(one),
                to_the_second(one.by_at),
            )
            for one in changes[:_MOST_LISTED]
        ),
        widths=(1.4, 4, 4, 3),
        about="Modifications, par date",
    )
    for one in changes[:MOST_CHANGES]:
        yield page_break()
        yield from _change(record, one)
    if len(changes) > MOST_CHANGES:
        yield note(
            f"Les {grouped(len(changes) - MOST_CHANGES)} suivantes ne sont que listées ci-dessus."
        )


def _nature(one: ChangeRecord) -> str:
    kinds = ", ".join(KINDS[kind] for kind in one.kinds)
    return f"{EDGES[one.edge]} : {kinds}" if kinds else EDGES[one.edge]


def _change(record: DossierRecord, one: ChangeRecord) -> Iterator[Block]:
    target = record.target(one.target, one.at)
    yield heading(f"Modification {numbered(one.number)} : {target.name}")
    yield facts(
        [
            ("Adresse", [code(one.after.url if one.after else target.url or "non consignée")]),
            ("Nature", _nature(one)),
            ("En ligne au plus tôt le", when(one.after_at) if one.after_at else "inconnu"),
            ("En ligne au plus tard le", when(one.by_at)),
            ("Date affichée avant", _displayed(one.before)),
            ("Date affichée après", _displayed(one.after)),
            ("Empreinte du texte avant", [code(one.before.sha256 if one.before else "aucune")]),
            ("Empreinte du texte après", [code(one.after.sha256 if one.after else "aucune")]),
        ]
    )
    if one.edge in EXPLAINED:
        yield paragraph(EXPLAINED[one.edge])
    if one.silent:
        yield paragraph("La date de mise à jour affichée par la page n’a pas changé.")
    texts = record.store.page_change(one.number)
    before, after = (texts[1], texts[2]) if texts else (None, None)
    yield from _difference(before, after)
    sides = [("avant", before)] if one.before else []
    sides += [("après", after)] if one.after else []
    for words, page in sides:
        yield heading(f"Ce que la page proposait {words}", level=2)
        yield bullets(_offer(page))
    for words, page in sides:
        yield heading(f"Texte {words}, en entier", level=2)
        yield from _text(page)


def _displayed(version: Version | None) -> str:
    """Return the update date that a page displayed."""
    return (
        day(date.fromisoformat(version.updated_on)) if version and version.updated_on else "aucune"
    )


def _difference(before: Page | None, after: Page | None) -> Iterator[Block]:
    change = compared(before, after)
    if change is None:
        return
    yield heading("Ce qui change, mot à mot", level=2)
    each = list(dict.fromkeys(text for edit in change.edits for text in excerpts(edit)))
    yield bullets(
        each[:_MOST_EXCERPTS] or ["Aucun mot : la modification est de forme, ou de liens."]
    )
    if len(each) > _MOST_EXCERPTS:
        yield note(f"Et {count(len(each) - _MOST_EXCERPTS, 'autre passage', 'autres passages')}.")


def _offer(page: Page | None) -> Iterator[str]:
    """Yield what a page states of each way to reach the service, denials among them."""
    if page is None:
        yield "Texte non conservé."
        return
    facts_stated = sorted(
        facts_of(page.main()), key=lambda one: (one.element, one.negated, one.value)
    )
    for fact in facts_stated:
        denied = "mention contraire (niée) : " if fact.negated else ""
        value = f" : {fact.value}" if fact.value else ""
        yield f"{denied}{ELEMENTS[fact.element]}{value}"
    missing = [
        name
        for element, name in ELEMENTS.items()
        if element not in {f.element for f in facts_stated}
    ]
    if missing:
        yield f"Non trouvé dans le texte : {', '.join(missing)}."


def _text(page: Page | None) -> Iterator[Block]:
    if page is None:
        yield paragraph("Texte non conservé.")
        return
    yield quotation(f"{page.title}\n{page.text}".strip() or "(page sans texte)")
    if len(page.text) > MOST_QUOTED or page.cut:
        yield note("Le texte est plus long ; il est entier dans la copie conservée.")

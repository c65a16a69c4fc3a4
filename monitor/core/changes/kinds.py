"""Of which kind an edit is, and how much a change weighs: the documented rules.

Kinds come first from the facts that were lost or gained (a phone is a phone wherever it
is), then from where the edited words are and what they contain. What no rule matches is
`procedure_text`.
"""

import re
from collections.abc import Iterable

from monitor.core.changes.change import COSMETIC, MAJOR, OF_FACTS, ChangeKind, Op, Piece, Weight
from monitor.core.changes.edits import EditedRegion
from monitor.core.text.page import Block, BlockKind, Fact

LEAST_MAJOR_WORDS = 40  # words of text that came or went: whatever they say, someone must read them

_DOCUMENTS_HEADING = re.compile(
    r"\bpièces?\b|\bdocuments?\b|justificati|à fournir|à joindre|à présenter|\bdossier\b",
    re.IGNORECASE,
)
_DOCUMENTS = re.compile(
    r"\bpièces? (?:à|justificatives?|d'identité|complémentaires?)|justificati|à joindre"
    r"|\bà fournir|\bcerfa\b|photos? d'identité|\bpasseports?\b|\bactes? de naissance",
    re.IGNORECASE,
)
_FEES = re.compile(
    r"\btimbres?\b|€|\beuros?\b|\btaxes?\b|\btarifs?\b|\bgratuit|\bfrais\b|\bcoût", re.IGNORECASE
)
_HOURS_HEADING = re.compile(r"\bhoraires?\b|\bouverture|\bjours d'accueil", re.IGNORECASE)
_TIME = re.compile(
    r"\b(?:lundi|mardi|mercredi|jeudi|vendredi|samedi|dimanche|ferm|ouvert)|\d ?h\b|\dh\d|\d:\d",
    re.IGNORECASE,
)
_ALERT = re.compile(
    r"^(?:attention|important|alerte|avertissement|à noter|urgent)\b|fermetures? exceptionnelles?"
    r"|exceptionnellement ferm|jusqu'à nouvel ordre|\bperturbations?\b|\bsera fermée?",
    re.IGNORECASE,
)


def kinds_of(
    region: EditedRegion, *, lost: frozenset[Fact], gained: frozenset[Fact]
) -> set[ChangeKind]:
    """Return the kinds of one region; never empty. `lost` and `gained` are the region's own."""
    blocks = (*region.before, *region.after)
    edited = " ".join(piece.text for piece in region.pieces if piece.op != Op.SAME)
    headings = " ".join(heading for block in blocks for heading in block.headings)
    kinds = of_facts(lost, gained)
    if any(_is_alert(block) for block in blocks):
        kinds.add(ChangeKind.ALERT_BANNER)
    if _HOURS_HEADING.search(headings) and _TIME.search(edited):
        kinds.add(ChangeKind.OPENING_HOURS)
    if _FEES.search(edited):
        kinds.add(ChangeKind.FEE)
    if _is_document(blocks, edited=edited, headings=headings):
        kinds.add(ChangeKind.REQUIRED_DOCUMENTS)
    if any(block.kind == BlockKind.HEADING and not block.headings for block in blocks):
        kinds.add(ChangeKind.TITLE)
    return kinds or {ChangeKind.PROCEDURE_TEXT}


def of_facts(lost: Iterable[Fact], gained: Iterable[Fact]) -> set[ChangeKind]:
    """Return the kinds that facts name. A denial of a channel is a matter of the channel."""
    kinds = set()
    for fact in (*lost, *gained):
        if fact.negated:
            kinds.add(ChangeKind.SUBSTITUTE_CHANNEL)
        elif fact.element in OF_FACTS:
            kinds.add(OF_FACTS[fact.element])
    return kinds


def weigh(kinds: Iterable[ChangeKind], *, pieces: Iterable[Piece]) -> Weight:
    """Return MAJOR for what a person acts on or for much text, COSMETIC for form alone."""
    distinct = set(kinds)
    if distinct & MAJOR:
        return Weight.MAJOR
    if not distinct - COSMETIC:
        return Weight.COSMETIC
    edited = sum(len(piece.text.split()) for piece in pieces if piece.op != Op.SAME)
    return Weight.MAJOR if edited >= LEAST_MAJOR_WORDS else Weight.MINOR


def _is_alert(block: Block) -> bool:
    return block.kind == BlockKind.ALERT or bool(_ALERT.search(block.text))


def _is_document(blocks: Iterable[Block], *, edited: str, headings: str) -> bool:
    """Return whether it is an item of a list of documents, or words that name one."""
    items = any(block.kind in {BlockKind.LIST_ITEM, BlockKind.TABLE_ROW} for block in blocks)
    return (items and bool(_DOCUMENTS_HEADING.search(headings))) or bool(_DOCUMENTS.search(edited))

"""Of which kind an edit is, and how much a change weighs: the documented rules.

Kinds come first from the facts that were lost or gained (a phone is a phone wherever it
is), then from what both sides of the edit state, and from where it is. What no rule matches is
`procedure_text`.
"""

import re
from collections.abc import Iterable

from monitor.core.changes.change import COSMETIC, MAJOR, OF_FACTS, ChangeKind, Op, Piece, Weight
from monitor.core.changes.edits import EditedRegion
from monitor.core.changes.stated_terms import durations, is_paid, needs_appointment
from monitor.core.text.page import Block, BlockKind, Fact
from monitor.core.text.struck import without_struck

LEAST_MAJOR_WORDS = 40  # words of text that came or went: whatever they say, someone must read them

_DOCUMENTS_HEADING = re.compile(
    r"\bpièces?\b|\bdocuments? (?:à|demandés|nécessaires|requis|exigés|justificatifs|obligatoires)"
    r"|^documents?$|justificati|à fournir|à joindre|à présenter|\b(?:votre|du|le) dossier\b",
    re.IGNORECASE,
)
_DOCUMENT = (
    r"(?:justificati|pièces? d'identité|passeports?|photos?\b|photographies?|photocopies?|copies?\b"
    r"|actes? de (?:naissance|mariage|décès)|certificats?|attestations?|bulletins?|avis d'impo"
    r"|formulaires?|cerfa|cartes? (?:de séjour|nationale|d'identité|vitale)|titres? de séjour"
    r"|contrats?|factures?|quittances?|livrets?|relevés?|diplômes?|visas?\b|récépissés?|extraits?"
    r"|traductions?|déclarations?|lettres?|courriers? (?:de|d')|enveloppes?|timbres?|jugements?"
    r"|originaux|pièces?\b|documents?\b|preuves?)"
)
_A_DOCUMENT = re.compile(rf"\b{_DOCUMENT}", re.IGNORECASE)
_DOCUMENTS = re.compile(
    r"\bpièces? (?:à (?:fournir|joindre|présenter)|justificatives?|complémentaires?)"
    r"|\bdocuments? (?:à (?:fournir|joindre|présenter)|justificatifs?)"
    r"|\b(?:fourni|join[dt]|présent|apport|produi|remett|transmett|muni|accompagnée? d)\w{0,8}"
    rf"(?: \w{{1,10}}){{0,3}} (?:d'|l'|un |une |votre |vos |le |la |les |de |des |du )?{_DOCUMENT}",
    re.IGNORECASE,
)
_BRING = re.compile(
    r"\b(?:munissez|apportez|présentez|joignez|fournissez|remettez|transmettez|produisez)\b"
    r"|\b(?:se|être) munir?\b",
    re.IGNORECASE,
)
_HOURS_HEADING = re.compile(r"\bhoraires?\b|\bouvertures?\b|\bjours d'accueil", re.IGNORECASE)
_TIME = re.compile(
    r"\b(?:lundi|mardi|mercredi|jeudi|vendredi|samedi|dimanche)s?\b|\b(?:fermé|ouvert)e?s?\b"
    r"|\d ?h\b|\dh\d|\d:\d",
    re.IGNORECASE,
)
_TEMPORARY = re.compile(
    r"\bexceptionnel(?:le|les|lement)?\b|jusqu'à nouvel ordre|\bperturb|\binterrompue?s?\b"
    r"|\bindisponibles?\b|\b(?:sera|seront|est|sont) (?:\w{1,20} )?(?:fermée?s?|suspendue?s?)\b"
    r"|\ben raison d|\bmomentanément\b|\btemporairement\b|\bprovisoirement\b|\bsuite à (?:un|une)\b"
    r"|\bgrève\b|\bpanne\b|\bincident\b",
    re.IGNORECASE,
)
_DATED = re.compile(
    r"\b\d{1,2}(?:er)? (?:janv|févr|mars|avr|mai|juin|juil|août|sept|oct|nov|déc)|\d{1,2}/\d{1,2}"
    r"|jusqu'à nouvel ordre|\baujourd'hui\b|\bdemain\b|\bmomentanément\b|\bactuellement\b"
    r"|\b(?:cette|la) semaine\b|\bces jours|\ben ce moment\b",
    re.IGNORECASE,
)
_STATE_WORD = re.compile(r"désactivé", re.IGNORECASE)
_BOOKING = re.compile(r"rendez-?vous|\brdv\b", re.IGNORECASE)


def kinds_of(
    region: EditedRegion, *, lost: frozenset[Fact], gained: frozenset[Fact]
) -> set[ChangeKind]:
    """Return the kinds of one region; never empty. `lost` and `gained` are the region's own."""
    blocks = (*region.before, *region.after)
    edited = " ".join(piece.text for piece in region.pieces if piece.op != Op.SAME)
    before, after = _text(region.before), _text(region.after)
    kinds = of_facts(lost, gained)
    if durations(before) != durations(after):
        kinds.add(ChangeKind.DELAY)
    if _appointment(region.before) != _appointment(region.after):
        kinds.add(ChangeKind.APPOINTMENT)
    if _is_fee(before, after, edited=edited):
        kinds.add(ChangeKind.FEE)
    if _STATE_WORD.search(edited) and _BOOKING.search(f"{before} {after}"):
        kinds.add(ChangeKind.APPOINTMENT_LINK)
    if _states_hours(blocks, edited=edited) and ChangeKind.DELAY not in kinds:
        kinds.add(ChangeKind.OPENING_HOURS)
    if any(_is_document(block, edited=edited, alone=not kinds) for block in blocks):
        kinds.add(ChangeKind.REQUIRED_DOCUMENTS)
    if any(_is_alert(block, edited=edited) for block in blocks):
        kinds.add(ChangeKind.ALERT_BANNER)
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


def _text(blocks: Iterable[Block]) -> str:
    return " | ".join(without_struck(block.compared) for block in blocks)


def _appointment(blocks: Iterable[Block]) -> bool | None:
    """Return whether a side says that an appointment is needed; a link to book says nothing."""
    return needs_appointment(_text(block for block in blocks if not block.is_link))


def _is_fee(before: str, after: str, *, edited: str) -> bool:
    """Return whether a fee appears or goes: an amount that differs is a fact already."""
    old, new = is_paid(before), is_paid(after)
    return old != new and is_paid(edited) is not None


def _states_hours(blocks: Iterable[Block], *, edited: str) -> bool:
    """Return whether times differ below a title that announces opening hours."""
    below = any(_HOURS_HEADING.search(" ".join(block.headings)) for block in blocks)
    return below and bool(_TIME.search(edited))


def _is_alert(block: Block, *, edited: str) -> bool:
    """Return whether it is a banner, or a dated text that will not stay and that was edited."""
    if block.kind == BlockKind.ALERT:
        return True
    temporary = _TEMPORARY.search(block.text) and _DATED.search(block.text)
    return bool(temporary and (_TEMPORARY.search(edited) or _DATED.search(edited)))


def _is_document(block: Block, *, edited: str, alone: bool) -> bool:
    """Return whether an edit names a document to bring: by its words, or by its own list's title.

    `alone`: nothing else explains the edit.
    """
    if _DOCUMENTS.search(edited):
        return True
    if _BRING.search(block.text) and _A_DOCUMENT.search(edited):
        return True
    item = block.kind in {BlockKind.LIST_ITEM, BlockKind.TABLE_ROW}
    listed = item and bool(block.headings) and bool(_DOCUMENTS_HEADING.search(block.headings[-1]))
    if not listed or not _A_DOCUMENT.search(block.text):
        return False
    return alone or bool(_A_DOCUMENT.search(edited))

"""French texts for readers about a change: plain, neutral."""

from collections.abc import Iterable, Mapping, Sequence

from monitor.core.changes.change import ChangeKind, LinkEdit, Op, Piece, Weight
from monitor.core.text.page import Element, Obstacle

KINDS: Mapping[ChangeKind, str] = {
    ChangeKind.OPENING_HOURS: "horaires",
    ChangeKind.PHONE: "téléphone",
    ChangeKind.EMAIL: "courriel",
    ChangeKind.ADDRESS: "adresse",
    ChangeKind.APPOINTMENT_LINK: "lien de rendez-vous",
    ChangeKind.REQUIRED_DOCUMENTS: "pièces à fournir",
    ChangeKind.FEE: "montant à payer",
    ChangeKind.SUBSTITUTE_CHANNEL: "solution de substitution",
    ChangeKind.ALERT_BANNER: "message d’alerte",
    ChangeKind.PROCEDURE_TEXT: "texte",
    ChangeKind.TITLE: "titre",
    ChangeKind.LINK_ADDED: "lien ajouté",
    ChangeKind.LINK_REMOVED: "lien retiré",
    ChangeKind.LINK_TARGET: "destination d’un lien",
    ChangeKind.DISPLAYED_DATE: "date de mise à jour affichée",
    ChangeKind.MOVED: "déplacement",
    ChangeKind.STRUCTURE: "présentation de la page",
    ChangeKind.TECHNICAL: "règles de lecture de Vigie ANEF",
    ChangeKind.LINK_BROKEN: "lien mort",
    ChangeKind.LINK_RESTORED: "lien rétabli",
    ChangeKind.PAGE_REMOVED: "page retirée",
}

WEIGHTS: Mapping[Weight, str] = {
    Weight.MAJOR: "importante",
    Weight.MINOR: "mineure",
    Weight.COSMETIC: "de forme",
}

_ELEMENTS: Mapping[Element, tuple[str, str]] = {  # in a sentence; at the head of a narrow column
    Element.PHONE: ("numéro de téléphone", "Tél."),
    Element.EMAIL: ("adresse électronique", "Courriel"),
    Element.OPENING_HOURS: ("horaires d’ouverture", "Horaires"),
    Element.ADDRESS: ("adresse postale", "Adresse"),
    Element.APPOINTMENT_LINK: ("lien de prise de rendez-vous", "RDV"),
    Element.FEE: ("montant à payer", "Montant"),
    Element.DIGITAL_POINT: ("point d’accueil numérique", "PAN"),
    Element.COUNTER: ("accueil au guichet", "Guichet"),
    Element.POST: ("envoi par courrier", "Courrier"),
    Element.CONTACT_CENTRE: ("centre de contact citoyen", "CCC"),
    Element.ANEF_LINK: ("lien vers l’ANEF", "ANEF"),
}
ELEMENTS = {element: name for element, (name, _) in _ELEMENTS.items()}
COLUMNS = {element: head for element, (_, head) in _ELEMENTS.items()}

OBSTACLES: Mapping[Obstacle, str] = {
    Obstacle.EMPTY: "la page ne contient aucun texte lisible",
    Obstacle.OVERSIZED: "la page dépasse ce que nous lisons, et son début ne contient aucun texte",
    Obstacle.CUT: "la page est trop longue pour être lue en entier, et son début n’a pas changé",
    Obstacle.ANOTHER_PAGE: "les deux réponses n’ont rien en commun : l’une n’est pas la page",
    Obstacle.NOT_THE_PAGE: "la réponse n’est pas la page (erreur, refus, captcha ou page vide)",
}

MOST_SUMMARY_CHARACTERS = 600
MOST_EXCERPT_CHARACTERS = 160
MOST_EXCERPTS = 6


def summary(
    kinds: Sequence[ChangeKind], *, pieces: Iterable[Piece], links: Iterable[LinkEdit]
) -> str:
    """Return one line: what kinds, then the first words that differ."""
    head = ", ".join(KINDS[kind] for kind in kinds)
    excerpts = [*_excerpts(list(pieces)), *(_of_link(link) for link in links)]
    details = " ; ".join(excerpts[:MOST_EXCERPTS])
    more = len(excerpts) - MOST_EXCERPTS
    if more > 0:
        details += f" ; et {more} autre{'s' if more > 1 else ''}"
    text = head[:1].upper() + head[1:] + (f" : {details}" if details else "") + "."
    return _shorten(text, MOST_SUMMARY_CHARACTERS)


def _excerpts(pieces: list[Piece]) -> list[str]:
    excerpts = []
    for number, piece in enumerate(pieces):
        previous = pieces[number - 1] if number else None
        text = _shorten(piece.text, MOST_EXCERPT_CHARACTERS)
        if piece.op == Op.REMOVED:
            excerpts.append(f"« {text} » retiré")
        elif piece.op == Op.ADDED and previous and previous.op == Op.REMOVED:
            excerpts[-1] = f"{excerpts[-1].removesuffix(' retiré')} devient « {text} »"
        elif piece.op == Op.ADDED:
            excerpts.append(f"« {text} » ajouté")
    return excerpts


def _of_link(link: LinkEdit) -> str:
    text = _shorten(link.text, MOST_EXCERPT_CHARACTERS)
    if link.kind == ChangeKind.LINK_TARGET:
        return f"le lien « {text} » mène à {_shown(link.after)} au lieu de {_shown(link.before)}"
    if link.kind in {ChangeKind.LINK_BROKEN, ChangeKind.LINK_RESTORED}:
        return f"« {text} », qui mène à {_shown(link.before)}"
    if link.kind == ChangeKind.LINK_ADDED:
        return f"lien « {text} » ajouté vers {_shown(link.after)}"
    return f"lien « {text} » retiré, qui menait à {_shown(link.before)}"


def _shown(target: str) -> str:
    return _shorten(target.removeprefix("//"), MOST_EXCERPT_CHARACTERS)


def _shorten(text: str, most: int) -> str:
    return text if len(text) <= most else text[: most - 1].rstrip() + "…"

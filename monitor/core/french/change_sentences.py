"""French texts for readers about a change: plain, neutral."""

from collections.abc import Iterable, Mapping, Sequence

from monitor.core.changes.change import ChangeKind, Edit, LinkEdit, Weight
from monitor.core.french.excerpts import excerpts, shorten
from monitor.core.text.page import Element, Fact, Obstacle

KINDS: Mapping[ChangeKind, str] = {
    ChangeKind.OPENING_HOURS: "horaires",
    ChangeKind.PHONE: "téléphone",
    ChangeKind.EMAIL: "courriel",
    ChangeKind.ADDRESS: "adresse",
    ChangeKind.APPOINTMENT_LINK: "lien de rendez-vous",
    ChangeKind.REQUIRED_DOCUMENTS: "pièces à fournir",
    ChangeKind.FEE: "montant à payer",
    ChangeKind.DELAY: "délai",
    ChangeKind.APPOINTMENT: "nécessité d’un rendez-vous",
    ChangeKind.SUBSTITUTE_CHANNEL: "solution de substitution",
    ChangeKind.ALERT_BANNER: "message d’alerte",
    ChangeKind.REPLACED: "page remplacée",
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
    Obstacle.LITTLE_COMPARED: (
        "moins de la moitié du texte de la page peut être comparée, et rien n’y a changé"
    ),
    Obstacle.NOT_TEXT: "la réponse est un fichier (PDF, image, archive), non une page",
    Obstacle.CUT: "la page est trop longue pour être lue en entier, et son début n’a pas changé",
    Obstacle.ANOTHER_PAGE: "les deux réponses n’ont rien en commun : l’une n’est pas la page",
    Obstacle.NOT_THE_PAGE: "la réponse n’est pas la page (erreur, refus, captcha ou page vide)",
}

MOST_SUMMARY_CHARACTERS = 600
MOST_EXCERPTS = 6
SHORT_EXCERPT = 40  # characters
MOST_ADDRESS_CHARACTERS = 100


def summary(
    kinds: Sequence[ChangeKind],
    *,
    edits: Iterable[Edit],
    links: Iterable[LinkEdit],
    facts: Iterable[Fact] = (),
) -> str:
    """Return one line: what kinds, then what became of what, each edit once, whole.

    The edits of the kinds that the line names first come first. `facts` are those lost or gained.
    """
    head = ", ".join(KINDS[kind] for kind in kinds)
    head = head[:1].upper() + head[1:]
    shown = tuple(filter(None, (_shown_fact(fact) for fact in facts)))
    rank = {kind: number for number, kind in enumerate(kinds)}
    ordered = sorted(edits, key=lambda edit: min(rank.get(kind, len(rank)) for kind in edit.kinds))
    each = dict.fromkeys(
        (
            *(text for edit in ordered for text in _telling_first(edit, facts=shown)),
            *(_of_link(link) for link in links),
        )
    )
    return f"{head}{_details(list(each), most=MOST_SUMMARY_CHARACTERS - len(head) - 20)}."


def _telling_first(edit: Edit, *, facts: Sequence[str]) -> list[str]:
    """Return the excerpts of an edit; of one that has a kind, those with facts and figures first.

    Among the words that differ in a long text, « votre » tells less than an amount.
    """
    texts = list(excerpts(edit, facts=facts))
    if edit.kinds == (ChangeKind.PROCEDURE_TEXT,):
        return texts
    return sorted(
        texts,
        key=lambda text: (
            not any(fact in text for fact in facts),
            not any(map(str.isdigit, text)),
            len(text) < SHORT_EXCERPT,
        ),
    )


def compared_shares(permille: Sequence[int | None]) -> str:
    """Return how much of the prose of each page was compared, in thousandths before and after."""
    shares = ["inconnue" if one is None else f"{one // 10} %" for one in permille]
    return f"Part du texte comparée : {shares[0]} avant, {shares[-1]} après"


def replaced(before: str, after: str) -> str:
    """Return the summary for a page in whose place another one stands; titles may be empty."""
    head = "Page remplacée : le nouveau texte n’a presque rien en commun avec le précédent"
    if not before or not after or before == after:
        return f"{head}."
    return f"{head} ; le titre « {shorten(before)} » devient « {shorten(after)} »."


def _details(texts: Sequence[str], *, most: int) -> str:
    """Return as many texts as there is room for, and how many there are more."""
    shown: list[str] = []
    for text in texts[:MOST_EXCERPTS]:
        if shown and len(" ; ".join([*shown, text])) > most:
            break
        shown.append(text)
    more = len(texts) - len(shown)
    rest = f" ; et {more} autre{'s' if more > 1 else ''}" if more else ""
    return f" : {' ; '.join(shown)}{rest}" if shown else ""


def _shown_fact(fact: Fact) -> str:
    """Return how a page most likely writes a fact."""
    if fact.element is Element.PHONE and fact.value.startswith("+33"):
        digits = f"0{fact.value[3:]}"
        return " ".join(digits[n : n + 2] for n in range(0, len(digits), 2))
    return fact.value.removesuffix(",00") if fact.element is not Element.OPENING_HOURS else ""


def _of_link(link: LinkEdit) -> str:
    text = shorten(link.text)
    if link.kind == ChangeKind.LINK_TARGET:
        return f"le lien « {text} » mène à {_shown(link.after)} au lieu de {_shown(link.before)}"
    if link.kind in {ChangeKind.LINK_BROKEN, ChangeKind.LINK_RESTORED}:
        return f"« {text} », qui mène à {_shown(link.before)}"
    if link.kind == ChangeKind.LINK_ADDED:
        return f"lien « {text} » ajouté vers {_shown(link.after)}"
    return f"lien « {text} » retiré, qui menait à {_shown(link.before)}"


def _shown(target: str) -> str:
    """Return an address; a long one by its host and its last part, both whole."""
    address = target.removeprefix("//")
    if len(address) <= MOST_ADDRESS_CHARACTERS:
        return address
    host, _, path = address.partition("/")
    last = path.partition("?")[0].rsplit("/", 1)[-1]
    return f"{host}/…/{last}" if 0 < len(last) <= MOST_ADDRESS_CHARACTERS // 2 else f"{host}/…"

"""Two sheets for the person: her own attempts, and what to send to get the written answer."""

from collections.abc import Iterator
from typing import Final

from monitor.core.french.formatting import PARIS, day, numbered, to_the_second
from monitor.core.french.sentences import REASONS
from monitor.dossier.dossier_record import DossierRecord
from monitor.dossier.pdf.document_blocks import (
    Block,
    PieceDocument,
    blank_lines,
    bullets,
    code,
    facts,
    form,
    heading,
    note,
    paragraph,
    quotation,
)
from monitor.dossier.pieces import dossier_sentences as french
from monitor.dossier.pieces.outage_reading import ReadOutage

ATTEMPTS_TITLE: Final = "Tableau de mes tentatives"
SHEET_TITLE: Final = "Fiche d’incident"
# What is asked of the contact centre, an access point or the prefecture: an answer in writing.
DEMAND: Final = (
    "Madame, Monsieur, je n’ai pas pu accomplir ma démarche sur cette page. Je vous demande de "
    "m’indiquer par écrit si un dysfonctionnement a été enregistré à ces date et heures, de "
    "l’attester le cas échéant, et de me dire par quelle autre voie déposer ma demande."
)
_BLANK_ROWS: Final = 16
_MOST_BESIDE: Final = 12  # outages printed beside the blank rows
_QUOTED: Final = 400


def attempts_sheet(record: DossierRecord, label: str) -> PieceDocument:
    """Return a blank table to fill in, beside the minutes of our own checks."""
    return PieceDocument(
        label=label,
        title=ATTEMPTS_TITLE,
        subtitle="À remplir par la personne elle-même ; nous n’y écrivons rien.",
        blocks=list(_attempts(record)),
    )


def _attempts(record: DossierRecord) -> Iterator[Block]:
    yield paragraph(
        "Nos relevés disent l’état de la page ; ils ne disent pas ce que vous avez fait. Notez ici "
        "chacune de vos tentatives, avec l’heure, l’adresse et les mots affichés, et joignez vos "
        "captures d’écran, courriels et accusés de réception."
    )
    yield facts([("Nom, prénom", "………………………………………………"), ("Depuis le", "……………… jusqu’au ………………")])
    yield form(
        ("Date", "Heure", "Adresse ou démarche", "Ce qui s’affichait", "Capture n°"),
        _BLANK_ROWS,
        widths=(1.6, 1.2, 4, 5, 1.4),
        about="Tentatives, à remplir",
    )
    yield facts(
        [
            ("Centre de contact citoyen", "contacté le ……………… ; réponse : ………………………………"),
            ("Point d’accueil numérique", "le ……………… ; réponse : ………………………………"),
            ("Préfecture", "écrit le ……………… (courriel, recommandé) ; réponse : ………………"),
            ("Date et signature", "………………………………………………"),
        ]
    )
    yield heading("En regard : les indisponibilités que nous avons relevées")
    if not record.outages:
        yield paragraph("Aucune sur la période.")
        return
    yield bullets(
        french.short_outage(one, record.target(one.target).name)
        for one in record.outages[:_MOST_BESIDE]
    )
    if len(record.outages) > _MOST_BESIDE:
        yield note("Les autres sont au relevé d’indisponibilité.")


def incident_sheet(record: DossierRecord, one: ReadOutage) -> PieceDocument:
    """Return one page to send: what was displayed, when, and what is asked for in answer."""
    return PieceDocument(
        label=SHEET_TITLE,
        title=f"{SHEET_TITLE} {numbered(one.incident.number if one.incident else None)}",
        subtitle="Pour le centre de contact citoyen, un point d’accueil numérique ou la préfecture",
        blocks=list(_incident(record, one)),
    )


def _incident(record: DossierRecord, one: ReadOutage) -> Iterator[Block]:
    outage = one.outage
    number = one.incident.number if one.incident else None
    yield facts(
        [
            ("Page", one.target.name),
            ("Adresse", [code(one.target.url or "non consignée")]),
            ("Le", day(outage.first_fail_at.astimezone(PARIS))),
            (
                "Heures (Paris)",
                french.hours(outage)
                + ("" if outage.first_ok_at else ", toujours en cours au dernier relevé"),
            ),
            ("Motif relevé", REASONS[outage.reason]),
            ("Code de réponse", "aucune réponse" if one.status is None else str(one.status)),
            ("Adresse permanente", [code(f"{record.site}/incidents/{number}")]),
        ]
    )
    if one.shown is not None and one.shown.text and one.copy is not None:
        identifier = french.identifier_in(one.shown.text)
        named = f" (identifiant {identifier})" if identifier else ""
        yield paragraph(f"Message affiché le {to_the_second(one.copy.at)}{named} :")
        text = " ".join(one.shown.text.split())
        yield quotation(text if len(text) <= _QUOTED else f"{text[:_QUOTED]} […]")
    yield heading("Demande")
    yield paragraph(DEMAND)
    yield facts(
        [
            ("Nom, prénom", "………………………………………………"),
            ("Numéro étranger", "………………………………"),
            ("Démarche", "………………………………………………"),
            ("Joindre à", "………………………………………………"),
        ]
    )
    yield blank_lines(3)
    yield note(french.LIMITS)

"""What a person without a lawyer reads first: what the pieces say, what comes before a court."""

from collections.abc import Iterator, Sequence
from typing import Final

from monitor.core.french.formatting import count
from monitor.dossier.dossier_files import DossierFile
from monitor.dossier.dossier_record import DossierRecord
from monitor.dossier.pdf.document_blocks import (
    Block,
    PieceDocument,
    bullets,
    heading,
    note,
    paragraph,
    strong,
)
from monitor.dossier.pieces import dossier_sentences as french
from monitor.dossier.pieces.person_sheets import ATTEMPTS_TITLE

FIRST_STEPS_NAME: Final = "A-LIRE-par-ou-commencer.pdf"
FIRST_STEPS_TITLE: Final = "À lire : par où commencer"
_MOST_LISTED: Final = 8
_BEFORE: Final = (
    (
        "Le centre de contact citoyen",
        (
            "Envoyez-lui {sheet} par son formulaire, et demandez une réponse écrite : c’est elle "
            "que les textes nomment comme preuve. Notez le jour et l’heure."
        ),
    ),
    (
        "Un point d’accueil numérique",
        (
            "Allez à celui de votre préfecture ou sous-préfecture, avec {sheet} ; demandez un "
            "papier qui dit que vous êtes venu et ce qui n’a pas pu être fait."
        ),
    ),
    (
        "La préfecture",
        (
            "Écrivez-lui, par courriel et par lettre recommandée avec accusé de réception ; gardez "
            "la preuve de l’envoi."
        ),
    ),
    (
        "Vos tentatives",
        (
            "Remplissez le {table} : jour, heure, adresse, mots affichés. Revenez à des jours, des "
            "heures et des semaines différents. Une capture d’écran montre l’adresse de la page, "
            "la date et l’heure."
        ),
    ),
    (
        "De l’aide",
        (
            "Un avocat, une association, un lieu d’accès au droit peuvent lire ces papiers ; "
            "l’aide juridictionnelle existe. Si votre titre expire bientôt, dites-le d’abord."
        ),
    ),
)
_FILING: Final = (
    (
        "Le dépôt se fait sur Télérecours citoyens, ou par lettre. Qui a déposé sur Télérecours "
        "citoyens y fait aussi toute la suite."
    ),
    (
        "« A-LIRE-remise-au-greffe.pdf » dit quels fichiers joindre ; « modele-requete.docx » est "
        "un paragraphe de faits, à votre nom, à relire et à compléter. Ce n’est ni une requête "
        "entière ni un conseil juridique."
    ),
    "Gardez tous les fichiers tels qu’ils sont, sans les renommer.",
)


def first_steps(record: DossierRecord, files: Sequence[DossierFile]) -> PieceDocument:
    """Return the page. It is not filed."""
    return PieceDocument(
        label="À lire",
        title=FIRST_STEPS_TITLE,
        subtitle="Cette page est pour vous. Elle n’est pas à produire.",
        blocks=list(_steps(record, files)),
    )


def _steps(record: DossierRecord, files: Sequence[DossierFile]) -> Iterator[Block]:
    yield heading("Ce que disent ces papiers")
    yield from _in_short(record)
    yield paragraph(
        "Ils ne disent pas ce que vous avez fait, vous. Ils ne remplacent pas vos captures "
        "d’écran, ni la réponse écrite d’un service. Personne ici ne peut dire combien de "
        "tentatives il faut."
    )
    yield heading("Avant le juge, dans cet ordre")
    sheets = [file for file in files if file.name.startswith("A-ENVOYER-")]
    sheet = f"la fiche « {sheets[0].name} »" if sheets else "l’adresse de la page et les heures"
    table_of = next((one for one in files if one.title == ATTEMPTS_TITLE), None)
    numbered = f" (pièce n° {table_of.number})" if table_of else ""
    yield bullets(
        [strong(f"{who}. "), what.format(sheet=sheet, table=f"« {ATTEMPTS_TITLE} »{numbered}")]
        for who, what in _BEFORE
    )
    yield heading("Si vous saisissez le tribunal vous-même")
    yield bullets(_FILING)
    yield note(french.LIMITS)


def _in_short(record: DossierRecord) -> Iterator[Block]:
    outages = record.outages
    over = french.period(record.question.since, record.question.until)
    if not outages:
        yield paragraph(
            f"Nos relevés n’ont confirmé aucune indisponibilité de ces pages {over}. Si la page "
            "ne marchait pas pour vous, vos captures d’écran sont la preuve à garder."
        )
        return
    how_many = count(len(outages), "indisponibilité")
    yield paragraph(strong(f"Nos relevés ont trouvé {how_many} de ces pages {over} :"))
    yield bullets(
        french.short_outage(one, record.target(one.target).name) for one in outages[:_MOST_LISTED]
    )
    if len(outages) > _MOST_LISTED:
        yield note(f"Les autres sont dans la pièce n° {record.question.first_number}.")

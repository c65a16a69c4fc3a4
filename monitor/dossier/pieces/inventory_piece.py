"""The inventory of the pieces, and the page that says how to hand in what is no PDF."""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from typing import Final

from monitor.core.french.formatting import count, grouped
from monitor.dossier.dossier_files import DossierFile
from monitor.dossier.dossier_question import DossierReader
from monitor.dossier.dossier_record import DossierRecord
from monitor.dossier.pdf.document_blocks import (
    Block,
    Line,
    PieceDocument,
    bullets,
    code,
    facts,
    heading,
    note,
    paragraph,
    table,
)
from monitor.dossier.pieces import dossier_sentences as french

INVENTORY_NAME: Final = "00-Inventaire-des-pieces.pdf"
INVENTORY_TITLE: Final = "Inventaire des pièces"
HAND_IN_NAME: Final = "A-LIRE-remise-au-greffe.pdf"
HAND_IN_TITLE: Final = "À lire : comment remettre ces pièces"
_MEGA: Final = 1_000_000


@dataclass(frozen=True, slots=True, kw_only=True)
class InventoryStamp:
    """The time-stamp of the inventory itself.

    Attributes:
        by: The name of the authority that gives it; "" without one.
        in_vain: How many authorities were asked in vain.

    """

    by: str = ""
    in_vain: int = 0


def inventory(
    record: DossierRecord, files: Sequence[DossierFile], stamp: InventoryStamp
) -> PieceDocument:
    """Return the inventory of the pieces, in the order of their numbers."""
    question = record.question
    pieces = [file for file in files if file.number is not None]
    return PieceDocument(
        label="Inventaire",
        title=INVENTORY_TITLE,
        subtitle=f"{question.title}, {french.period(question.since, question.until)}",
        blocks=[
            paragraph(
                "Inventaire détaillé (article R. 412-2 du code de justice administrative). Chaque "
                "pièce est un fichier, dont le nom commence par son numéro ; la numérotation est "
                "continue."
            ),
            table(
                ("N°", "Intitulé et fichier", "Pages", "Taille"),
                (_row(file) for file in pieces),
                widths=(0.6, 9, 0.9, 1.1),
                about="Pièces, par numéro",
            ),
            *_supplement(record),
            heading("Empreintes des fichiers d’origine"),
            facts((f"Pièce n° {file.number}", [code(file.sha256)]) for file in pieces),
            paragraph(_stamp_words(stamp)),
            note(
                "Empreintes SHA-256 des fichiers tels que faits, avant tout filigrane d’un "
                "portail. Elles se vérifient à l’adresse ",
                code(f"{record.site}/verifier"),
                ", code ",
                code(record.code),
                ".",
            ),
        ],
    )


def _stamp_words(stamp: InventoryStamp) -> str:
    if stamp.by:
        return (
            f"Ce fichier porte un horodatage électronique (RFC 3161, PAdES) donné par {stamp.by} : "
            "il date l’inventaire et, par les empreintes ci-dessus, chaque pièce. Il atteste une "
            "date, non l’exactitude des relevés. Il n’est pas dit qualifié : seule la liste de "
            "confiance, à cette date, le dirait. Un filigrane ajouté au dépôt le rend illisible."
        )
    if stamp.in_vain:
        return (
            "Ce fichier ne porte pas d’horodatage électronique : aucune des "
            f"{stamp.in_vain} autorités interrogées n’en a donné qui ait pu être vérifié. La date "
            "repose sur le journal."
        )
    return (
        "Ce fichier ne porte pas d’horodatage électronique : aucun n’a été demandé. La date repose "
        "sur le journal, son point de contrôle et ce qui l’atteste (note méthodologique)."
    )


def _row(file: DossierFile) -> tuple[Line, ...]:
    handed = ", sur support matériel, … exemplaires" if file.handed_over else ""
    return (
        str(file.number),
        [f"{file.title}{handed}\n", code(file.name)],
        str(file.pages) if file.pages else "–",
        _size(file),
    )


def _size(file: DossierFile) -> str:
    if file.size_bytes < _MEGA // 10:
        return f"{max(1, file.size_bytes // 1000)} ko"
    return f"{file.size_bytes / _MEGA:.1f} Mo".replace(".", ",")


def _supplement(record: DossierRecord) -> Iterator[Block]:
    if record.question.supplement:
        yield paragraph(
            "Ces pièces font suite à celles déjà produites : la numérotation continue celle du "
            f"dossier précédent, à partir du numéro {record.question.first_number}."
        )


def hand_in_page(record: DossierRecord, files: Sequence[DossierFile]) -> PieceDocument:
    """Return what whoever files must know. It is not filed."""
    return PieceDocument(
        label="À lire",
        title=HAND_IN_TITLE,
        subtitle="Cette page n’est pas à produire.",
        blocks=list(_hand_in(record, files)),
    )


def _hand_in(record: DossierRecord, files: Sequence[DossierFile]) -> Iterator[Block]:
    pieces = [file for file in files if file.number is not None]
    pdfs = [file for file in pieces if not file.handed_over]
    handed = [file for file in pieces if file.handed_over]
    yield heading("Par voie électronique")
    yield bullets(_by_wire(record, pdfs))
    if handed:
        yield heading("Le lot de preuves, sur support matériel")
        yield paragraph(
            "Ce fichier n’est pas un PDF : aucun texte lu ne dit que les portails l’acceptent. Ce "
            "qui ne peut être transmis par voie électronique l’est sur support matériel (clé USB, "
            "disque optique), en autant d’exemplaires qu’il y a d’autres parties en cause, "
            "augmenté de deux ; la requête doit l’annoncer (article R. 414-5 du code de justice "
            "administrative)."
        )
        for file in handed:
            yield facts(
                [
                    ("Pièce", f"n° {file.number}, {file.title}, support matériel, … exemplaires"),
                    ("Fichier", [code(file.name)]),
                    ("Taille", f"{grouped(file.size_bytes)} octets"),
                    ("Empreinte SHA-256", [code(file.sha256)]),
                ]
            )
        yield paragraph(
            "Un lien ne remplace pas le fichier : une juridiction lit ce qui est déposé. Phrase à "
            "mettre dans la requête : « La pièce n° "
            f"{handed[0].number} est produite sur support matériel, en … exemplaires. »"
        )
    yield heading("Les fichiers qui ne sont pas des pièces")
    yield bullets(
        [
            (
                "Le modèle de paragraphe (modele-requete.docx, .txt) : à relire et à compléter ; "
                "ce n’est pas un conseil juridique."
            ),
            (
                "Les fiches d’incident : à envoyer au centre de contact citoyen, au point "
                "d’accueil numérique et à la préfecture, dont la réponse écrite est une preuve que "
                "les textes nomment. Notre relevé ne la remplace pas."
            ),
            _of_reader(record),
        ]
    )
    yield heading("Si la juridiction ou l’autre partie ouvre un fichier différent")
    yield paragraph(
        "Un portail peut apposer un filigrane : l’empreinte change. Le code imprimé au bas de "
        "chaque page, ",
        code(record.code),
        ", mène à l’original. Garder les fichiers d’origine.",
    )


def _of_reader(record: DossierRecord) -> str:
    if record.question.reader is DossierReader.ASSOCIATION:
        return (
            "Les chiffres par mois (chiffres-par-mois.csv) sont ceux de la pièce « Avant et "
            "après », pour un tableur ; la couverture y est avant les taux."
        )
    return (
        "Le « Tableau de mes tentatives » est une pièce une fois rempli par la personne ; s’il ne "
        "l’est pas, ne pas le produire et rayer sa ligne, la dernière de l’inventaire."
    )


def _numbers(numbers: Sequence[int]) -> str:
    """Return "1 à 5", or "1, 2, 3 et 5" where one is missing."""
    if len(numbers) == 1 or numbers[-1] - numbers[0] > len(numbers) - 1:
        *first, last = map(str, numbers)
        return f"{', '.join(first)} et {last}" if first else last
    return f"{numbers[0]} à {numbers[-1]}"


def _by_wire(record: DossierRecord, pdfs: Sequence[DossierFile]) -> Iterator[str]:
    numbers = _numbers([file.number or 0 for file in pdfs])
    largest = max(file.size_bytes for file in pdfs)
    yield (
        f"{count(len(pdfs), 'fichier')} PDF, pièces n° {numbers} ; le plus grand fait "
        f"{largest / _MEGA:.1f} Mo.".replace(".", ",", 1)
    )
    if record.question.reader is DossierReader.CITOYEN:
        yield (
            "Sur Télérecours citoyens : joindre chaque fichier avec son nom, qui tient lieu "
            "d’intitulé ; l’inventaire n’est pas exigé, il peut être joint. La suite de l’affaire "
            "se fait alors par le même service (article R. 414-2)."
        )
    else:
        yield (
            "Sur Télérecours : un fichier par pièce, sans les renommer ; l’inventaire automatique "
            "se fait à partir des noms. Le présent inventaire peut aussi être joint."
        )
    yield (
        "Le journal des relevés est une seule pièce par fichier, d’un seul auteur ; ne pas "
        "regrouper les fichiers."
    )

"""The draft paragraph of an application: facts with their pieces, blanks for what we do not know.

Facts only: no urgency, no ground of law, no conclusion.
"""

import io
import zipfile
from collections.abc import Iterator, Mapping, Sequence
from datetime import UTC, datetime
from typing import Final

from docx import Document

from monitor.core.french import figure_sentences
from monitor.core.french.formatting import count, grouped
from monitor.core.french.typesetting import typeset
from monitor.core.model import Outage, Verdict
from monitor.core.outages.span_figures import Availability
from monitor.dossier.dossier_files import DossierFile
from monitor.dossier.dossier_question import DossierReader
from monitor.dossier.dossier_record import DossierRecord
from monitor.dossier.pdf.legible_text import legible
from monitor.dossier.pieces import dossier_sentences as french
from monitor.dossier.pieces.outage_sections import outage_heading

DRAFT_NAME: Final = "modele-requete"
_MOST_OUTAGES: Final = 12
_EPOCH: Final = (1980, 1, 1, 0, 0, 0)  # of every file in a ZIP
_TITLE: Final = "Modèle de paragraphe pour la requête (partie « Faits et procédure »)"
_WARNING: Final = (
    "À relire et à compléter par l’avocat ou la personne. Ce texte rapporte des relevés ; ce n’est "
    "pas un conseil juridique. Ce qui est entre crochets n’est pas connu de nous."
)


def draft_paragraphs(
    record: DossierRecord,
    whole: Availability,
    files: Sequence[DossierFile],
    pages: Mapping[str, int],
) -> tuple[str, ...]:
    """Return the paragraphs. `pages` has where each heading of the first piece stands."""
    return tuple(legible(typeset(text)) for text in _paragraphs(record, whole, files, pages))


def _paragraphs(
    record: DossierRecord,
    whole: Availability,
    files: Sequence[DossierFile],
    pages: Mapping[str, int],
) -> Iterator[str]:
    question = record.question
    numbers = {file.title: file.number for file in files if file.number is not None}
    first = question.first_number
    over = french.period(question.since, question.until)
    yield _WHO[question.reader]
    listed = [record.target(slug) for slug in question.targets[:3]]
    about = ", ".join(f"{one.name} ({one.url})" if one.url else one.name for one in listed)
    more = len(question.targets) - len(listed)
    rest = f" et {more} autres" if more > 0 else ""
    yield (
        f"{over[0].upper()}{over[1:]} (heure de Paris), les pages publiques suivantes ont été "
        f"relevées par {record.config.publisher.association} : {about}{rest} "
        f"(pièce n° {first}, p. 1)."
    )
    yield (
        f"{figure_sentences.checks(whole)} ; la couverture est de "
        f"{figure_sentences.coverage(whole.account)} de la période. Les lacunes et les refus "
        f"figurent à la pièce n° {numbers.get(_METHOD, first)} et au journal des relevés."
    )
    if not record.outages:
        yield (
            f"Aucune indisponibilité n’a été constatée par ces relevés sur cette période "
            f"(pièce n° {first}, p. 1)."
        )
    else:
        weeks = french.distinct_weeks(record.outages, question.since, question.until)
        outages = count(len(record.outages), "indisponibilité a été", "indisponibilités ont été")
        yield (
            f"{outages[0].upper()}{outages[1:]} relevée{'s' if len(record.outages) > 1 else ''} au "
            f"cours de {weeks}. D’après tous les relevés, échecs isolés compris, le temps "
            f"indisponible est de {figure_sentences.down(whole.account)} "
            f"(pièce n° {first}, p. 1)."
        )
    for one in _chosen(record.outages):
        name = record.target(one.target, one.first_fail_at).name
        page = pages.get(legible(typeset(outage_heading(one, name))))
        place = f", p. {page}" if page else ""
        yield (
            f"{french.unavailable(one, name, None)} {french.lasted(one)} {french.reason_of(one)} "
            f"(Pièce n° {first}{place}.)"
        )
    others = len(record.outages) - _MOST_OUTAGES
    if others > 0:
        yield f"{grouped(others)} autres indisponibilités figurent à la pièce n° {first}."
    blocked = whole.account.us(Verdict.BLOCKED)
    if blocked:
        yield (
            f"L’accès de la sonde a été refusé pendant {figure_sentences.microseconds(blocked)} ; "
            "ces périodes sont comptées comme inconnues, et non comme des indisponibilités."
        )
    for file in files:
        if file.handed_over:
            yield (
                f"La pièce n° {file.number}, qui permet de vérifier ces relevés, est produite sur "
                "support matériel, en [nombre] exemplaires."
            )
    yield (
        "Ces éléments établissent l’état de pages publiques ; [conséquences "
        f"{_FOR_WHOM[question.reader]}, à compléter]."
    )


_DONE: Final = (
    "[Tentatives : dates, heures, captures, pièce n° …]. [Saisine du centre de contact citoyen du "
    "… : réponse]. [Point d’accueil numérique : date, réponse]."
)
_WHO: Final = {
    DossierReader.AVOCAT: (
        "[Nom, prénom], titulaire de [titre de séjour] expirant le [date d’expiration], doit "
        f"accomplir sa démarche [nature de la démarche] sur le service en ligne. {_DONE}"
    ),
    DossierReader.CITOYEN: (
        "Je suis [nom, prénom], titulaire de [titre de séjour] expirant le [date d’expiration]. Je "
        f"dois faire ma démarche [nature de la démarche] sur le service en ligne. {_DONE}"
    ),
    DossierReader.ASSOCIATION: (
        "[Nom de l’association], qui a pour objet [objet statutaire], suit l’accès des usagers à "
        "ce service en ligne. [Démarches faites auprès de l’administration : dates, réponses]. "
        "[Situations rencontrées, pièces n° …]."
    ),
}
_FOR_WHOM: Final = {
    DossierReader.AVOCAT: "pour le requérant",
    DossierReader.CITOYEN: "pour moi",
    DossierReader.ASSOCIATION: "pour les usagers",
}


_METHOD: Final = "Note méthodologique et limites"


def _chosen(outages: Sequence[Outage]) -> list[Outage]:
    """Return the longest of the outages, in order of time."""
    longest = sorted(outages, key=lambda one: -one.shortest_s)[:_MOST_OUTAGES]
    return sorted(longest, key=lambda one: (one.first_fail_at, one.target))


def draft_text(paragraphs: Sequence[str]) -> bytes:
    """Return the draft as plain text."""
    return "\n\n".join([_TITLE, _WARNING, *paragraphs, ""]).encode()


def draft_docx(paragraphs: Sequence[str], at: datetime) -> bytes:
    """Return the draft as a DOCX: the same input gives the same bytes."""
    document = Document()
    document.add_heading(_TITLE, level=1)
    document.add_paragraph(_WARNING)
    for text in paragraphs:
        document.add_paragraph(text)
    properties = document.core_properties
    properties.author = properties.last_modified_by = "Vigie ANEF"
    properties.title = _TITLE
    properties.language = "fr-FR"
    properties.created = properties.modified = at.astimezone(UTC).replace(
        tzinfo=None, microsecond=0
    )
    properties.revision = 1
    written = io.BytesIO()
    document.save(written)
    return _without_times(written.getvalue())


def _without_times(data: bytes) -> bytes:
    """Return a ZIP file whose entries have no time of their own."""
    out = io.BytesIO()
    with zipfile.ZipFile(io.BytesIO(data)) as source, zipfile.ZipFile(out, "w") as target:
        for entry in sorted(source.infolist(), key=lambda one: one.filename):
            fixed = zipfile.ZipInfo(entry.filename, date_time=_EPOCH)
            fixed.compress_type = zipfile.ZIP_DEFLATED
            fixed.external_attr = 0o644 << 16
            target.writestr(fixed, source.read(entry.filename))
    return out.getvalue()

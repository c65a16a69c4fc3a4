"""Write a whole dossier into a folder: the pieces by number, then what goes with them."""

import hashlib
import json
import shutil
import tempfile
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING, Final

from monitor.core.french.formatting import grouped
from monitor.dossier.dossier_files import DossierFile, DossierSummary
from monitor.dossier.dossier_question import (
    MOST_NUMBER,
    DossierQuestion,
    DossierReader,
    DossierRefused,
)
from monitor.dossier.dossier_record import DossierRecord, DossierSource
from monitor.dossier.file_names import is_portal_name, piece_name
from monitor.dossier.pdf.document_blocks import PieceDocument
from monitor.dossier.pdf.pdf_compiler import PageFrame, compile_pdf
from monitor.dossier.pdf.pdf_outline import page_count, pages_of_headings
from monitor.dossier.pieces import dossier_sentences as french
from monitor.dossier.pieces.application_draft import (
    DRAFT_NAME,
    draft_docx,
    draft_paragraphs,
    draft_text,
)
from monitor.dossier.pieces.before_after_piece import (
    BEFORE_AFTER_TITLE,
    MONTHS_NAME,
    MONTHS_TITLE,
    before_after_piece,
    months_csv,
)
from monitor.dossier.pieces.change_piece import CHANGES_TITLE, change_piece
from monitor.dossier.pieces.first_page import whole_scope
from monitor.dossier.pieces.first_steps import FIRST_STEPS_NAME, FIRST_STEPS_TITLE, first_steps
from monitor.dossier.pieces.inventory_piece import (
    HAND_IN_NAME,
    HAND_IN_TITLE,
    INVENTORY_NAME,
    INVENTORY_TITLE,
    InventoryStamp,
    hand_in_page,
    inventory,
)
from monitor.dossier.pieces.journal_piece import JOURNAL_TITLE, journal_parts, part_blocks
from monitor.dossier.pieces.method_piece import (
    ANNEX_NAME,
    ANNEX_TITLE,
    METHOD_TITLE,
    method_piece,
    newer_rules_annex,
)
from monitor.dossier.pieces.outage_piece import OUTAGE_TITLE, outage_piece
from monitor.dossier.pieces.outage_reading import ReadOutage, read_detailed
from monitor.dossier.pieces.person_sheets import (
    ATTEMPTS_TITLE,
    SHEET_TITLE,
    attempts_sheet,
    incident_sheet,
)

if TYPE_CHECKING:  # its libraries are large, and few dossiers are stamped
    from monitor.dossier.pdf.document_stamp import DocumentStamper

MOST_BYTES: Final = 15_000_000  # of one file
MOST_JOURNAL_FILES: Final = 60
MOST_SHEETS: Final = 3  # incidents that have a sheet to send: the longest ones
_UNFINISHED: Final = ".en-cours"  # suffix of the name of a folder that is not whole yet

# Called with what is being done, how much of it is done, and of how much (0: not known).
Progress = Callable[[str, int, int], None]
# Writes the bundle of proofs of a record into a folder, under a name that begins with the number;
# returns the name.
BundleWriter = Callable[[DossierRecord, Path, int], str]

BUNDLE_TITLE: Final = "Lot de preuves (copies des réponses, feuilles du journal, vérification)"


def write_dossier(  # noqa: PLR0913 -- a question, and what goes with its answer
    source: DossierSource,
    question: DossierQuestion,
    out: Path,
    progress: Progress = lambda _what, _done, _total: None,
    *,
    bundle: BundleWriter | None = None,
    stamper: "DocumentStamper | None" = None,
) -> DossierSummary:
    """Write the dossier of a question into `out`, a folder that is made; all of it, or nothing.

    `stamper` has the inventory time-stamped: with it, this one file is another each time.

    Raises:
        DossierRefused: The question has no dossier, or `out` is there already.
        OSError, PdfFailed, StoreError: A file, a PDF or the record fails.

    """
    require_new(out)
    record = source.at(question)
    making = out.with_name(f"{out.name}{_UNFINISHED}")
    shutil.rmtree(making, ignore_errors=True)  # of an interrupted run
    making.mkdir(parents=True)
    try:
        writer = _DossierWriter(record, making, progress, bundle, stamper)
        files = writer.write()
        making.rename(out)
    except BaseException:
        shutil.rmtree(making, ignore_errors=True)
        raise
    return DossierSummary(
        code=record.code,
        size=record.checkpoint.size,
        root=record.checkpoint.root.hex(),
        settled=record.settled,
        files=files,
        stamped_by=writer.stamped_by,
    )


def require_new(out: Path) -> None:
    """Raise DossierRefused for a folder that is there already."""
    if out.exists():
        raise DossierRefused(f"{out} existe déjà : donner un dossier à créer.")


@dataclass(slots=True)
class _DossierWriter:
    record: DossierRecord
    folder: Path
    progress: Progress
    bundle: BundleWriter | None
    stamper: "DocumentStamper | None"
    stamped_by: str = ""
    _files: list[DossierFile] = field(default_factory=list)

    def write(self) -> tuple[DossierFile, ...]:
        record, question = self.record, self.record.question
        self.progress("relevé d’indisponibilité", 0, 0)
        read = read_detailed(record)
        first = self._piece(outage_piece(record, self._label(), read), OUTAGE_TITLE)
        if question.reader is DossierReader.ASSOCIATION:
            self._piece(before_after_piece(record, self._label()), BEFORE_AFTER_TITLE)
        self._journal()
        if question.pages:
            self._piece(change_piece(record, self._label()), CHANGES_TITLE)
        self.progress("note méthodologique", 0, 0)
        self._piece(method_piece(record, self._label()), METHOD_TITLE)
        if self.bundle is not None:
            self._bundle(self.bundle)
        if question.reader is not DossierReader.ASSOCIATION:
            self._piece(attempts_sheet(record, self._label()), ATTEMPTS_TITLE)
        self._sheets(read)
        self._draft(first)
        if record.newer_rulesets:
            self._other(ANNEX_NAME, ANNEX_TITLE, newer_rules_annex(record))
        pieces = tuple(self._files)
        self._for_reader(pieces)
        self._inventory(pieces)
        self._other(HAND_IN_NAME, HAND_IN_TITLE, hand_in_page(record, pieces))
        return tuple(sorted(self._files, key=lambda one: (one.number or MOST_NUMBER + 1, one.name)))

    @property
    def _number(self) -> int:
        """The number of the next piece."""
        numbers = [file.number for file in self._files if file.number is not None]
        number = numbers[-1] + 1 if numbers else self.record.question.first_number
        if number > MOST_NUMBER:
            raise DossierRefused(
                f"Plus de {MOST_NUMBER} pièces : demander une période plus courte, ou moins de "
                "pages."
            )
        return number

    def _label(self) -> str:
        return f"Pièce {self._number}"

    def _piece(self, document: PieceDocument, title: str) -> bytes:
        question, number = self.record.question, self._number
        name = piece_name(number, title, question.title, question.since, question.until)
        if not is_portal_name(name):
            raise ValueError(f"not a name that a portal takes: {name}")
        return self._pdf(name, title, document, number)

    def _other(self, name: str, title: str, document: PieceDocument) -> None:
        self._pdf(name, title, document, None)

    def _pdf(self, name: str, title: str, document: PieceDocument, number: int | None) -> bytes:
        pdf = compile_pdf(document, self._frame)
        if len(pdf) > MOST_BYTES:
            raise DossierRefused(
                f"{title} : {grouped(len(pdf))} octets, plus qu’un portail n’en prend ; demander "
                "une période plus courte, ou moins de pages."
            )
        self._add(name, title, pdf, number, pages=page_count(pdf))
        return pdf

    def _add(
        self, name: str, title: str, data: bytes, number: int | None, *, pages: int | None = None
    ) -> None:
        (self.folder / name).write_bytes(data)
        self._files.append(
            DossierFile(
                number=number,
                name=name,
                title=title,
                sha256=hashlib.sha256(data).hexdigest(),
                size_bytes=len(data),
                pages=pages,
            )
        )

    @property
    def _frame(self) -> PageFrame:
        record, question = self.record, self.record.question
        return PageFrame(
            author=f"{record.config.publisher.association} – Vigie ANEF",
            subject=f"{question.title}, {french.short_period(question.since, question.until)}",
            code=record.code,
            position=record.position,
            at=record.checkpoint.at,
        )

    def _inventory(self, pieces: Sequence[DossierFile]) -> None:
        """Write the inventory, time-stamped by the first authority that answers."""
        stamper = self.stamper
        authorities = stamper.authorities if stamper else ()
        for authority in authorities:
            self.progress(f"horodatage par {authority.name}", 0, 0)
            document = inventory(self.record, pieces, InventoryStamp(by=authority.name))
            pdf = compile_pdf(document, self._frame)
            stamped = stamper.stamp(pdf, authority) if stamper else None
            if stamped is not None and not isinstance(stamped, str):
                self._add(
                    INVENTORY_NAME, INVENTORY_TITLE, stamped.pdf, None,
                    pages=page_count(stamped.pdf),
                )  # fmt: skip
                self.stamped_by = authority.name
                return
        none = InventoryStamp(in_vain=len(authorities))
        self._other(INVENTORY_NAME, INVENTORY_TITLE, inventory(self.record, pieces, none))

    def _journal(self) -> None:
        """Write the journal: its files one by one, once it is known how many there are."""
        record, question = self.record, self.record.question
        checks = 0

        def read(more: int) -> None:
            nonlocal checks
            checks += more
            self.progress("relevés lus", checks, 0)

        with tempfile.TemporaryDirectory(dir=self.folder) as name:
            parts: list[Path] = []
            for part in journal_parts(record, read):
                path = Path(name) / f"{len(parts)}.json"
                path.write_text(json.dumps(list(part_blocks(record, part))), encoding="utf-8")
                parts.append(path)
                if len(parts) > MOST_JOURNAL_FILES:
                    raise DossierRefused(
                        f"Le journal des relevés ferait plus de {MOST_JOURNAL_FILES} fichiers : "
                        "demander une période plus courte, ou moins de pages."
                    )
            for rank, path in enumerate(parts, 1):
                self.progress("fichiers du journal", rank, len(parts))
                title = (
                    JOURNAL_TITLE if len(parts) == 1 else f"{JOURNAL_TITLE} {rank} sur {len(parts)}"
                )
                document = PieceDocument(
                    label=self._label(),
                    title=title,
                    subtitle=f"{question.title}, {french.period(question.since, question.until)}",
                    blocks=json.loads(path.read_text(encoding="utf-8")),
                )
                self._piece(document, title)

    def _bundle(self, bundle: BundleWriter) -> None:
        self.progress("lot de preuves", 0, 0)
        number = self._number
        name = bundle(self.record, self.folder, number)
        if not name.startswith(f"{number:02}-"):
            raise ValueError(f"not a name that a portal takes: {name}")
        path = self.folder / name
        with path.open("rb") as file:
            digest = hashlib.file_digest(file, "sha256").hexdigest()
        self._files.append(
            DossierFile(
                number=number,
                name=name,
                title=BUNDLE_TITLE,
                sha256=digest,
                size_bytes=path.stat().st_size,
                handed_over=True,
            )
        )

    def _sheets(self, read: Sequence[ReadOutage]) -> None:
        """Write the sheets to send: one for each of the longest incidents."""
        by_incident: dict[int, ReadOutage] = {}
        for one in sorted(read, key=lambda one: -one.outage.shortest_s):
            if one.incident is not None and one.incident.number is not None:
                by_incident.setdefault(one.incident.number, one)
        for number, one in list(by_incident.items())[:MOST_SHEETS]:
            self._other(
                f"A-ENVOYER-fiche-incident-{number}.pdf",
                f"{SHEET_TITLE} {number}",
                incident_sheet(self.record, one),
            )

    def _for_reader(self, pieces: Sequence[DossierFile]) -> None:
        """Write what only one kind of reader needs; none of it is filed."""
        reader = self.record.question.reader
        if reader is DossierReader.CITOYEN:
            self._other(FIRST_STEPS_NAME, FIRST_STEPS_TITLE, first_steps(self.record, pieces))
        if reader is DossierReader.ASSOCIATION:
            self._add(MONTHS_NAME, MONTHS_TITLE, months_csv(self.record), None)

    def _draft(self, first: bytes) -> None:
        record = self.record
        paragraphs = draft_paragraphs(
            record, record.figures(whole_scope(record)), self._files, pages_of_headings(first)
        )
        title = "Modèle de paragraphe pour la requête"
        self._add(f"{DRAFT_NAME}.txt", title, draft_text(paragraphs), None)
        self._add(f"{DRAFT_NAME}.docx", title, draft_docx(paragraphs, record.checkpoint.at), None)

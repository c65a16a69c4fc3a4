"""What the pieces say: figures of `vigie availability`, all checks, nothing that only helps."""

import csv
import hashlib
import io
import json
import re
import subprocess
import zipfile
from collections.abc import Iterator, Mapping
from dataclasses import replace
from datetime import timedelta
from fractions import Fraction
from pathlib import Path
from typing import Any

import pytest
from docx import Document

from monitor.attest.kept_answers import ShownAnswer
from monitor.cli import main
from monitor.core.french.figure_sentences import microseconds
from monitor.core.french.formatting import grouped, percent
from monitor.core.model import Kind
from monitor.dossier.dossier_question import DossierQuestion, DossierReader, DossierRefused
from monitor.dossier.dossier_record import DossierRecord
from monitor.dossier.dossier_writer import BUNDLE_TITLE, write_dossier
from monitor.dossier.file_names import is_portal_name
from monitor.dossier.pdf.document_blocks import PieceDocument, heading
from monitor.dossier.pdf.legible_text import legible
from monitor.dossier.pdf.pdf_compiler import PageFrame, compile_pdf
from monitor.dossier.pieces.application_draft import draft_paragraphs
from monitor.dossier.pieces.before_after_piece import MONTHS_NAME, months_csv
from monitor.dossier.pieces.change_piece import change_piece
from monitor.dossier.pieces.dossier_sentences import hours
from monitor.dossier.pieces.first_page import whole_scope
from monitor.dossier.pieces.first_steps import first_steps
from monitor.dossier.pieces.inventory_piece import InventoryStamp, hand_in_page, inventory
from monitor.dossier.pieces.journal_piece import journal_parts, part_blocks
from monitor.dossier.pieces.method_piece import method_piece
from monitor.dossier.pieces.outage_piece import outage_piece
from monitor.dossier.pieces.outage_reading import read_detailed
from monitor.dossier.pieces.outage_sections import outage_blocks
from monitor.figures.answers import Division
from monitor.store import Store
from tests.support.dossiers import (
    CONFIG,
    END,
    EXPIRY,
    HOSTILE_NAME,
    PAGE,
    QUESTION,
    REPLY,
    SSO,
    START,
    STEP,
    USAGERS,
    MadeRecord,
    Written,
    png,
)


def strings(value: Any) -> Iterator[str]:
    """Yield every text of some blocks, the words of a line joined."""
    if isinstance(value, str):
        yield value
    elif isinstance(value, Mapping):
        for name, inner in value.items():
            if name not in {"kind", "svg"}:
                yield from strings(inner)
    elif isinstance(value, list | tuple):
        for inner in value:
            yield from strings(inner)


def said(blocks: Any) -> str:
    return re.sub(r"\s", " ", "\n".join(strings(list(blocks))))


def told(record: DossierRecord, label: str) -> PieceDocument:
    return outage_piece(record, label, read_detailed(record))


def plain(text: str) -> str:
    return re.sub(r"\s", " ", text)


@pytest.fixture(scope="session")
def record(made: MadeRecord, store: Store) -> DossierRecord:
    return made.source(store).at(QUESTION)


@pytest.fixture(scope="session")
def first(record: DossierRecord) -> str:
    return said(told(record, "Pièce 1").blocks)


def asked(made: MadeRecord, capsys: pytest.CaptureFixture[str], *options: str) -> dict[str, Any]:
    """Return what `vigie availability --json` answers."""
    command = [
        "availability", "--json", "--target", USAGERS, "--data", str(made.data),
        "--config", str(CONFIG), "--from", "2026-11-22", "--to", "2026-11-25", *options,
    ]  # fmt: skip
    assert main(command) == 0
    (answer,) = json.loads(capsys.readouterr().out)
    return dict(answer)


def test_every_figure_is_that_of_vigie_availability(
    made: MadeRecord, first: str, capsys: pytest.CaptureFixture[str]
) -> None:
    answer = asked(made, capsys)
    known = answer["known_us"]
    central = percent(Fraction(answer["available_us"]["central"], known))
    assert plain(f"{central} du temps connu") in first
    down = known - answer["available_us"]["central"]
    assert plain(microseconds(down)) in first
    assert (
        plain(f"{grouped(answer['checks'])} relevés, dont {answer['failures']} en échec") in first
    )
    assert answer["outages"]["count"] == 2
    assert "2 indisponibilités constatées du 22 novembre 2026" in first
    for number in answer["outages"]["numbers"]:
        assert plain(f"n° {grouped(number)}") in first
    touched = answer["touched"]
    assert plain(f"{touched['days']} jours, {touched['weeks']} semaines") in first
    assert answer["rulesets"] == ["2026-11"]
    assert "enregistrées : 2026-11." in first


def test_an_isolated_failure_makes_no_week(first: str) -> None:
    """Sunday 22 has one alone; both outages are of the week that begins on Monday 23."""
    assert "au cours de 1 semaine civile distincte" in first
    assert "semaine 48, du 23 novembre 2026" in first
    assert "Échecs isolés" in first


def test_the_first_page_has_the_message_its_code_and_its_identifier(first: str) -> None:
    essence = first.partition("Chiffres de la période")[0]
    assert "le service affichait (code 503, identifiant 443000240-1234567" in essence
    assert "Service momentanément indisponible" in essence
    assert "les témoins attestaient que notre connexion fonctionnait" in essence
    assert "accès refusé" in essence.lower()
    assert "bornes fixées par le dernier relevé conforme (23/11 09:10:00)" in essence
    assert "du 18 octobre 2026 au 17 décembre 2026 compris" in essence
    assert "il n’établit pas les démarches personnelles" in essence


def test_each_outage_says_what_worked_what_was_announced_and_what_was_refused(first: str) -> None:
    assert "Les 2 pages suivies de la même plateforme étaient en défaut." in first
    assert "Seule cette page était en défaut, parmi les 2 suivies" in first
    assert "Répondaient pendant ce temps : Connexion à l’ANEF." in first
    assert "Autre incident, plateforme « Préfectures »" in first
    assert "Aucune maintenance n’était annoncée pour cette page" in first
    assert "archivée avant son début : elle compte comme annoncée" in first
    assert "comptées comme inconnues, et non comme des indisponibilités" in first


def test_what_the_service_replied_stands_word_for_word_with_its_outage(first: str) -> None:
    assert "Réponse du service concerné" in first
    assert all(line in first for line in REPLY.splitlines())
    assert "au titre du droit de réponse" in first


def test_words_of_law_are_not_ours(first: str, record: DossierRecord) -> None:
    everything = f"{first} {said(method_piece(record, 'Pièce 4').blocks)}".lower()
    for word in (
        "tentatives de l",
        "certifié",
        "procès-verbal de",
        "attaque",
        "carence",
        "hors service",
    ):
        assert word not in everything, word
    assert "constat de commissaire de justice" in everything  # that it is none


def test_the_journal_has_every_check_and_every_gap(made: MadeRecord, store: Store) -> None:
    question = replace(QUESTION, targets=(USAGERS, SSO))
    record = made.source(store).at(question)
    counted: list[int] = []
    parts = list(journal_parts(record, counted.append))
    assert sum(part.checks for part in parts) == sum(counted) == 2 * 3 * 144 - 3
    text = said(block for part in parts for block in part_blocks(record, part))
    assert "3 créneaux sans relevé" in text
    assert "le relevé précédent n’était pas terminé" in text
    assert "accès refusé" in text
    rows = [
        row
        for part in parts
        for block in part.blocks
        if block["kind"] == "table"
        for row in block["rows"]
    ]
    cells = ["".join(map(str, cell)) for row in rows for cell in row[1:2]]
    numbers = [int(re.sub(r"\D", "", cell.partition(",")[0])) for cell in cells]
    assert sum(numbers) == sum(counted) + 3  # with the slots of the gap


def test_untrusted_text_is_shown_literally(first: str) -> None:
    assert '#import "@preview/x:1.0.0": * #read("/etc/passwd") $x^2$ *gras* _it_' in first
    assert plain(HOSTILE_NAME) in first
    shown = legible(first)
    assert "\u202e" not in shown
    assert "\\u202e" in shown
    assert "中" not in shown
    assert "\\u4e2d" in shown
    assert "العربية" in shown  # a script that is read from right to left
    assert "\u0301" * 3 not in shown  # marks that would be drawn over other lines


def test_names_and_sizes_are_those_that_a_portal_takes(written: Written) -> None:
    pieces = [file for file in written.summary.files if file.number is not None]
    assert [file.number for file in pieces] == [1, 2, 3, 4, 5]
    for file in pieces:
        assert is_portal_name(file.name), file.name
        assert file.name.startswith(f"{file.number:02}-")
    for file in written.summary.files:
        data = (written.folder / file.name).read_bytes()
        assert file.name.isascii()
        assert file.name.count(".") == 1
        assert len(file.name) <= 80
        assert len(data) == file.size_bytes < 15_000_000
        assert hashlib.sha256(data).hexdigest() == file.sha256
    assert {file.name for file in written.summary.files} == {
        path.name for path in written.folder.iterdir()
    }


def test_the_draft_has_its_figures_and_its_citations_and_leaves_the_rest(written: Written) -> None:
    text = (written.folder / "modele-requete.txt").read_text(encoding="utf-8")
    for blank in ("[date d’expiration]", "[Tentatives", "[Saisine du centre", "[conséquences"):
        assert blank in text
    assert re.search(r"\(Pièce n° 1, p\. [23]\.\)", plain(text))
    assert "ce n’est pas un conseil juridique" in text
    document = Document(io.BytesIO((written.folder / "modele-requete.docx").read_bytes()))
    assert [one.text for one in document.paragraphs if one.text] == [
        line for line in text.split("\n") if line
    ]
    with zipfile.ZipFile(written.folder / "modele-requete.docx") as archive:
        assert {entry.date_time for entry in archive.infolist()} == {(1980, 1, 1, 0, 0, 0)}


def test_the_expiry_is_in_no_file_name_nor_code_nor_digest_of_the_question(
    written: Written, made: MadeRecord, store: Store
) -> None:
    without = made.source(store).at(replace(QUESTION, expiry=None))
    assert without.code == written.summary.code
    assert EXPIRY.isoformat() not in str(written.summary)


def test_a_change_is_told_whole_with_both_bounds(made: MadeRecord, store: Store) -> None:
    question = replace(QUESTION, targets=(PAGE,), until=START + timedelta(days=2))
    text = said(change_piece(made.source(store).at(question), "Pièce 3").blocks)
    assert "En ligne au plus tôt le" in text
    assert "En ligne au plus tard le" in text
    assert "01 99 00 12 34" in text.partition("Texte avant")[2]
    assert "01 99 00 56 78" in text.partition("Texte après")[2]
    assert "devient" in text
    assert "numéro de téléphone" in text


@pytest.mark.parametrize(
    ("since", "until", "expected"),
    [
        (
            START + 210 * STEP,
            START + 250 * STEP,
            "Aucune indisponibilité constatée",
        ),
        (START - timedelta(days=60), START - timedelta(days=30), "Aucun relevé exploitable"),
        (START - timedelta(days=30), START + timedelta(hours=1), "Couverture insuffisante"),
    ],
)
def test_an_empty_or_thin_period_has_an_honest_dossier(
    made: MadeRecord, store: Store, since: Any, until: Any, expected: str
) -> None:
    question = replace(QUESTION, since=since, until=until, expiry=None, pages=False)
    record = made.source(store).at(question)
    text = said(told(record, "Pièce 1").blocks)
    assert expected in text.partition("Chiffres de la période")[0]
    assert "Aucune indisponibilité n’a été confirmée sur la période." in text
    assert said(method_piece(record, "Pièce 4").blocks)


def test_a_supplement_for_an_association_goes_on_with_the_numbers(
    made: MadeRecord, store: Store, tmp_path: Any
) -> None:
    source = made.source(store)
    question = replace(
        QUESTION,
        targets=(SSO,),
        title="Connexion",
        first_number=7,
        supplement=True,
        reader=DossierReader.ASSOCIATION,
        pages=False,
        since=START + 190 * STEP,
        until=START + 220 * STEP,
    )

    def bundle(_: DossierRecord, folder: Path, number: int) -> str:
        (folder / f"{number:02}-preuves.wacz").write_bytes(b"PK")
        return f"{number:02}-preuves.wacz"

    summary = write_dossier(source, question, tmp_path / "suite", bundle=bundle)
    assert [(file.number, file.title) for file in summary.files if file.number] == [
        (7, "Relevé d’indisponibilité"),
        (8, "Avant et après, mois par mois"),
        (9, "Journal des relevés"),
        (10, "Note méthodologique et limites"),
        (11, BUNDLE_TITLE),
    ]
    (handed,) = (file for file in summary.files if file.handed_over)
    assert handed.sha256 == hashlib.sha256(b"PK").hexdigest()
    record = source.at(question)
    listed = said(inventory(record, summary.files, InventoryStamp()).blocks)
    assert "Lot de preuves" in listed
    assert handed.sha256 in listed
    page = said(hand_in_page(record, summary.files).blocks)
    assert "n° 11, Lot de preuves" in page
    assert "4 fichiers PDF, pièces n° 7 à 10 ;" in page
    assert "augmenté de deux" in page
    draft = (tmp_path / "suite" / "modele-requete.txt").read_text(encoding="utf-8")
    assert "La pièce n° 11, qui permet de vérifier ces relevés" in plain(draft)
    assert "Mise à jour au" in told(source.at(question), "Pièce 7").subtitle
    assert "[Nom de l’association], qui a pour objet" in draft
    assert "tentatives" not in draft
    months_text = (tmp_path / "suite" / MONTHS_NAME).read_text(encoding="utf-8-sig")
    rows = list(csv.DictReader(io.StringIO(months_text)))
    named = [(row["ensemble"], row["mois"]) for row in rows]
    component, page_of = ("Page de connexion", "2026-11"), ("Connexion à l’ANEF", "2026-11")
    assert named == [component] * 3 + [page_of] * 3
    rows = rows[3:]
    months = record.figures(record.scope_of(SSO), division=Division.MONTH)
    (month,) = months.parts
    assert rows[0]["regles"] == "enregistré"
    assert float(rows[0]["couverture"]) == pytest.approx(float(month.account.coverage), abs=1e-6)
    assert int(rows[0]["indisponible_s"]) == month.account.bad_us // 1_000_000
    assert {row["regles"].split()[0] for row in rows[1:]} == {"lenient", "strict"}
    with pytest.raises(DossierRefused, match="existe déjà"):
        write_dossier(source, question, tmp_path / "suite")


def test_a_person_without_a_lawyer_is_told_what_comes_before_a_court(
    written: Written, record: DossierRecord
) -> None:
    text = said(first_steps(record, written.summary.files).blocks)
    assert "Nos relevés ont trouvé 2 indisponibilités" in text
    sheet = next(one.name for one in written.summary.files if one.name.startswith("A-ENVOYER"))
    assert f"la fiche « {sheet} »" in text
    assert "« Tableau de mes tentatives » (pièce n° 5)" in text
    steps = [text.index(words) for words in ("contact citoyen", "accueil numérique", "préfecture.")]
    assert steps == sorted(steps)
    assert "ni un conseil juridique" in text

    citizen = replace(record, question=replace(QUESTION, reader=DossierReader.CITOYEN))
    whole = record.figures(whole_scope(record))
    draft = draft_paragraphs(citizen, whole, written.summary.files, {})
    assert draft[0].startswith("Je suis [nom, prénom]")
    page = plain(said(hand_in_page(citizen, written.summary.files).blocks))
    assert "Sur Télérecours citoyens" in page


def test_untrusted_text_is_literal_in_the_draft_and_in_the_months(
    made: MadeRecord, store: Store, written: Written
) -> None:
    """Its paragraphs, the DOCX, the months as CSV: no control, no direction, no field of Word."""
    draft = (written.folder / "modele-requete.txt").read_text(encoding="utf-8")
    assert '#eval("1+1") \\u202e<b>' in draft
    with zipfile.ZipFile(written.folder / "modele-requete.docx") as archive:
        body = archive.read("word/document.xml").decode()
    assert "&lt;b&gt;" in body
    assert "w:fldSimple" not in body
    assert "w:instrText" not in body
    months = months_csv(made.source(store).at(QUESTION)).decode("utf-8-sig")
    for text in (draft, body, months):
        assert not set(text) & set("\u202e\u202c\u0007")
        assert "中" not in text


def test_a_question_beyond_what_is_signed_ends_there(made: MadeRecord, store: Store) -> None:
    question = DossierQuestion(
        scope=None, targets=(USAGERS,), since=START, until=END + timedelta(days=30), title="A"
    )
    record = made.source(store).at(question)
    assert not record.settled
    assert record.question.until == record.checkpoint.at
    assert "pas encore entièrement fixée" in said(told(record, "Pièce 1").blocks)


def test_an_outage_on_a_screen_is_told_by_its_words_and_shown_by_its_picture(
    record: DossierRecord, tmp_path: Path
) -> None:
    picture = png(1280, 800)
    shown = ShownAnswer(
        status=200, title="", text="Chargement…", cut=False, on_screen=True, picture=picture
    )
    one = next(one for one in read_detailed(record) if one.copy is not None)
    blocks = list(outage_blocks(record, replace(one, shown=shown)))
    words = said(blocks)
    assert "Le navigateur de la sonde affichait (code 200) :" in words
    assert "Chargement…" in words
    assert hashlib.sha256(picture).hexdigest() in words
    frame = PageFrame(author="A", subject="B", code="C", position="D", at=START)
    whole = (heading("Indisponibilités"), *blocks)
    document = PieceDocument(label="Pièce 1", title="A", subtitle="", blocks=whole)
    path = tmp_path / "piece.pdf"
    path.write_bytes(compile_pdf(document, frame))
    listed = subprocess.run(
        ["pdfimages", "-list", path], capture_output=True, text=True, check=True
    ).stdout.splitlines()[2:]
    assert [row.split()[3:5] for row in listed if row.split()[2] == "image"] == [["1280", "800"]]


@pytest.mark.parametrize("bad", [b"GIF89a", png(5_000, 1), png(9, 9)[:20], b"\0" * 200_001])
def test_a_picture_that_no_piece_can_hold_is_named_by_its_digest(
    record: DossierRecord, bad: bytes
) -> None:
    shown = ShownAnswer(status=200, title="", text="", cut=False, on_screen=True, picture=bad)
    one = next(one for one in read_detailed(record) if one.copy is not None)
    blocks = list(outage_blocks(record, replace(one, shown=shown)))
    assert not [block for block in blocks if block["kind"] == "drawing"]
    assert hashlib.sha256(bad).hexdigest() in said(blocks)


def test_the_note_says_which_pages_a_browser_displayed(
    made: MadeRecord, store: Store, record: DossierRecord
) -> None:
    assert "aucun navigateur n’a affiché" in said(method_piece(record, "Pièce 4").blocks)
    of_two = made.source(store).at(replace(QUESTION, targets=(USAGERS, SSO)))
    shown = {**of_two.known.by_slug, SSO: replace(of_two.known.of(SSO), kind=Kind.RENDERED)}
    of_two.__dict__["known"] = replace(of_two.known, by_slug=shown)
    words = said(method_piece(of_two, "Pièce 4").blocks)
    assert f"un navigateur a affiché « {of_two.target(SSO).name} »" in words
    assert "sans exécuter de script" in words
    assert "sans clic ni saisie" in words


def test_an_outage_within_a_minute_has_one_hour(record: DossierRecord) -> None:
    one = replace(record.outages[0], first_fail_at=START, last_fail_at=START + timedelta(seconds=9))
    assert plain(hours(one)) == "à 0 h 00"
    longer = replace(one, last_fail_at=START + timedelta(seconds=60))
    assert plain(hours(longer)) == "de 0 h 00 à 0 h 01"

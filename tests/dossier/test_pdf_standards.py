"""Every PDF is PDF/A-3A and PDF/UA-1, as the real veraPDF says, and the same each time."""

import asyncio
import io
import shutil
from dataclasses import replace
from datetime import timedelta
from pathlib import Path

import pytest
from pyhanko.pdf_utils.incremental_writer import IncrementalPdfFileWriter

from monitor.core.model import Annotation, AnnotationKind
from monitor.dossier.bundle import DossierBundle
from monitor.dossier.dossier_writer import write_dossier
from monitor.dossier.pdf.document_blocks import PieceDocument, heading
from monitor.dossier.pdf.document_stamp import StampedPdf
from monitor.dossier.pdf.pdf_compiler import PageFrame, compile_pdf
from monitor.dossier.pieces.method_piece import ANNEX_NAME
from monitor.dossier.pieces.piece_drawings import screen_drawing
from tests.dossier.test_document_stamp import stamped
from tests.support import tsa
from tests.support.dossiers import (
    CONFIG,
    QUESTION,
    SIGNED,
    START,
    STEP,
    USAGERS,
    MadeRecord,
    Written,
    go_on,
    png,
)
from tests.support.journals import KEY
from tests.support.verapdf import faults

JAXB = Path("/usr/share/java/jaxb-runtime.jar")


def without(pdf: bytes, entry: str) -> bytes:
    """Return a PDF whose catalogue has lost an entry."""
    writer = IncrementalPdfFileWriter(io.BytesIO(pdf))
    del writer.root[entry]
    writer.update_root()  # type: ignore[no-untyped-call]
    out = io.BytesIO()
    writer.write(out)  # type: ignore[no-untyped-call]
    return out.getvalue()


def test_every_pdf_complies_and_planted_faults_do_not(written: Written, tmp_path: Path) -> None:
    if shutil.which("java") is None or not JAXB.exists():
        pytest.skip("java or JAXB is missing: scripts/packages test")
    sound = sorted(written.folder.glob("*.pdf"))
    assert len(sound) == 9
    one = written.bytes_of("Relevé d’indisponibilité")
    for entry in ("Metadata", "MarkInfo", "Lang"):
        (tmp_path / f"{entry}.pdf").write_bytes(without(one, f"/{entry}"))
    result = stamped(
        written.bytes_of("Inventaire des pièces"), tsa.authority(tmp_path / "authority")
    )
    assert isinstance(result, StampedPdf)
    (tmp_path / "Stamped.pdf").write_bytes(result.pdf)
    screen = screen_drawing(png(1280, 800), words="Une fenêtre", caption="Une fenêtre")
    assert screen is not None
    blocks = (heading("Une image"), screen)
    document = PieceDocument(label="Pièce 1", title="A", subtitle="", blocks=blocks)
    frame = PageFrame(author="A", subject="B", code="C", position="D", at=START)
    (tmp_path / "Screen.pdf").write_bytes(compile_pdf(document, frame))
    found = faults([*sound, *sorted(tmp_path.glob("*.pdf"))])
    assert found["Screen.pdf"] == {"PDFA_3_A": [], "PDFUA_1": []}
    assert found["Stamped.pdf"] == {"PDFA_3_A": [], "PDFUA_1": []}
    assert {name: found[name] for name in (path.name for path in sound)} == {
        path.name: {"PDFA_3_A": [], "PDFUA_1": []} for path in sound
    }
    assert found["Metadata.pdf"]["PDFA_3_A"]
    assert found["Metadata.pdf"]["PDFUA_1"]
    assert found["MarkInfo.pdf"]["PDFA_3_A"]
    assert found["MarkInfo.pdf"]["PDFUA_1"]
    assert found["Lang.pdf"]["PDFUA_1"]


def newer_rules(folder: Path) -> Path:
    """Return a folder of configuration in which a ruleset was published much later."""
    shutil.copytree(CONFIG / "rulesets", folder / "rulesets")
    strict = folder / "rulesets" / "strict.toml"
    text = strict.read_text(encoding="utf-8")
    strict.rename(strict.with_name("strict-2026-11-29.toml"))
    strict.write_text(text.replace("2026-11-29", "2031-01-01"), encoding="utf-8")
    return folder


def test_the_same_question_gives_the_same_bytes_whatever_comes_later(
    written: Written, made: MadeRecord, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """An outage that goes on, an announcement, sums by day, another program, newer rules."""
    monkeypatch.setattr("monitor.__version__", "9.9.9")
    later = made.copied(tmp_path / "later")
    note = Annotation(
        kind=AnnotationKind.MAINTENANCE,
        at=SIGNED + timedelta(hours=1),
        targets=(USAGERS,),
        from_at=START + 199 * STEP,
        to_at=START + 210 * STEP,
        sha256="cd" * 32,
    )
    with later.open(writer=True) as store:
        asyncio.run(store.annotate(note, request=store.request_annotation(note)))
        go_on(store, later.data)
        asyncio.run(store.roll_up(SIGNED + timedelta(days=2)))
    lots = [tmp_path / "lot", tmp_path / "lot-again"]
    for lot in lots:
        lot.mkdir()
    with made.open() as store:
        lot_name = DossierBundle(KEY.verifier)(made.source(store).at(QUESTION), lots[0], 4)
    with later.open() as store:
        source = replace(later.source(store), config_folder=newer_rules(tmp_path / "config"))
        again = write_dossier(source, QUESTION, tmp_path / "again")
        assert DossierBundle(KEY.verifier)(source.at(QUESTION), lots[1], 4) == lot_name
    assert (lots[1] / lot_name).read_bytes() == (lots[0] / lot_name).read_bytes()
    (annex,) = set(again.files) - set(written.summary.files)
    assert (annex.number, annex.name) == (None, ANNEX_NAME)
    assert again.code == written.summary.code
    for file in written.summary.files:
        assert (tmp_path / "again" / file.name).read_bytes() == (
            written.folder / file.name
        ).read_bytes(), file.name

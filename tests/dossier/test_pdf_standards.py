"""Every PDF is PDF/A-3A and PDF/UA-1, as the real veraPDF says, and the same each time."""

import io
import shutil
from pathlib import Path

import pytest
from pyhanko.pdf_utils.incremental_writer import IncrementalPdfFileWriter

from monitor.dossier.dossier_writer import write_dossier
from monitor.dossier.pdf.document_stamp import StampedPdf
from tests.dossier.test_document_stamp import stamped
from tests.support import tsa
from tests.support.dossiers import QUESTION, MadeRecord, Written, go_on
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
    found = faults([*sound, *sorted(tmp_path.glob("*.pdf"))])
    assert found["Stamped.pdf"] == {"PDFA_3_A": [], "PDFUA_1": []}
    assert {name: found[name] for name in (path.name for path in sound)} == {
        path.name: {"PDFA_3_A": [], "PDFUA_1": []} for path in sound
    }
    assert found["Metadata.pdf"]["PDFA_3_A"]
    assert found["Metadata.pdf"]["PDFUA_1"]
    assert found["MarkInfo.pdf"]["PDFA_3_A"]
    assert found["MarkInfo.pdf"]["PDFUA_1"]
    assert found["Lang.pdf"]["PDFUA_1"]


def test_the_same_question_gives_the_same_bytes_whatever_is_recorded_later(
    written: Written, made: MadeRecord, tmp_path: Path
) -> None:
    """A new failure, an outage that goes on, another checkpoint: none of them is in it."""
    later = made.copied(tmp_path / "later")
    with later.open(writer=True) as store:
        go_on(store, later.data)
    with later.open() as store:
        again = write_dossier(later.source(store), QUESTION, tmp_path / "again")
    assert again == written.summary
    for file in again.files:
        assert (tmp_path / "again" / file.name).read_bytes() == (
            written.folder / file.name
        ).read_bytes(), file.name

"""The process that sets a PDF reaches its templates and nothing else."""

import json
import shutil
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest

from monitor.dossier.pdf import legible_text, pdf_compiler
from monitor.dossier.pdf.document_blocks import (
    MOST_QUOTED,
    PieceDocument,
    code,
    quotation,
    table,
)
from monitor.dossier.pdf.legible_text import legible
from monitor.dossier.pdf.pdf_compiler import PageFrame, PdfFailed, compile_pdf
from monitor.dossier.pdf.pdf_outline import page_count
from tests.support.dossiers import HOSTILE, START

CHILD = Path(pdf_compiler.__file__).with_name("pdf_child.py")
FRAME = PageFrame(author="A", subject="B", code="C", position="D", at=START)


def run(folder: Path, template: str, **changes: Any) -> subprocess.CompletedProcess[bytes]:
    """Run the process on another template."""
    shutil.copy(CHILD, folder)
    (folder / "templates").mkdir(exist_ok=True)
    (folder / "templates" / "piece.typ").write_text(template, encoding="utf-8")
    (folder / "secret.txt").write_text("secret", encoding="utf-8")
    request = {"document": "{}", "timestamp": 0, "memory_bytes": 1 << 30, "seconds": 60, **changes}
    return subprocess.run(
        [sys.executable, "-I", folder / CHILD.name],
        input=json.dumps(request).encode(),
        capture_output=True,
        check=False,
        timeout=120,
    )


SOUND = '#set document(title: "A")\n#set text(lang: "fr")\n= Titre\nBonjour.'


def test_a_template_alone_is_set(tmp_path: Path) -> None:
    assert run(tmp_path, SOUND).stdout.startswith(b"%PDF-")


@pytest.mark.parametrize(
    "reach",
    [
        '#read("/etc/passwd")',
        '#read("../secret.txt")',
        '#read("/../secret.txt")',
        '#image("/etc/hostname")',
        '#import "@preview/cetz:0.2.0"',
        '#import "@local/cetz:0.2.0"',
    ],
)
def test_nothing_outside_of_the_templates_can_be_read(tmp_path: Path, reach: str) -> None:
    done = run(tmp_path, f"{SOUND}\n{reach}")
    assert done.returncode == 1
    assert b"secret" not in done.stdout


def test_time_and_memory_are_bounded(tmp_path: Path) -> None:
    endless = f"{SOUND}\n#let n = 0\n#while n >= 0 {{ n = calc.rem(n + 1, 7) }}"
    assert run(tmp_path, endless, seconds=1).returncode != 0
    huge = f"{SOUND}\n#let a = range(100000000)\n#str(a.len())"
    assert run(tmp_path, huge, memory_bytes=300_000_000).returncode != 0


def test_a_piece_that_cannot_be_set_says_so(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(pdf_compiler, "MEMORY_BYTES", 1)
    document = PieceDocument(label="A", title="Une pièce", subtitle="", blocks=[])
    with pytest.raises(PdfFailed, match="Une pièce"):
        compile_pdf(document, FRAME)


def test_any_text_can_be_set_in_any_place() -> None:
    """A missing glyph, or markup that is read as such, would be refused by typst itself."""
    every = "".join(chr(number) for number in range(0x3000) if not 0xD800 <= number < 0xE000)
    lines = [every[at : at + 80] for at in range(0, len(every), 80)]
    document = PieceDocument(
        label=HOSTILE,
        title=HOSTILE[:300],
        subtitle=HOSTILE,
        blocks=[
            quotation("\n".join(lines)[:MOST_QUOTED]),
            quotation("\n".join(lines)[MOST_QUOTED:]),
            table(("A", "B"), [[HOSTILE, code(HOSTILE)]], widths=(1, 1), about=HOSTILE),
        ],
    )
    assert page_count(compile_pdf(document, FRAME)) > 5


def test_what_cannot_be_seen_is_written() -> None:
    assert legible("é à «\u00a0ok\u00a0» – ☎") == "é à «\u00a0ok\u00a0» – ☎"
    assert legible("a\u202eb\u0000c\ufeffd\ue000e\U0001f600") == (
        "a\\u202eb\\u0000c\\ufeffd\\ue000e\\ud83d\\ude00"
    )
    assert legible("tab\tligne\nfin") == "tab ligne\nfin"
    assert legible("e\u0301\u0301\u0301") == "é\\u0301\\u0301"
    assert legible("0\u20e3") == "0\\u20e3"  # a mark that the fonts have, on no digit
    assert legible("été العربية", plain=True).startswith("été \\u0627")


def test_what_the_fonts_cannot_set_together_is_set_plainly(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr(legible_text, "_has_mark", lambda _letter, _mark: True)
    document = PieceDocument(label="A", title="A", subtitle="", blocks=[quotation("0\u20e3 été")])
    assert page_count(compile_pdf(document, FRAME)) == 1

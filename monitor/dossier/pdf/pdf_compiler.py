"""Set a piece as a PDF/A-3A and PDF/UA-1, in a process of its own. The same input, same bytes."""

import json
import os
import subprocess
import sys
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path
from typing import Any, Final

from monitor.dossier.pdf.document_blocks import PieceDocument
from monitor.dossier.pdf.legible_text import legible
from monitor.runtime.errors import VigieError

MEMORY_BYTES: Final = 1 << 30  # of addresses: half of it is ever touched
SECONDS: Final = 120
_MISSING: Final = "could not be displayed with font"  # as typst says it
_CHILD: Final = Path(__file__).with_name("pdf_child.py")


class PdfFailed(VigieError):  # noqa: N818 -- named as the other answers to a request
    """A PDF cannot be set; the French message says why."""


@dataclass(frozen=True, slots=True, kw_only=True)
class PageFrame:
    """What every page of a dossier shows.

    Attributes:
        author: Who publishes the record.
        subject: What the dossier is about, and its period.
        code: Of the dossier.
        position: Of the journal: its size and the beginning of its root.
        at: When the checkpoint was signed: the date of every file.

    """

    author: str
    subject: str
    code: str
    position: str
    at: datetime


def compile_pdf(document: PieceDocument, frame: PageFrame) -> bytes:
    """Return the PDF of a document. Raises PdfFailed."""
    at = frame.at.astimezone(UTC).replace(microsecond=0)
    fields: dict[str, Any] = {
        "label": document.label,
        "title": document.title,
        "subtitle": document.subtitle,
        "blocks": list(document.blocks),
        "author": frame.author,
        "subject": frame.subject,
        "code": frame.code,
        "position": frame.position,
        "description": f"{document.title}. {frame.subject}",
        "keywords": ["ANEF", "relevé", frame.code],
        "date": [at.year, at.month, at.day, at.hour, at.minute, at.second],
    }
    try:
        return _compiled(_legible(fields, plain=False), at, document.title)
    except _GlyphMissing:
        # Letters and marks that the fonts have one by one, and not together: rare, and not known
        # before it is tried. No page of others must prevent a dossier.
        return _compiled(_legible(fields, plain=True), at, document.title)


class _GlyphMissing(PdfFailed):
    """The fonts cannot show a text."""


def _compiled(fields: Any, at: datetime, title: str) -> bytes:
    request = {
        "document": json.dumps(fields, ensure_ascii=False),
        "timestamp": int(at.timestamp()),
        "memory_bytes": MEMORY_BYTES,
        "seconds": SECONDS,
    }
    try:
        done = subprocess.run(  # noqa: S603 -- our own program, by its path
            [sys.executable, "-I", str(_CHILD)],
            input=json.dumps(request).encode(),
            capture_output=True,
            timeout=4 * SECONDS,  # of the clock: others may use the processor
            check=False,
            env=_environment(),
        )
    except subprocess.TimeoutExpired:
        raise PdfFailed(f"{title} : la mise en page n’a pas fini à temps.") from None
    if done.returncode or not done.stdout.startswith(b"%PDF-"):
        why = done.stderr.decode(errors="replace").strip()[-500:] or f"code {done.returncode}"
        failure = _GlyphMissing if _MISSING in why else PdfFailed
        raise failure(f"{title} : la mise en page a échoué : {legible(why)}")
    return done.stdout


def _environment() -> Mapping[str, str]:
    """Return what the child may know: no secret of ours is among it."""
    names = ("PATH", "LANG")
    return {name: os.environ[name] for name in names if name in os.environ}


def _legible(value: Any, *, plain: bool) -> Any:
    """Return a value of JSON whose every string can be shown."""
    if isinstance(value, str):
        return legible(value, plain=plain)
    if isinstance(value, Mapping):
        return {name: _legible(inner, plain=plain) for name, inner in value.items()}
    if isinstance(value, list | tuple):
        return [_legible(inner, plain=plain) for inner in value]
    return value

"""`/verifier/fichier`: a file is compared with the originals, a bundle is verified; none is kept.

A bundle is judged by verify/verifier.py in a process of its own: nothing of a stranger's file is
read in this one but its digest.
"""

import asyncio
import hashlib
import json
import os
import re
import sys
from asyncio.subprocess import DEVNULL, PIPE
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any, BinaryIO, Final

import jinja2
from starlette.requests import ClientDisconnect, Request
from starlette.responses import HTMLResponse, Response
from starlette.routing import Route

from monitor.evidence.log.mirror import verifier_path
from monitor.store.dossier_rows import RegisteredFile
from monitor.web.record_reads import RecordReads
from monitor.web.serving.request_bounds import UPLOAD_MAX

AT_ONCE: Final = 2  # files
JUDGED_S: Final = 120.0
SAID_MAX: Final = 4_000_000  # bytes that verifier.py may write; a stranger's bundle decides them
HEAD_MAX: Final = 4_096  # bytes before the file, in a form
SHOWN: Final = 200  # lines
LINE_MAX: Final = 1_000  # characters
PIECE: Final = 1 << 16  # bytes read at once
NO_STORE: Final = {"Cache-Control": "no-store"}
_BOUNDARY: Final = re.compile(
    r"multipart/form-data;.{0,200}boundary=\"?([0-9A-Za-z'()+_,./:=?-]{1,70})"
)
# verifier.py, after bounds on what it may write and take, which leave the service its own on a
# machine of 1 GB. It is the first to go where memory is short.
_JUDGE: Final = """
import contextlib, os, resource, runpy, sys
os.nice(15)
with contextlib.suppress(OSError), open("/proc/self/oom_score_adj", "w") as score:
    score.write("900")
resource.setrlimit(resource.RLIMIT_FSIZE, (200_000_000,) * 2)
resource.setrlimit(resource.RLIMIT_AS, (250_000_000,) * 2)
sys.argv = sys.argv[1:]
runpy.run_path(sys.argv[0], run_name="__main__")
"""
_NOT_JUDGED: Final[dict[str, Any]] = {
    "ok": None,
    "verdict": "Trop grand, ou trop long, pour être vérifié ici : lancez verifier.py chez vous.",
    "faults": [], "steps": [], "tables": [], "on_trust": [], "taken_from_the_folder": [],
}  # fmt: skip
_BUNDLE: Final = b"PK"  # how a ZIP archive begins


@dataclass(frozen=True, slots=True, kw_only=True)
class UploadView:
    """What a file was found to be; `bundle` is the result of verifier.py, None for another file."""

    refusal: str = ""
    sha256: str = ""
    size_bytes: int = 0
    registered: tuple[RegisteredFile, ...] = ()
    bundle: dict[str, Any] | None = None


class UploadRoutes:
    """The page that verifies a file."""

    def __init__(
        self, reads: RecordReads, *, templates: jinja2.Environment, journal_key: str
    ) -> None:
        self._reads = reads
        self._templates = templates
        key = ["--cle", journal_key] if journal_key else []
        program = str(verifier_path().resolve())
        self._judge = [sys.executable, "-I", "-S", "-c", _JUDGE, program, "--json", *key]
        self._uploads = 0

    def routes(self) -> list[Route]:
        return [Route("/verifier/fichier", self.verify, methods=["POST"])]

    async def verify(self, request: Request) -> Response:
        """Read one file of a form, and say what it is."""
        if self._uploads >= AT_ONCE:
            return self._shown("D’autres fichiers sont en cours de vérification : réessayez.", 429)
        self._uploads += 1
        try:
            with TemporaryDirectory() as name:
                return await self._verified(request, Path(name))
        except ClientDisconnect:
            return self._shown("Envoi interrompu.", 400)
        except OSError:  # no space, most often
            return self._shown("Aucun fichier ne peut être vérifié ici en ce moment.", 503)
        finally:
            self._uploads -= 1

    async def _verified(self, request: Request, folder: Path) -> Response:
        match = _BOUNDARY.match(request.headers.get("content-type", ""))
        path = folder / "lot.wacz"
        with path.open("w+b") as file:
            size = 0
            async for chunk in request.stream():
                size += len(chunk)
                if size > UPLOAD_MAX:
                    return self._shown("Fichier trop grand : 40 Mo au plus.", 413)
                await asyncio.to_thread(file.write, chunk)
            span = await asyncio.to_thread(_file_in, file, match[1].encode()) if match else None
        if span is None:
            return self._shown("Aucun fichier n’a été reçu.", 422)
        await asyncio.to_thread(_cut, path, *span)
        with path.open("rb") as file:
            sha256 = hashlib.file_digest(file, "sha256").hexdigest()
            file.seek(0)
            is_bundle = file.read(2) == _BUNDLE
        view = UploadView(
            sha256=sha256,
            size_bytes=span[1] - span[0],
            registered=tuple(await asyncio.to_thread(self._reads.registered_by_digest, sha256)),
            bundle=await self._judged(path) if is_bundle else None,
        )
        return self._page(view, 200)

    async def _judged(self, path: Path) -> dict[str, Any]:
        """Have verifier.py judge a bundle; what it unpacks goes with the folder of the upload."""
        process = await asyncio.create_subprocess_exec(
            *self._judge,
            str(path),
            stdin=DEVNULL,
            stdout=PIPE,
            stderr=DEVNULL,
            env={"PATH": os.environ.get("PATH", os.defpath), "TMPDIR": str(path.parent)},
        )
        try:
            async with asyncio.timeout(JUDGED_S):
                out = await _read_at_most(process.stdout, SAID_MAX)
            judged = await asyncio.to_thread(json.loads, out.replace(f"{path.parent}/", ""))
        except (TimeoutError, ValueError):
            return _NOT_JUDGED
        finally:
            with suppress(ProcessLookupError):
                process.kill()
            await process.wait()
        return {name: _shortened(value) for name, value in judged.items()}

    def _shown(self, refusal: str, status: int) -> Response:
        return self._page(UploadView(refusal=refusal), status)

    def _page(self, view: UploadView, status: int) -> Response:
        page = self._templates.get_template("verify_file.html").render(view=view)
        return HTMLResponse(page, status, NO_STORE)


async def _read_at_most(stream: asyncio.StreamReader | None, limit: int) -> str:
    """Read a stream to its end. Raises ValueError for more bytes, or for what is no text."""
    data = bytearray()
    while stream and (piece := await stream.read(PIECE)):
        data += piece
        if len(data) > limit:
            raise ValueError("too long")
    return data.decode()


def _shortened(value: Any) -> Any:
    """Return what is shown of a value: the first lines, and the beginning of each."""
    if isinstance(value, str):
        return value if len(value) <= LINE_MAX else f"{value[:LINE_MAX]}…"
    if isinstance(value, list):
        return [_shortened(one) for one in value[:SHOWN]]
    if isinstance(value, dict):
        return {name: _shortened(one) for name, one in value.items()}
    return value


def _file_in(file: BinaryIO, boundary: bytes) -> tuple[int, int] | None:
    """Return where the one file of a form begins and ends; None for another form."""
    file.seek(0)
    head = file.read(HEAD_MAX)
    begin = head.find(b"\r\n\r\n")
    size = file.seek(0, 2)
    mark = b"\r\n--" + boundary + b"--"
    file.seek(max(0, size - len(mark) - 4))
    tail = file.read()
    end = tail.rfind(mark)
    if not head.startswith(b"--" + boundary + b"\r\n") or begin < 0 or end < 0:
        return None
    start, stop = begin + 4, size - len(tail) + end
    return (start, stop) if start < stop else None


def _cut(path: Path, begin: int, end: int) -> None:
    """Keep only the bytes [begin, end) of a file."""
    with path.open("r+b") as file:
        at = 0
        while at < end - begin:
            file.seek(begin + at)
            data = file.read(min(1 << 20, end - begin - at))
            file.seek(at)
            at += file.write(data)
        file.truncate(end - begin)

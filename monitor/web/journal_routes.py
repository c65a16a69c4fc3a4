"""`/journal/…`: serve the files of the journal as C2SP tlog-tiles requires."""

import gzip
import re
from collections.abc import Callable
from functools import partial
from hashlib import sha256
from pathlib import Path

from starlette.requests import Request
from starlette.responses import Response
from starlette.routing import Route

from monitor.evidence.log.mirror import verifier
from monitor.web.serving.answer_cache import AnswerCache

_NUMBER = r"(?:x\d{3}/){0,6}\d{3}(?:\.p/(?:[1-9]|[1-9]\d|1\d\d|2[0-4]\d|25[0-5]))?"
_TILE = re.compile(rf"tile/(?:\d|[1-5]\d|6[0-3])/{_NUMBER}", re.ASCII)
_ENTRIES = re.compile(rf"tile/entries/{_NUMBER}", re.ASCII)
_STAMP = re.compile(r"horodatages/[0-9a-f]{64}/(?:checkpoint|chain\.pem|crl-[0-9]\.crl|token\.tst)")
_CHANGE = re.compile(r"changements-de-cle/[1-9]\d{0,17}", re.ASCII)
_FOR_EVER = "public, max-age=31536000, immutable"
_SHORT = "public, max-age=5"
_WRITTEN_ONCE_S = 3_600.0  # how long an immutable file is cached
_CHECKPOINT_S = 1.0
_ANYONE = {"Access-Control-Allow-Origin": "*"}  # a verifier may be a page of another site


def journal_routes(folder: Path, files: AnswerCache) -> list[Route]:
    """Return the routes that serve the journal in `folder`, read by `files`."""

    async def serve(request: Request) -> Response:
        path: str = request.path_params["path"]
        headers = {"Cache-Control": _FOR_EVER}
        media_type = "application/octet-stream"
        read: Callable[[], bytes | None] = partial(_read, folder / path)
        fresh_s = _WRITTEN_ONCE_S
        if path == "checkpoint":
            headers, media_type = {"Cache-Control": _SHORT}, "text/plain; charset=utf-8"
            fresh_s = _CHECKPOINT_S
        elif path == "verifier.py":
            headers = {"Cache-Control": _SHORT, "Content-Disposition": "attachment"}
            media_type = "text/x-python; charset=utf-8"
            read = _verifier
        elif _ENTRIES.fullmatch(path):
            headers["Vary"] = "Accept-Encoding"
            read = partial(_read, folder / f"{path}.gz")
            if "gzip" in request.headers.get("accept-encoding", ""):
                headers["Content-Encoding"] = "gzip"
                path += ".gz"
            else:
                read = partial(_plain, folder / f"{path}.gz")
        elif not any(pattern.fullmatch(path) for pattern in (_TILE, _STAMP, _CHANGE)):
            return _missing()
        answer = await files.get(f"journal {path}", read, fresh_s=fresh_s)
        if answer.body is None:
            return _missing()
        if path == "checkpoint":  # those who follow us ask for it each minute
            headers["ETag"] = f'"{sha256(answer.body).hexdigest()[:32]}"'
            if request.headers.get("if-none-match") == headers["ETag"]:
                return Response(status_code=304, headers=_ANYONE | headers)
        return Response(answer.body, headers=_ANYONE | headers, media_type=media_type)

    return [Route("/journal/{path:path}", serve)]


def _verifier() -> bytes | None:
    """Return the verifier: that of the program, not one from the folder that it must judge."""
    try:
        return verifier()
    except FileNotFoundError:
        return None


def _read(path: Path) -> bytes | None:
    try:
        return path.read_bytes()
    except (FileNotFoundError, NotADirectoryError):
        return None


def _plain(path: Path) -> bytes | None:
    data = _read(path)
    return None if data is None else gzip.decompress(data)


def _missing() -> Response:
    """Answer 404, not to be cached: a missing tile may exist soon."""
    headers = _ANYONE | {"Cache-Control": "no-store"}
    return Response("introuvable\n", 404, headers, "text/plain; charset=utf-8")

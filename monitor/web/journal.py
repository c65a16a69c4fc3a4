"""`/journal/…`: the files of the journal, as C2SP tlog-tiles wants them served."""

import gzip
import re
from pathlib import Path

import anyio.to_thread
from starlette.requests import Request
from starlette.responses import Response
from starlette.routing import Route

from monitor.evidence.mirror import verifier

_NUMBER = r"(?:x\d{3}/){0,6}\d{3}(?:\.p/(?:[1-9]|[1-9]\d|1\d\d|2[0-4]\d|25[0-5]))?"
_TILE = re.compile(rf"tile/(?:\d|[1-5]\d|6[0-3])/{_NUMBER}", re.ASCII)
_ENTRIES = re.compile(rf"tile/entries/{_NUMBER}", re.ASCII)
_STAMP = re.compile(r"horodatages/[0-9a-f]{64}/(?:checkpoint|chain\.pem|crl-[0-9]\.crl|token\.tst)")
_FOR_EVER = "public, max-age=31536000, immutable"
_SHORT = "public, max-age=5"
_ANYONE = {"Access-Control-Allow-Origin": "*"}  # a verifier may be a page of another site


def journal_routes(folder: Path) -> list[Route]:
    """Return the routes that serve the journal in `folder`."""

    async def serve(request: Request) -> Response:
        path: str = request.path_params["path"]
        if path == "checkpoint":
            return await _file(folder / path, "text/plain; charset=utf-8", _SHORT)
        if path == "verifier.py":
            return await _verifier()
        if _TILE.fullmatch(path) or _STAMP.fullmatch(path):
            return await _file(folder / path, "application/octet-stream", _FOR_EVER)
        if _ENTRIES.fullmatch(path):
            packed = "gzip" in request.headers.get("accept-encoding", "")
            return await _bundle(folder / f"{path}.gz", packed=packed)
        return _missing()

    return [Route("/journal/{path:path}", serve)]


async def _verifier() -> Response:
    """Give the program that verifies: not from the folder that it is to judge."""
    try:
        data = await anyio.to_thread.run_sync(verifier)
    except FileNotFoundError:
        return _missing()
    headers = _ANYONE | {"Cache-Control": _SHORT, "Content-Disposition": "attachment"}
    return Response(data, headers=headers, media_type="text/x-python; charset=utf-8")


async def _file(path: Path, media_type: str, cache: str) -> Response:
    data = await anyio.to_thread.run_sync(_read, path)
    if data is None:
        return _missing()
    headers = _ANYONE | {"Cache-Control": cache}
    return Response(data, headers=headers, media_type=media_type)


async def _bundle(path: Path, *, packed: bool) -> Response:
    data = await anyio.to_thread.run_sync(_read, path)
    if data is None:
        return _missing()
    headers = _ANYONE | {"Cache-Control": _FOR_EVER, "Vary": "Accept-Encoding"}
    if packed:
        headers["Content-Encoding"] = "gzip"
    else:
        data = await anyio.to_thread.run_sync(gzip.decompress, data)
    return Response(data, headers=headers, media_type="application/octet-stream")


def _read(path: Path) -> bytes | None:
    try:
        return path.read_bytes()
    except (FileNotFoundError, NotADirectoryError):
        return None


def _missing() -> Response:
    """Answer 404, soon asked again: a tile of tomorrow is not there today."""
    headers = _ANYONE | {"Cache-Control": "no-store"}
    return Response("introuvable\n", 404, headers, "text/plain; charset=utf-8")

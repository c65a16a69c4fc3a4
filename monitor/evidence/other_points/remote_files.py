"""The static files of another's journal: over HTTP, or in a folder that was carried here.

Nothing here is believed: `remote_tree` checks all that is read.
"""

import asyncio
import os
from http import HTTPStatus
from pathlib import Path
from typing import Final, Protocol

from monitor.evidence import bounded
from monitor.evidence.log.note import MAX_NOTE_BYTES
from monitor.evidence.log.tiles import CHECKPOINT, MAX_BUNDLE_BYTES, inflate
from monitor.evidence.outbound_http import OutboundHttp, Reply, Unreachable

DEADLINE_S: Final = 30.0
_GONE: Final = {HTTPStatus.NOT_FOUND, HTTPStatus.GONE}


class RemoteFiles(Protocol):
    """Reads files by their path below the journal's prefix."""

    async def checkpoint(self) -> bytes | None:
        """Return the newest checkpoint; None when it is the one that was read before.

        Raises:
            Unreachable: There is none, or no whole answer.

        """
        ...

    async def read(self, path: str) -> bytes | None:
        """Return a tile or a bundle, not compressed; None when there is no such file.

        Raises:
            Unreachable: No whole answer.
            ProofError: A compressed bundle is damaged.

        """
        ...


class FolderFiles:
    """A journal in a folder: an export, a mirror, or a copy of the folder of a service."""

    def __init__(self, folder: Path) -> None:
        self._folder = folder

    async def checkpoint(self) -> bytes | None:
        note = await asyncio.to_thread(self._read, CHECKPOINT, MAX_NOTE_BYTES)
        if note is None:
            raise Unreachable(f"{self._folder} : pas de fichier « {CHECKPOINT} »")
        return note

    async def read(self, path: str) -> bytes | None:
        data = await asyncio.to_thread(self._read, path, MAX_BUNDLE_BYTES)
        if data is None:
            packed = await asyncio.to_thread(self._read, f"{path}.gz", MAX_BUNDLE_BYTES)
            data = None if packed is None else inflate(packed, path)
        return data

    def _read(self, path: str, limit: int) -> bytes | None:
        try:
            return bounded.read(self._folder / path, limit)
        except (FileNotFoundError, NotADirectoryError):
            return None
        except OSError as error:
            raise Unreachable(f"{self._folder / path} : {os.strerror(error.errno or 0)}") from error


class HttpFiles:
    """A journal below an address. `etag` is that of the last checkpoint, "" before the first."""

    def __init__(self, url: str, courier: OutboundHttp, *, etag: str = "") -> None:
        self._url = url.rstrip("/")
        self._courier = courier
        self.etag = etag

    async def checkpoint(self) -> bytes | None:
        headers = {"If-None-Match": self.etag} if self.etag else {}
        reply = await self._get(CHECKPOINT, MAX_NOTE_BYTES, headers)
        if reply.status == HTTPStatus.NOT_MODIFIED and self.etag:
            return None
        if reply.status != HTTPStatus.OK or reply.encoding:
            raise Unreachable(f"{CHECKPOINT} : réponse {reply.status}")
        self.etag = reply.etag if reply.etag.isascii() and reply.etag.isprintable() else ""
        return reply.body

    async def read(self, path: str) -> bytes | None:
        # Bundles are text, six times smaller when compressed; hashes are not.
        headers = {"Accept-Encoding": "gzip"} if path.startswith("tile/entries/") else {}
        reply = await self._get(path, MAX_BUNDLE_BYTES, headers)
        if reply.status in _GONE:
            return None
        if reply.status != HTTPStatus.OK or reply.encoding not in {"", "identity", "gzip"}:
            raise Unreachable(f"{path} : réponse {reply.status} {reply.encoding}".rstrip())
        return inflate(reply.body, path) if reply.encoding == "gzip" else reply.body

    async def _get(self, path: str, limit: int, headers: dict[str, str]) -> Reply:
        return await self._courier.get(
            f"{self._url}/{path}", limit_bytes=limit, deadline_s=DEADLINE_S, headers=headers
        )

"""Read the files beside a journal: pages from captures, tokens from their folders."""

import hashlib
from collections.abc import Mapping, Sequence
from datetime import UTC, datetime
from pathlib import Path

from monitor.core.changes.change_log import KeptCopy
from monitor.core.changes.page_events import text_digest
from monitor.core.model.anchors import Cosignature, Standing
from monitor.core.text.packed import PackedPage
from monitor.core.text.read import read_page
from monitor.evidence import bounded
from monitor.evidence.captures import capture_check
from monitor.evidence.captures.warc import WarcError
from monitor.evidence.log.note import (
    MAX_NOTE_BYTES,
    Checkpoint,
    Note,
    NoteError,
    Signature,
    cosigned_at,
)
from monitor.evidence.timestamps.rfc3161 import MAX_ANSWER_BYTES, StampRefused, check_token
from monitor.evidence.timestamps.timestamping import MAX_CRL_BYTES
from monitor.fetch.reparse import reread
from monitor.store.reads.journal_reads import KeptCheckpoint
from monitor.store.rebuild.rebuilder import Dated, SignedCheckpoint

STAMPS = Path("journal", "horodatages")  # below the data folder
_COSIGNATURE_BYTES = 72  # C2SP cosignature/v1: a time, and a signature of Ed25519


class KeptTexts:
    """Reads pages from captures, by the rules of this program."""

    def __init__(self, captures: Path) -> None:
        self._captures = captures

    def read(self, copy: KeptCopy, sha256: str) -> PackedPage | None:
        """Return the text of this digest; None unless this copy has it."""
        try:
            exchange = capture_check.opened(self._captures / copy.file, copy.sha256, reread)
        except (WarcError, OSError, ValueError):
            return None  # the verification of the captures reports what is wrong with it
        if exchange is None or hashlib.sha256(exchange.body).hexdigest() != copy.body_sha256:
            return None
        page = read_page(exchange.body, url=exchange.final_url, charset=exchange.charset or None)
        if page.obstacle or text_digest(page) != sha256:
            return None
        return PackedPage.of(page)


class KeptFiles(KeptTexts):
    """All that `rebuild` reads beside the journal."""

    def __init__(
        self,
        data: Path,
        *,
        captures: Path,
        roots: Mapping[str, Sequence[bytes]],
        public: Sequence[bytes],
    ) -> None:
        """Use a data folder.

        Args:
            data: The folder with `journal/`.
            captures: Folder of the captures.
            roots: DER certificates that the tokens of an authority may lead to, by its slug.
            public: The same of authorities that are not among `roots`.

        """
        super().__init__(captures)
        self._data = data
        self._roots = roots
        self._public = public

    def token(self, sha256: str, authority: str) -> Dated | None:
        """Return the token of this digest; None when its files are missing or do not match."""
        folder = self._data / STAMPS / sha256
        try:
            note = bounded.read(folder / "checkpoint", MAX_NOTE_BYTES)
            crls = [bounded.read(path, MAX_CRL_BYTES) for path in sorted(folder.glob("crl-*.crl"))]
            token = check_token(
                bounded.read(folder / "token.tst", MAX_ANSWER_BYTES),
                note,
                roots=self._roots.get(authority, self._public),
                crls=crls,
            )
            if token.sha256.hex() != sha256:
                return None
            signed = signed_from(note, at=token.at)
        except (StampRefused, NoteError, OSError):
            return None  # the verification of the tokens reports what is wrong with it
        standing = Standing.VERIFIED if token.verified else Standing.UNVERIFIED
        return Dated(signed=signed, standing=standing, file=(STAMPS / sha256).as_posix())


def signed_from(data: bytes, *, at: datetime) -> SignedCheckpoint:
    """Separate our own note from the cosignatures under it; `at` is when we received it.

    Raises NoteError for a malformed note or checkpoint.
    """
    whole = Note.parse(data)
    checkpoint = Checkpoint.parse(whole.text)
    ours = tuple(line for line in whole.signatures if line.name == checkpoint.origin)
    note = bytes(Note(whole.text, ours))
    return SignedCheckpoint(
        checkpoint=KeptCheckpoint(size=checkpoint.size, root=checkpoint.root, at=at, note=note),
        cosignatures=tuple(
            cosignature
            for line in whole.signatures
            if line not in ours and (cosignature := _cosignature(checkpoint.size, line)) is not None
        ),
    )


def _cosignature(size: int, line: Signature) -> Cosignature | None:
    """Decode a cosignature. Only its form is checked: the witness's key is not known here."""
    if len(line.data) != _COSIGNATURE_BYTES:
        return None
    try:
        at = datetime.fromtimestamp(cosigned_at(line), UTC)
    except (OverflowError, ValueError, OSError):
        return None
    return Cosignature(size=size, witness=line.name, at=at, line=str(line))

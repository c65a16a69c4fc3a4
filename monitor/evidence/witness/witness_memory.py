"""The state of a witness: one small folder and nothing else, so that a laptop can be a witness.

    cle                                  our key (0600)
    <hex sha256(origin)>/checkpoint      the last checkpoint that we cosigned, as it is served
    <hex sha256(origin)>/fautes/<hex sha256(text)>.{held,request}
    the last checkpoint, and one that does not extend it

The file that is served is the state: there are no two copies that could disagree. It is on the
disk before an answer leaves, under a lock that excludes every other thread and process. A folder
restored from an old copy makes the witness forget: see docs/temoins.md.
"""

import re
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from hashlib import sha256
from http import HTTPStatus
from pathlib import Path

from monitor.evidence import durable
from monitor.evidence.log.keys import own_key
from monitor.evidence.log.note import Algorithm, Checkpoint, Note, SignerKey, VerifierKey
from monitor.evidence.witness.witness_protocol import (
    Admitted,
    Refused,
    Request,
    admit,
    cosigned,
    judge,
)

MAX_FAULTS = 1_000  # of one log, which must have signed each: far more than a proof needs
_HASH = re.compile(r"[0-9a-f]{64}")


@dataclass(frozen=True, slots=True, kw_only=True)
class WitnessAnswer:
    """The answer of a witness to `add-checkpoint`."""

    status: HTTPStatus
    body: bytes
    media_type: str = "text/plain; charset=utf-8"
    why: str = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class WitnessFault:
    """A checkpoint that a log signed and that was not proved to extend the last one cosigned.

    Attributes:
        forked: Two trees of one size, both signed: the log has two histories, and these two
        notes prove it to anybody. Otherwise the sender's proof was wrong, which by itself
        proves nothing against anybody.
        folder: Where both notes are.

    """

    last_cosigned: Checkpoint | None
    received: Checkpoint
    forked: bool
    folder: Path


class Witness:
    """A witness of the logs with these keys. Safe to use from any thread or process."""

    def __init__(self, folder: Path, *, name: str, logs: Sequence[VerifierKey]) -> None:
        self._folder = folder
        self._name = name
        self.logs = tuple(logs)

    @property
    def key(self) -> SignerKey:
        """Our key, made at first use. Raises KeyFileError."""
        return own_key(self._folder / "cle", name=self._name, algorithm=Algorithm.COSIGNATURE)

    def add_checkpoint(self, body: bytes, *, at: int) -> WitnessAnswer:
        """Cosign a checkpoint if it extends the last one, at POSIX time `at`.

        Raises:
            OSError: The checkpoint could not be written; then nothing was cosigned.
            KeyFileError: Our key cannot be used.

        """
        try:
            admitted = admit(body, self.logs)
            note = self._cosigned(admitted, at=at)
        except Refused as refusal:
            return _answer(refusal)
        return WitnessAnswer(status=HTTPStatus.OK, body=f"{note.signatures[-1]}\n".encode())

    def _cosigned(self, admitted: Admitted, *, at: int) -> Note:
        key = self.key
        place = self._folder / hash_of(admitted.checkpoint.origin)
        with durable.locked(place / ".lock"):
            last_note = _read(place / "checkpoint")
            latest = Checkpoint.parse(last_note.text) if last_note else None
            try:
                judge(admitted, latest)
            except Refused as refusal:
                if refusal.accuses:
                    _keep(place / "fautes", admitted.request, last_note)
                raise
            note = cosigned(admitted, key, at=at)
            durable.write(place / "checkpoint", bytes(note))
        return note

    def checkpoint(self, origin_hash: str) -> bytes | None:
        """Return the last checkpoint cosigned of a log; None when there is none."""
        if not _HASH.fullmatch(origin_hash):
            return None
        try:
            return (self._folder / origin_hash / "checkpoint").read_bytes()
        except FileNotFoundError:
            return None

    def faults(self, origin: str) -> Iterator[WitnessFault]:
        """Yield the checkpoints of a log that were not proved to extend the last one cosigned."""
        folder = self._folder / hash_of(origin) / "fautes"
        for path in sorted(folder.glob("*.request")):
            received = Checkpoint.parse(Request.parse(path.read_bytes()).note.text)
            note = _read(path.with_suffix(".held"))
            last_cosigned = Checkpoint.parse(note.text) if note else None
            same_size = last_cosigned is not None and last_cosigned.size == received.size
            forked = same_size and last_cosigned is not None and last_cosigned.root != received.root
            yield WitnessFault(
                last_cosigned=last_cosigned, received=received, forked=forked, folder=folder
            )


def hash_of(origin: str) -> str:
    """Return the name of a log in addresses and folders (tlog-witness, "Monitor Retrieval")."""
    return sha256(origin.encode()).hexdigest()


def _read(path: Path) -> Note | None:
    try:
        return Note.parse(path.read_bytes())
    except FileNotFoundError:
        return None


def _keep(folder: Path, request: Request, last_note: Note | None) -> None:
    """Write both notes. Only the log can cause many of them, since it must sign each text."""
    path = folder / f"{sha256(request.note.text.encode()).hexdigest()}.request"
    if path.exists() or len(list(folder.glob("*.request"))) >= MAX_FAULTS:
        return
    if last_note is not None:
        durable.write(path.with_suffix(".held"), bytes(last_note))
    durable.write(path, bytes(request))  # last: it is what `faults` looks for


def _answer(refusal: Refused) -> WitnessAnswer:
    why = str(refusal)
    if refusal.size is None:
        return WitnessAnswer(status=refusal.status, body=f"{why}\n".encode(), why=why)
    size = f"{refusal.size}\n".encode()
    return WitnessAnswer(status=refusal.status, body=size, media_type="text/x.tlog.size", why=why)

"""A witness's memory: one small folder, and nothing else, so that a laptop can be a witness.

    cle                                  our key (0600)
    <hex sha256(origin)>/checkpoint      the last checkpoint that we cosigned, as it is served
    <hex sha256(origin)>/fautes/<hex sha256(text)>.{held,request}
                                         a checkpoint that does not extend the one we held

The file that is served is the memory: there are no two things that could disagree. It is
on the disk before an answer leaves, under a lock that holds for every thread and process.
A folder put back from an old copy makes the witness forget: see docs/temoins.md.
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
    """What a witness answers to `add-checkpoint`."""

    status: HTTPStatus
    body: bytes
    media_type: str = "text/plain; charset=utf-8"
    why: str = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class WitnessFault:
    """A checkpoint that a log signed and that was not shown to extend the one we held.

    Attributes:
        forked: Two trees of one size, both signed: the log has two histories, and these two
            notes prove it to anybody. Otherwise the sender's proof was wrong, which accuses
            nobody by itself.
        folder: Where both notes are.

    """

    held: Checkpoint | None
    seen: Checkpoint
    forked: bool
    folder: Path


class Witness:
    """A witness of the logs whose keys it is given. Safe from any thread or process."""

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
            OSError: it could not be kept; then nothing was cosigned.
            KeyFileError: our key cannot be used.

        """
        try:
            asked = admit(body, self.logs)
            note = self._cosigned(asked, at=at)
        except Refused as refusal:
            return _answer(refusal)
        return WitnessAnswer(status=HTTPStatus.OK, body=f"{note.signatures[-1]}\n".encode())

    def _cosigned(self, asked: Admitted, *, at: int) -> Note:
        key = self.key
        place = self._folder / hash_of(asked.checkpoint.origin)
        with durable.locked(place / ".lock"):
            held = _read(place / "checkpoint")
            latest = Checkpoint.parse(held.text) if held else None
            try:
                judge(asked, latest)
            except Refused as refusal:
                if refusal.accuses:
                    _keep(place / "fautes", asked.request, held)
                raise
            note = cosigned(asked, key, at=at)
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
        """Yield what a log signed and could not be shown to extend what we held."""
        folder = self._folder / hash_of(origin) / "fautes"
        for path in sorted(folder.glob("*.request")):
            seen = Checkpoint.parse(Request.parse(path.read_bytes()).note.text)
            note = _read(path.with_suffix(".held"))
            held = Checkpoint.parse(note.text) if note else None
            same_size = held is not None and held.size == seen.size
            forked = same_size and held is not None and held.root != seen.root
            yield WitnessFault(held=held, seen=seen, forked=forked, folder=folder)


def hash_of(origin: str) -> str:
    """Return the name of a log in addresses and folders (tlog-witness, "Monitor Retrieval")."""
    return sha256(origin.encode()).hexdigest()


def _read(path: Path) -> Note | None:
    try:
        return Note.parse(path.read_bytes())
    except FileNotFoundError:
        return None


def _keep(folder: Path, request: Request, held: Note | None) -> None:
    """Keep both notes; only the log can make many, since each is another text of its own."""
    path = folder / f"{sha256(request.note.text.encode()).hexdigest()}.request"
    if path.exists() or len(list(folder.glob("*.request"))) >= MAX_FAULTS:
        return
    if held is not None:
        durable.write(path.with_suffix(".held"), bytes(held))
    durable.write(path, bytes(request))  # last: it is what `faults` looks for


def _answer(refusal: Refused) -> WitnessAnswer:
    why = str(refusal)
    if refusal.size is None:
        return WitnessAnswer(status=refusal.status, body=f"{why}\n".encode(), why=why)
    size = f"{refusal.size}\n".encode()
    return WitnessAnswer(status=refusal.status, body=size, media_type="text/x.tlog.size", why=why)

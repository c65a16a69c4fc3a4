"""The protocol of witnesses: C2SP tlog-witness v1.0.0. Pure: bytes in, values out.

A witness vouches for one thing: that each tree of a log which it cosigned extends the one that it
cosigned before. It does not vouch for what the leaves claim.

A request is checked in two steps, because only the second needs the witness's state:
`admit` determines whose checkpoint it is and checks its signature; `judge` compares it with the
last one that was cosigned. `Refused` has the status that the specification requires.
"""

import re
from base64 import b64encode
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from http import HTTPStatus
from typing import Self

from monitor.evidence.log.note import (
    Checkpoint,
    Note,
    NoteError,
    Signature,
    SignerKey,
    VerifierKey,
    cosign,
    cosigned_at,
    unbase64,
)
from monitor.evidence.log.tlog import EMPTY_ROOT, HASH_SIZE, ProofError, check_consistency

MAX_REQUEST_BYTES = 64 * 1024  # 63 hashes are 3 kB; a dozen post-quantum cosignatures 40 kB
MAX_PROOF_HASHES = 63  # tlog-witness, "add-checkpoint"
EARLIEST = 1_577_836_800  # 2020: no journal of this program is older
MAX_AHEAD_S = 60  # how far in the future a cosignature may be: two clocks are never equal
_OLD = re.compile(r"old (0|[1-9][0-9]{0,18})")


class Refused(Exception):  # noqa: N818 -- the answer to a request, not a fault of ours
    """A witness refuses to cosign.

    Attributes:
        status: The status that the specification requires.
        size: With 409, the size of the tree that the witness cosigned last.
        accuses: The log signed this checkpoint, and the request does not prove that it extends
        the last one: to be stored, as it may prove that the log has two histories.

    """

    def __init__(
        self, status: HTTPStatus, why: str, *, size: int | None = None, accuses: bool = False
    ) -> None:
        super().__init__(why)
        self.status = status
        self.size = size
        self.accuses = accuses


class CosignatureError(Exception):
    """An answer that is not the cosignature that was requested."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Request:
    """The body of `add-checkpoint`: a checkpoint, and the proof that it extends `old` leaves."""

    old: int
    proof: tuple[bytes, ...]
    note: Note

    @classmethod
    def parse(cls, body: bytes) -> Self:
        """Decode a request. Raises Refused, with status 400."""
        if len(body) > MAX_REQUEST_BYTES:
            raise _malformed(f"the request is over {MAX_REQUEST_BYTES} bytes")
        head, separator, note = body.partition(b"\n\n")
        first_line, *lines = head.decode("utf-8", "replace").split("\n")
        old = _OLD.fullmatch(first_line)
        if not separator or not old:
            raise _malformed("no line « old <size> », or no empty line after the proof")
        if len(lines) > MAX_PROOF_HASHES:
            raise _malformed(f"a proof of {len(lines)} hashes")
        try:
            proof = tuple(unbase64(line, "a line of the proof") for line in lines)
            request = cls(old=int(old[1]), proof=proof, note=Note.parse(note))
        except NoteError as error:
            raise _malformed(str(error)) from error
        if any(len(part) != HASH_SIZE for part in proof):
            raise _malformed("a hash of the proof is not 32 bytes long")
        return request

    def __bytes__(self) -> bytes:
        lines = [f"old {self.old}", *(b64encode(part).decode() for part in self.proof)]
        return "".join(f"{line}\n" for line in lines).encode() + b"\n" + bytes(self.note)


@dataclass(frozen=True, slots=True, kw_only=True)
class Admitted:
    """A request whose checkpoint is signed by a log that we know."""

    request: Request
    checkpoint: Checkpoint
    signature: Signature


def admit(body: bytes, logs: Iterable[VerifierKey]) -> Admitted:
    """Decode a request and check the log's signature.

    Args:
        body: Of the POST, whole.
        logs: Keys of the logs that we cosign; a key's name is its log's origin.

    Raises:
        Refused: 400 malformed, 404 not a log of ours, 403 not signed by it.

    """
    request = Request.parse(body)
    try:
        checkpoint = Checkpoint.parse(request.note.text)
    except NoteError as error:
        raise _malformed(str(error)) from error
    keys = [key for key in logs if key.name == checkpoint.origin]
    if not keys:
        raise Refused(HTTPStatus.NOT_FOUND, "not a log that this witness cosigns")
    try:
        signed = request.note.verified_by(keys)
    except NoteError as error:
        raise Refused(HTTPStatus.FORBIDDEN, str(error)) from error
    if not signed:
        raise Refused(HTTPStatus.FORBIDDEN, "no signature by the log's key")
    if request.old > checkpoint.size:
        raise _malformed("the old size is larger than the checkpoint's")
    return Admitted(request=request, checkpoint=checkpoint, signature=signed[0][1])


def judge(admitted: Admitted, latest: Checkpoint | None) -> None:
    """Check that a checkpoint extends `latest`, the last one that we cosigned.

    Raises:
        Refused: 409 when the sender assumes another size, 422 when it does not extend it.

    """
    received, old = admitted.checkpoint, latest.size if latest else 0
    forks = latest is not None and received.size == old and received.root != latest.root
    if admitted.request.old != old:
        # Two trees of one size accuse the log, whatever size the sender assumes.
        raise Refused(HTTPStatus.CONFLICT, "another old size", size=old, accuses=forks)
    if forks:
        raise _unproved("another root for the size that was cosigned")
    if received.size == 0 and received.root != EMPTY_ROOT:
        raise _unproved("an empty tree with another root than the empty tree's")
    if old == 0:
        if admitted.request.proof:
            raise _unproved("a proof from the empty tree")
        return
    assert latest is not None  # noqa: S101 -- old is its size
    try:
        check_consistency(
            admitted.request.proof,
            old=old,
            size=received.size,
            old_root=latest.root,
            root=received.root,
        )
    except ProofError as error:
        raise _unproved(str(error)) from error


def cosigned(admitted: Admitted, key: SignerKey, *, at: int) -> Note:
    """Return the checkpoint with the log's signature and our cosignature, at POSIX time `at`."""
    text = admitted.request.note.text
    return Note(text, (admitted.signature, cosign(text, key, at=at)))


def accept(
    lines: bytes, note: Note, witness: VerifierKey, *, now: int, since: int = EARLIEST
) -> Signature:
    """Return the cosignature of `note` by `witness` from the signature lines of an answer.

    Args:
        lines: The body of a 200, or a file that was sent by mail.
        note: The checkpoint as we sent it.
        witness: Whose cosignature is expected; those of others are ignored.
        now: POSIX time; a cosignature over a minute ahead of it is refused.
        since: POSIX time before which this checkpoint cannot have been cosigned.

    Raises:
        CosignatureError: There is none, or it is wrong, of another text, or at another time.

    """
    try:
        # Only the lines of the answer: a signature of ours would be counted twice.
        signed_note = Note.parse(note.text.encode() + b"\n" + lines)
        verified = signed_note.verified_by([witness])
    except NoteError as error:
        raise CosignatureError(str(error)) from error
    if not verified:
        raise CosignatureError(f"no cosignature by {witness.name}")
    signature = verified[0][1]
    at = cosigned_at(signature)
    if not since <= at <= now + MAX_AHEAD_S:
        raise CosignatureError(f"cosigned at {at}, when our clock says {now}")
    return signature


def with_signatures(note: Note, more: Sequence[Signature]) -> Note:
    """Return a note with signatures added, one a key."""
    by_key = {(line.name, line.key_id): line for line in (*note.signatures, *more)}
    return Note(note.text, tuple(by_key.values()))


def _malformed(why: str) -> Refused:
    return Refused(HTTPStatus.BAD_REQUEST, why)


def _unproved(why: str) -> Refused:
    return Refused(HTTPStatus.UNPROCESSABLE_ENTITY, why, accuses=True)

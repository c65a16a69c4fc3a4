"""Have witnesses cosign each of our checkpoints (client side of C2SP tlog-witness)."""

import asyncio
import re
from collections.abc import Awaitable, Callable, Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from http import HTTPStatus

import structlog

from monitor.config import Cosigner, Cosigning
from monitor.core.model.anchors import Cosignature
from monitor.core.untrusted.library_errors import Unreadable, reading
from monitor.evidence.log.journal import JournalError
from monitor.evidence.log.note import Checkpoint, Note, VerifierKey, cosigned_at
from monitor.evidence.outbound_http import OutboundHttp, Reply, Unreachable
from monitor.evidence.retry_delay import RetryDelay
from monitor.evidence.witness.witness_protocol import MAX_AHEAD_S, CosignatureError, Request, accept
from monitor.runtime.clock import Clock

TICK_S = 5.0
SPACING_S = 15.0
DEADLINE_S = 30.0
GRACE_S = 60.0  # how long a checkpoint waits for its cosignatures before it is time-stamped
MAX_ANSWER_BYTES = 64 * 1024
_SIZE = re.compile(rb"(0|[1-9][0-9]{0,18})\n?")

log = structlog.get_logger(__name__)

_AHEAD = (
    "Le cosignataire {witness} connaît déjà {held} feuilles de notre journal, qui n’en a ici que"
    " {size}. Ces données viennent donc d’une sauvegarde ancienne, ou la clé a servi ailleurs :"
    " continuer ferait deux histoires sous un seul nom. Rien n’a été signé. Remettez les données"
    " les plus récentes (copie, miroir, export). Si elles sont perdues, commencez un journal sous"
    " une autre origine, avec une autre clé, et dites-le aux lecteurs. Si c’est ce cosignataire"
    " qui se trompe, retirez-le de [cosigning] dans vigie.toml."
)
_OTHER = (
    "Le cosignataire {witness} a cosigné une autre histoire de notre journal à {size} feuilles :"
    " la même clé a signé deux journaux. Rien n’a été signé ici. Gardez ces données, retrouvez"
    " l’autre journal, et dites-le aux lecteurs ; puis commencez un journal sous une autre origine,"
    " avec une autre clé."
)

Prove = Callable[[int, int], Sequence[bytes]]


@dataclass(frozen=True, slots=True, kw_only=True)
class Quorum:
    """Which of the witnesses cosigned a checkpoint; verified signatures only."""

    signed: tuple[str, ...]
    asked: tuple[str, ...]
    needed: int

    @property
    def reached(self) -> bool:
        return len(self.signed) >= self.needed


def quorum(note: Note, cosigning: Cosigning) -> Quorum:
    """Return who cosigned a note. Raises NoteError when a signature is wrong."""
    keys = [VerifierKey.parse(witness.key) for witness in cosigning.witnesses]
    signed = {key.name for key, _ in note.verified_by(keys)}
    names = tuple(dict.fromkeys(key.name for key in keys))
    return Quorum(
        signed=tuple(name for name in names if name in signed),
        asked=names,
        needed=cosigning.needed or len(names),
    )


class Party:
    """The state of one witness. `size` is that of the last checkpoint that it cosigned."""

    def __init__(self, cosigner: Cosigner, clock: Clock, *, size: int) -> None:
        self.key = VerifierKey.parse(cosigner.key)
        self.url = cosigner.url
        self.patience = RetryDelay(clock, spacing_s=SPACING_S, longest_s=3_600)
        self.size = size


class Cosigners:
    """Asks each witness that has an address."""

    def __init__(  # noqa: PLR0913 -- keyword-only: its seams
        self,
        cosigning: Cosigning,
        *,
        clock: Clock,
        courier: OutboundHttp,
        newest: Callable[[], bytes | None],
        prove: Prove,
        record: Callable[[Cosignature], Awaitable[None]],
        last: Mapping[str, int],
    ) -> None:
        """Prepare to ask.

        Args:
            cosigning: Whom to ask.
            clock: The source of `now`.
            courier: Sends the requests.
            newest: Returns the newest signed checkpoint.
            prove: Returns the consistency proof between two sizes of our journal; called
                from a thread.
            record: Records a verified cosignature, and publishes it.
            last: The size that each witness cosigned last, by name.

        Raises:
            NoteError: A key is invalid; the configuration refuses these.

        """
        self._clock = clock
        self._courier = courier
        self._newest = newest
        self._prove = prove
        self._record = record
        self._late_us: int | None = None  # since when a witness has not cosigned the newest
        self.parties = [
            Party(cosigner, clock, size=last.get(VerifierKey.parse(cosigner.key).name, 0))
            for cosigner in cosigning.witnesses
            if cosigner.url
        ]

    def settled(self, note: bytes) -> bool:
        """Return whether a checkpoint may be stamped: all cosigned it, or had `GRACE_S` to do so.

        The time runs from when a witness was first late, whatever checkpoints came since: during
        an incident new ones come faster than that.
        """
        size = _read(note)[1]
        if all(party.size >= size for party in self.parties):
            self._late_us = None
            return True
        now_us = self._clock.monotonic_us()
        if self._late_us is None:
            self._late_us = now_us
        return now_us - self._late_us >= GRACE_S * 1e6

    async def run(self) -> None:
        """Ask until cancelled. Raises what `record` and `prove` raise: a fault of our own."""
        async with asyncio.TaskGroup() as group:
            for party in self.parties:
                group.create_task(self._attend(party))

    async def _attend(self, party: Party) -> None:
        while True:
            await self._visit(party)
            await self._clock.sleep(TICK_S)

    async def _visit(self, party: Party) -> None:
        note = self._newest()
        if note is None or not party.patience.ready or _read(note)[1] <= party.size:
            return
        try:
            line = await self._ask(party, Note.parse(note))
        except (Unreachable, CosignatureError) as error:
            log.warning("not cosigned", witness=party.key.name, why=str(error))
            party.patience.record(success=False)
            return
        await self._record(line)
        party.size = line.size
        party.patience.record(success=True)
        log.info("cosigned", witness=party.key.name, size=line.size)

    async def _ask(self, party: Party, note: Note) -> Cosignature:
        """Ask once, and once more from the size that the witness answers it has."""
        size = Checkpoint.parse(note.text).size
        reply = await self._send(party, note, old=party.size)
        if reply.status == HTTPStatus.CONFLICT:
            party.size = _cosigned_size(reply, size)
            reply = await self._send(party, note, old=party.size)
        if reply.status != HTTPStatus.OK:
            body_text = reply.body[:200].decode("utf-8", "replace")
            raise CosignatureError(f"status {reply.status}: {body_text}")
        now = int(self._clock.now().timestamp())
        since = now - round(DEADLINE_S) - MAX_AHEAD_S
        try:
            with reading("cosignature", known=(CosignatureError,)):
                signature = accept(reply.body, note, party.key, now=now, since=since)
                at = datetime.fromtimestamp(cosigned_at(signature), UTC)
        except Unreadable as error:
            raise CosignatureError(str(error)) from error
        return Cosignature(size=size, witness=party.key.name, at=at, line=str(signature))

    async def _send(self, party: Party, note: Note, *, old: int) -> Reply:
        size = Checkpoint.parse(note.text).size
        proof = await asyncio.to_thread(self._prove, old, size) if old else ()
        request = Request(old=old, proof=tuple(proof), note=note)
        return await _post(party.url, request, self._courier)


async def require_newest(cosigning: Cosigning, note: bytes, *, courier: OutboundHttp) -> None:
    """Ask each witness, before anything more is signed, whether it has cosigned more than `note`.

    A witness that cannot be reached, or that answers no size, is logged and prevents nothing.

    Raises:
        JournalError: A witness cosigned more leaves than `note` has, or as many other leaves.

    """
    signed = Note.parse(note)
    cosigners = [cosigner for cosigner in cosigning.witnesses if cosigner.url]
    refusals = await asyncio.gather(
        *(_compare(cosigner, signed, courier) for cosigner in cosigners)
    )
    for refusal in filter(None, refusals):
        raise JournalError(refusal)


async def _compare(cosigner: Cosigner, note: Note, courier: OutboundHttp) -> str:
    """Return why one witness's answer forbids us to continue; "" when it does not."""
    witness, size = VerifierKey.parse(cosigner.key).name, Checkpoint.parse(note.text).size
    try:
        reply = await _post(cosigner.url, Request(old=size, proof=(), note=note), courier)
        if reply.status == HTTPStatus.UNPROCESSABLE_ENTITY:
            return _OTHER.format(witness=witness, size=size)
        if reply.status == HTTPStatus.CONFLICT:
            cosigned_size = _size(reply)
            return (
                _AHEAD.format(witness=witness, held=cosigned_size, size=size)
                if cosigned_size > size
                else ""
            )
        why = "" if reply.status == HTTPStatus.OK else f"status {reply.status}"
    except (Unreachable, CosignatureError) as error:
        why = str(error)
    if why:
        log.warning("journal not compared with a witness", witness=witness, why=why)
    return ""


async def _post(url: str, request: Request, courier: OutboundHttp) -> Reply:
    return await courier.post(
        f"{url.rstrip('/')}/add-checkpoint",
        bytes(request),
        media_type="text/plain; charset=utf-8",
        limit_bytes=MAX_ANSWER_BYTES,
        deadline_s=DEADLINE_S,
    )


def _read(note: bytes) -> tuple[str, int]:
    text = Note.parse(note).text
    return text, Checkpoint.parse(text).size


def _cosigned_size(reply: Reply, size: int) -> int:
    """Return the size that a witness cosigned last, in an answer 409.

    Raises:
        CosignatureError: There is no size; or it is larger than that of our tree, which is the
        sign of a journal restored from a backup.

    """
    cosigned_size = _size(reply)
    if cosigned_size > size:
        raise CosignatureError(
            f"it cosigned {cosigned_size} entries of our journal, which has {size}"
        )
    return cosigned_size


def _size(reply: Reply) -> int:
    if reply.media_type != "text/x.tlog.size" or not _SIZE.fullmatch(reply.body):
        raise CosignatureError("status 409 without a size")
    return int(reply.body)

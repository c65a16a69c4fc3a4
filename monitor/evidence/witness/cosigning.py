"""Have other associations cosign each of our checkpoints (C2SP tlog-witness, client side)."""

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
    "Le cosignataire {witness} connaît déjà {held} entrées de notre journal, qui n’en a ici que"
    " {size}. Ces données viennent donc d’une sauvegarde ancienne, ou la clé a servi ailleurs :"
    " continuer ferait deux histoires sous un seul nom. Rien n’a été signé. Remettez les données"
    " les plus récentes (copie, miroir, export). Si elles sont perdues, commencez un journal sous"
    " une autre origine, avec une autre clé, et dites-le aux lecteurs. Si c’est ce cosignataire"
    " qui se trompe, retirez-le de [cosigning] dans vigie.toml."
)
_OTHER = (
    "Le cosignataire {witness} a cosigné une autre histoire de notre journal à {size} entrées :"
    " la même clé a signé deux journaux. Rien n’a été signé ici. Gardez ces données, retrouvez"
    " l’autre journal, et dites-le aux lecteurs ; puis commencez un journal sous une autre origine,"
    " avec une autre clé."
)

Prove = Callable[[int, int], Sequence[bytes]]


@dataclass(frozen=True, slots=True, kw_only=True)
class Quorum:
    """Who cosigned a checkpoint, of those that were asked; checked signatures only."""

    signed: tuple[str, ...]
    asked: tuple[str, ...]
    needed: int

    @property
    def reached(self) -> bool:
        return len(self.signed) >= self.needed


def quorum(note: Note, cosigning: Cosigning) -> Quorum:
    """Count the cosignatures under a note. Raises NoteError when one of them is wrong."""
    keys = [VerifierKey.parse(one.key) for one in cosigning.witnesses]
    signed = {key.name for key, _ in note.verified_by(keys)}
    asked = tuple(dict.fromkeys(key.name for key in keys))
    return Quorum(
        signed=tuple(name for name in asked if name in signed),
        asked=asked,
        needed=cosigning.needed or len(asked),
    )


class Party:
    """One witness: what it cosigned last, and how it behaves."""

    def __init__(self, cosigner: Cosigner, clock: Clock, *, size: int) -> None:
        self.key = VerifierKey.parse(cosigner.key)
        self.url = cosigner.url
        self.patience = RetryDelay(clock, spacing_s=SPACING_S, longest_s=3_600)
        self.size = size


class Cosigners:
    """Asks each witness that has an address; see the module."""

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
            clock: Where `now` comes from.
            courier: Carries the requests.
            newest: Returns the newest signed checkpoint.
            prove: Returns the consistency proof between two sizes of our journal; called
                from a thread.
            record: Makes a checked cosignature part of the record, and publishes it.
            last: The size that each witness cosigned last, by name.

        Raises:
            NoteError: a key cannot be read; the configuration refuses these.

        """
        self._clock = clock
        self._courier = courier
        self._newest = newest
        self._prove = prove
        self._record = record
        self._late_us: int | None = None  # since when somebody has not cosigned the newest
        self.parties = [
            Party(one, clock, size=last.get(VerifierKey.parse(one.key).name, 0))
            for one in cosigning.witnesses
            if one.url
        ]

    def settled(self, note: bytes) -> bool:
        """Return whether a checkpoint may be dated: everybody cosigned it, or had the time to.

        The time runs since somebody was first late, whatever checkpoints came since: an
        incident makes new ones faster than a witness that is down could be waited for.
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
        """Ask for ever. Raises what `record` and `prove` raise: a fault of our own."""
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
        """Ask once, and once more from the size that the witness says it holds."""
        size = Checkpoint.parse(note.text).size
        reply = await self._send(party, note, old=party.size)
        if reply.status == HTTPStatus.CONFLICT:
            party.size = _held(reply, size)
            reply = await self._send(party, note, old=party.size)
        if reply.status != HTTPStatus.OK:
            said = reply.body[:200].decode("utf-8", "replace")
            raise CosignatureError(f"status {reply.status}: {said}")
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
    """Ask each witness, before anything more is signed, whether it knows more than `note`.

    Who cannot be reached, or says nothing of a size, is written in the log and stops nobody.

    Raises:
        JournalError: a witness cosigned more leaves than `note` has, or as many others.

    """
    signed = Note.parse(note)
    asked = [one for one in cosigning.witnesses if one.url]
    found = await asyncio.gather(*(_compare(one, signed, courier) for one in asked))
    for refusal in filter(None, found):
        raise JournalError(refusal)


async def _compare(cosigner: Cosigner, note: Note, courier: OutboundHttp) -> str:
    """Return why we may not go on, as one witness sees it; "" otherwise."""
    witness, size = VerifierKey.parse(cosigner.key).name, Checkpoint.parse(note.text).size
    try:
        reply = await _post(cosigner.url, Request(old=size, proof=(), note=note), courier)
        if reply.status == HTTPStatus.UNPROCESSABLE_ENTITY:
            return _OTHER.format(witness=witness, size=size)
        if reply.status == HTTPStatus.CONFLICT:
            held = _size(reply)
            return _AHEAD.format(witness=witness, held=held, size=size) if held > size else ""
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


def _held(reply: Reply, size: int) -> int:
    """Read the size that a witness holds.

    Raises:
        CosignatureError: not a size; or a larger tree than ours, which a journal put back
            from a backup would look like.

    """
    held = _size(reply)
    if held > size:
        raise CosignatureError(f"it cosigned {held} entries of our journal, which has {size}")
    return held


def _size(reply: Reply) -> int:
    if reply.media_type != "text/x.tlog.size" or not _SIZE.fullmatch(reply.body):
        raise CosignatureError("status 409 without a size")
    return int(reply.body)

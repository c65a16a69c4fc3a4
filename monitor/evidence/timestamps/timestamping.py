"""Have authorities time-stamp the newest checkpoint: every hour, and at the edges of incidents.

An answer is checked before it is stored, and it is stored whole, below `data/`:

    journal/horodatages/<hex sha256(token)>/   checkpoint  chain.pem  crl-<n>.crl  token.tst
    horodatages-refuses/<authority>/<time>/    checkpoint  request.tsq  answer  why.txt

`token.tst` is written last: a folder that has it is complete. Its SHA-256 names the folder
and is in the journal, so that each later token also dates all those before it.
An authority that does not answer delays nothing: it is asked again, after longer waits.
"""

import asyncio
import secrets
from collections.abc import Awaitable, Callable, Mapping, Sequence
from datetime import datetime, timedelta
from functools import partial
from hashlib import sha256
from pathlib import Path

import certifi
import structlog

from monitor.config import StampAuthority
from monitor.core.model.anchors import Stamp, Standing
from monitor.evidence import durable
from monitor.evidence.log.note import Checkpoint, Note
from monitor.evidence.outbound_http import OutboundHttp, Unreachable
from monitor.evidence.retry_delay import RetryDelay
from monitor.evidence.timestamps.certificate_files import as_pem, certificates, crl_addresses
from monitor.evidence.timestamps.rfc3161 import (
    MAX_ANSWER_BYTES,
    Question,
    StampFault,
    StampRefused,
    Token,
    check_answer,
    check_token,
)
from monitor.runtime.clock import Clock

KEPT = Path("journal", "horodatages")
ASIDE = Path("horodatages-refuses")
SPACING_S = 15.0  # what Sectigo asks of programs
TICK_S = 5.0
DEADLINE_S = 30.0
CRL_DEADLINE_S = 10.0
MAX_CRL_BYTES = 1_000_000
MAX_CRLS = 4
CRL_EVERY = timedelta(days=1)  # an authority renews its list no oftener
MAX_ASIDE = 1_000  # answers of one authority

log = structlog.get_logger(__name__)


class Desk:
    """The state of one authority."""

    def __init__(self, authority: StampAuthority, clock: Clock) -> None:
        self.authority = authority
        pem = authority.roots.encode() if authority.roots else Path(certifi.where()).read_bytes()
        self.roots = certificates(pem)
        self.patience = RetryDelay(clock, spacing_s=SPACING_S, longest_s=3_600)
        self.stamped: bytes | None = None  # digest of the last note
        self.stamped_us: int | None = None  # on the monotonic clock
        self.crls_at: datetime | None = None
        self.requested = False  # the edge of an incident is to be stamped


class Stamper:
    """Asks every authority; see the module's docstring."""

    def __init__(  # noqa: PLR0913 -- keyword-only: its seams
        self,
        authorities: Sequence[StampAuthority],
        *,
        interval_s: float,
        clock: Clock,
        courier: OutboundHttp,
        data: Path,
        newest: Callable[[], bytes | None],
        record: Callable[[Stamp], Awaitable[None]],
        last: Mapping[str, Stamp],
        random_bits: Callable[[int], int] = secrets.randbits,
    ) -> None:
        """Prepare to ask.

        Args:
            authorities: Whom to ask; may be empty.
            interval_s: Between two stamps of one authority, except for edges.
            clock: The source of `now`.
            courier: Sends the requests.
            data: Folder of all that the service writes.
            newest: Returns the newest signed checkpoint, cosignatures included.
            record: Records an answer, with the leaf of its token.
            last: The last stamp of each authority that was not refused, by slug.
            random_bits: The source of nonces.

        Raises:
            ValueError: A file of roots has no certificate.

        """
        self._interval_us = round(interval_s * 1e6)
        self._clock = clock
        self._courier = courier
        self._data = data
        self._newest = newest
        self._record = record
        self._random_bits = random_bits
        self.desks = [Desk(authority, clock) for authority in authorities]
        for desk in self.desks:
            if stamp := last.get(desk.authority.slug):
                age = max(timedelta(0), clock.now() - stamp.asked_at)
                desk.stamped_us = clock.monotonic_us() - age // timedelta(microseconds=1)

    def stamp_soon(self) -> None:
        """Have the newest checkpoint stamped now: it contains the edge of an incident."""
        for desk in self.desks:
            desk.requested = True

    async def run(self) -> None:
        """Ask until cancelled. Raises OSError, or what `record` raises: a fault of our own."""
        async with asyncio.TaskGroup() as group:
            for desk in self.desks:
                group.create_task(self._attend(desk))

    async def _attend(self, desk: Desk) -> None:
        while True:
            await self._visit(desk)
            await self._clock.sleep(TICK_S)

    async def _visit(self, desk: Desk) -> None:
        note = self._newest()
        if note is not None and self._is_due(desk, note):
            await self._ask(desk, note)

    def _is_due(self, desk: Desk, note: bytes) -> bool:
        if not desk.patience.ready or desk.stamped == sha256(note).digest():
            return False
        if desk.requested or desk.stamped_us is None:
            return True
        return self._clock.monotonic_us() - desk.stamped_us >= self._interval_us

    async def _ask(self, desk: Desk, note: bytes) -> None:
        slug, asked_at = desk.authority.slug, self._clock.now()
        requested, desk.requested = desk.requested, False  # an edge that comes meanwhile asks again
        question = Question(note=note, nonce=self._random_bits(64))
        answer = b""
        succeeded = False
        try:
            answer = await self._reply(desk, question)
            judge = partial(check_answer, roots=desk.roots, now=self._clock.now())
            token = await asyncio.to_thread(judge, answer, question)
            await self._keep(desk, question, token, asked_at)
            succeeded = True
        except Unreachable as error:
            log.warning("no stamp", authority=slug, why=str(error))
        except StampRefused as error:
            await self._set_aside(desk, question, answer, asked_at, error)
        desk.requested = desk.requested or (requested and not succeeded)
        desk.patience.record(success=succeeded)

    async def _reply(self, desk: Desk, question: Question) -> bytes:
        reply = await self._courier.post(
            desk.authority.url,
            question.der,
            media_type="application/timestamp-query",
            limit_bytes=MAX_ANSWER_BYTES,
            deadline_s=DEADLINE_S,
        )
        if reply.status != 200:  # noqa: PLR2004 -- RFC 3161, 3.4: an answer comes with 200
            raise Unreachable(f"status {reply.status}")
        return reply.body

    async def _keep(self, desk: Desk, question: Question, token: Token, asked_at: datetime) -> None:
        crls = await self._revocations(desk, question, token) if token.verified else []
        folder = KEPT / token.sha256.hex()
        files = {
            "checkpoint": question.note,
            "chain.pem": as_pem(token.chain),
            **{f"crl-{n}.crl": data for n, data in enumerate(crls, start=1)},
            "token.tst": token.der,
        }
        await asyncio.to_thread(_write, self._data / folder, files)
        standing = Standing.VERIFIED if token.verified else Standing.UNVERIFIED
        await self._record(
            Stamp(
                size=_size(question.note),
                authority=desk.authority.slug,
                asked_at=asked_at,
                standing=standing,
                at=token.at,
                sha256=token.sha256,
                file=folder.as_posix(),
            )
        )
        desk.stamped = sha256(question.note).digest()
        desk.stamped_us = self._clock.monotonic_us()
        say = log.info if token.verified else log.warning
        say("stamped", authority=desk.authority.slug, at=token.at.isoformat(), standing=standing)

    async def _revocations(self, desk: Desk, question: Question, token: Token) -> list[bytes]:
        """Fetch the revocation lists that the chain names, once a day.

        Raises:
            StampRefused: One of the certificates was revoked.

        """
        now = self._clock.now()
        if desk.crls_at is not None and now - desk.crls_at < CRL_EVERY:
            return []
        lists = []
        for url in crl_addresses(token.chain)[:MAX_CRLS]:
            try:
                reply = await self._courier.get(
                    url, limit_bytes=MAX_CRL_BYTES, deadline_s=CRL_DEADLINE_S
                )
                judge = partial(check_token, roots=desk.roots, crls=[reply.body])
                await asyncio.to_thread(judge, token.der, question.note)
            except Unreachable as error:
                log.warning("no revocation list", url=url, why=str(error))
            except StampRefused as error:
                if error.fault is StampFault.REVOKED:
                    raise
                # Somebody on the network before the list must not be able to prevent a stamp.
                log.warning("bad revocation list", url=url, why=str(error))
            else:
                lists.append(reply.body)
        if lists:
            desk.crls_at = now
        return lists

    async def _set_aside(
        self,
        desk: Desk,
        question: Question,
        answer: bytes,
        asked_at: datetime,
        refusal: StampRefused,
    ) -> None:
        slug = desk.authority.slug
        log.error("stamp refused", authority=slug, fault=refusal.fault.value, why=refusal.why)
        folder = ASIDE / slug / f"{asked_at:%Y%m%dT%H%M%S.%fZ}"
        files = {
            "checkpoint": question.note,
            "request.tsq": question.der,
            "why.txt": f"{refusal}\n".encode(),
            "answer": answer,
        }
        if await asyncio.to_thread(_room, self._data / ASIDE / slug):
            await asyncio.to_thread(_write, self._data / folder, files)
        await self._record(
            Stamp(
                size=_size(question.note),
                authority=slug,
                asked_at=asked_at,
                standing=Standing.REFUSED,
                detail=str(refusal),
                file=folder.as_posix(),
            )
        )


def _size(note: bytes) -> int:
    return Checkpoint.parse(Note.parse(note).text).size


def _room(folder: Path) -> bool:
    return not folder.is_dir() or len(list(folder.iterdir())) < MAX_ASIDE


def _write(folder: Path, files: Mapping[str, bytes]) -> None:
    for name, data in files.items():
        durable.write(folder / name, data)

"""Which exact bytes are kept, and the keeping of them before the observation is recorded.

Kept: every answer that is not good; the last good one before it and the good ones after it,
until no outage is open; every distinct text, twice when its second reading has other bytes,
since it takes two to be believed; one a day. Of all others only digests are recorded. What
stands before a failure is not known to do so until the failure comes: the last good
observation of each target waits in memory, as light as it can be.
"""

import asyncio
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field, replace
from datetime import date, timedelta
from hashlib import sha256
from pathlib import Path

import structlog

from monitor.core.model import (
    Capture,
    CaptureReason,
    Exchange,
    Observation,
    Target,
)
from monitor.core.outages.fold import GOOD
from monitor.evidence.captures import capture_records, day_files
from monitor.evidence.captures.capture_records import Original, Package
from monitor.runtime.errors import VigieError, in_french

log = structlog.get_logger(__name__)

MAX_TEXTS = 48  # a day and target: a page whose every copy differs must not fill the disk
HELD_BYTES = 64_000_000  # that wait in memory, all targets together
HELD_EACH_BYTES = 4_000_000
ORIGINALS = 100  # whole answers of one target that others may point at

#: Digest of what a page says: an observation whose digest is new is kept.
TextOf = Callable[[Target, Exchange], bytes]


class CaptureError(VigieError):
    """Nothing more can be kept; the process must stop. French, for the operator."""


def body_digest(_target: Target, exchange: Exchange) -> bytes:
    """Take every byte of the body for its text."""
    return sha256(exchange.body).digest()


@dataclass(frozen=True, slots=True)
class _Made:
    """An observation in records, and the file that it must go to; "" for any of its day.

    `why` says why it was kept already, as the copy of its day is: its records stand in the
    file, and are left out here.
    """

    package: Package
    file: str
    why: tuple[CaptureReason, ...] = ()


@dataclass(slots=True)
class _Memory:
    """What is remembered of one target. Lost when the process ends: then one more is kept."""

    failed: bool = False  # the last observation was not good
    text: bytes = b""
    body: bytes = b""
    once: bool = False  # no other bytes of this text were seen since it came
    day: date | None = None  # of the last copy of a good answer
    texts: int = 0  # on that day
    file: str = ""  # of the last capture
    originals: dict[bytes, Original] = field(default_factory=dict)  # in that file
    held: _Made | None = None  # the last good observation, when nothing else keeps it


class Captures:
    """Keeps what the policy says, one observation at a time."""

    def __init__(
        self,
        folder: Path,
        *,
        software: str,
        clock_limit_us: int,
        text_of: TextOf = body_digest,
    ) -> None:
        """Write nothing yet. `clock_limit_us` is what verdicts depend on beside the rules."""
        self._folder = folder
        self._files = day_files.DayFiles(folder, software=software)
        self._clock_limit_us = clock_limit_us
        self._text_of = text_of
        self._memories: dict[str, _Memory] = {}
        self._held_bytes = 0
        self._writing = asyncio.Lock()  # nothing is removed between a choice and its writing

    async def keep(
        self, target: Target, seen: Observation, *, known_good: bool, in_outage: bool
    ) -> tuple[Capture, ...]:
        """Keep what must be; return where, the good check before a failure first.

        The bytes are on the disk when this returns. `known_good` is what it was judged by;
        `in_outage`: an outage is open, or this check ended it. A copy of its day that turns out
        to stand before a failure is named again, for both reasons: the second account takes the
        place of the first.

        Raises:
            CaptureError: they could not be written.

        """
        async with self._writing:
            memory = self._memories.setdefault(target.slug, _Memory())
            why = tuple(self._why(memory, target, seen, in_outage=in_outage))
            made = self._made(memory, target, seen, known_good=known_good)
            if not why:
                self._hold(memory, made)
                return ()
            kept: list[Capture] = []
            held = memory.held if CaptureReason.FAILURE in why else None
            if held is not None:
                kept.append(await self._write(memory, held, *held.why, CaptureReason.BEFORE))
            kept.append(await self._write(memory, made, *why))
            daily = _Made(replace(made.package, records=()), kept[-1].file, why)
            self._hold(memory, daily if why == (CaptureReason.DAILY,) else None)
            return tuple(kept)

    def _made(
        self, memory: _Memory, target: Target, seen: Observation, *, known_good: bool
    ) -> _Made:
        """Put an observation in records; bodies that stand in the open file are pointed at."""
        same = memory.file if memory.file == self._files.opened(seen.at.date()) else ""
        package = capture_records.package(
            target,
            seen,
            known_good=known_good,
            clock_limit_us=self._clock_limit_us,
            originals=memory.originals if same else {},
        )
        return _Made(package, same)

    def _why(
        self, memory: _Memory, target: Target, seen: Observation, *, in_outage: bool
    ) -> Iterator[CaptureReason]:
        day = seen.at.date()
        if seen.judgement.verdict not in GOOD:
            memory.failed = True
            yield CaptureReason.FAILURE
            return
        if memory.failed or in_outage:
            yield CaptureReason.AFTER
        memory.failed = False
        text, new_day = self._text_of(target, seen.exchange), memory.day != day
        body = body_digest(target, seen.exchange)
        memory.texts = 0 if new_day else memory.texts
        other, again = text != memory.text, memory.once and body != memory.body
        if (other or again) and memory.texts < MAX_TEXTS:
            memory.texts += 1
            yield CaptureReason.TEXT
        if new_day:
            yield CaptureReason.DAILY
        memory.once = other or (memory.once and not again)
        memory.text, memory.body, memory.day = text, body, day

    def _hold(self, memory: _Memory, made: _Made | None) -> None:
        """Let an observation wait in place of the one before, if there is room."""
        self._held_bytes -= memory.held.package.weight if memory.held else 0
        memory.held = None
        if made is None:
            return
        weight = made.package.weight
        if weight > min(HELD_EACH_BYTES, HELD_BYTES - self._held_bytes):
            log.warning("not held", target=made.package.account.target.slug, bytes=weight)
            return
        memory.held = made
        self._held_bytes += weight

    async def _write(self, memory: _Memory, made: _Made, *why: CaptureReason) -> Capture:
        seen, records = made.package.account.observation, made.package.whole(*why)
        day = seen.at.date()
        try:
            name = await asyncio.to_thread(self._files.append, day, records, name=made.file)
        except OSError as error:
            raise self._refused(error) from error
        if name != memory.file:
            memory.file, memory.originals = name, {}
        known = {**memory.originals, **made.package.originals}
        memory.originals = dict(list(known.items())[-ORIGINALS:])
        return Capture(
            target=seen.target,
            point=seen.point,
            at=seen.at,
            file=name,
            sha256=records[-1].sha256,
            why=why,
        )

    async def thin(self, today: date, *, days: int) -> None:
        """Remove the daily copies that are over `days` days old.

        Raises:
            CaptureError: as `keep` does.

        """
        before = today - timedelta(days=days)
        async with self._writing:
            self._forget(before)
            try:
                changed = await asyncio.to_thread(self._files.thin, before=before)
            except OSError as error:
                raise self._refused(error) from error
        if changed:
            log.info("copies thinned", files=len(changed), before=before.isoformat())

    def _forget(self, before: date) -> None:
        """Let go of what waits since before a day: what it points at may be removed."""
        for memory in self._memories.values():
            held = memory.held
            if held is not None and held.package.account.observation.at.date() < before:
                self._hold(memory, None)
            if memory.file and day_files.day_of(memory.file) < before:
                memory.file, memory.originals = "", {}

    def _refused(self, error: OSError) -> CaptureError:
        return CaptureError(
            f"Copies {self._folder} : {in_french(error)}. Libérez de la place ou rendez ce "
            "dossier accessible en écriture, puis relancez."
        )

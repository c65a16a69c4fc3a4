"""Decide which exact bytes are kept, and write them before the observation is recorded.

Kept: every answer that is not good; the last good one before it and the good ones after it,
until no outage is open; every distinct text, twice when its second reading has other bytes,
since it takes two to be believed; one a day. Of all others only digests are recorded. We only
know that a check preceded a failure once the failure happens, so the last good observation of
each target is buffered in memory, as small as it can be made.
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

CAPTURES = "captures"  # their folder, below the data folder
MAX_TEXTS = 48  # a day and target: a page whose every copy differs must not fill the disk
HELD_BYTES = 64_000_000  # buffered in memory, all targets together
HELD_EACH_BYTES = 4_000_000
ORIGINALS = 100  # complete answers of one target that others may refer to

#: Digest of the text of a page: an observation whose digest is new is kept.
TextOf = Callable[[Target, Exchange], bytes]


class CaptureError(VigieError):
    """Captures cannot be written; the process must stop. French, for the operator."""


def body_digest(_target: Target, exchange: Exchange) -> bytes:
    """Return the digest of every byte of the body."""
    return sha256(exchange.body).digest()


@dataclass(frozen=True, slots=True)
class _Made:
    """An observation as records, and the file that they must go to; "" for any file of its day.

    `why` is why it was kept already, as the copy of its day is: its records are in the file,
    and not here.
    """

    package: Package
    file: str
    why: tuple[CaptureReason, ...] = ()


@dataclass(slots=True)
class _Memory:
    """The state of one target. Lost when the process ends: then one more capture is kept."""

    failed: bool = False  # the last observation was not good
    text: bytes = b""
    body: bytes = b""
    once: bool = False  # no other bytes were read of this text since it was first read
    day: date | None = None  # of the last copy of a good answer
    texts: int = 0  # on that day
    file: str = ""  # of the last capture
    originals: dict[bytes, Original] = field(default_factory=dict)  # in that file
    buffered: _Made | None = None  # the last good observation, when nothing else keeps it


class Captures:
    """Keeps captures by the policy above, one observation at a time."""

    def __init__(
        self,
        folder: Path,
        *,
        software: str,
        clock_limit_us: int,
        text_of: TextOf = body_digest,
    ) -> None:
        """Write nothing yet. Verdicts depend on `clock_limit_us` besides the rules."""
        self._folder = folder
        self._files = day_files.DayFiles(folder, software=software)
        self._clock_limit_us = clock_limit_us
        self._text_of = text_of
        self._memories: dict[str, _Memory] = {}
        self._buffered_bytes = 0
        self._writing = asyncio.Lock()  # nothing is removed between a choice and its writing

    async def keep(
        self, target: Target, observation: Observation, *, known_good: bool, in_outage: bool
    ) -> tuple[Capture, ...]:
        """Keep what the policy requires; return its places, the check before a failure first.

        The bytes are on the disk when this returns.

        Args:
            target: What was observed.
            observation: With its bytes.
            known_good: The value that the observation was judged with.
            in_outage: An outage is open, or this check ended it.

        Returns:
            The captures written. A daily copy that turns out to precede a failure is named again,
            for both reasons: the second account replaces the first.

        Raises:
            CaptureError: The bytes could not be written.

        """
        async with self._writing:
            memory = self._memories.setdefault(target.slug, _Memory())
            why = tuple(self._why(memory, target, observation, in_outage=in_outage))
            package_to_write = self._made(memory, target, observation, known_good=known_good)
            if not why:
                self._hold(memory, package_to_write)
                return ()
            captures: list[Capture] = []
            before = memory.buffered if CaptureReason.FAILURE in why else None
            if before is not None:
                captures.append(
                    await self._write(memory, before, *before.why, CaptureReason.BEFORE)
                )
            captures.append(await self._write(memory, package_to_write, *why))
            daily = _Made(replace(package_to_write.package, records=()), captures[-1].file, why)
            self._hold(memory, daily if why == (CaptureReason.DAILY,) else None)
            return tuple(captures)

    def _made(
        self, memory: _Memory, target: Target, observation: Observation, *, known_good: bool
    ) -> _Made:
        """Make the records of an observation; bodies that are in the open file are referred to."""
        same = memory.file if memory.file == self._files.opened(observation.at.date()) else ""
        package = capture_records.package(
            target,
            observation,
            known_good=known_good,
            clock_limit_us=self._clock_limit_us,
            originals=memory.originals if same else {},
        )
        return _Made(package, same)

    def _why(
        self, memory: _Memory, target: Target, observation: Observation, *, in_outage: bool
    ) -> Iterator[CaptureReason]:
        day = observation.at.date()
        if observation.judgement.verdict not in GOOD:
            memory.failed = True
            yield CaptureReason.FAILURE
            return
        if memory.failed or in_outage:
            yield CaptureReason.AFTER
        memory.failed = False
        text, new_day = self._text_of(target, observation.exchange), memory.day != day
        body = body_digest(target, observation.exchange)
        memory.texts = 0 if new_day else memory.texts
        new_text, other_bytes = text != memory.text, memory.once and body != memory.body
        if (new_text or other_bytes) and memory.texts < MAX_TEXTS:
            memory.texts += 1
            yield CaptureReason.TEXT
        if new_day:
            yield CaptureReason.DAILY
        memory.once = new_text or (memory.once and not other_bytes)
        memory.text, memory.body, memory.day = text, body, day

    def _hold(self, memory: _Memory, entry: _Made | None) -> None:
        """Buffer an observation in place of the previous one, if there is room."""
        self._buffered_bytes -= memory.buffered.package.weight if memory.buffered else 0
        memory.buffered = None
        if entry is None:
            return
        weight = entry.package.weight
        if weight > min(HELD_EACH_BYTES, HELD_BYTES - self._buffered_bytes):
            log.warning("not held", target=entry.package.account.target.slug, bytes=weight)
            return
        memory.buffered = entry
        self._buffered_bytes += weight

    async def _write(self, memory: _Memory, entry: _Made, *why: CaptureReason) -> Capture:
        observation, records = entry.package.account.observation, entry.package.whole(*why)
        day = observation.at.date()
        try:
            name = await asyncio.to_thread(self._files.append, day, records, name=entry.file)
        except OSError as error:
            raise self._refused(error) from error
        if name != memory.file:
            memory.file, memory.originals = name, {}
        originals = {**memory.originals, **entry.package.originals}
        memory.originals = dict(list(originals.items())[-ORIGINALS:])
        return Capture(
            target=observation.target,
            point=observation.point,
            at=observation.at,
            file=name,
            sha256=records[-1].sha256,
            why=why,
        )

    async def thin(self, today: date, *, days: int) -> None:
        """Remove the daily copies that are over `days` days old.

        Raises:
            CaptureError: As `keep`.

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
        """Drop what was buffered before a day: the file that it refers to may be removed."""
        for memory in self._memories.values():
            buffered = memory.buffered
            if buffered is not None and buffered.package.account.observation.at.date() < before:
                self._hold(memory, None)
            if memory.file and day_files.day_of(memory.file) < before:
                memory.file, memory.originals = "", {}

    def _refused(self, error: OSError) -> CaptureError:
        return CaptureError(
            f"Copies {self._folder} : {in_french(error)}. Libérez de la place ou rendez ce "
            "dossier accessible en écriture, puis relancez."
        )

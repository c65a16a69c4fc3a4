"""What is read of one outage besides its row: the checks that frame it, its reasons, its copy."""

from collections import Counter
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Final, Protocol

from monitor.core.changes.change_log import KeptCopy
from monitor.core.model import Annotation, AnnotationKind, Incident, Outage, Reason, Sighting
from monitor.core.model.check import Check
from monitor.core.outages.announcements import Announcement, register
from monitor.core.outages.at import CitedCheck
from monitor.core.outages.fold import FAILING
from monitor.figures.recorded_targets import RecordedTarget, RecordedTargets

MOST_OTHERS: Final = 100  # outages of other pages, of one platform
MOST_COUNTED: Final = timedelta(days=3)  # of the checks of one outage, whose reasons are counted
_MICROSECOND: Final = timedelta(microseconds=1)


class OutageReads(Protocol):
    """What is read of single outages. `monitor.store.Store` is one."""

    def numbered_observations(
        self, target: str, since: datetime, until: datetime, *, newest_first: bool, limit: int
    ) -> Sequence[tuple[int | None, Check]]:
        """Return the first checks of a span, each with the index of its leaf, or None."""
        ...

    def sightings(self, target: str, since: datetime, until: datetime) -> Sequence[Sighting]:
        """Return the checks of a span in few words."""
        ...

    def copies_between(
        self, target: str, since: datetime, until: datetime, *, limit: int
    ) -> Sequence[KeptCopy]:
        """Return where the answers of a span are kept."""
        ...


@dataclass(frozen=True, slots=True, kw_only=True)
class Framing:
    """The four checks that frame an outage; None where there is none, or not yet."""

    last_ok: CitedCheck | None
    first_fail: CitedCheck | None
    last_fail: CitedCheck | None
    first_ok: CitedCheck | None


@dataclass(frozen=True, slots=True, kw_only=True)
class ElsewherePlatform:
    """What failed on one platform during an incident, besides the incident itself."""

    name: str
    followed: int
    outages: tuple[tuple[Outage, RecordedTarget], ...]


def framing_of(reads: OutageReads, outage: Outage) -> Framing:
    """Read the four checks."""
    return Framing(
        last_ok=_check(reads, outage.target, outage.last_ok_at),
        first_fail=_check(reads, outage.target, outage.first_fail_at),
        last_fail=_check(reads, outage.target, outage.last_fail_at),
        first_ok=_check(reads, outage.target, outage.first_ok_at),
    )


def _check(reads: OutageReads, target: str, at: datetime | None) -> CitedCheck | None:
    """Return the check of an instant, with its leaf."""
    if at is None:
        return None
    rows = reads.numbered_observations(target, at, at + _MICROSECOND, newest_first=False, limit=1)
    return next((CitedCheck(check=check, number=leaf) for leaf, check in rows), None)


def kept_copy(reads: OutageReads, outage: Outage) -> KeptCopy | None:
    """Return the kept answer of the first failing check, else of the last that has one."""
    first = outage.first_fail_at
    for until in (first, outage.last_fail_at):
        copies = reads.copies_between(outage.target, first, until, limit=1)
        if copies:
            return copies[0]
    return None


def reasons_of(reads: OutageReads, outage: Outage) -> tuple[tuple[Reason, int], ...]:
    """Return how many failing checks had each reason, the most frequent first."""
    if outage.last_fail_at - outage.first_fail_at > MOST_COUNTED:
        return ((outage.reason, 1),)
    until = outage.last_fail_at + _MICROSECOND
    sightings = reads.sightings(outage.target, outage.first_fail_at, until)
    counts = Counter(one.reason for one in sightings if one.verdict in FAILING)
    return tuple(counts.most_common()) or ((outage.reason, outage.checks),)


def followed(known: RecordedTargets, platform: str) -> int:
    """Return how many targets of a platform are watched."""
    return sum(
        1
        for target in known.by_slug.values()
        if target.platform == platform and target.watched is not False
    )


def elsewhere(
    known: RecordedTargets, incident: Incident, outages: Iterable[Outage]
) -> tuple[ElsewherePlatform, ...]:
    """Return the outages of other incidents at the same time, by platform."""
    mine = set(incident.outages)
    others: dict[str, list[tuple[Outage, RecordedTarget]]] = {}
    for outage in outages:
        if (outage.target, outage.first_fail_at) not in mine:
            target = known.of(outage.target, outage.first_fail_at)
            others.setdefault(target.platform or "", []).append((outage, target))
    return tuple(
        ElsewherePlatform(
            name=known.platform_name(platform) or "autres pages",
            followed=followed(known, platform),
            outages=tuple(some[:MOST_OTHERS]),
        )
        for platform, some in sorted(others.items())
    )


def replies_to(notes: Iterable[Annotation], incident: Incident) -> tuple[Annotation, ...]:
    """Return what the service concerned answered about an incident, in the order of the record."""
    targets = {target for target, _ in incident.outages}
    return tuple(
        one
        for one in notes
        if one.kind is AnnotationKind.REPLY
        and one.from_at == incident.opened_at
        and targets & set(one.targets)
    )


def announced_over(
    notes: Iterable[Annotation], incident: Incident, end: datetime
) -> tuple[Announcement, ...]:
    """Return what was announced for these pages and this time, withdrawn or late included."""
    targets = {target for target, _ in incident.outages}
    return tuple(
        one
        for one in register(notes)
        if targets & set(one.note.targets)
        and one.note.from_at
        and one.note.to_at
        and one.note.from_at < end
        and one.note.to_at > incident.opened_at
    )

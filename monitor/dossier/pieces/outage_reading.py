"""What a dossier reads of each outage: the checks around it, and what else worked at that hour."""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace
from datetime import timedelta
from typing import Final

from monitor.attest.kept_answers import ShownAnswer
from monitor.core.changes.change_log import KeptCopy
from monitor.core.model import Annotation, Incident, Outage, Reason, Verdict
from monitor.core.outages.announcements import Announcement
from monitor.core.outages.fold import FAILING, GOOD
from monitor.dossier.dossier_record import DossierRecord
from monitor.dossier.point_records import SeenByAll
from monitor.figures.outage_facts import (
    ElsewherePlatform,
    Framing,
    announced_over,
    elsewhere,
    followed,
    framing_of,
    kept_copy,
    reasons_of,
    replies_to,
)
from monitor.figures.recorded_targets import RecordedTarget

MOST_DETAILED: Final = 60  # outages at length; the others are lines of a table
MOST_COUNTED: Final = timedelta(days=31)  # of an outage, whose checks are counted one by one
MOST_PATHS: Final = 12  # other pages whose state at the same hour is given
_MICROSECOND: Final = timedelta(microseconds=1)


@dataclass(frozen=True, slots=True, kw_only=True)
class OtherPaths:
    """Names of other pages of the same service, by what their checks said during an outage."""

    answered: tuple[str, ...] = ()
    failed: tuple[str, ...] = ()
    mixed: tuple[str, ...] = ()
    unknown: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True, kw_only=True)
class ReadOutage:
    """One outage with all that is known of it.

    Attributes:
        checks: All those from its first to its last failing one; None where they are too many.
        refused: How many of those between its framing checks were refused.
        same_platform: How many pages of its platform failed in its incident, of how many.
        replies: What the service concerned answered about its incident.
        paths: Other pages of the service, or of the department.
        points: What all points of measurement say of it; None where there is one.

    """

    outage: Outage
    target: RecordedTarget
    incident: Incident | None
    framing: Framing
    reasons: tuple[tuple[Reason, int], ...]
    copy: KeptCopy | None
    shown: ShownAnswer | None
    checks: int | None
    refused: int
    same_platform: tuple[int, int]
    elsewhere: tuple[ElsewherePlatform, ...]
    announcements: tuple[Announcement, ...]
    replies: tuple[Annotation, ...]
    paths: OtherPaths
    points: SeenByAll | None = None

    @property
    def status(self) -> int | None:
        first = self.framing.first_fail
        return first.check.status if first else None


def read_detailed(record: DossierRecord) -> tuple[ReadOutage, ...]:
    """Read the outages that are told at length, in order of time: the longest of very many."""
    longest = sorted(record.outages, key=lambda one: -one.shortest_s)[:MOST_DETAILED]
    in_order = sorted(longest, key=lambda one: (one.first_fail_at, one.target))
    return tuple(_read_outages(record, in_order))


def _read_outages(record: DossierRecord, outages: Sequence[Outage]) -> Iterator[ReadOutage]:
    """Read outages one after the other; the kept answers of all are read at once."""
    copies = [kept_copy(record.store, outage) for outage in outages]
    answers = record.answers.read((copy for copy in copies if copy), pictures=True)
    points = record.seen_by_all(outages)
    for outage, copy in zip(outages, copies, strict=True):
        one = _read(record, outage, copy, answers.get(copy.sha256) if copy else None)
        yield replace(one, points=points.get((outage.target, outage.first_fail_at)))


def _read(
    record: DossierRecord, outage: Outage, copy: KeptCopy | None, shown: ShownAnswer | None
) -> ReadOutage:
    store, known = record.store, record.known
    target = record.target(outage.target, outage.first_fail_at)
    incident = record.incident_of(outage)
    end = (incident.closed_at if incident else outage.first_ok_at) or record.question.until
    beginning = incident.opened_at if incident else outage.first_fail_at
    checks, refused = _counts(record, outage)
    annotations = record.reads.annotations()
    members = {slug for slug, _ in incident.outages} if incident else {outage.target}
    return ReadOutage(
        outage=outage,
        target=target,
        incident=incident,
        framing=framing_of(store, outage),
        reasons=reasons_of(store, outage),
        copy=copy,
        shown=shown,
        checks=checks,
        refused=refused,
        same_platform=(len(members), followed(known, target.platform or "")),
        elsewhere=elsewhere(
            known, incident, record.reads.outages(None, beginning, end + _MICROSECOND)
        )
        if incident
        else (),
        announcements=announced_over(annotations, incident, end) if incident else (),
        replies=replies_to(annotations, incident) if incident else (),
        paths=_paths(record, outage, target),
    )


def _counts(record: DossierRecord, outage: Outage) -> tuple[int | None, int]:
    if outage.last_fail_at - outage.first_fail_at > MOST_COUNTED:
        return None, 0
    since = outage.last_ok_at or outage.first_fail_at
    until = outage.first_ok_at or outage.last_fail_at
    if until - since > 2 * MOST_COUNTED:
        since, until = outage.first_fail_at, outage.last_fail_at
    sightings = record.store.sightings(outage.target, since, until + _MICROSECOND)
    within = [one for one in sightings if outage.first_fail_at <= one.at <= outage.last_fail_at]
    return len(within), sum(one.verdict is Verdict.BLOCKED for one in sightings)


def _paths(record: DossierRecord, outage: Outage, target: RecordedTarget) -> OtherPaths:
    """Return what other pages of the same service, or department, answered during an outage."""
    others = [
        one
        for one in record.known.by_slug.values()
        if one.slug != outage.target
        and (
            (target.department and one.department == target.department)
            or (not target.department and one.platform == target.platform)
        )
    ]
    sides: dict[str, list[str]] = {"answered": [], "failed": [], "mixed": [], "unknown": []}
    for one in others[:MOST_PATHS]:
        until = min(outage.last_fail_at, outage.first_fail_at + MOST_COUNTED) + _MICROSECOND
        verdicts = {
            sighting.verdict
            for sighting in record.store.sightings(one.slug, outage.first_fail_at, until)
        }
        good, bad = bool(verdicts & GOOD), bool(verdicts & FAILING)
        side = "mixed" if good and bad else "answered" if good else "failed" if bad else "unknown"
        sides[side].append(one.name)
    return OtherPaths(**{side: tuple(names) for side, names in sides.items()})

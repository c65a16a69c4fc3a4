"""The content of the page of one incident. Pure except for the queries."""

from collections import Counter
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta

from monitor.attest.kept_answers import ShownAnswer
from monitor.charts.check_phases import CheckPhases, check_phases
from monitor.charts.frieze import Frieze, FriezeThing, frieze
from monitor.config import Config
from monitor.core.changes.change_log import KeptCopy
from monitor.core.french.formatting import numbered
from monitor.core.model import Incident, Outage, Reason
from monitor.core.outages.announcements import Announcement, register
from monitor.core.outages.at import CitedCheck
from monitor.core.outages.fold import FAILING
from monitor.core.outages.incidents import REMEMBERED
from monitor.core.outages.time_accounts import HOLD
from monitor.figures.recorded_targets import RecordedTarget, RecordedTargets, recorded_targets
from monitor.web.record_reads import RecordReads

MOST_DETAILED = 6  # outages shown with the checks that frame them; others are lines of a table
MOST_DRAWN = 12
MOST_OTHERS = 100  # outages of other pages, shown
MOST_COUNTED = timedelta(days=3)  # of the checks of one outage, whose reasons are counted
# Drawn before an incident and after it: half of its length, between these.
LEAST_MARGIN, MOST_MARGIN = timedelta(seconds=30), timedelta(hours=3)
UNPLANNED_S = 60
_MICROSECOND = timedelta(microseconds=1)

ReadAnswers = Callable[[Iterable[KeptCopy]], Mapping[str, ShownAnswer]]


@dataclass(frozen=True, slots=True, kw_only=True)
class Framing:
    """The four checks that frame an outage; None where there is none, or not yet."""

    last_ok: CitedCheck | None
    first_fail: CitedCheck | None
    last_fail: CitedCheck | None
    first_ok: CitedCheck | None


@dataclass(frozen=True, slots=True, kw_only=True)
class DetailedOutage:
    """One outage of an incident, with all that is known of it.

    Attributes:
        reasons: How many of its failing checks had each reason, the most frequent first.
        phases: Of its first failing check; None when that one reached nobody.
        shown: What a visitor saw; None when no answer was kept.
        copy: Where the bytes of that answer are kept.

    """

    outage: Outage
    target: RecordedTarget
    framing: Framing
    reasons: tuple[tuple[Reason, int], ...]
    phases: CheckPhases | None
    shown: ShownAnswer | None
    copy: KeptCopy | None


@dataclass(frozen=True, slots=True, kw_only=True)
class ElsewherePlatform:
    """What failed on one platform during the incident, besides the incident itself."""

    name: str
    followed: int
    outages: tuple[tuple[Outage, RecordedTarget], ...]


@dataclass(frozen=True, slots=True, kw_only=True)
class IncidentPage:
    """All that the page shows. Nothing in it depends on the time of reading once it is settled.

    Attributes:
        lines: All its outages, with their targets, in order.
        detailed: The first of them, at length.
        followed: How many targets of its platform are watched.
        same_platform: Of these, how many failed in it.
        settled: Whether nothing that is learnt later can change it.

    """

    number: int
    incident: Incident
    platform: str
    lines: tuple[tuple[Outage, RecordedTarget], ...]
    detailed: tuple[DetailedOutage, ...]
    drawing: Frieze
    followed: int
    same_platform: int
    elsewhere: tuple[ElsewherePlatform, ...]
    announcements: tuple[Announcement, ...]
    settled: bool

    @property
    def open(self) -> bool:
        return self.incident.closed_at is None

    @property
    def first(self) -> Outage:
        return self.lines[0][0]

    @property
    def last_fail_at(self) -> datetime:
        return max(outage.last_fail_at for outage, _ in self.lines)

    @property
    def checks(self) -> int:
        return sum(outage.checks for outage, _ in self.lines)


def incident_page(
    reads: RecordReads, config: Config, number: int, *, now: datetime, read_answers: ReadAnswers
) -> IncidentPage | None:
    """Read the incident that has the outage of a number; None when there is none."""
    incident = next(iter(reads.incidents(number=number)), None)
    if incident is None or incident.number is None:
        return None
    known = recorded_targets(
        (state.target for state in reads.states()), reads.definitions(), config
    )
    end = incident.closed_at or now
    all_outages = reads.outages(None, incident.opened_at, end + _MICROSECOND)
    members = set(incident.outages)
    mine = [one for one in all_outages if (one.target, one.first_fail_at) in members]
    if not mine:
        return None
    lines = tuple((one, known.of(one.target, one.first_fail_at)) for one in mine)
    copies = [_copy(reads, outage) for outage in mine[:MOST_DETAILED]]
    answers = read_answers(copy for copy in copies if copy)
    return IncidentPage(
        number=incident.number,
        incident=incident,
        platform=known.platform_name(incident.platform),
        lines=lines,
        detailed=tuple(
            _detailed(reads, *line, copy, answers.get(copy.sha256) if copy else None)
            for line, copy in zip(lines, copies, strict=False)
        ),
        drawing=_drawing(reads, incident, lines, now),
        followed=_followed(known, incident.platform),
        same_platform=len({one.target for one in mine}),
        elsewhere=_elsewhere(known, incident, all_outages),
        announcements=_announcements(reads, incident, end),
        settled=_settled(mine, now),
    )


def _settled(outages: Iterable[Outage], now: datetime) -> bool:
    """Return whether no outage that is still to be confirmed can join these."""
    return all(one.recovered_at and one.recovered_at + REMEMBERED < now for one in outages)


def _detailed(
    reads: RecordReads,
    outage: Outage,
    target: RecordedTarget,
    copy: KeptCopy | None,
    shown: ShownAnswer | None,
) -> DetailedOutage:
    framing = Framing(
        last_ok=_check(reads, outage.target, outage.last_ok_at),
        first_fail=_check(reads, outage.target, outage.first_fail_at),
        last_fail=_check(reads, outage.target, outage.last_fail_at),
        first_ok=_check(reads, outage.target, outage.first_ok_at),
    )
    first = framing.first_fail
    phases_us = first.check.phases_us if first else {}
    return DetailedOutage(
        outage=outage,
        target=target,
        framing=framing,
        reasons=_reasons(reads, outage),
        phases=check_phases(f"Premier relevé en échec de {target.name}", phases_us),
        shown=shown,
        copy=copy,
    )


def _check(reads: RecordReads, target: str, at: datetime | None) -> CitedCheck | None:
    """Return the check of an instant, with its leaf."""
    if at is None:
        return None
    rows = reads.numbered_observations(target, at, at + _MICROSECOND, newest_first=False, limit=1)
    return next((CitedCheck(check=check, number=leaf) for leaf, check in rows), None)


def _copy(reads: RecordReads, outage: Outage) -> KeptCopy | None:
    """Return the kept answer of the first failing check, else of the last that has one."""
    first = outage.first_fail_at
    for until in (first, outage.last_fail_at):
        copies = reads.copies_between(outage.target, first, until, limit=1)
        if copies:
            return copies[0]
    return None


def _reasons(reads: RecordReads, outage: Outage) -> tuple[tuple[Reason, int], ...]:
    if outage.last_fail_at - outage.first_fail_at > MOST_COUNTED:
        return ((outage.reason, 1),)
    until = outage.last_fail_at + _MICROSECOND
    sightings = reads.sightings(outage.target, outage.first_fail_at, until)
    counts = Counter(one.reason for one in sightings if one.verdict in FAILING)
    return tuple(counts.most_common()) or ((outage.reason, outage.checks),)


def _drawing(
    reads: RecordReads,
    incident: Incident,
    lines: Sequence[tuple[Outage, RecordedTarget]],
    now: datetime,
) -> Frieze:
    """Draw its first pages, from a while before its last good check to a while after its end."""
    by_target: dict[str, list[Outage]] = {}
    names: dict[str, RecordedTarget] = {}
    for outage, target in lines:
        by_target.setdefault(outage.target, []).append(outage)
        names[outage.target] = target
    drawn = list(by_target)[:MOST_DRAWN]
    begin = min(outage.last_ok_at or outage.first_fail_at for outage, _ in lines)
    end = incident.closed_at or now
    margin = min(MOST_MARGIN, max(LEAST_MARGIN, (end - begin) / 2))
    since, until = begin - margin, min(end + margin, now)
    holds = {slug: HOLD * (names[slug].interval_s or UNPLANNED_S) for slug in drawn}
    spans = reads.spans(holds, since, until)
    return frieze(
        f"Incident {numbered(incident.number)}, relevé après relevé",
        [
            FriezeThing(name=names[slug].name, spans=spans.get(slug, ()), outages=by_target[slug])
            for slug in drawn
        ],
        since=since,
        until=until,
    )


def _followed(known: RecordedTargets, platform: str) -> int:
    return sum(
        1 for target in known.by_slug.values() if target.platform == platform and target.watched
    )


def _elsewhere(
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
            followed=_followed(known, platform),
            outages=tuple(some[:MOST_OTHERS]),
        )
        for platform, some in sorted(others.items())
    )


def _announcements(
    reads: RecordReads, incident: Incident, end: datetime
) -> tuple[Announcement, ...]:
    """Return what was announced for these pages and this time, withdrawn or late included."""
    targets = {target for target, _ in incident.outages}
    return tuple(
        one
        for one in register(reads.annotations())
        if targets & set(one.note.targets)
        and one.note.from_at
        and one.note.to_at
        and one.note.from_at < end
        and one.note.to_at > incident.opened_at
    )

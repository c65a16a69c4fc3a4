"""The content of the page of one incident. Pure except for the queries."""

from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import datetime, timedelta

from monitor.attest.kept_answers import ShownAnswer
from monitor.attest.point_reader import PointReader
from monitor.charts.check_phases import CheckPhases, check_phases
from monitor.charts.frieze import Frieze, FriezeThing, frieze
from monitor.config import Config
from monitor.core.changes.change_log import KeptCopy
from monitor.core.french.formatting import count, numbered, to_the_second
from monitor.core.language import FRENCH, Language
from monitor.core.model import Annotation, Incident, Outage, Reason
from monitor.core.outages.announcements import Announcement
from monitor.core.outages.incidents import REMEMBERED
from monitor.core.outages.time_accounts import HOLD
from monitor.core.points.combine import CommonWord
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
from monitor.figures.recorded_targets import RecordedTarget, recorded_targets
from monitor.figures.target_at_instant import answer_of
from monitor.figures.word_at_instant import common_at, middle_of
from monitor.web.record_reads import RecordReads

MOST_DETAILED = 6  # outages shown with the checks that frame them; others are lines of a table
MOST_DRAWN = 12
# Drawn before an incident and after it: half of its length, between these.
LEAST_MARGIN, MOST_MARGIN = timedelta(seconds=30), timedelta(hours=3)
UNPLANNED_S = 60
_MICROSECOND = timedelta(microseconds=1)

ReadAnswers = Callable[[Iterable[KeptCopy]], Mapping[str, ShownAnswer]]


@dataclass(frozen=True, slots=True, kw_only=True)
class DetailedOutage:
    """One outage of an incident, with all that is known of it.

    Attributes:
        reasons: How many of its failing checks had each reason, the most frequent first.
        phases: Of its first failing check; None when that one reached nobody.
        shown: What a visitor saw; None when no answer was kept.
        copy: Where the bytes of that answer are kept.
        common: What all points say of its middle; None with one point only.

    """

    outage: Outage
    target: RecordedTarget
    framing: Framing
    reasons: tuple[tuple[Reason, int], ...]
    phases: CheckPhases | None
    shown: ShownAnswer | None
    copy: KeptCopy | None
    common: CommonWord | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class IncidentPage:
    """All that the page shows. Nothing in it depends on the time of reading once it is settled.

    Attributes:
        lines: All its outages, with their targets, in order.
        detailed: The first of them, at length.
        followed: How many targets of its platform are watched.
        same_platform: Of these, how many failed in it.
        replies: Of the service concerned, which may come at any time.
        settled: Whether nothing else that is learnt later can change it.

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
    replies: tuple[Annotation, ...]
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

    @property
    def citation(self) -> str:
        """What is cited, in French whoever reads: number, page, and what bounds it.

        "incident n° 5 : ANEF – connexion, premier relevé en échec le 4 novembre 2026, 09:14:05,
        premier relevé conforme ensuite le 4 novembre 2026, 09:40:05 (heure de Paris)"
        """
        others = len(self.lines) - 1
        pages = self.lines[0][1].name + (
            f" et {count(others, 'autre indisponibilité', 'autres indisponibilités')}"
            if others
            else ""
        )
        if self.incident.closed_at is None:
            end = f"dernier relevé en échec le {to_the_second(self.last_fail_at)}, en cours"
        else:
            end = f"premier relevé conforme ensuite le {to_the_second(self.incident.closed_at)}"
        start = f"premier relevé en échec le {to_the_second(self.incident.opened_at)}"
        return f"incident {numbered(self.number)} : {pages}, {start}, {end} (heure de Paris)"


def incident_page(  # noqa: PLR0913 -- keyword-only
    reads: RecordReads,
    config: Config,
    number: int,
    *,
    now: datetime,
    read_answers: ReadAnswers,
    language: Language = FRENCH,
    points: PointReader | None = None,
) -> IncidentPage | None:
    """Read the incident that has the outage of a number; None when there is none.

    `points` reads the records of the other points, which may still tell of an old incident.
    """
    incident = next(iter(reads.incidents(number=number)), None)
    if incident is None or incident.number is None:
        return None
    known = recorded_targets(
        (state.target for state in reads.states()), reads.definitions(), config
    )
    end = incident.closed_at or now
    all_outages = reads.outages(None, incident.opened_at, end + _MICROSECOND)
    members, annotations = set(incident.outages), reads.annotations()
    mine = [one for one in all_outages if (one.target, one.first_fail_at) in members]
    if not mine:
        return None
    lines = tuple((one, known.of(one.target, one.first_fail_at)) for one in mine)
    copies = [kept_copy(reads, outage) for outage in mine[:MOST_DETAILED]]
    answers = read_answers(copy for copy in copies if copy)
    detailed = tuple(
        _detailed(reads, line, copy, answers.get(copy.sha256) if copy else None, language)
        for line, copy in zip(lines, copies, strict=False)
    )
    if points is not None:
        detailed = tuple(
            replace(one, common=common_at(
                answer_of(reads, known, one.target, middle_of(one.outage), now=now),
                config.publisher.association, points.others(), known, now=now,
            ))
            for one in detailed
        )  # fmt: skip
    return IncidentPage(
        number=incident.number,
        incident=incident,
        platform=known.platform_name(incident.platform),
        lines=lines,
        detailed=detailed,
        drawing=_drawing(reads, incident, lines, now, language),
        followed=followed(known, incident.platform),
        same_platform=len({one.target for one in mine}),
        elsewhere=elsewhere(known, incident, all_outages),
        announcements=announced_over(annotations, incident, end),
        replies=replies_to(annotations, incident),
        settled=points is None and _settled(mine, now),
    )


def _settled(outages: Iterable[Outage], now: datetime) -> bool:
    """Return whether no outage that is still to be confirmed can join these."""
    return all(one.recovered_at and one.recovered_at + REMEMBERED < now for one in outages)


def _detailed(
    reads: RecordReads,
    line: tuple[Outage, RecordedTarget],
    copy: KeptCopy | None,
    shown: ShownAnswer | None,
    language: Language,
) -> DetailedOutage:
    outage, target = line
    framing = framing_of(reads, outage)
    first = framing.first_fail
    phases_us = first.check.phases_us if first else {}
    return DetailedOutage(
        outage=outage,
        target=target,
        framing=framing,
        reasons=reasons_of(reads, outage),
        phases=check_phases(
            language.text(
                "Premier relevé en échec de %(name)s", name=language.foreign(target.name)
            ),
            phases_us,
            language,
        ),
        shown=shown,
        copy=copy,
    )


def _drawing(
    reads: RecordReads,
    incident: Incident,
    lines: Sequence[tuple[Outage, RecordedTarget]],
    now: datetime,
    language: Language,
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
        language.text(
            "Incident %(number)s, relevé après relevé", number=language.numbered(incident.number)
        ),
        [
            FriezeThing(name=names[slug].name, spans=spans.get(slug, ()), outages=by_target[slug])
            for slug in drawn
        ],
        since=since,
        until=until,
        language=language,
    )

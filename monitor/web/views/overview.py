"""The content of the first page. Pure except for the queries."""

from collections import Counter
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from fractions import Fraction
from itertools import groupby

from monitor.attest.point_reader import PointReader
from monitor.config import Config
from monitor.core.changes.change_log import ChangeRecord
from monitor.core.french.now_sentences import ComponentState, headline, plain_headline
from monitor.core.language import FRENCH, Language
from monitor.core.model import (
    Controls,
    Event,
    Gap,
    GapCause,
    Incident,
    Outage,
    Run,
    Target,
    Verdict,
)
from monitor.core.outages.time_accounts import HOLD, KNOWN, Span, seconds_by_verdict
from monitor.core.outages.worst import worst
from monitor.core.points.combine import Agreement, CommonWord
from monitor.web.record_reads import RecordReads
from monitor.web.views.place_views import MapArea, state_areas
from monitor.web.views.places import PlaceGroup, by_state, places
from monitor.web.views.platforms import (
    Past,
    PlatformRow,
    PlatformView,
    Tally,
    platform_views,
    row,
    tally,
)

SHORTEST_S = 60  # of a timeline, when the service has just started
MOST_MEASURED = 20  # targets whose coverage the first page shows
MOST_COMMON = 12  # pages of which the first page says what several points say
LAST_CHANGES = 5  # of the pages' texts, shown
SILENT_S = 180  # without a sign of life for so long, the service is shown as stopped


@dataclass(frozen=True, slots=True, kw_only=True)
class LineFailure:
    """Consecutive rounds of the panel with our line down; `to_at` is the next good one."""

    from_at: datetime
    to_at: datetime | None
    rounds: int


@dataclass(frozen=True, slots=True, kw_only=True)
class GapTotal:
    cause: GapCause
    targets: int
    slots: int


@dataclass(frozen=True, slots=True, kw_only=True)
class ComponentView:
    """A part of ANEF: its targets, and the gravest of their states."""

    name: str
    necessary: bool
    verdict: Verdict
    rows: tuple[PlatformRow, ...]


@dataclass(frozen=True, slots=True, kw_only=True)
class CommonView:
    """What several points say: of how many pages the same, and of some pages which."""

    agreed: int
    shown: tuple[tuple[Target, CommonWord], ...]


@dataclass(frozen=True, slots=True, kw_only=True)
class Overview:
    """All that the first page shows.

    Attributes:
        sentence: Whether ANEF answers; without a full stop.
        choices: Pages that a date may be checked of from here.
        components: Parts of ANEF, those that no request can do without first.
        coverage: Share of the period in which the state of the components was known; None
            without a period.
        since: Start of the period that is shown.
        whole: Whether that is the whole window; else the record begins at `since`.
        window_s: Length of the window, in seconds.
        retired_outages: Open in the record, of targets that are no longer configured.
        stops: Gaps of the whole point.
        gap_totals: Gaps of single targets, by cause.
        checked: Whether any target was ever checked.
        panel: Last round of the control panel; None before the first.
        silent_since: Last sign of life of the service when it is too old; else None.
        common: What several points say; None with one point only.
        other_delays: The platforms of which some target is confirmed to fail after another time
            than most, and that time in seconds.

    """

    at: datetime
    since: datetime
    whole: bool
    window_s: float
    sentence: str
    components: tuple[ComponentView, ...]
    coverage: Fraction | None
    platforms: tuple[PlatformView, ...]
    areas: tuple[MapArea, ...]
    place_groups: tuple[PlaceGroup, ...]
    choices: tuple[Target, ...]
    changes: tuple[ChangeRecord, ...]
    tally: Tally
    open_outages: tuple[Outage, ...]
    closed_outages: tuple[Outage, ...]
    retired_outages: tuple[Outage, ...]
    incidents: tuple[Incident, ...]
    blips: tuple[Event, ...]
    line_failures: tuple[LineFailure, ...]
    stops: tuple[Gap, ...]
    gap_totals: tuple[GapTotal, ...]
    checked: bool
    line_works: bool
    panel: Controls | None
    silent_since: datetime | None
    names: Mapping[str, str]
    platform_names: Mapping[str, str]
    common: CommonView | None
    other_delays: tuple[tuple[str, int], ...]

    def goes_on(self, incident: Incident) -> bool:
        """Return whether an incident is open, and not only by outages of targets that were removed.

        Incidents are read after outages: an outage of theirs may have begun in between.
        """
        followed, retired = (
            {(outage.target, outage.first_fail_at) for outage in outages}
            for outages in (self.open_outages, self.retired_outages)
        )
        by_retired = not retired.isdisjoint(incident.outages)
        by_followed = not followed.isdisjoint(incident.outages)
        return incident.closed_at is None and (by_followed or not by_retired)

    @property
    def all_unknown(self) -> bool:
        return all(verdict is Verdict.UNKNOWN for verdict, _ in self.tally)


def overview(  # noqa: PLR0913 -- keyword-only
    reads: RecordReads,
    *,
    config: Config,
    now: datetime,
    window_s: float,
    language: Language = FRENCH,
    points: PointReader | None = None,
) -> Overview:
    """Read the record and compute the page.

    `window_s` is in seconds, more than 0; `points` reads the records of the other points.
    """
    runs = reads.runs()
    horizon = now - timedelta(seconds=window_s)
    since = _beginning(runs, horizon=horizon, now=now)
    outages = reads.outages(since=since)
    rounds = reads.rounds(since, now)
    panel = rounds[-1] if rounds else None
    gaps = reads.gaps(since, now)
    spans = reads.spans(_measured(config), since, now)
    past = Past(
        since=since,
        now=now,
        line_works=panel is None or panel.line_works,
        states={state.target: state for state in reads.states()},
        spans=spans if config.figures.components else {},  # only components have a timeline
        missed={gap.target: gap for gap in gaps},
        language=language,
    )
    rows = {target.slug: row(target, past) for target in config.targets}
    components = _components(config, rows)
    every_place = places(rows.values())
    open_outages = [outage for outage in outages if outage.recovered_at is None]
    return Overview(
        at=now,
        since=since,
        whole=since == horizon,
        window_s=window_s,
        sentence=_sentence(now, components, rows, open_outages, language),
        components=components,
        coverage=_coverage(spans),
        platforms=platform_views(config, rows.values(), reads.lanes()),
        areas=state_areas(every_place, language),
        place_groups=by_state(every_place),
        choices=_choices(config),
        changes=tuple(reads.page_changes(announced_only=True, limit=LAST_CHANGES)),
        tally=tally(rows.values()),
        open_outages=tuple(outage for outage in open_outages if outage.target in config.by_slug),
        closed_outages=tuple(outage for outage in outages if outage.recovered_at is not None),
        retired_outages=tuple(
            outage for outage in open_outages if outage.target not in config.by_slug
        ),
        incidents=tuple(reads.incidents(since=since)),
        blips=tuple(event for event in reads.events(since, now) if event.blip),
        line_failures=line_failures(rounds),
        stops=tuple(gap for gap in gaps if not gap.target),
        gap_totals=gap_totals(gap for gap in gaps if gap.target),
        checked=any(state.last_at for state in past.states.values()),
        line_works=past.line_works,
        panel=panel,
        silent_since=_silent_since(runs, rounds, config=config, now=now),
        names={target.slug: target.name for target in config.targets},
        platform_names={slug: platform.name for slug, platform in config.platforms.items()},
        common=_common(config, components, points.common_words(reads, now)) if points else None,
        other_delays=_other_delays(config),
    )


def _other_delays(config: Config) -> tuple[tuple[str, int], ...]:
    delays: dict[str, int] = {}
    for target in config.targets:
        if target.policy.failing_s != config.policy.failing_s:
            delays.setdefault(target.platform, target.policy.failing_s)
    return tuple(sorted(delays.items()))


def _common(
    config: Config, components: Iterable[ComponentView], words: Mapping[str, CommonWord]
) -> CommonView:
    """Choose what is shown of several points: the components, then where points differ."""
    national = [row.target for component in components for row in component.rows]
    differing = [one for one in config.targets if words[one.slug].differs]
    chosen = list(dict.fromkeys([*national, *differing]))[:MOST_COMMON]
    return CommonView(
        agreed=sum(word.agreement is Agreement.ALL for word in words.values()),
        shown=tuple((target, words[target.slug]) for target in chosen),
    )


def line_failures(rounds: Iterable[Controls]) -> tuple[LineFailure, ...]:
    """Return the periods in which the panel found our own line down."""
    failures: list[LineFailure] = []
    for works, run in groupby(rounds, key=lambda controls: controls.line_works):
        block = list(run)
        if works and failures and failures[-1].to_at is None:
            last = failures[-1]
            failures[-1] = LineFailure(from_at=last.from_at, to_at=block[0].at, rounds=last.rounds)
        elif not works:
            failures.append(LineFailure(from_at=block[0].at, to_at=None, rounds=len(block)))
    return tuple(failures)


def gap_totals(gaps: Iterable[Gap]) -> tuple[GapTotal, ...]:
    """Add up gaps by cause, in the order of `GapCause`."""
    slots: Counter[GapCause] = Counter()
    targets: dict[GapCause, set[str]] = {}
    for gap in gaps:
        slots[gap.cause] += gap.slots
        targets.setdefault(gap.cause, set()).add(gap.target)
    return tuple(
        GapTotal(cause=cause, targets=len(targets[cause]), slots=slots[cause])
        for cause in GapCause
        if cause in targets
    )


def _measured(config: Config) -> dict[str, float]:
    """Return the targets whose coverage is shown, and how long one of their checks holds.

    Those of the components, or else the first of all.
    """
    components = (slug for one in config.figures.components for slug in one.targets)
    slugs = [slug for slug in components if slug in config.by_slug]
    targets = [config.by_slug[slug] for slug in slugs] or config.targets
    return {target.slug: HOLD * target.interval_s for target in targets[:MOST_MEASURED]}


def _choices(config: Config) -> tuple[Target, ...]:
    """Return the pages that a date may be checked of at once: the national ones, ANEF's first."""
    components = {slug for one in config.figures.components for slug in one.targets}
    national = (target for target in config.targets if not target.department)
    return tuple(sorted(national, key=lambda target: target.slug not in components))


def _components(config: Config, rows: Mapping[str, PlatformRow]) -> tuple[ComponentView, ...]:
    views = [
        ComponentView(
            name=component.name,
            necessary=component.necessary,
            verdict=worst(rows[slug].verdict for slug in component.targets if slug in rows),
            rows=tuple(rows[slug] for slug in component.targets if slug in rows),
        )
        for component in config.figures.components
    ]
    return tuple(sorted(views, key=lambda view: not view.necessary))


def _sentence(
    now: datetime,
    components: Sequence[ComponentView],
    rows: Mapping[str, PlatformRow],
    open_outages: Iterable[Outage],
    language: Language,
) -> str:
    lasted = {
        outage.target: (outage.last_fail_at - outage.first_fail_at).total_seconds()
        for outage in open_outages
    }
    parts = [
        ComponentState(
            name=view.name,
            verdict=view.verdict,
            at_least_s=max(
                (lasted[one.target.slug] for one in view.rows if one.target.slug in lasted),
                default=None,
            ),
        )
        for view in components
        if view.necessary
    ]
    if parts:
        return headline(now, parts, language)
    return plain_headline(now, [one.verdict for one in rows.values()], language)


def _coverage(spans: Mapping[str, Sequence[Span]]) -> Fraction | None:
    """Return the share of the time of these targets in which their state was known."""
    seconds = seconds_by_verdict(span for some in spans.values() for span in some)
    whole = sum(seconds.values())
    known = sum(seconds[verdict] for verdict in seconds if verdict in KNOWN)
    return Fraction(known) / Fraction(whole) if whole else None


def _beginning(runs: Sequence[Run], *, horizon: datetime, now: datetime) -> datetime:
    """Return the start of the timelines, which show nothing before the first run."""
    if not runs or runs[0].started_at >= now:
        return horizon
    return max(horizon, min(runs[0].started_at, now - timedelta(seconds=SHORTEST_S)))


def _silent_since(
    runs: Sequence[Run], rounds: Sequence[Controls], *, config: Config, now: datetime
) -> datetime | None:
    """Return the last sign of life of the service when it is too old."""
    signs = [round_.at for round_ in rounds[-1:]] + [run.alive_at for run in runs[-1:]]
    if not signs:
        return None
    limit = timedelta(seconds=max(SILENT_S, 3 * config.controls.interval_s))
    return max(signs) if now - max(signs) > limit else None

"""What the first page says, worked out before any markup. Pure but for the reads."""

from collections import Counter
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from itertools import groupby

from monitor.config.model import Config
from monitor.core.availability import HOLD, Span
from monitor.core.labels import GAPS
from monitor.core.types import (
    Controls,
    Event,
    Gap,
    GapCause,
    Incident,
    LaneState,
    Outage,
    Platform,
    State,
    Target,
    Verdict,
)
from monitor.core.words import REASONS
from monitor.web.reads import Reads
from monitor.web.strip import Strip, strip

GROUPED_ABOVE = 20  # targets; a longer platform is folded by department
Tally = tuple[tuple[Verdict, int], ...]


@dataclass(frozen=True, slots=True, kw_only=True)
class Row:
    """One target now. A state that nothing confirms any more is unknown."""

    target: Target
    verdict: Verdict
    why: str
    since: datetime | None
    last_at: datetime | None
    strip: Strip


@dataclass(frozen=True, slots=True, kw_only=True)
class Group:
    title: str
    rows: tuple[Row, ...]
    tally: Tally


@dataclass(frozen=True, slots=True, kw_only=True)
class Fold:
    """Groups to show together: those where all is in the one state `verdict`, or the others."""

    verdict: Verdict | None
    groups: tuple[Group, ...]


@dataclass(frozen=True, slots=True, kw_only=True)
class PlatformView:
    """One platform: its targets, folded into several groups when they are many."""

    platform: Platform
    groups: tuple[Group, ...]
    tally: Tally
    strip: Strip
    lane: LaneState | None

    @property
    def folded(self) -> bool:
        return sum(count for _, count in self.tally) > GROUPED_ABOVE

    @property
    def folds(self) -> tuple[Fold, ...]:
        """What needs a look first; then what is uniformly unknown, then uniformly up."""
        found: dict[Verdict | None, list[Group]] = {None: []}
        for group in self.groups:
            sole = group.tally[0][0] if len(group.tally) == 1 else None
            plain = sole if sole in {Verdict.UNKNOWN, Verdict.UP} else None
            found.setdefault(plain, []).append(group)
        order = (None, Verdict.UNKNOWN, Verdict.UP)
        return tuple(
            Fold(verdict=verdict, groups=tuple(found[verdict]))
            for verdict in order
            if found.get(verdict)
        )


@dataclass(frozen=True, slots=True, kw_only=True)
class LineFailure:
    """Rounds of the panel in a row that found our line down; `to_at` is the next good one."""

    from_at: datetime
    to_at: datetime | None
    rounds: int


@dataclass(frozen=True, slots=True, kw_only=True)
class GapTotal:
    cause: GapCause
    targets: int
    slots: int


@dataclass(frozen=True, slots=True, kw_only=True)
class Overview:
    """All that the first page shows.

    Attributes:
        window_s: Length of the past that is shown, in seconds.
        checked: Whether any target was ever checked.
        panel: Last round of the control panel; None before the first.
        silent_since: Last sign of life of the service when it is too old; else None.

    """

    at: datetime
    window_s: float
    platforms: tuple[PlatformView, ...]
    tally: Tally
    open_outages: tuple[Outage, ...]
    closed_outages: tuple[Outage, ...]
    incidents: tuple[Incident, ...]
    blips: tuple[Event, ...]
    line_failures: tuple[LineFailure, ...]
    stops: tuple[Gap, ...]
    gap_totals: tuple[GapTotal, ...]
    checked: bool
    panel: Controls | None
    silent_since: datetime | None
    names: Mapping[str, str]
    platform_names: Mapping[str, str]

    @property
    def line_works(self) -> bool:
        return self.panel is None or self.panel.line_works

    @property
    def all_unknown(self) -> bool:
        return all(verdict is Verdict.UNKNOWN for verdict, _ in self.tally)


def overview(reads: Reads, *, config: Config, now: datetime, window_s: float) -> Overview:
    """Read the record and work out the page. `window_s` is in seconds, more than 0."""
    since = now - timedelta(seconds=window_s)
    states = {state.target: state for state in reads.states()}
    lanes = {lane.platform: lane for lane in reads.lanes()}
    holds_s = {target.slug: float(HOLD * target.interval_s) for target in config.targets}
    history = reads.spans(holds_s, since, now)
    outages = reads.outages(since=since)
    rounds = reads.rounds(since, now)
    gaps = reads.gaps(since, now)
    views = tuple(
        _platform(platform, config, states=states, lanes=lanes, history=history, span=(since, now))
        for platform in config.platforms.values()
        if any(target.platform == platform.slug for target in config.targets)
    )
    return Overview(
        at=now,
        window_s=window_s,
        platforms=views,
        tally=_tally(row for view in views for group in view.groups for row in group.rows),
        open_outages=tuple(outage for outage in outages if outage.recovered_at is None),
        closed_outages=tuple(outage for outage in outages if outage.recovered_at is not None),
        incidents=tuple(reads.incidents(since=since)),
        blips=tuple(event for event in reads.events(since, now) if event.blip),
        line_failures=line_failures(rounds),
        stops=tuple(gap for gap in gaps if not gap.target),
        gap_totals=gap_totals(gap for gap in gaps if gap.target),
        checked=any(state.last_at for state in states.values()),
        panel=rounds[-1] if rounds else None,
        silent_since=_silent_since(reads, rounds, config=config, now=now),
        names={target.slug: target.name for target in config.targets},
        platform_names={slug: platform.name for slug, platform in config.platforms.items()},
    )


def line_failures(rounds: Iterable[Controls]) -> tuple[LineFailure, ...]:
    """Return the stretches in which the panel found our own line down."""
    found: list[LineFailure] = []
    for works, run in groupby(rounds, key=lambda controls: controls.line_works):
        block = list(run)
        if works and found and found[-1].to_at is None:
            last = found[-1]
            found[-1] = LineFailure(from_at=last.from_at, to_at=block[0].at, rounds=last.rounds)
        elif not works:
            found.append(LineFailure(from_at=block[0].at, to_at=None, rounds=len(block)))
    return tuple(found)


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


def row(
    target: Target,
    state: State | None,
    *,
    lane: LaneState | None,
    history: Sequence[Span],
    span: tuple[datetime, datetime],
) -> Row:
    """Say how a target is now; `span` is the picture's, whose end is now."""
    since, now = span
    verdict, why = _present(target, state, lane=lane, now=now)
    known = state is not None and state.verdict is verdict
    return Row(
        target=target,
        verdict=verdict,
        why=why,
        since=state.since if state and known else None,
        last_at=state.last_at if state else None,
        strip=strip([history], since=since, until=now),
    )


def _present(
    target: Target, state: State | None, *, lane: LaneState | None, now: datetime
) -> tuple[Verdict, str]:
    if state is not None and state.verdict and state.reason and state.last_at:
        if (now - state.last_at).total_seconds() <= HOLD * target.interval_s:
            return state.verdict, REASONS[state.reason]
        why = "Pas de relevé récent"
    else:
        why = "Pas encore de relevé"
    if lane is not None and lane.paused:
        why += f" : {GAPS[GapCause.PAUSED]}"
    elif lane is not None and lane.blocked_until is not None and lane.blocked_until > now:
        why += f" : {GAPS[GapCause.REFUSED]}"
    return Verdict.UNKNOWN, f"{why}."


def _platform(  # noqa: PLR0913 -- what was read, named at the call
    platform: Platform,
    config: Config,
    *,
    states: Mapping[str, State],
    lanes: Mapping[str, LaneState],
    history: Mapping[str, Sequence[Span]],
    span: tuple[datetime, datetime],
) -> PlatformView:
    lane = lanes.get(platform.slug)
    targets = [target for target in config.targets if target.platform == platform.slug]
    rows = [
        row(
            target,
            states.get(target.slug),
            lane=lane,
            history=history[target.slug],
            span=span,
        )
        for target in targets
    ]
    since, now = span
    pasts = [history[target.slug] for target in targets]
    return PlatformView(
        platform=platform,
        groups=_groups(rows),
        tally=_tally(rows),
        strip=strip(pasts, since=since, until=now),
        lane=lane,
    )


def _groups(rows: Sequence[Row]) -> tuple[Group, ...]:
    if len(rows) <= GROUPED_ABOVE:
        return (Group(title="", rows=tuple(rows), tally=_tally(rows)),)
    ordered = sorted(rows, key=lambda one: one.target.department)
    groups: list[Group] = []
    for department, run in groupby(ordered, key=lambda one: one.target.department):
        members = tuple(run)
        city = members[0].target.city
        title = f"{department} – {city}" if department and city else department or "National"
        groups.append(Group(title=title, rows=members, tally=_tally(members)))
    return tuple(groups)


def _tally(rows: Iterable[Row]) -> Tally:
    found = Counter(one.verdict for one in rows)
    return tuple((verdict, found[verdict]) for verdict in Verdict if verdict in found)


def _silent_since(
    reads: Reads, rounds: Sequence[Controls], *, config: Config, now: datetime
) -> datetime | None:
    """Return the last sign of life of the service when it is older than three rounds."""
    signs = [one.at for one in rounds[-1:]] + [run.alive_at for run in reads.runs()[-1:]]
    if not signs:
        return None
    limit = timedelta(seconds=max(180, 3 * config.controls.interval_s))
    return max(signs) if now - max(signs) > limit else None

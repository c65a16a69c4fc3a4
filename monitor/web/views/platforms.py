"""The current state of each target, grouped for readers. Pure."""

from collections import Counter
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from itertools import groupby

from monitor.core.french.labels import GAPS
from monitor.core.french.sentences import REASONS
from monitor.core.model import Gap, LaneState, Platform, Reason, State, Target, Verdict
from monitor.core.outages.time_accounts import HOLD, Span
from monitor.web.views.timeline import Strip, strip

GROUPED_ABOVE = 20  # targets; a longer platform is folded by department
Tally = tuple[tuple[Verdict, int], ...]


@dataclass(frozen=True, slots=True, kw_only=True)
class PlatformRow:
    """The current state of one target; unknown when its last check is too old.

    `strip` is None where its past was not read.
    """

    target: Target
    verdict: Verdict
    why: str
    since: datetime | None
    last_at: datetime | None
    strip: Strip | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class Group:
    title: str
    rows: tuple[PlatformRow, ...]
    tally: Tally


@dataclass(frozen=True, slots=True, kw_only=True)
class Fold:
    """Groups to show together: those whose targets are all in one state, or the others."""

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
        """Groups with something to look at first; then those all unknown, then those all up."""
        by_verdict: dict[Verdict | None, list[Group]] = {}
        for group in self.groups:
            sole = group.tally[0][0] if len(group.tally) == 1 else None
            plain = sole if sole in {Verdict.UNKNOWN, Verdict.UP} else None
            by_verdict.setdefault(plain, []).append(group)
        return tuple(
            Fold(verdict=verdict, groups=tuple(by_verdict[verdict]))
            for verdict in (None, Verdict.UNKNOWN, Verdict.UP)
            if verdict in by_verdict
        )


@dataclass(frozen=True, slots=True, kw_only=True)
class Past:
    """The record of the targets, by slug, over [since, now).

    Attributes:
        missed: The last gap of each target that has one.
        line_works: Whether our own line worked at the last round of the control panel.

    """

    since: datetime
    now: datetime
    line_works: bool
    states: Mapping[str, State]
    spans: Mapping[str, Sequence[Span]]
    missed: Mapping[str, Gap]


def platform_view(
    platform: Platform, targets: Iterable[Target], past: Past, *, lane: LaneState | None
) -> PlatformView:
    """Return the view of one platform; `targets` are its own, in the order of the configuration."""
    rows = [row(target, past) for target in targets]
    spans = [past.spans[target_row.target.slug] for target_row in rows]
    return PlatformView(
        platform=platform,
        groups=_groups(rows),
        tally=tally(rows),
        strip=strip(spans, since=past.since, until=past.now),
        lane=lane,
    )


def row(target: Target, past: Past) -> PlatformRow:
    state = past.states.get(target.slug)
    verdict, why = _present(target, state, past)
    confirmed = state is not None and state.verdict is verdict
    spans = past.spans.get(target.slug)
    return PlatformRow(
        target=target,
        verdict=verdict,
        why=why,
        since=state.since if state and confirmed else None,
        last_at=state.last_at if state else None,
        strip=strip([spans], since=past.since, until=past.now) if spans is not None else None,
    )


def tally(rows: Iterable[PlatformRow]) -> Tally:
    """Count the rows in each state, in the order of `Verdict`."""
    counts = Counter(target_row.verdict for target_row in rows)
    return tuple((verdict, counts[verdict]) for verdict in Verdict if verdict in counts)


def _present(target: Target, state: State | None, past: Past) -> tuple[Verdict, str]:
    """Return the state and its reason, of the last check while it holds and our line works."""
    hold = timedelta(seconds=HOLD * target.interval_s)
    if state is not None and state.verdict and state.reason and state.last_at:
        if not past.line_works:
            return Verdict.UNKNOWN, REASONS[Reason.LOCAL_NETWORK]
        if past.now - state.last_at <= hold:
            return state.verdict, REASONS[state.reason]
        why = "Pas de relevé récent"
    else:
        why = "Pas encore de relevé"
    gap = past.missed.get(target.slug)
    if gap is not None and past.now - gap.to_at <= hold:
        why += f" : {GAPS[gap.cause]}"
    return Verdict.UNKNOWN, f"{why}."


def _groups(rows: Sequence[PlatformRow]) -> tuple[Group, ...]:
    if len(rows) <= GROUPED_ABOVE:
        return (Group(title="", rows=tuple(rows), tally=tally(rows)),)
    ordered = sorted(rows, key=lambda target_row: target_row.target.department)
    groups: list[Group] = []
    for department, run in groupby(ordered, key=lambda target_row: target_row.target.department):
        members = tuple(run)
        city = members[0].target.city
        title = f"{department} – {city}" if department and city else department or "National"
        groups.append(Group(title=title, rows=members, tally=tally(members)))
    return tuple(groups)

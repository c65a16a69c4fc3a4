"""The current state of each target, by platform. Pure."""

from collections import Counter
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta

from monitor.config import Config
from monitor.core.french.labels import GAPS
from monitor.core.french.sentences import REASONS
from monitor.core.language import FRENCH, Language
from monitor.core.model import Gap, LaneState, Platform, Reason, State, Target, Verdict
from monitor.core.outages.time_accounts import HOLD, Span
from monitor.web.views.timeline import Strip, strip

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
class PlatformView:
    """One platform and its targets, in the order of the configuration."""

    platform: Platform
    rows: tuple[PlatformRow, ...]
    tally: Tally
    lane: LaneState | None


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
    language: Language = FRENCH


def platform_views(
    config: Config, rows: Iterable[PlatformRow], lanes: Iterable[LaneState]
) -> tuple[PlatformView, ...]:
    """Show every platform that has targets, in the order of the configuration."""
    by_platform: dict[str, list[PlatformRow]] = {}
    for one in rows:
        by_platform.setdefault(one.target.platform, []).append(one)
    lane_of = {lane.platform: lane for lane in lanes}
    return tuple(
        PlatformView(
            platform=platform,
            rows=tuple(by_platform[slug]),
            tally=tally(by_platform[slug]),
            lane=lane_of.get(slug),
        )
        for slug, platform in config.platforms.items()
        if slug in by_platform
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
        strip=strip([spans], since=past.since, until=past.now, language=past.language)
        if spans is not None
        else None,
    )


def tally(rows: Iterable[PlatformRow]) -> Tally:
    """Count the rows in each state, in the order of `Verdict`."""
    counts = Counter(target_row.verdict for target_row in rows)
    return tuple((verdict, counts[verdict]) for verdict in Verdict if verdict in counts)


def _present(target: Target, state: State | None, past: Past) -> tuple[Verdict, str]:
    """Return the state and its reason, of the last check while it holds and our line works."""
    hold, language = timedelta(seconds=HOLD * target.interval_s), past.language
    if state is not None and state.verdict and state.reason and state.last_at:
        if not past.line_works:
            return Verdict.UNKNOWN, language.message(REASONS[Reason.LOCAL_NETWORK])
        if past.now - state.last_at <= hold:
            return state.verdict, language.message(REASONS[state.reason])
        why = language.text("Pas de relevé récent")
    else:
        why = language.text("Pas encore de relevé")
    gap = past.missed.get(target.slug)
    if gap is not None and past.now - gap.to_at <= hold:
        cause = language.message(GAPS[gap.cause])
        return Verdict.UNKNOWN, language.text("%(why)s : %(cause)s.", why=why, cause=cause)
    return Verdict.UNKNOWN, f"{why}."

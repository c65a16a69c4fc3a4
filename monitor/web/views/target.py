"""The content of the page of one target. Pure except for the queries."""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import date, datetime, timedelta

from monitor.charts.day_bars import DayBars
from monitor.config import Config
from monitor.core.changes.change_log import ChangeRecord, FactRecord
from monitor.core.changes.page_events import Version
from monitor.core.french.formatting import PARIS
from monitor.core.model import Kind, Outage, Target
from monitor.core.model.check import Check
from monitor.core.model.rendering import JournaledRendering
from monitor.core.outages.calendar import Unit, cut, midnight
from monitor.core.outages.time_accounts import Account, instant, microseconds
from monitor.core.points.combine import CommonWord
from monitor.core.text.page import is_little_compared
from monitor.web.record_reads import RecordReads
from monitor.web.templating import SHOWN_MAX
from monitor.web.views.dead_link_views import DeadLinkView, stories
from monitor.web.views.platforms import PlatformRow, row
from monitor.web.views.rate_charts import bars_of_days
from monitor.web.views.recent_past import DAY, recent_past

CHECKS = 12  # of the latest, shown
VERSIONS = 20
CHANGES = 20
FIGURE_DAYS = 90  # whole days of Paris that figures are of, today included


@dataclass(frozen=True, slots=True, kw_only=True)
class TargetView:
    """All that the page of one target shows.

    Attributes:
        common: What several points say of it; None with one point only.
        now: Its state, and a timeline from `since` to `at`.
        account: Of the last `FIGURE_DAYS` days, or since the watch began.
        account_since: Where that begins.
        days: The last `FIGURE_DAYS` days as bars; None before the first check.
        first_day: The first of them: "2026-11-23".
        enough: Whether enough of it is known for a rate to be given.
        checks: The latest, the newest first.
        outages: The newest first, one more than is shown at most; an open one comes first.
        versions: Of the page's text, the newest first.
        facts: The current facts of the page.
        dead: Links of the page that are dead now.
        compared_permille: How much of the page's prose is compared, in thousandths; None where
        the shown text is not that of a change among `changes`, or an earlier version read it.
        screen: What a browser showed last, for a page that is shown.
        picture: The last of these whose files are kept.
        update_age: Days since the displayed update date; None when there is none, or it is ahead.

    """

    at: datetime
    common: CommonWord | None
    since: datetime
    now: PlatformRow
    account: Account
    account_since: datetime
    enough: bool
    days: DayBars | None
    first_day: str
    checks: tuple[Check, ...]
    outages: tuple[Outage, ...]
    versions: tuple[Version, ...]
    changes: tuple[ChangeRecord, ...]
    facts: tuple[FactRecord, ...]
    dead: tuple[DeadLinkView, ...]
    compared_permille: int | None
    screen: JournaledRendering | None
    picture: JournaledRendering | None
    update_age: int | None

    @property
    def is_little_compared(self) -> bool:
        """Whether less than half of the page's prose is compared."""
        return is_little_compared(self.compared_permille)

    @property
    def target(self) -> Target:
        return self.now.target


def target_view(
    reads: RecordReads,
    *,
    config: Config,
    slug: str,
    now: datetime,
    common: CommonWord | None = None,
) -> TargetView | None:
    """Read all that is known of a target; None when there is no target of that name."""
    target = config.by_slug.get(slug)
    if target is None:
        return None
    on_screen = target.kind is Kind.RENDERED
    versions = tuple(reads.page_versions(slug, limit=VERSIONS))
    changes = tuple(reads.page_changes(targets=[slug], limit=CHANGES))
    past = recent_past(reads, config, [target], now=now, drawn=True)
    account_since = _watched_since(reads, slug, now=now)
    account = _account(reads, slug, since=account_since, now=now)
    return TargetView(
        at=now,
        common=common,
        since=past.since,
        now=row(target, past),
        account=account,
        account_since=account_since,
        enough=account.span_us > 0 and account.coverage >= config.figures.coverage_min,
        days=_days(reads, target, now=now) if account.known_us else None,
        first_day=_horizon(now).astimezone(PARIS).date().isoformat(),
        checks=_latest(reads, target, now=now),
        outages=tuple(reads.outages([slug], newest=SHOWN_MAX + 1))[::-1],
        versions=versions,
        changes=changes,
        compared_permille=_compared(reads, changes, versions),
        screen=reads.last_rendering(slug) if on_screen else None,
        picture=reads.last_rendering(slug, kept_only=True) if on_screen else None,
        facts=tuple(reads.page_facts([slug], stated_only=True)),
        dead=stories(reads, config, reads.dead_links([slug], dead_only=True)),
        update_age=_age(versions[0].updated_on, now) if versions else None,
    )


def _watched_since(reads: RecordReads, slug: str, *, now: datetime) -> datetime:
    """Return a midnight of Paris, or the first check of the target if that is later."""
    first_check, _ = reads.watched([slug]).get(slug, (now, now))
    return max(_horizon(now), first_check)


def _horizon(now: datetime) -> datetime:
    """Return the midnight of Paris that begins the days of the figures."""
    first_day = now.astimezone(PARIS).date() - timedelta(days=FIGURE_DAYS - 1)
    return instant(midnight(first_day))


def _days(reads: RecordReads, target: Target, *, now: datetime) -> DayBars:
    bins = cut(microseconds(_horizon(now)), microseconds(now), Unit.DAY)
    accounts = reads.whole_accounts([target.slug], bins.edges, now=bins.edges[-1])
    return bars_of_days(target.name, list(zip(bins.labels, accounts, strict=True)))


def _account(reads: RecordReads, slug: str, *, since: datetime, now: datetime) -> Account:
    edges = microseconds(since), microseconds(now)
    if edges[0] >= edges[1]:
        return Account()
    (account,) = reads.whole_accounts([slug], edges, now=edges[1])
    return account


def _latest(reads: RecordReads, target: Target, *, now: datetime) -> tuple[Check, ...]:
    """Return the last checks; only as much of the record as they need is read, a day at most."""
    span = min(DAY, timedelta(seconds=2 * CHECKS * target.interval_s))
    checks = reads.observations(target.slug, now - span, now + timedelta(seconds=1))
    return tuple(checks)[::-1][:CHECKS]


def _compared(
    reads: RecordReads, changes: Iterable[ChangeRecord], versions: Sequence[Version]
) -> int | None:
    """Return how much is compared of the text that the page shows now."""
    shown = versions[0].first_at if versions else None
    turn = next((one for one in changes if one.after and one.after.first_at == shown), None)
    read = reads.page_change(turn.number) if turn else None
    page = read[2] if read else None
    return page.compared_permille if page else None


def _age(updated_on: str, now: datetime) -> int | None:
    if not updated_on:
        return None
    days = (now.date() - date.fromisoformat(updated_on)).days
    return days if days >= 0 else None

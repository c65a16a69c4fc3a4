"""A record in memory for the pages, and a configuration to go with it."""

from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from itertools import pairwise

from monitor.config import Config, ControlHost, ControlSettings, Mail, Publisher, Retention
from monitor.core.changes.change import ChangeKind, Weight
from monitor.core.changes.change_log import ChangeRecord, DeadLinkRecord, FactRecord, KeptCopy
from monitor.core.changes.page_events import Version
from monitor.core.model import (
    Annotation,
    Controls,
    Event,
    Gap,
    GapCause,
    Incident,
    Kind,
    LaneState,
    Nature,
    Outage,
    Platform,
    Policy,
    Reason,
    Run,
    Sighting,
    State,
    Streak,
    Target,
    Transition,
    Verdict,
)
from monitor.core.model.check import Check
from monitor.core.model.rendering import JournaledRendering
from monitor.core.outages.at import Around, CitedCheck
from monitor.core.outages.time_accounts import UNOBSERVED, Account, Span
from monitor.store.dossier_rows import RegisteredFile
from monitor.store.reads.plan_reads import Definition

NOW = datetime(2026, 11, 23, 8, 14, 5, tzinfo=UTC)
POINT = "local"
DAWN = datetime(1970, 1, 1, tzinfo=UTC)
DUSK = datetime(9999, 1, 1, tzinfo=UTC)


def ago(**parts: float) -> datetime:
    """Return an instant before `NOW`: `ago(minutes=5)`."""
    return NOW - timedelta(**parts)


@dataclass(slots=True, kw_only=True)
class FakeReads:
    """A `RecordReads` whose answers are set by hand. It knows of no page's text."""

    seen: list[State] = field(default_factory=list)
    confirmed: list[Outage] = field(default_factory=list)
    registered: list[RegisteredFile] = field(default_factory=list)
    grouped: list[Incident] = field(default_factory=list)
    isolated: list[Event] = field(default_factory=list)
    missing: list[Gap] = field(default_factory=list)
    panel: list[Controls] = field(default_factory=list)
    past: dict[str, list[Span]] = field(default_factory=dict)
    budgets: list[LaneState] = field(default_factory=list)
    checks: list[tuple[int | None, Check]] = field(default_factory=list)
    copies: dict[str, list[KeptCopy]] = field(default_factory=dict)
    journal: list[bytes] = field(default_factory=list)
    notes: list[Annotation] = field(default_factory=list)
    shown: list[JournaledRendering] = field(default_factory=list)
    life: Run | None = None
    broken: bool = False
    reads: int = 0

    def last_rendering(self, target: str, *, kept_only: bool = False) -> JournaledRendering | None:
        mine = [one for one in self.shown if one.record.target == target]
        return next((one for one in mine[::-1] if one.file or not kept_only), None)

    def rendering(self, number: int) -> JournaledRendering | None:
        return next((one for one in self.shown if one.number == number), None)

    def states(self, targets: Iterable[str] | None = None) -> Sequence[State]:
        self.reads += 1
        if self.broken:
            raise OSError("disk I/O error: /secret/path/vigie.db")
        wanted = None if targets is None else set(targets)
        return [one for one in self.seen if wanted is None or one.target in wanted]

    def definitions(self) -> Sequence[Definition]:
        return ()

    def outages(
        self,
        targets: Iterable[str] | None = None,
        since: datetime | None = None,
        until: datetime | None = None,
        *,
        newest: int | None = None,
    ) -> Sequence[Outage]:
        del targets, until
        floor = since or DAWN
        found = [one for one in self.confirmed if not one.first_ok_at or one.first_ok_at > floor]
        return found if newest is None else found[-newest:]

    @property
    def point(self) -> str:
        return POINT

    def incidents(
        self,
        since: datetime | None = None,
        until: datetime | None = None,
        *,
        open_only: bool = False,
        newest: int | None = None,
        number: int | None = None,
    ) -> Sequence[Incident]:
        floor, end = since or DAWN, until or DUSK
        found = [
            one
            for one in self.grouped
            if (one.closed_at is None or (one.closed_at > floor and not open_only))
            and one.opened_at < end
            and (number is None or number in self.numbers_of(one))
        ]
        return found if newest is None else found[-newest:]

    def numbers_of(self, one: Incident) -> set[int | None]:
        """Return the numbers of the outages of an incident, and its own."""
        return {one.number} | {
            known.number
            for known in self.confirmed
            if (known.target, known.first_fail_at) in one.outages and known.number is not None
        }

    def events(self, since: datetime, until: datetime) -> Sequence[Event]:
        return [one for one in self.isolated if since <= one.at < until]

    def gaps(
        self, since: datetime, until: datetime, *, targets: Iterable[str] | None = None
    ) -> Sequence[Gap]:
        wanted = None if targets is None else {"", *targets}
        return [
            one
            for one in self.missing
            if one.to_at > since
            and one.from_at < until
            and (wanted is None or one.target in wanted)
        ]

    def rounds(self, since: datetime, until: datetime) -> Sequence[Controls]:
        return [one for one in self.panel if since <= one.at < until]

    def spans(
        self, holds_s: Mapping[str, float], since: datetime, until: datetime
    ) -> Mapping[str, Sequence[Span]]:
        unknown = [Span(from_at=since, to_at=until, verdict=Verdict.UNKNOWN)]
        return {slug: self.past.get(slug, unknown) for slug in holds_s}

    def accounts(
        self, targets: Sequence[str], edges: Sequence[int], *, now: int, exact: bool = False
    ) -> Iterator[tuple[str, list[Account]]]:
        del exact
        for target in targets:
            yield target, self.summed_accounts([target], edges, now=now)

    def summed_accounts(
        self, targets: Sequence[str], edges: Sequence[int], *, now: int
    ) -> list[Account]:
        del now
        accounts = [Account() for _ in edges[1:]]
        for account, (since, until) in zip(accounts, pairwise(edges), strict=True):
            account.add(UNOBSERVED, len(targets) * (until - since))
        return accounts

    def known_times(
        self, groups: Mapping[str, Sequence[str]], days: Sequence[int], *, now: int
    ) -> Mapping[str, tuple[int, int]]:
        del now
        return {name: (0, len(some) * (days[-1] - days[0])) for name, some in groups.items()}

    def whole_accounts(
        self, targets: Sequence[str], edges: Sequence[int], *, now: int
    ) -> list[Account]:
        return self.summed_accounts(targets[:1], edges, now=now)

    def watched(
        self, targets: Iterable[str] | None = None
    ) -> Mapping[str, tuple[datetime, datetime]]:
        del targets
        return {}

    def annotations(self) -> Sequence[Annotation]:
        return self.notes

    def lanes(self) -> Sequence[LaneState]:
        return self.budgets

    def runs(self) -> Sequence[Run]:
        return [self.life] if self.life else []

    def observations(self, target: str, since: datetime, until: datetime) -> Sequence[Check]:
        return [one for _, one in self._checks_of(target, since, until)]

    def numbered_observations(
        self, target: str, since: datetime, until: datetime, *, newest_first: bool, limit: int
    ) -> Sequence[tuple[int | None, Check]]:
        found = self._checks_of(target, since, until)
        return (found[::-1] if newest_first else found)[:limit]

    def _checks_of(
        self, target: str, since: datetime, until: datetime
    ) -> list[tuple[int | None, Check]]:
        return [
            (number, one)
            for number, one in self.checks
            if one.target == target and since <= one.at < until
        ]

    def sightings(self, target: str, since: datetime, until: datetime) -> Sequence[Sighting]:
        return [
            Sighting(at=one.at, verdict=one.verdict, reason=one.reason)
            for _, one in self._checks_of(target, since, until)
        ]

    def around(self, target: str, at: datetime) -> Around:
        cited = [
            CitedCheck(check=one, number=number)
            for number, one in self._checks_of(target, DAWN, DUSK)
        ]
        before = [one for one in cited if one.check.at <= at]
        after = [one for one in cited if one.check.at > at]
        last, first = (before[-1] if before else None), (after[0] if after else None)
        return Around(before=last, after=first, telling_before=last, telling_after=first)

    def copies_between(
        self, target: str, since: datetime, until: datetime, *, limit: int
    ) -> Sequence[KeptCopy]:
        copies = [one for one in self.copies.get(target, ()) if since <= one.at <= until]
        return copies[::-1][:limit]

    def registered_files(self, code: str) -> Sequence[RegisteredFile]:
        return [file for file in self.registered if file.code == code]

    def registered_by_digest(self, sha256: str) -> Sequence[RegisteredFile]:
        return [file for file in self.registered if file.sha256 == sha256]

    def leaves(self, since: int, until: int) -> Sequence[bytes]:
        return self.journal[since:until]

    def signed_size(self) -> int:
        return len(self.journal)

    def page_changes(  # noqa: PLR0913 -- keyword-only filters
        self,
        *,
        targets: Iterable[str] | None = None,
        kind: ChangeKind | None = None,
        weight: Weight | None = None,
        announced_only: bool = False,
        limit: int | None = None,
        offset: int = 0,
    ) -> Sequence[ChangeRecord]:
        del targets, kind, weight, announced_only, limit, offset
        return ()

    def count_page_changes(
        self,
        *,
        targets: Iterable[str] | None = None,
        kind: ChangeKind | None = None,
        weight: Weight | None = None,
        announced_only: bool = False,
    ) -> int:
        del targets, kind, weight, announced_only
        return 0

    def page_change(self, number: int) -> None:
        del number

    def page_versions(self, target: str, *, limit: int | None = None) -> Sequence[Version]:
        del target, limit
        return ()

    def current_versions(self) -> Mapping[str, Version]:
        return {}

    def dead_links(
        self,
        pages: Iterable[str] | None = None,
        *,
        change: int | None = None,
        dead_only: bool = False,
    ) -> Sequence[DeadLinkRecord]:
        del pages, change, dead_only
        return ()

    def page_facts(
        self, targets: Iterable[str] | None = None, *, stated_only: bool = False
    ) -> Sequence[FactRecord]:
        del targets, stated_only
        return ()


def config(targets: Iterable[Target], platforms: Iterable[Platform] | None = None) -> Config:
    """Return a configuration of these targets; one platform `anef` unless others are given."""
    found = list(platforms or [Platform(slug="anef", name="ANEF", spacing_s=2)])
    host = ControlHost(slug="t1", name="Témoin 1", url="https://t1.example/", operator="Un")
    return Config(
        targets=tuple(targets),
        platforms={platform.slug: platform for platform in found},
        controls=ControlSettings(hosts=(host,), needed=1, interval_s=60),
        policy=Policy(),
        fingerprints=(),
        resolvers=(),
        second_resolvers=(),
        ntp_servers=(),
        clock_limit_us=500_000,
        user_agent="VigieANEF",
        contact="contact@association.fr",
        publisher=Publisher(
            association="Association d’essai", site="https://vigie.association.fr/"
        ),
        mail=Mail(sender="vigie@example.org", daily_cap=10),
        retention=Retention(daily_copies_days=365),
    )


def target(slug: str, name: str = "", *, platform: str = "anef", department: str = "") -> Target:
    return Target(
        slug=slug,
        name=name or f"Cible {slug}",
        url=f"https://{slug}.example/",
        kind=Kind.PAGE,
        platform=platform,
        department=department,
        city="Ville" if department else "",
    )


def state(
    slug: str,
    verdict: Verdict = Verdict.UP,
    reason: Reason = Reason.OK,
    *,
    last_at: datetime = NOW - timedelta(seconds=40),
    since: datetime = NOW - timedelta(hours=3),
) -> State:
    return State(
        target=slug, point=POINT, verdict=verdict, reason=reason, since=since, last_at=last_at
    )


def outage(slug: str, *, closed: bool = False, first: datetime | None = None) -> Outage:
    """Return an outage of 12 minutes that began an hour ago, or at `first`."""
    begin = first or ago(hours=1)
    first_ok = begin + timedelta(minutes=13)
    return Outage(
        target=slug,
        point=POINT,
        nature=Nature.DOWN,
        reason=Reason.HTTP_5XX,
        last_ok_at=begin - timedelta(minutes=1),
        first_fail_at=begin,
        last_fail_at=begin + timedelta(minutes=12),
        confirmed_at=begin + timedelta(minutes=2),
        first_ok_at=first_ok if closed else None,
        recovered_at=first_ok + timedelta(minutes=1) if closed else None,
        checks=9,
        relapses=1,
    )


def incident(slug: str, *, closed: bool = False) -> Incident:
    one = outage(slug, closed=closed)
    return Incident(
        platform="anef",
        point=POINT,
        opened_at=one.first_fail_at,
        closed_at=one.first_ok_at,
        outages=((slug, one.first_fail_at),),
    )


def blip(slug: str, at: datetime) -> Event:
    streak = Streak(first_at=at, last_at=at, count=1, reason=Reason.TIMEOUT, downs=1)
    return Event(edge=Transition.BLIP, at=at, target=slug, point=POINT, blip=streak)


def gap(slug: str, cause: GapCause, *, slots: int = 3) -> Gap:
    return Gap(
        point=POINT,
        target=slug,
        from_at=ago(hours=2),
        to_at=ago(hours=1, minutes=50),
        slots=slots,
        cause=cause,
    )


def tour(at: datetime, *, ok: int = 3) -> Controls:
    return Controls(at=at, ok=ok, asked=3)


def life(started_at: datetime = NOW - timedelta(hours=30)) -> Run:
    return Run(
        point=POINT,
        started_at=started_at,
        alive_at=ago(seconds=20),
        stopped_at=None,
        version="0.1.0",
        config_sha256="0" * 64,
        ruleset="essai",
    )

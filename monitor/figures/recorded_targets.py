"""What is known of targets: as they are watched today, or else as the record planned them.

A record outlives the configuration that it was made with. Reading it needs none: the name, the
platform and the department of a target are in the record, from its first check under a plan on.
"""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import datetime, timedelta

from monitor.config import Config
from monitor.core.model import Kind, Target
from monitor.core.outages.time_accounts import HOLD
from monitor.store.reads.plan_reads import Definition

_UNPLANNED_S = 60  # between two checks, where the record has no plan


@dataclass(frozen=True, slots=True, kw_only=True)
class RecordedTarget:
    """A target that is watched, or of which there is a record.

    Attributes:
        url, platform, department, kind, interval_s: None where the record does not say.
        watched: Whether the configuration names it; None when there is no configuration.
        plans: As it was planned, the oldest first; none before plans were recorded.

    """

    slug: str
    name: str
    url: str | None = None
    platform: str | None = None
    department: str | None = None
    kind: Kind | None = None
    interval_s: int | None = None
    watched: bool | None = None
    plans: tuple[Definition, ...] = ()


@dataclass(frozen=True, slots=True, kw_only=True)
class RecordedTargets:
    """Every target that can be asked about, by slug, and the names of platforms, by theirs."""

    by_slug: Mapping[str, RecordedTarget]
    platforms: Mapping[str, str]

    def of(self, slug: str, at: datetime | None = None) -> RecordedTarget:
        """Return what is known of a target; of one that is nowhere, its name only.

        With `at`, its address is the one that was asked then, by the plan of that time, whatever
        address it has now.
        """
        known = self.by_slug.get(slug) or RecordedTarget(slug=slug, name=slug)
        plan = _plan_at(known.plans, at) if at else None
        return replace(known, url=plan.url) if plan else known

    def platform_name(self, slug: str) -> str:
        return self.platforms.get(slug, slug)

    def hold(self, slug: str, at: datetime) -> timedelta:
        """Return how long a check of a target at an instant may hold, by the plan of its time."""
        plan = _plan_at(self.of(slug).plans, at)
        return HOLD * timedelta(seconds=plan.interval_s if plan else _UNPLANNED_S)


def _plan_at(plans: Sequence[Definition], at: datetime) -> Definition | None:
    """Return the plan of an instant, or the first one there was."""
    past = [plan for plan in plans if plan.from_at <= at] or list(plans[:1])
    return past[-1] if past else None


def recorded_targets(
    checked: Iterable[str], definitions: Iterable[Definition], config: Config | None
) -> RecordedTargets:
    """Return what the record knows, and the configuration where there is one.

    `checked` holds the targets that were ever checked: of some, no plan was recorded.
    `definitions` are in the order of time.
    """
    planned: dict[str, list[Definition]] = {slug: [] for slug in checked}
    for definition in definitions:
        planned.setdefault(definition.target, []).append(definition)
    targets = config.by_slug if config else {}
    by_slug = {
        slug: _known(
            slug,
            targets.get(slug),
            planned.get(slug, ()),
            watched=slug in targets if config else None,
        )
        for slug in sorted(planned.keys() | targets.keys())
    }
    names = dict.fromkeys(sorted({one.platform for one in by_slug.values() if one.platform}))
    given = config.platforms if config else {}
    platforms = {slug: platform.name for slug, platform in given.items()}
    return RecordedTargets(
        by_slug=by_slug, platforms=platforms | {slug: slug for slug in names if slug not in given}
    )


def _known(
    slug: str, target: Target | None, plans: Iterable[Definition], *, watched: bool | None
) -> RecordedTarget:
    plans = tuple(plans)
    last: Target | Definition | None = target or (plans[-1] if plans else None)
    if last is None:
        return RecordedTarget(slug=slug, name=slug, watched=watched)
    return RecordedTarget(
        slug=slug,
        name=last.name,
        url=last.url,
        platform=last.platform,
        department=last.department,
        kind=Kind(last.kind),
        interval_s=last.interval_s,
        watched=watched,
        plans=plans,
    )

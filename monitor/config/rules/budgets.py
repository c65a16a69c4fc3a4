"""Whether the plan fits: the hourly requests to each platform, against its capacity."""

from collections.abc import Iterable
from dataclasses import dataclass

from monitor.core.model import Kind, Platform, Target

SHARE_MAX = 0.8  # the rest is for rechecks, robots.txt and discovery
# A shell's page names its own scripts and styles; `fetch` takes at most this many of them.
ASSETS_MAX = 12
# What the browser of a rendered page may load, the page itself not counted.
SHOWN_MAX = 30
HOUR_S = 3_600


@dataclass(frozen=True, slots=True, kw_only=True)
class Load:
    """The load of one platform. Redirects are not counted: the reserve is for them too."""

    platform: str
    targets: int
    planned_per_hour: float  # requests, parts of shells included
    capacity_per_hour: float  # requests, at the platform's spacing

    @property
    def share(self) -> float:
        return self.planned_per_hour / self.capacity_per_hour

    @property
    def fits(self) -> bool:
        return self.share <= SHARE_MAX


def requests_of(target: Target) -> int:
    """Return the requests that one check of a target makes, at most."""
    parts = {Kind.SHELL: ASSETS_MAX, Kind.RENDERED: SHOWN_MAX}.get(target.kind, 0)
    return 1 + parts + len(target.signs_of_life)


def load_of(platform: Platform, targets: Iterable[Target]) -> Load:
    own = [target for target in targets if target.platform == platform.slug]
    return Load(
        platform=platform.slug,
        targets=len(own),
        planned_per_hour=sum(requests_of(t) * HOUR_S / t.interval_s for t in own),
        capacity_per_hour=HOUR_S / platform.spacing_s,
    )

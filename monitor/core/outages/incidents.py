"""Outages of one platform that overlap are one incident.

An outage counts here from its first failing check to the check that *confirmed* its end: what
was open together when it was confirmed stays together, whatever is learnt later. Incidents
may hence grow and merge, never split. `closed_at` is still the first good check of the last.

An incident may begin earlier than it was first announced, or merge two recorded incidents: slow
lanes confirm late. `supersedes` returns whether a new incident replaces a recorded one.
"""

from collections.abc import Callable, Iterable
from dataclasses import dataclass, field
from datetime import datetime, timedelta

from monitor.core.model import Incident, Outage

# An incident may still be joined or enlarged by an outage that ended this long ago: slow lanes
# confirm late, and `silence_s` bounds how long a streak may wait.
REMEMBERED = timedelta(days=2)


@dataclass(slots=True)
class RecentOutages:
    """The outages that an incident may still grow from, of any platform and point."""

    _known: dict[tuple[str, str, str, datetime], Outage] = field(default_factory=dict)

    def add(self, outage: Outage, platform: str) -> None:
        """Remember an outage, in place of its own earlier form."""
        self._known[platform, outage.point, *_name(outage)] = outage

    def absorb(self, outage: Outage, platform: str, *, at: datetime) -> Incident:
        """Return the incident that `outage`, opened or closed at `at`, belongs to."""
        self.add(outage, platform)
        since = at - REMEMBERED
        self._forget(lambda past: past.recovered_at is not None and past.recovered_at <= since)
        place = platform, outage.point
        near = [past for name, past in self._known.items() if name[:2] == place]
        return absorb(near, outage, platform)

    def restart(self, at: datetime) -> None:
        """Forget what a service that starts at `at` does not read from its store."""
        since = at - REMEMBERED
        self._forget(lambda past: past.first_ok_at is not None and past.first_ok_at <= since)

    def _forget(self, over: Callable[[Outage], bool]) -> None:
        self._known = {name: past for name, past in self._known.items() if not over(past)}


def group(outages: Iterable[Outage], platform: str) -> tuple[Incident, ...]:
    """Return the incidents that these outages make, oldest first.

    The outages are of one platform and one point, each given once, in any order.
    """
    groups: list[list[Outage]] = []
    for outage in sorted(outages, key=lambda outage: (outage.first_fail_at, outage.target)):
        if groups and any(_reaches(earlier, outage) for earlier in groups[-1]):
            groups[-1].append(outage)
        else:
            groups.append([outage])
    return tuple(_incident(platform, outages) for outages in groups)


def absorb(known: Iterable[Outage], outage: Outage, platform: str) -> Incident:
    """Return the incident that `outage`, just opened or closed, belongs to.

    `known` holds the outages of the platform and the point. Incidents may be left out of it
    that were over, to the last confirmation, before the first failing check of every target
    now failing. `outage` replaces its own earlier form.
    """
    latest = {_name(known_outage): known_outage for known_outage in known} | {_name(outage): outage}
    return next(i for i in group(latest.values(), platform) if _name(outage) in i.outages)


def supersedes(incident: Incident, other: Incident) -> bool:
    """Return whether `other`, recorded earlier, is now part of `incident` or is `incident`."""
    same = (incident.platform, incident.point) == (other.platform, other.point)
    return same and set(other.outages) <= set(incident.outages)


def _name(outage: Outage) -> tuple[str, datetime]:
    return outage.target, outage.first_fail_at


def _reaches(earlier: Outage, later: Outage) -> bool:
    return earlier.recovered_at is None or earlier.recovered_at > later.first_fail_at


def _incident(platform: str, outages: list[Outage]) -> Incident:
    ends = [outage.first_ok_at for outage in outages if outage.first_ok_at is not None]
    return Incident(
        platform=platform,
        point=outages[0].point,
        opened_at=outages[0].first_fail_at,
        closed_at=max(ends) if len(ends) == len(outages) else None,
        outages=tuple(_name(outage) for outage in outages),
    )

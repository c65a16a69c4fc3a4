"""The content of the list of incidents. Pure except for the queries."""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import date, datetime, timedelta
from urllib.parse import urlencode

from starlette.datastructures import QueryParams

from monitor.config import Config
from monitor.core.french.formatting import PARIS
from monitor.core.model import Incident, Outage
from monitor.core.untrusted.numbers import whole
from monitor.figures.recorded_targets import RecordedTarget, RecordedTargets, recorded_targets
from monitor.web.record_reads import RecordReads

PER_PAGE = 25
LAST_PAGE = 400
MOST_READ = 2_000  # incidents that are searched for a department or a platform
MOST_NAMES = 3  # of pages, on one line
OPEN = "en-cours"
_MICROSECOND = timedelta(microseconds=1)


@dataclass(frozen=True, slots=True, kw_only=True)
class IncidentFilters:
    """The filters of the list.

    Attributes:
        department, platform: Codes and slugs, "" for all.
        open_only: Whether only those that are not over are listed.
        since, until: Days of Paris, both included; None for no bound.
        page: From 1.

    """

    department: str = ""
    platform: str = ""
    open_only: bool = False
    since: date | None = None
    until: date | None = None
    page: int = 1

    @classmethod
    def of(cls, query: QueryParams, config: Config) -> "IncidentFilters":
        """Parse a query. Raises ValueError for what it cannot mean."""
        department, platform = query.get("departement", ""), query.get("plateforme", "")
        state, page = query.get("etat", ""), whole(query.get("page") or "1")
        if department and department not in {target.department for target in config.targets}:
            raise ValueError(f"no target there: {department!r}")
        if platform and platform not in config.platforms:
            raise ValueError(f"no such platform: {platform!r}")
        if state not in {"", OPEN} or not 1 <= page <= LAST_PAGE:
            raise ValueError("no such state, or no such page")
        return cls(
            department=department,
            platform=platform,
            open_only=state == OPEN,
            since=_day(query.get("du", "")),
            until=_day(query.get("au", "")),
            page=page,
        )

    def query(self, page: int) -> str:
        """Return the query of another page of the same list."""
        parameters = {
            "departement": self.department,
            "plateforme": self.platform,
            "etat": OPEN if self.open_only else "",
            "du": self.since.isoformat() if self.since else "",
            "au": self.until.isoformat() if self.until else "",
            "page": str(page),
        }
        return urlencode({name: value for name, value in parameters.items() if value})


@dataclass(frozen=True, slots=True, kw_only=True)
class IncidentLine:
    """An incident as a line of a list: its outages in order, with the targets that they are of."""

    incident: Incident
    platform: str
    outages: tuple[tuple[Outage, RecordedTarget], ...]

    @property
    def names(self) -> tuple[str, ...]:
        """The first pages that it touched, each once."""
        return tuple(dict.fromkeys(target.name for _, target in self.outages))[:MOST_NAMES]

    @property
    def more_names(self) -> int:
        return max(0, len({target.slug for _, target in self.outages}) - MOST_NAMES)

    @property
    def longest(self) -> Outage | None:
        """The outage that lasted longest for sure."""
        return max((one for one, _ in self.outages), key=lambda one: one.shortest_s, default=None)


@dataclass(frozen=True, slots=True, kw_only=True)
class IncidentListing:
    """One page of the list; `more`: an older page follows."""

    filters: IncidentFilters
    now: datetime
    lines: tuple[IncidentLine, ...]
    more: bool
    departments: tuple[str, ...]


def incident_listing(
    reads: RecordReads, config: Config, filters: IncidentFilters, *, now: datetime
) -> IncidentListing:
    """Read one page of the list, the newest first."""
    known = recorded_targets(
        (state.target for state in reads.states()), reads.definitions(), config
    )
    searched = bool(filters.department or filters.platform)
    wanted = PER_PAGE * filters.page + 1
    newest = reads.incidents(
        _midnight(filters.since),
        _midnight(filters.until and filters.until + timedelta(days=1)),
        open_only=filters.open_only,
        newest=MOST_READ if searched else wanted,
    )
    matching = [one for one in reversed(newest) if _matches(one, filters, known)]
    start = PER_PAGE * (filters.page - 1)
    return IncidentListing(
        filters=filters,
        now=now,
        lines=incident_lines(reads, known, matching[start : start + PER_PAGE]),
        more=len(matching) > start + PER_PAGE and filters.page < LAST_PAGE,
        departments=tuple(
            sorted({target.department for target in config.targets if target.department})
        ),
    )


def incident_lines(
    reads: RecordReads, known: RecordedTargets, incidents: Sequence[Incident]
) -> tuple[IncidentLine, ...]:
    """Return incidents with their outages."""
    names = {name for one in incidents for name in one.outages}
    outages: dict[tuple[str, datetime], Outage] = {}
    if names:
        first, last = min(at for _, at in names), max(at for _, at in names)
        members = reads.outages(sorted({target for target, _ in names}), first, last + _MICROSECOND)
        outages = {(one.target, one.first_fail_at): one for one in members}
    return tuple(
        IncidentLine(
            incident=one,
            platform=known.platform_name(one.platform),
            outages=tuple(_with_targets(one.outages, outages, known)),
        )
        for one in incidents
    )


def _with_targets(
    names: Iterable[tuple[str, datetime]],
    outages: dict[tuple[str, datetime], Outage],
    known: RecordedTargets,
) -> Iterable[tuple[Outage, RecordedTarget]]:
    for target, at in names:
        if outage := outages.get((target, at)):
            yield outage, known.of(target, at)


def _matches(one: Incident, filters: IncidentFilters, known: RecordedTargets) -> bool:
    if filters.platform and one.platform != filters.platform:
        return False
    return not filters.department or any(
        known.of(target).department == filters.department for target, _ in one.outages
    )


def _day(text: str) -> date | None:
    """Parse a day as a form writes it. Raises ValueError."""
    if not text:
        return None
    day = date.fromisoformat(text)
    if not 1970 <= day.year <= 2099:  # noqa: PLR2004 -- as elsewhere
        raise ValueError(f"too far: {text[:20]!r}")
    return day


def _midnight(day: date | None) -> datetime | None:
    return datetime.combine(day, datetime.min.time(), PARIS) if day else None

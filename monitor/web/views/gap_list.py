"""The content of the page of our own gaps. Pure except for the queries."""

from collections import defaultdict
from dataclasses import dataclass
from datetime import datetime, timedelta

from starlette.datastructures import QueryParams

from monitor.config import Config
from monitor.core.model import Gap, GapCause
from monitor.core.untrusted.numbers import whole
from monitor.web.record_reads import RecordReads

PER_PAGE = 25
LAST_PAGE = 200
SPAN = timedelta(days=30)  # over which causes are counted


@dataclass(frozen=True, slots=True, kw_only=True)
class GapFilters:
    cause: GapCause | None = None
    page: int = 1

    @classmethod
    def of(cls, query: QueryParams) -> "GapFilters":
        """Parse a query. Raises ValueError for an unknown cause or page."""
        cause, page = query.get("cause", ""), whole(query.get("page") or "1")
        if not 1 <= page <= LAST_PAGE:
            raise ValueError(f"no such page: {page}")
        return cls(cause=GapCause(cause) if cause else None, page=page)

    def query(self, page: int) -> str:
        """Return the query of another page of the same list."""
        parts = {"cause": self.cause.value if self.cause else "", "page": str(page)}
        return "&".join(f"{name}={value}" for name, value in parts.items() if value)


@dataclass(frozen=True, slots=True, kw_only=True)
class CauseTotal:
    """The gaps of one cause: how many, and how many checks they took from us."""

    cause: GapCause
    gaps: int
    slots: int


@dataclass(frozen=True, slots=True, kw_only=True)
class GapListing:
    """One page of the gaps of the last days, the newest first; `name` by slug, "" for all."""

    filters: GapFilters
    since: datetime
    totals: tuple[CauseTotal, ...]
    gaps: tuple[tuple[Gap, str], ...]
    more: bool


def gap_listing(
    reads: RecordReads, config: Config, filters: GapFilters, *, now: datetime
) -> GapListing:
    """Read the gaps of the last days."""
    since = now - SPAN
    all_gaps = reads.gaps(since, now)
    sums: dict[GapCause, list[int]] = defaultdict(lambda: [0, 0])
    for gap in all_gaps:
        sums[gap.cause][0] += 1
        sums[gap.cause][1] += gap.slots
    listed = [gap for gap in reversed(all_gaps) if filters.cause in {None, gap.cause}]
    start = PER_PAGE * (filters.page - 1)
    return GapListing(
        filters=filters,
        since=since,
        totals=tuple(
            CauseTotal(cause=cause, gaps=sums[cause][0], slots=sums[cause][1])
            for cause in GapCause
            if cause in sums
        ),
        gaps=tuple((gap, _name(gap, config)) for gap in listed[start : start + PER_PAGE]),
        more=len(listed) > start + PER_PAGE and filters.page < LAST_PAGE,
    )


def _name(gap: Gap, config: Config) -> str:
    if not gap.target:
        return ""
    target = config.by_slug.get(gap.target)
    return target.name if target else gap.target

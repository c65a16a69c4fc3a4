"""The pages that lead to targets: all of them, the departments, one department."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from fractions import Fraction
from urllib.parse import urlencode

from monitor.config import Config
from monitor.core.changes.change_log import ChangeRecord
from monitor.core.french.formatting import PARIS, percent
from monitor.core.french.sentences import VERDICTS
from monitor.core.language import FRENCH, Language
from monitor.core.model import Outage, Target, Verdict
from monitor.core.outages.calendar import midnight
from monitor.core.outages.time_accounts import microseconds
from monitor.core.state_looks import STATE_LOOKS
from monitor.web.record_reads import RecordReads
from monitor.web.views.department_drawing import ENLARGED, DepartmentShape, department_shapes
from monitor.web.views.places import (
    DepartmentView,
    PlaceGroup,
    by_department,
    by_state,
    matching,
    places,
)
from monitor.web.views.platforms import PlatformRow, PlatformView, platform_views, row
from monitor.web.views.recent_past import DAY, recent_past

QUERY_CHARACTERS = 100  # of a search
MOST_RESULTS = 60
OUTAGES = 20  # of a department, the newest
CHANGES = 10
DAYS = 30  # that the shares of the map are of
MEASURES = {"couverture": "Part du temps dont l’état est connu, sur les 30 derniers jours entiers"}
# The lower bounds of the classes of a share, and the opacity class of each.
CLASSES = (
    (Fraction(0), "moins de 50 %"),
    (Fraction(1, 2), "de 50 à 80 %"),
    (Fraction(4, 5), "de 80 à 95 %"),
    (Fraction(19, 20), "de 95 à 99 %"),
    (Fraction(99, 100), "99 % et plus"),
)


@dataclass(frozen=True, slots=True, kw_only=True)
class TargetSearch:
    """What a reader filters the list of targets by; each may be missing."""

    text: str = ""
    verdict: Verdict | None = None
    platform: str = ""

    @classmethod
    def of(cls, params: Mapping[str, str], config: Config) -> "TargetSearch":
        """Read the query of an address.

        Raises:
            ValueError: A state or a platform that there is not.

        """
        platform = params.get("plateforme", "")
        if platform and platform not in config.platforms:
            raise ValueError(platform)
        state = params.get("etat", "")
        return cls(
            text=" ".join(params.get("q", "")[:QUERY_CHARACTERS].split()),
            verdict=Verdict(state) if state else None,
            platform=platform,
        )

    @property
    def query(self) -> str:
        """The search as an address has it, always in the same order."""
        parts = {
            "q": self.text,
            "etat": self.verdict.value if self.verdict else "",
            "plateforme": self.platform,
        }
        return urlencode({name: value for name, value in parts.items() if value})


@dataclass(frozen=True, slots=True, kw_only=True)
class TargetList:
    """All targets: those that a search names, or all of them by platform and department.

    Attributes:
        results: The first of the `total` that the search names; empty without a search.
        platforms, groups: What all targets are listed by; empty with a search.

    """

    at: datetime
    search: TargetSearch
    total: int
    results: tuple[PlatformRow, ...] = ()
    platforms: tuple[PlatformView, ...] = ()
    groups: tuple[PlaceGroup, ...] = ()


@dataclass(frozen=True, slots=True, kw_only=True)
class MapArea:
    """A department as the map shows it: how it is filled, its sign, and its words."""

    shape: DepartmentShape
    fill: str
    sign: str
    words: str


@dataclass(frozen=True, slots=True, kw_only=True)
class PlaceList:
    """The map of the departments, and the same as groups.

    Attributes:
        measure: A key of `MEASURES`; "" for the states.
        groups: The departments by state; empty for a figure.
        shares: The figure of each department, by its code; None where there is none. Empty for
            the states.

    """

    at: datetime
    measure: str
    areas: tuple[MapArea, ...]
    groups: tuple[PlaceGroup, ...] = ()
    shares: Mapping[str, Fraction | None] = field(default_factory=dict)


@dataclass(frozen=True, slots=True, kw_only=True)
class PlacePage:
    """One department: its pages, the newest outages of them, the changes of their texts."""

    at: datetime
    since: datetime
    place: DepartmentView
    outages: tuple[Outage, ...]
    changes: tuple[ChangeRecord, ...]
    names: Mapping[str, str]


def target_list(
    reads: RecordReads, config: Config, search: TargetSearch, *, now: datetime
) -> TargetList:
    """Return the targets that a search names, or all of them."""
    if not search.query:
        rows = _rows(reads, config, config.targets, now=now)
        national = [one for one in rows if not one.target.department]
        return TargetList(
            at=now,
            search=search,
            total=len(rows),
            platforms=platform_views(config, national, ()),
            groups=by_state(places(rows)),
        )
    on_platform = [one for one in config.targets if search.platform in {"", one.platform}]
    named = matching(search.text, on_platform, config)
    rows = _rows(reads, config, [one for one in on_platform if one.slug in named], now=now)
    results = [one for one in rows if search.verdict in {None, one.verdict}]
    return TargetList(
        at=now, search=search, total=len(results), results=tuple(results[:MOST_RESULTS])
    )


def place_list(reads: RecordReads, config: Config, measure: str, *, now: datetime) -> PlaceList:
    """Return the map, of the states or of a figure."""
    if measure:
        shares = _coverages(reads, config, now=now)
        return PlaceList(at=now, measure=measure, areas=measured_areas(shares), shares=shares)
    every = places(_rows(reads, config, config.targets, now=now))
    return PlaceList(at=now, measure="", areas=state_areas(every), groups=by_state(every))


def place_page(reads: RecordReads, config: Config, code: str, *, now: datetime) -> PlacePage:
    """Return the page of a department, of a code that there is."""
    targets = [one for one in config.targets if one.department == code]
    rows = _rows(reads, config, targets, now=now, drawn=True)
    place = next(one for one in places(rows) if one.code == code)
    slugs = [one.target.slug for one in place.rows]
    return PlacePage(
        at=now,
        since=now - DAY,
        place=place,
        outages=tuple(reads.outages(slugs, newest=OUTAGES))[::-1] if slugs else (),
        changes=tuple(reads.page_changes(targets=slugs, limit=CHANGES)) if slugs else (),
        names={one.target.slug: one.target.name for one in place.rows},
    )


def state_areas(
    some: tuple[DepartmentView, ...], language: Language = FRENCH
) -> tuple[MapArea, ...]:
    """Fill each department by the state of its pages."""
    words = language.words(VERDICTS)
    by_code = {one.code: one for one in some}
    return tuple(
        MapArea(
            shape=shape,
            fill=f"url(#p-{by_code[shape.code].verdict.value})",
            sign=_sign(shape, by_code[shape.code].verdict),
            words=words[by_code[shape.code].verdict],
        )
        for shape in department_shapes()
        if shape.code in by_code
    )


def _sign(shape: DepartmentShape, verdict: Verdict) -> str:
    """Return the sign of what a reader should see; none for most of the country on most days."""
    too_small = shape.code in ENLARGED and not shape.label
    plain = verdict in {Verdict.UP, Verdict.UNKNOWN}
    return "" if plain or too_small else STATE_LOOKS[verdict].sign


def measured_areas(shares: Mapping[str, Fraction | None]) -> tuple[MapArea, ...]:
    """Fill each department by the class of its share; without one, as unknown."""
    areas: list[MapArea] = []
    for shape in department_shapes():
        share = shares.get(shape.code)
        if share is None:
            fill, words = "url(#p-unknown)", "pas de relevé"
        else:
            place = max(index for index, (least, _) in enumerate(CLASSES) if share >= least)
            fill, words = f"class-{place}", percent(share)
        areas.append(MapArea(shape=shape, fill=fill, sign="", words=words))
    return tuple(areas)


def _coverages(reads: RecordReads, config: Config, *, now: datetime) -> dict[str, Fraction | None]:
    """Return the figure of each department, in the order of their codes."""
    # Whole days: their sums are stored, no check has to be read for them.
    today = now.astimezone(PARIS).date()
    days = [midnight(today - timedelta(days=back)) for back in range(DAYS, -1, -1)]
    groups = by_department(config.targets)
    times = reads.known_times(
        {code: [one.slug for one in members] for code, members in groups.items()},
        days,
        now=microseconds(now),
    )
    return {
        code: Fraction(known_us, span_us) if span_us else None
        for code, (known_us, span_us) in times.items()
    }


def _rows(
    reads: RecordReads,
    config: Config,
    targets: Sequence[Target],
    *,
    now: datetime,
    drawn: bool = False,
) -> list[PlatformRow]:
    """Return targets in their present state; `drawn` with the timeline of the past day."""
    past = recent_past(reads, config, targets, now=now, drawn=drawn)
    return [row(one, past) for one in targets]

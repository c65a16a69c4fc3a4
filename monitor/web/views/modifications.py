"""The content of the pages on changes. Pure except for the queries."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace

from starlette.datastructures import QueryParams

from monitor.config import Config
from monitor.core.changes.change import Change, ChangeKind, Edit, Op, Piece, Weight
from monitor.core.changes.change_log import ChangeRecord
from monitor.core.changes.compare import compared
from monitor.core.model import Target
from monitor.core.untrusted.numbers import whole
from monitor.web.record_reads import RecordReads
from monitor.web.views.dead_link_views import DeadLinkView, stories

PER_PAGE = 25
MOST_EDITS = 100  # of one change, shown
MOST_SHOWN = 100_000  # characters of them, each shown in the text and on its own side
PIECE_WEIGHT = 100  # characters of markup that are counted for each piece
LAST_PAGE = 10_000  # more than any list has


@dataclass(frozen=True, slots=True, kw_only=True)
class Filters:
    """The filters of a list of changes.

    Attributes:
        department: Code, "" for all.
        every: Whether changes that are not announced are listed too.
        page: From 1.

    """

    department: str = ""
    kind: ChangeKind | None = None
    weight: Weight | None = None
    every: bool = False
    page: int = 1

    @classmethod
    def of(cls, query: QueryParams, config: Config) -> "Filters":
        """Parse a query. Raises ValueError for an unknown department, kind or page."""
        department, kind = query.get("departement", ""), query.get("nature", "")
        weight = query.get("importance", "")
        page = whole(query.get("page") or "1")
        if department and department not in departments(config):
            raise ValueError(f"no target there: {department!r}")
        if not 1 <= page <= LAST_PAGE:
            raise ValueError(f"no such page: {page}")
        return cls(
            department=department,
            kind=ChangeKind(kind) if kind else None,
            weight=Weight(weight) if weight else None,
            every=query.get("tout") == "oui",
            page=page,
        )

    def query(self, page: int) -> str:
        """Return the query of another page of the same list."""
        parameters = {
            "departement": self.department,
            "nature": self.kind.value if self.kind else "",
            "importance": self.weight.value if self.weight else "",
            "tout": "oui" if self.every else "",
            "page": str(page),
        }
        return "&".join(f"{name}={value}" for name, value in parameters.items() if value)


@dataclass(frozen=True, slots=True, kw_only=True)
class Listing:
    """One page of the list of changes."""

    filters: Filters
    changes: tuple[ChangeRecord, ...]
    total: int
    pages: int
    departments: tuple[str, ...]
    targets: Mapping[str, Target]


@dataclass(frozen=True, slots=True, kw_only=True)
class ShownDifference:
    """One change, with the difference between its texts computed again.

    Attributes:
        target: None for one that is no longer configured.
        change: None where the two texts cannot be compared, or one is missing. Its edits are
            those to show: a page with thousands of them would be useless.
        links: Those that died with it, or are no longer dead.
        hidden: How many edits are left out.
        cut: Whether the last one shown is incomplete.

    """

    record: ChangeRecord
    target: Target | None
    change: Change | None
    links: tuple[DeadLinkView, ...] = ()
    hidden: int = 0
    cut: bool = False

    @property
    def name(self) -> str:
        return self.target.name if self.target else self.record.target


def listing(reads: RecordReads, config: Config, filters: Filters) -> Listing:
    """Read one page of the list."""
    targets = None
    if filters.department:
        targets = [
            target.slug for target in config.targets if target.department == filters.department
        ]
    announced_only = not filters.every
    total = reads.count_page_changes(
        targets=targets, kind=filters.kind, weight=filters.weight, announced_only=announced_only
    )
    changes = reads.page_changes(
        targets=targets,
        kind=filters.kind,
        weight=filters.weight,
        announced_only=announced_only,
        limit=PER_PAGE,
        offset=PER_PAGE * (filters.page - 1),
    )
    return Listing(
        filters=filters,
        changes=tuple(changes),
        total=total,
        pages=max(1, -(-total // PER_PAGE)),
        departments=departments(config),
        targets=config.by_slug,
    )


def departments(config: Config) -> tuple[str, ...]:
    """Return the departments that have a target, in order."""
    return tuple(sorted({target.department for target in config.targets if target.department}))


def difference(reads: RecordReads, config: Config, number: int) -> ShownDifference | None:
    """Read one change and compare its texts; None when there is none of that number."""
    change_and_texts = reads.page_change(number)
    if change_and_texts is None:
        return None
    record, was, now = change_and_texts
    change = compared(was, now)
    edits, cut = shown(change.edits) if change else ((), False)
    return ShownDifference(
        record=record,
        target=config.by_slug.get(record.target),
        change=replace(change, edits=edits) if change else None,
        links=stories(reads, config, reads.dead_links(change=number)),
        hidden=len(change.edits) - len(edits) if change else 0,
        cut=cut,
    )


def shown(edits: Sequence[Edit]) -> tuple[tuple[Edit, ...], bool]:
    """Return the first edits, within `MOST_EDITS` and `MOST_SHOWN`, and whether one is cut."""
    first_edits: list[Edit] = []
    remaining = MOST_SHOWN
    for edit in edits[:MOST_EDITS]:
        pieces: list[Piece] = []
        for piece in edit.pieces:
            if remaining > 0:
                pieces.append(replace(piece, text=piece.text[:remaining]))
            remaining -= len(piece.text) + PIECE_WEIGHT
        first_edits.append(replace(edit, pieces=tuple(pieces)))
        if remaining <= 0:
            return tuple(first_edits), first_edits[-1].pieces != edit.pieces
    return tuple(first_edits), False


def before(pieces: Sequence[Piece]) -> list[Piece]:
    """Return the old side of a word-level difference."""
    return [piece for piece in pieces if piece.op != Op.ADDED]


def after(pieces: Sequence[Piece]) -> list[Piece]:
    """Return the new side of a word-level difference."""
    return [piece for piece in pieces if piece.op != Op.REMOVED]

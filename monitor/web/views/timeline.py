"""Timelines: the states over a period, as rectangles to draw. Pure."""

import math
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from itertools import groupby
from operator import itemgetter

from monitor.core.french.sentences import VERDICTS
from monitor.core.language import FRENCH, Language
from monitor.core.model import Verdict
from monitor.core.outages.time_accounts import Span, seconds_by_verdict

CELLS = 288  # five minutes each over a day; bounds the size of a timeline
HEIGHT = 20  # of the timeline, in its own units; a cell is two wide
CELL_WIDTH = 2
# From the bottom of the timeline to its top; also from the least to the most serious.
ORDER = (
    Verdict.UP,
    Verdict.UNKNOWN,
    Verdict.BLOCKED,
    Verdict.DEGRADED,
    Verdict.MAINTENANCE,
    Verdict.DOWN,
)
_RANK = {verdict: rank for rank, verdict in enumerate(ORDER)}

Cells = tuple[Verdict, ...]


@dataclass(frozen=True, slots=True, kw_only=True)
class TimelineBlock:
    """A rectangle of one state, in the timeline's units."""

    x: int
    y: float
    width: int
    height: float
    verdict: Verdict


@dataclass(frozen=True, slots=True, kw_only=True)
class Strip:
    """A timeline, and its content as text for those who do not see it."""

    blocks: tuple[TimelineBlock, ...]
    text: str


def strip(
    rows: Sequence[Sequence[Span]],
    *,
    since: datetime,
    until: datetime,
    language: Language = FRENCH,
) -> Strip:
    """Return the timeline of one target, or of several stacked on top of each other."""
    blocks = stack([cells(spans, since=since, until=until) for spans in rows])
    return Strip(blocks=blocks, text=summary((span for spans in rows for span in spans), language))


def cells(spans: Iterable[Span], *, since: datetime, until: datetime) -> Cells:
    """Return the most serious state of each cell, so that a short one is still visible.

    A cell that no span overlaps is unknown.
    """
    cell_s = (until - since).total_seconds() / CELLS
    verdicts: list[Verdict | None] = [None] * CELLS
    for span in spans:
        first = math.floor((span.from_at - since).total_seconds() / cell_s)
        last = math.ceil((span.to_at - since).total_seconds() / cell_s)
        for index in range(max(0, first), min(CELLS, last)):
            current = verdicts[index]
            if current is None or _RANK[span.verdict] > _RANK[current]:
                verdicts[index] = span.verdict
    return tuple(verdict or Verdict.UNKNOWN for verdict in verdicts)


def stack(rows: Sequence[Cells]) -> tuple[TimelineBlock, ...]:
    """Return the share of the rows in each state, cell by cell; equal neighbours are one."""
    if not rows:
        return ()
    unit = HEIGHT / len(rows)
    # A day has few different columns, in long runs: each run is counted once.
    columns = [
        (_column(verdicts), CELL_WIDTH * len(list(run)))
        for verdicts, run in groupby(zip(*rows, strict=True))
    ]
    blocks: list[TimelineBlock] = []
    for verdict in ORDER:
        x = 0
        shares = ((column[verdict], width) for column, width in columns)
        for (below, count), run in groupby(shares, key=itemgetter(0)):
            width = sum(column_width for _, column_width in run)
            if count:
                y = round(HEIGHT - (below + count) * unit, 2)
                height = round(count * unit, 2)
                blocks.append(TimelineBlock(x=x, y=y, width=width, height=height, verdict=verdict))
            x += width
    return tuple(blocks)


def summary(spans: Iterable[Span], language: Language = FRENCH) -> str:
    """Return how long each state lasted: "disponible 23 h 55 min 00 s, indéterminé 5 min 00 s"."""
    seconds = seconds_by_verdict(spans)
    words = language.words(VERDICTS)
    texts = [f"{words[verdict]} {language.duration(seconds[verdict])}" for verdict in Verdict]
    return language.text(", ").join(
        text for verdict, text in zip(Verdict, texts, strict=True) if seconds[verdict] >= 1
    )


def _column(verdicts: Sequence[Verdict]) -> Mapping[Verdict, tuple[int, int]]:
    """Return, for each state, how many rows are below it and how many are in it."""
    below = 0
    counts: dict[Verdict, tuple[int, int]] = {}
    for verdict in ORDER:
        count = verdicts.count(verdict)
        counts[verdict] = (below, count)
        below += count
    return counts

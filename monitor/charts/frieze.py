"""Friezes: the states of several things over one span, one under another, on one axis of time.

The time of which the checks do not agree, between a good one and a failing one, is drawn over by
stripes. What no check covers is unknown, and is drawn so.
"""

from collections import defaultdict
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from typing import Final

from monitor.charts.drawing import (
    LABEL_UNITS,
    STACK,
    WIDTH,
    ChartTable,
    Rectangle,
    StateShape,
    Tick,
    fitting,
    path,
    shapes,
)
from monitor.core.french.formatting import PARIS, apart
from monitor.core.french.sentences import VERDICTS
from monitor.core.language import FRENCH, Language
from monitor.core.model import Outage, Verdict
from monitor.core.outages.time_accounts import Span

BAR: Final = 26  # height of the bar of a row
_ROW: Final = LABEL_UNITS + 8 + BAR + 8
LEAST: Final = 3.0  # a shorter trouble is drawn this wide, so that it can be seen
_STEPS_S: Final = (
    *(60, 300, 600, 900, 1800),
    *(3600, 7200, 10_800, 21_600, 43_200),
    *(86_400, 172_800, 604_800, 1_209_600),
)
_MOST_TICKS: Final = 5
_EDGE: Final = 60  # units beside the border in which a label is set inwards
_QUIET: Final = frozenset({Verdict.UP, Verdict.UNKNOWN, Verdict.BLOCKED})


@dataclass(frozen=True, slots=True, kw_only=True)
class FriezeThing:
    """A thing to draw: its states in order of time, and its outages."""

    name: str
    spans: Sequence[Span]
    outages: Sequence[Outage] = ()


@dataclass(frozen=True, slots=True, kw_only=True)
class FriezeRow:
    """A row as it is drawn.

    Attributes:
        label_y, bar_y: The base of its name, and the top of its bar.
        doubt: The `d` of what may have been otherwise.
        marks: Where the checks stand that frame its outages.

    """

    name: str
    label_y: float
    bar_y: float
    shapes: tuple[StateShape, ...]
    doubt: str
    marks: tuple[float, ...]


@dataclass(frozen=True, slots=True, kw_only=True)
class Frieze:
    title: str
    description: str
    height: float
    rows: tuple[FriezeRow, ...]
    ticks: tuple[Tick, ...]
    table: ChartTable

    @property
    def verdicts(self) -> tuple[Verdict, ...]:
        """The states to explain; what no check covers is always one of them."""
        drawn = {shape.verdict for row in self.rows for shape in row.shapes}
        return tuple(verdict for verdict in STACK if verdict in drawn | {Verdict.UNKNOWN})


def frieze(
    title: str,
    things: Sequence[FriezeThing],
    *,
    since: datetime,
    until: datetime,
    language: Language = FRENCH,
) -> Frieze:
    """Draw things over [since, until), one row each."""
    scale = _Scale(since=since, until=until, language=language)
    return Frieze(
        title=title,
        description=_description(things, since, until, language),
        height=_ROW * len(things) + LABEL_UNITS + 8,
        rows=tuple(_row(index, thing, scale) for index, thing in enumerate(things)),
        ticks=scale.ticks(),
        table=_table(things, since, until, language),
    )


@dataclass(frozen=True, slots=True, kw_only=True)
class _Scale:
    """The axis of time."""

    since: datetime
    until: datetime
    language: Language

    def x(self, at: datetime) -> float:
        """Return where an instant is drawn; at a border, what lies outside."""
        share = (at - self.since) / (self.until - self.since)
        return WIDTH * min(1.0, max(0.0, share))

    def ticks(self) -> tuple[Tick, ...]:
        """Return a few round hours of Paris, or days."""
        whole_s = (self.until - self.since).total_seconds()
        step_s = next((step for step in _STEPS_S if whole_s / step <= _MOST_TICKS), _STEPS_S[-1])
        local = self.since.astimezone(PARIS).replace(second=0, microsecond=0)
        midnight = local.replace(hour=0, minute=0)
        ticks: list[Tick] = []
        count = 0
        first = int(max(0.0, (local - midnight).total_seconds()) // step_s)
        while len(ticks) < 2 * _MOST_TICKS:
            at = _later(midnight, step_s * (first + count))
            if at >= self.until:
                break
            count += 1
            if at >= self.since:
                ticks.append(self._tick(at, days=step_s >= 86_400))  # noqa: PLR2004 -- a day
        return tuple(ticks)

    def _tick(self, at: datetime, *, days: bool) -> Tick:
        x, local = self.x(at), at.astimezone(PARIS)
        text = f"{local.day}/{local.month:02}" if days else self.language.clock(at)
        anchor = "start" if x < _EDGE else "end" if x > WIDTH - _EDGE else "middle"
        return Tick(x=round(x, 2), text=text.replace(" ", "\N{NO-BREAK SPACE}"), anchor=anchor)


def _later(midnight: datetime, seconds: float) -> datetime:
    """Return the wall clock of Paris so much later: a step of days stays at midnight."""
    return (midnight + timedelta(seconds=seconds)).astimezone(UTC)


def _row(index: int, thing: FriezeThing, scale: _Scale) -> FriezeRow:
    top = float(_ROW * index)
    bar_y = top + LABEL_UNITS + 8
    rectangles: dict[Verdict, list[Rectangle]] = defaultdict(list)
    for span in _merged(thing.spans):
        x, width = scale.x(span.from_at), scale.x(span.to_at) - scale.x(span.from_at)
        if span.verdict not in _QUIET and width < LEAST and _inside(span, scale):
            x, width = min(x, WIDTH - LEAST), LEAST
        rectangles[span.verdict].append((x, bar_y, width, float(BAR)))
    return FriezeRow(
        name=scale.language.foreign(fitting(thing.name, WIDTH)),
        label_y=top + LABEL_UNITS,
        bar_y=bar_y,
        shapes=shapes(rectangles),
        doubt=path(
            (scale.x(start), bar_y, scale.x(end) - scale.x(start), float(BAR))
            for outage in thing.outages
            for start, end in _doubtful(outage)
        ),
        marks=tuple(
            round(scale.x(at), 2)
            for outage in thing.outages
            for at in (outage.first_fail_at, outage.last_fail_at)
            if scale.since <= at <= scale.until
        ),
    )


def _inside(span: Span, scale: _Scale) -> bool:
    return span.to_at > scale.since and span.from_at < scale.until


def _doubtful(outage: Outage) -> Iterable[tuple[datetime, datetime]]:
    """Yield when an outage may have begun, and when it may have ended."""
    if outage.last_ok_at is not None:
        yield outage.last_ok_at, outage.first_fail_at
    if outage.first_ok_at is not None:
        yield outage.last_fail_at, outage.first_ok_at


def _merged(spans: Iterable[Span]) -> Iterable[Span]:
    """Yield the spans, those of one state that touch as one."""
    last: Span | None = None
    for span in spans:
        if last and last.verdict is span.verdict and span.from_at <= last.to_at:
            last = Span(from_at=last.from_at, to_at=span.to_at, verdict=last.verdict)
            continue
        if last:
            yield last
        last = span
    if last:
        yield last


def _description(
    things: Sequence[FriezeThing], since: datetime, until: datetime, language: Language
) -> str:
    parts = [f"{language.foreign(one.name)} : {_states(one, language)}" for one in things]
    return language.text(
        "Du %(since)s au %(until)s. %(states)s. Les rayures couvrent le temps entre deux relevés "
        "qui se contredisent.",
        since=language.when(since),
        until=language.when(until),
        states=". ".join(parts),
    )


def _states(thing: FriezeThing, language: Language) -> str:
    troubles = [span for span in _merged(thing.spans) if span.verdict not in _QUIET]
    if not troubles:
        return language.text("aucun défaut relevé")
    words = language.words(VERDICTS)
    return language.text(", ").join(
        language.text(
            "%(state)s pendant %(length)s",
            state=words[span.verdict],
            length=language.duration(apart(span.from_at, span.to_at)),
        )
        for span in troubles[:5]
    )


def _table(
    things: Sequence[FriezeThing], since: datetime, until: datetime, language: Language
) -> ChartTable:
    words, text = language.words(VERDICTS), language.text
    stretches = [
        (thing.name, max(span.from_at, since), min(span.to_at, until), span.verdict)
        for thing in things
        for span in _merged(thing.spans)
        if span.from_at < until and span.to_at > since and span.from_at < span.to_at
    ]
    return ChartTable(
        columns=(
            text("Page"),
            text("De (heure de Paris)"),
            text("À (heure de Paris)"),
            text("État"),
        ),
        rows=tuple(
            (
                language.foreign(name),
                language.to_the_second(start),
                language.to_the_second(end),
                words[verdict],
            )
            for name, start, end, verdict in stretches
        ),
        fields=("name", "from_at", "to_at", "verdict"),
        data=tuple(
            (name, _utc(start), _utc(end), verdict.value) for name, start, end, verdict in stretches
        ),
    )


def _utc(at: datetime) -> str:
    return at.astimezone(UTC).isoformat().replace("+00:00", "Z")

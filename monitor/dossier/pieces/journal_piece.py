"""Piece "Journal des relevés": every check of the period, the good ones too, and every gap.

Good checks that follow each other and say the same are one line, which has their number, the first
and the last of them, their leaves, and the longest time between two. Every other check has a line
of its own. A journal that is long is several files, each with its number.
"""

from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, field
from datetime import date, datetime, timedelta
from typing import Final

from monitor.core.french.formatting import PARIS, count, day, grouped
from monitor.core.french.labels import GAPS
from monitor.core.french.sentences import REASONS, RULES, VERDICTS
from monitor.core.model import Gap, Reason, Verdict
from monitor.core.outages.calendar import day_of, midnight
from monitor.core.outages.fold import GOOD
from monitor.core.outages.time_accounts import HOLD, instant, microseconds
from monitor.dossier.dossier_record import DossierRecord
from monitor.dossier.pdf.document_blocks import (
    Block,
    bullets,
    heading,
    note,
    paragraph,
    table,
)
from monitor.store.reads.journaled_reads import JournaledCheck

JOURNAL_TITLE: Final = "Journal des relevés"
MOST_LINES: Final = 1_500  # of one file: it stays far below 15 MB, and its memory bounded
_UNPLANNED_S: Final = 60
_COLUMNS: Final = (
    "De – à (Paris)",
    "Relevés",
    "État",
    "Motif, règle",
    "Code",
    "Réponse en",
    "Feuilles",
)
_WIDTHS: Final = (2.2, 2.5, 1.5, 3, 0.7, 1.5, 2)
_GOOD: Final = frozenset(verdict.value for verdict in GOOD)

# Called with the number of checks read since the last call.
Progress = Callable[[int], None]


@dataclass(slots=True)
class _CheckRun:
    """Checks that are one line. Instants and lengths are in microseconds."""

    first: JournaledCheck
    last: JournaledCheck
    number: int = 1
    longest_us: int = 0
    fastest_us: int = 0
    slowest_us: int = 0

    @classmethod
    def of(cls, check: JournaledCheck) -> "_CheckRun":
        return cls(check, check, fastest_us=check.duration_us, slowest_us=check.duration_us)

    def add(self, check: JournaledCheck) -> None:
        since_last_us, took_us = check.at_us - self.last.at_us, check.duration_us
        self.longest_us = max(self.longest_us, since_last_us)
        if took_us < self.fastest_us:
            self.fastest_us = took_us
        elif took_us > self.slowest_us:
            self.slowest_us = took_us
        self.last = check
        self.number += 1


@dataclass(frozen=True, slots=True)
class _JournalLine:
    """A line, the instant that it begins at, and how many checks it is."""

    at_us: int
    cells: Sequence[str]
    checks: int = 0
    reason: str = ""
    rule: str = ""


@dataclass(slots=True)
class JournalPart:
    """What one file has: its lines by target and day, in order.

    Attributes:
        lines: How many there are.
        checks: How many checks these are.
        reasons, rules: Words of machines in them, which the file explains.

    """

    blocks: list[Block] = field(default_factory=list)
    lines: int = 0
    checks: int = 0
    reasons: set[str] = field(default_factory=set)
    rules: set[str] = field(default_factory=set)

    def take(self, on: date, lines: Sequence[_JournalLine], name: str) -> None:
        """Add the lines of one day, of the target of a name."""
        self.blocks.append(heading(day(on), level=2))
        self.blocks.append(
            table(
                _COLUMNS,
                [line.cells for line in lines],
                widths=_WIDTHS,
                about=f"Relevés du {day(on)}, {name}",
                small=True,
            )
        )
        self.lines += len(lines)
        self.checks += sum(line.checks for line in lines)
        self.reasons |= {line.reason for line in lines if line.reason}
        self.rules |= {line.rule for line in lines if line.rule}


def journal_parts(record: DossierRecord, progress: Progress) -> Iterator[JournalPart]:
    """Yield the files, one in memory at a time; one at least."""
    part = JournalPart()
    for slug in record.question.targets:
        name, titled = record.target(slug).name, False
        for on, lines in _by_day(_lines(record, slug, progress)):
            if part.lines + len(lines) > MOST_LINES and part.lines:
                yield part
                part, titled = JournalPart(), False
            if not titled:
                part.blocks.append(heading(name))
                titled = True
            part.take(on, lines, name)
        if not titled:
            part.blocks += [heading(name), paragraph("Aucun relevé et aucune lacune au registre.")]
    yield part


def part_blocks(record: DossierRecord, part: JournalPart) -> Iterator[Block]:
    """Yield a whole file: what it is, the words of its lines, then the lines."""
    yield paragraph(
        f"Tous les relevés de la période, conformes ou non, et nos lacunes : "
        f"{count(part.checks, 'relevé')} en {count(part.lines, 'ligne')}. Les heures sont celles "
        "de Paris. Rien n’est choisi : une suite de relevés conformes et semblables est une seule "
        "ligne, qui dit leur nombre, le premier, le dernier, le plus long écart entre deux et "
        "leurs feuilles ; tout autre relevé a sa ligne."
    )
    yield bullets(
        [
            *(
                f"motif {word} : {REASONS[Reason(word)]}"
                for word in sorted(part.reasons)
                if word in _KNOWN
            ),
            *(f"règle {word} : {RULES[word]}" for word in sorted(part.rules) if word in RULES),
        ]
    )
    yield note(
        f"Les feuilles sont celles du journal {record.origin} : chacune est citée par son numéro "
        "et se vérifie sans nous (note méthodologique)."
    )
    yield from part.blocks


_STATES: Final = {
    **{verdict.value: words for verdict, words in VERDICTS.items()},
    Verdict.BLOCKED.value: "accès refusé",  # one line of a narrow column
}
_KNOWN: Final = frozenset(reason.value for reason in Reason)


def _by_day(lines: Iterator[_JournalLine]) -> Iterator[tuple[date, list[_JournalLine]]]:
    """Yield the lines of each day of Paris; those of a very long day in several lists."""
    some: list[_JournalLine] = []
    current: date | None = None
    for line in lines:
        on = instant(line.at_us).astimezone(PARIS).date()
        if some and current is not None and (on != current or len(some) >= MOST_LINES):
            yield current, some
            some = []
        current = on
        some.append(line)
    if some and current is not None:
        yield current, some


def _lines(record: DossierRecord, slug: str, progress: Progress) -> Iterator[_JournalLine]:
    """Yield the checks and the gaps of a target, in order of time."""
    gaps = [_gap_line(gap, record) for gap in record.gaps if gap.target in {"", slug}]
    for line in _check_lines(record, slug, progress):
        while gaps and gaps[0].at_us <= line.at_us:
            yield gaps.pop(0)
        yield line
    yield from gaps


def _check_lines(record: DossierRecord, slug: str, progress: Progress) -> Iterator[_JournalLine]:
    question = record.question
    checks = record.store.journaled_checks(
        slug, question.since, question.until, record.checkpoint.size
    )
    hold_us = HOLD * 1_000_000 * (record.target(slug).interval_s or _UNPLANNED_S)
    run: _CheckRun | None = None
    end_of_day = unread = 0
    for check in checks:
        unread += 1
        if unread >= _TOLD:
            progress(unread)
            unread = 0
        same = (
            run is not None
            and check.at_us < end_of_day
            and check.at_us - run.last.at_us <= hold_us
            and _alike(run.last, check)
        )
        if run is not None and same:
            run.add(check)
            continue
        if run is not None:
            yield _run_line(run)
        run = _CheckRun.of(check)
        end_of_day = _next_midnight(check.at_us)
    if run is not None:
        yield _run_line(run)
    progress(unread)


_TOLD: Final = 10_000


def _alike(one: JournaledCheck, other: JournaledCheck) -> bool:
    """Return whether two checks are good and say the same, by the same rule."""
    return (
        one.verdict in _GOOD
        and one.verdict == other.verdict
        and one.reason == other.reason
        and one.rule == other.rule
        and one.ruleset == other.ruleset
        and one.status == other.status
    )


def _next_midnight(at_us: int) -> int:
    return midnight(day_of(at_us) + timedelta(days=1))


def _run_line(run: _CheckRun) -> _JournalLine:
    first, last = run.first, run.last
    one = run.number == 1
    span = _hour(first.at_us) if one else f"{_hour(first.at_us)} – {_hour(last.at_us)}"
    widest = "" if one else f", écart de {_seconds(run.longest_us, places=0)} s au plus"
    took = _seconds(run.fastest_us)
    if not one and run.slowest_us != run.fastest_us:
        took = f"{took} – {_seconds(run.slowest_us)}"
    leaves = grouped(first.leaf) if one else f"{grouped(first.leaf)} … {grouped(last.leaf)}"
    return _JournalLine(
        at_us=first.at_us,
        cells=(
            span,
            f"{grouped(run.number)}{widest}",
            _STATES.get(first.verdict, first.verdict),
            first.reason if first.reason == first.rule else f"{first.reason}, {first.rule}",
            "–" if first.status is None else str(first.status),
            f"{took} s",
            leaves,
        ),
        checks=run.number,
        reason=first.reason,
        rule=first.rule,
    )


def _gap_line(gap: Gap, record: DossierRecord) -> _JournalLine:
    """Return the line of a gap, from where it reaches into the period."""
    since, until = max(gap.from_at, record.question.since), min(gap.to_at, record.question.until)
    number = "–" if gap.number is None else grouped(gap.number)
    return _JournalLine(
        at_us=microseconds(since),
        cells=(
            f"{_hour(microseconds(since))} – {_hour_of(until, since)}",
            count(gap.slots, "créneau sans relevé", "créneaux sans relevé"),
            "lacune",
            GAPS[gap.cause],
            "–",
            "–",
            number,
        ),
    )


def _hour(us: int) -> str:
    return f"{instant(us).astimezone(PARIS):%H:%M:%S}"


def _hour_of(at: datetime, beside: datetime) -> str:
    """Return an hour, with its date where it is of another day than the one beside it."""
    local = at.astimezone(PARIS)
    if local.date() == beside.astimezone(PARIS).date():
        return f"{local:%H:%M:%S}"
    return f"{local:%d/%m %H:%M:%S}"


def _seconds(us: int, *, places: int = 2) -> str:
    return f"{us / 1e6:.{places}f}".replace(".", ",")

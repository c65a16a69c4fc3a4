"""What the commands that read the record share: which targets, which span, which form."""

import csv
import os
import sys
from argparse import ArgumentParser, ArgumentTypeError, Namespace
from collections.abc import Iterable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from typing import Any

from monitor.cli.parsing import CommandRefused, folders
from monitor.cli.recorded_targets import RecordedTargets, recorded_targets
from monitor.config.settings import read_settings
from monitor.core.french.formatting import count, when
from monitor.core.french.instants import instant_of
from monitor.core.outages.availability import HOLD
from monitor.core.untrusted.numbers import whole
from monitor.store import Store

MOST_NUMBER = 2**63  # of a leaf
_UNPLANNED_S = 60  # between two checks, where the record has no plan


def log_options(log: ArgumentParser) -> None:
    """Add the options of every log: targets, period, output format."""
    folders(log)
    log.add_argument("--target", action="append", metavar="CIBLE", help="plusieurs fois si besoin")
    log.add_argument("--platform", metavar="PLATEFORME", help="celles d’une plateforme")
    log.add_argument("--department", metavar="CODE", help="celles d’un département, par exemple 93")
    log.add_argument(
        "--from",
        dest="since",
        type=instant,
        metavar="DATE",
        help="depuis : AAAA-MM-JJ[THH:MM], heure de Paris",
    )
    log.add_argument("--to", dest="until", type=instant, metavar="DATE", help="jusqu’à, exclu")
    form_options(log)


def form_options(log: ArgumentParser) -> None:
    """Add the choice of a form, in `args.format`: "table", "csv", "csv-fr" or "json"."""
    forms = log.add_mutually_exclusive_group()
    forms.add_argument(
        "--format", choices=("table", "csv", "json"), default="table",
        help="forme de la réponse (par défaut : table)",
    )  # fmt: skip
    forms.add_argument(
        "--json", dest="format", action="store_const", const="json", help="= --format json"
    )
    forms.add_argument(
        "--csv", dest="format", type=_csv_form, metavar="fr",
        help="pour un tableur français : points-virgules, virgules décimales, heures de Paris",
    )  # fmt: skip


def _csv_form(text: str) -> str:
    if text != "fr":
        raise ArgumentTypeError(f"{text[:20]} : écrire --csv fr, ou --format csv pour un programme")
    return "csv-fr"


def number_option(log: ArgumentParser, *, what: str) -> None:
    """Add `--number`, of one item of the log."""
    log.add_argument("--number", type=number, metavar="N", help=f"{what} de ce numéro, seule")


def number(text: str) -> int:
    """Read the number of a leaf, with or without spaces. Raises ArgumentTypeError."""
    try:
        read = whole("".join(text[:_LONGEST_NUMBER].split()))
    except ValueError:
        raise ArgumentTypeError(f"« {text[:20]} » n’est pas un numéro") from None
    return read


_LONGEST_NUMBER = 60  # characters, spaces included


def instant(text: str) -> datetime:
    """Parse an instant that a person wrote. Raises ArgumentTypeError: see `instant_of`."""
    try:
        return instant_of(text)
    except ValueError as error:
        raise ArgumentTypeError(str(error)) from None


def require_span(args: Namespace) -> None:
    """Raise CommandRefused for a span that ends before it begins, or as it does."""
    if args.since and args.until and args.until <= args.since:
        raise CommandRefused(
            f"--to : la fin de la période ({when(args.until)}) n’est pas après son début "
            f"({when(args.since)})"
        )


@contextmanager
def the_record(args: Namespace) -> Iterator[tuple[Store, RecordedTargets]]:
    """Open the record for reading, with what is known of its targets."""
    settings = read_settings(os.environ, data=args.data)
    with Store.open(settings.database_url, point=settings.point, writer=False) as store:
        yield store, recorded_targets(args, store)


def utc(at: datetime | None) -> str | None:
    """Format an instant in UTC, for machines; None for None."""
    return at.astimezone(UTC).isoformat().replace("+00:00", "Z") if at else None


def write_csv(rows: Iterable[Mapping[str, Any]], *, names: Sequence[str]) -> None:
    """Print rows under `names`; a list in a cell is written with spaces between."""
    writer = csv.DictWriter(
        sys.stdout, fieldnames=names, extrasaction="ignore", lineterminator="\n"
    )
    writer.writeheader()
    for row in rows:
        writer.writerow(
            {
                name: " ".join(map(str, value)) if isinstance(value, list) else value
                for name, value in row.items()
                if name in names
            }
        )


@dataclass(frozen=True, slots=True, kw_only=True)
class Coverage:
    """What part of an asked span the record can speak of.

    Attributes:
        since, until: As asked; None for an open end.
        first_at, last_at: Of the checks of the chosen targets; None without any.
        before: The part of the span before the first check.
        after: The part after the last check has ceased to hold; it may be still to come.
        partial: Chosen targets of which the record lacks a part that it has of others.

    """

    since: datetime | None
    until: datetime | None
    first_at: datetime | None
    last_at: datetime | None
    before: tuple[datetime | None, datetime] | None
    after: tuple[datetime, datetime | None] | None
    partial: tuple[str, ...]

    def as_json(self) -> dict[str, Any]:
        uncovered = {"before_first_check": self.before, "after_last_check": self.after}
        return {
            "from": utc(self.since),
            "to": utc(self.until),
            "first_check_at": utc(self.first_at),
            "last_check_at": utc(self.last_at),
            "not_covered": [
                {"from": utc(span[0]), "to": utc(span[1]), "why": why}
                for why, span in uncovered.items()
                if span
            ],
            "partly_covered_targets": list(self.partial),
        }

    def lines(self) -> Iterator[str]:
        """Yield a French sentence for each part that is not covered."""
        if self.first_at is None or self.last_at is None:
            yield "Aucun relevé n’a été fait de ce qui est demandé : le journal n’en dit rien."
            return
        if self.before:
            yield (
                f"Le premier relevé est du {when(self.first_at)} : "
                "rien n’est dit de la période qui précède."
            )
        if self.after:
            yield (
                f"Le dernier relevé est du {when(self.last_at)} : "
                "rien n’est dit de la période qui suit."
            )
        if self.partial:
            yield (
                f"{count(len(self.partial), 'cible')} : le registre ne couvre pas toute la "
                f"période ({', '.join(self.partial[:_NAMED])}"
                f"{', …' if len(self.partial) > _NAMED else ''})."
            )


_NAMED = 5  # targets, in one line


def coverage(
    args: Namespace, watched: Mapping[str, tuple[datetime, datetime]], known: RecordedTargets
) -> Coverage:
    """Return what the record has of some targets, in the span that the options give.

    Args:
        args: With its ends.
        watched: When each chosen target was checked first, and last.
        known: For how long a check holds.

    """
    since, until = args.since, args.until
    if not watched:
        return Coverage(
            since=since, until=until, first_at=None, last_at=None, before=None, after=None,
            partial=(),
        )  # fmt: skip
    first = min(start for start, _ in watched.values())
    last = max(end for _, end in watched.values())
    held_until = max(end + hold(known, slug, end) for slug, (_, end) in watched.items())
    partial = [
        slug
        for slug, (start, end) in watched.items()
        if (since and start > max(since, first + hold(known, slug, start)))
        or (until and end + hold(known, slug, end) < min(until, last))
    ]
    return Coverage(
        since=since,
        until=until,
        first_at=first,
        last_at=last,
        before=(since, min(first, until or first)) if (since or until or first) < first else None,
        after=(max(last, since or last), until)
        if (until or since or held_until) > held_until
        else None,
        partial=tuple(partial),
    )


def hold(known: RecordedTargets, slug: str, at: datetime) -> timedelta:
    """Return how long a check of a target at an instant may hold, by the plan of its time."""
    plans = known.of(slug).plans
    past = [plan for plan in plans if plan.from_at <= at] or list(plans[:1])
    return HOLD * timedelta(seconds=past[-1].interval_s if past else _UNPLANNED_S)


def of_chosen(
    watched: Mapping[str, tuple[datetime, datetime]], slugs: Iterable[str]
) -> Mapping[str, tuple[datetime, datetime]]:
    """Return when each of these targets was checked first and last."""
    return {slug: watched[slug] for slug in slugs if slug in watched}

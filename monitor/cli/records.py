"""What the commands that read the record share: which targets, which span, which form."""

import csv
import os
import sys
from argparse import ArgumentParser, ArgumentTypeError, Namespace
from collections.abc import Iterable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from datetime import datetime
from typing import Any

from monitor.attest.point_reader import open_record
from monitor.cli.parsing import CommandRefused, folders
from monitor.cli.target_choice import targets_of
from monitor.config.settings import read_settings
from monitor.core.french.formatting import when
from monitor.core.french.instants import instant_of
from monitor.core.untrusted.numbers import whole
from monitor.evidence.other_points.point_folder import POINTS, PointFolder
from monitor.figures.recorded_targets import RecordedTargets
from monitor.store import Store

MOST_NUMBER = 2**63  # of a leaf


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
        yield store, targets_of(args, store)


@contextmanager
def record_of(args: Namespace) -> Iterator[Store]:
    """Open our record for reading, or that of the point named by `--point`.

    Raises:
        CommandRefused: Nothing is followed under that name.

    """
    if not args.point:
        settings = read_settings(os.environ, data=args.data)
        with Store.open(settings.database_url, point=settings.point, writer=False) as store:
            yield store
        return
    folder = args.data / POINTS
    names = sorted(path.name for path in folder.iterdir()) if folder.is_dir() else []
    record = open_record(PointFolder(args.data, args.point)) if args.point in names else None
    if record is None:
        known = f" ; suivis : {', '.join(names)}" if names else ""
        raise CommandRefused(f"--point {args.point} : rien n’est suivi sous ce nom{known}")
    for fault in PointFolder(args.data, args.point).faults():
        print(f"Le point « {args.point} » n’est plus écouté : {fault.text}", file=sys.stderr)
    with record:
        yield record


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

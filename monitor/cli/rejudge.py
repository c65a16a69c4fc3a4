"""`vigie rejudge`: the record by a published ruleset, beside the verdicts that were recorded."""

import os
from argparse import Namespace
from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import Any

from monitor.cli.availability import (
    COLUMNS,
    FIELDS,
    SheetRow,
    lines,
    questions_of,
    rows,
    scope_options,
    sheet,
)
from monitor.cli.log_forms import Column, write_french_csv
from monitor.cli.parsing import Commands, ProgressLine, say
from monitor.cli.records import log_options, require_span, write_csv
from monitor.config.files.ruleset_file import RULESETS_SHIPPED, load_ruleset, published_ruleset
from monitor.config.settings import read_settings
from monitor.core.french import figure_sentences as french
from monitor.core.french.formatting import count, grouped, numbered
from monitor.core.french.sentences import REASONS, VERDICTS
from monitor.core.model import Outage
from monitor.core.outages.span_figures import length
from monitor.core.verdict.rulesets import Ruleset
from monitor.figures import shapes
from monitor.figures.rejudged import RejudgedAnswer, rejudged_answers
from monitor.store import Store

MOST_OUTAGES = 20  # told one by one in a table; `--json` has them all
_UNREADABLE = "raison que ce programme ne connaît pas"


def add(commands: Commands) -> None:
    """Add the command."""
    parser = commands.add_parser(
        "rejudge", help="les mêmes relevés comptés par un autre jeu de règles, à côté des nôtres"
    )
    log_options(parser)
    scope_options(parser)
    parser.add_argument(
        "--ruleset",
        required=True,
        metavar="strict|lenient|FICHIER",
        help="jeu de règles : strict, lenient (docs/regles-de-comptage.md), ou un fichier TOML",
    )
    parser.set_defaults(run=rejudge)


def rejudge(args: Namespace) -> int:
    """Print both figures of each scope that was asked for; 1 when nothing is known of any."""
    require_span(args)
    ruleset = load_ruleset(_path(args))
    settings = read_settings(os.environ, data=args.data)
    with Store.open(settings.database_url, point=settings.point, writer=False) as store:
        questions, basis = questions_of(args, store)
        with ProgressLine() as line:
            done = 0

            def progress(checks: int) -> None:
                nonlocal done
                done += checks
                line("relevés relus", done, 0)

            answers = list(rejudged_answers(store, ruleset, questions, basis, progress))
    _print(args, answers, ruleset)
    return 0 if any(answer.recorded.account.known_us for answer in answers) else 1


def _path(args: Namespace) -> Path:
    """Return the file of a ruleset: one that comes with the program by its name, or a path."""
    if args.ruleset in RULESETS_SHIPPED:
        return published_ruleset(args.config, args.ruleset)
    return Path(args.ruleset)


def _print(args: Namespace, answers: Sequence[RejudgedAnswer], ruleset: Ruleset) -> None:
    if args.format == "json":
        say([shapes.rejudged(answer, ruleset) for answer in answers])
    elif args.format == "csv":
        write_csv(
            [row for answer in answers for row in _rows(answer)], names=("counted_by", *FIELDS)
        )
    elif args.format == "csv-fr":
        figures = [figure for answer in answers for figure in _sheet(answer)]
        write_french_csv(_COLUMNS, figures, instants=frozenset({"du", "au"}))
    else:
        print("\n".join(_heading(ruleset)), end="\n\n")
        for answer in answers:
            print("\n".join(_lines(answer)), end="\n\n")


def _rows(answer: RejudgedAnswer) -> Iterator[dict[str, Any]]:
    for name, one in (("recorded", answer.recorded), ("ruleset", answer.rejudged)):
        for row in rows(one):
            yield {"counted_by": name, **row}


_SheetRow = tuple[str, SheetRow]


def _sheet(answer: RejudgedAnswer) -> Iterator[_SheetRow]:
    for name, one in (
        ("verdicts enregistrés", answer.recorded),
        ("jeu de règles", answer.rejudged),
    ):
        for row in sheet(one):
            yield name, row


def _plain(column: Column[SheetRow]) -> Column[_SheetRow]:
    name, value = column
    return name, lambda row: value(row[1])


_COLUMNS: Sequence[Column[_SheetRow]] = (
    ("compté selon", lambda row: row[0]),
    *map(_plain, COLUMNS),
)


def _heading(ruleset: Ruleset) -> Iterator[str]:
    yield f"{ruleset.name} ({ruleset.slug}, version {ruleset.version})"
    yield f"  empreinte SHA-256 du fichier : {ruleset.sha256}"
    yield f"  {ruleset.summary}"
    yield (
        "  Ce que le contenu d’une page voulait dire est repris tel qu’il a été jugé au moment du "
        "relevé. Les sommes par jour sont celles des verdicts enregistrés : tout est relu, relevé "
        "par relevé."
    )


def _lines(answer: RejudgedAnswer) -> Iterator[str]:
    yield "— Verdicts enregistrés —"
    yield from lines(answer.recorded)
    yield from _listed(answer.outages)
    yield "— Jeu de règles demandé —"
    yield from lines(answer.rejudged)
    yield from _listed(answer.rejudged_outages)
    yield "— Ce qui diffère, et pourquoi —"
    differing = [one for one in answer.differences if one.differs]
    for one in differing:
        reason = REASONS[one.reason] if one.reason else _UNREADABLE
        yield (
            f"  {VERDICTS[one.verdict]} compté {VERDICTS[one.counts_as]} : "
            f"{count(one.checks, 'relevé')}, {french.microseconds(one.held_us)}"
        )
        yield f"    {reason}"
        yield f"    {one.why}"
    if not differing:
        yield "  rien : chaque relevé de la période compte comme il a été enregistré"


def _listed(outages: Sequence[Outage]) -> Iterator[str]:
    for outage in outages[:MOST_OUTAGES]:
        name = f"{numbered(outage.number)}, " if outage.number is not None else ""
        yield (
            f"    {name}{outage.target}, {french.outage_frame(outage)} ; "
            f"{french.bounds(length(outage))}"
        )
    more = len(outages) - MOST_OUTAGES
    if more > 0:
        yield f"    et {grouped(more)} autres : --json les donne toutes"

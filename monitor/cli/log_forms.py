"""A log in its forms: for a reader, for a French spreadsheet, for programs."""

import csv
import sys
from argparse import Namespace
from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Any, Generic, TypeVar

from monitor.cli import terminal
from monitor.cli.parsing import say
from monitor.cli.records import write_csv
from monitor.core.french.formatting import PARIS
from monitor.core.untrusted.spreadsheet_cells import not_a_formula
from monitor.figures.coverage import Coverage

T = TypeVar("T")
Cell = str | int | float | bool | datetime | None
# The head of a column, and what it has of an item. An instant makes two columns.
Column = tuple[str, Callable[[T], Cell]]


@dataclass(frozen=True, slots=True, kw_only=True)
class LogForm(Generic[T]):
    """How the items of one log are written.

    Attributes:
        name: Key of the items in JSON.
        fields: Names of the columns for programs, of those that `as_json` returns.
        as_json: An item for programs.
        columns, instants: For a French spreadsheet; `instants` names those that hold instants.
        describe: An item for a reader, on several lines.
        ending: Lines after the items, for a reader.

    """

    name: str
    fields: Sequence[str]
    as_json: Callable[[T], dict[str, Any]]
    columns: Sequence[Column[T]]
    instants: frozenset[str]
    describe: Callable[[T], str]
    ending: Callable[[int], str]


def print_log(args: Namespace, form: LogForm[T], items: Sequence[T], covered: Coverage) -> None:
    """Print a log in the requested form, and on the error output what it does not cover."""
    for line in covered.lines():
        print(line, file=sys.stderr)
    match args.format:
        case "json":
            say({"span": covered.as_json(), form.name: [form.as_json(item) for item in items]})
        case "csv":
            write_csv((form.as_json(item) for item in items), names=form.fields)
        case "csv-fr":
            write_french_csv(form.columns, items, instants=form.instants)
        case _:
            for item in items:
                print(form.describe(item), end="\n\n")
            print(form.ending(len(items)))


def print_one(args: Namespace, form: LogForm[T], items: Sequence[T]) -> int:
    """Print the one item of a number; return 1 when there is none."""
    if not items:
        print(f"--number : {args.number} : rien au journal sous ce numéro", file=sys.stderr)
        return 1
    match args.format:
        case "json":
            say(form.as_json(items[0]))
        case "csv":
            write_csv(map(form.as_json, items), names=form.fields)
        case "csv-fr":
            write_french_csv(form.columns, items, instants=form.instants)
        case _:
            print(form.describe(items[0]))
    return 0


def write_french_csv(
    columns: Sequence[Column[T]], items: Iterable[T], *, instants: frozenset[str]
) -> None:
    """Print a table that a French spreadsheet opens by itself.

    UTF-8 with its mark, semicolons, decimal commas, "oui" and "non"; each instant in Paris time
    and in UTC, to the whole second below. No cell of text is taken for a formula.
    """
    terminal.control(sys.stdout, "\N{ZERO WIDTH NO-BREAK SPACE}")
    writer = csv.writer(sys.stdout, delimiter=";", lineterminator="\n")
    heads: list[str] = []
    for head, _ in columns:
        heads += [f"{head} (Paris)", f"{head} (UTC)"] if head in instants else [head]
    writer.writerow(heads)
    for item in items:
        cells: list[str] = []
        for head, of in columns:
            value = of(item)
            if head in instants:
                cells += _both(value if isinstance(value, datetime) else None)
            else:
                cells.append(_french(value))
        writer.writerow(cells)


def _both(at: datetime | None) -> tuple[str, str]:
    if at is None:
        return "", ""
    paris, utc = (f"{at.astimezone(zone):%d/%m/%Y %H:%M:%S}" for zone in (PARIS, UTC))
    return paris, utc


def _french(value: Cell) -> str:
    match value:
        case None:
            return ""
        case bool():
            return "oui" if value else "non"
        case float():
            return f"{value:.3f}".rstrip("0").rstrip(".").replace(".", ",")
        case str():
            return not_a_formula(value)
        case _:
            return str(value)

"""`vigie changes`: the log of the changes of followed pages."""

import os
import sys
from argparse import Namespace
from typing import Any

from monitor.cli.parsing import CommandRefused, Commands, say
from monitor.cli.records import chosen, log_options, require_span, utc, write_csv
from monitor.config import load
from monitor.config.settings import read_settings
from monitor.core.changes.change import Edit, Op
from monitor.core.changes.change_log import ChangeRecord
from monitor.core.changes.compare import compared
from monitor.core.changes.page_events import OF_LINKS
from monitor.core.french.change_sentences import KINDS, WEIGHTS
from monitor.core.french.formatting import count, when
from monitor.core.french.page_event_sentences import EDGES
from monitor.core.model import Target
from monitor.core.untrusted.numbers import whole
from monitor.store import Store

MOST_NUMBER = 2**63  # of a leaf


def add(commands: Commands) -> None:
    """Add the command."""
    log = commands.add_parser("changes", help="le journal des modifications des pages")
    log_options(log)
    log.add_argument("--all", action="store_true", help="aussi ce qui n’est pas annoncé")
    log.add_argument(
        "--number",
        type=whole,
        metavar="N",
        help="une seule, avec chaque passage modifié, en entier",
    )
    log.set_defaults(run=changes)


def changes(args: Namespace) -> int:
    """Print the recorded changes, the oldest first."""
    if args.number is not None:
        return one_change(args)
    require_span(args)
    config = load(args.config)
    targets = {target.slug: target for target in chosen(config, args)}
    settings = read_settings(os.environ, data=args.data)
    with Store.open(settings.database_url, point=settings.point, writer=False) as store:
        records = store.page_changes(
            targets=targets,
            since=args.since,
            until=args.until,
            announced_only=not args.all,
        )[::-1]
    rows = [as_json(record, targets[record.target]) for record in records]
    if args.format == "json":
        say(rows)
    elif args.format == "csv":
        write_csv([{**row, "kinds": " ".join(row["kinds"])} for row in rows])
    else:
        for record in records:
            print(_described(record, targets[record.target]), end="\n\n")
        print(f"{count(len(records), 'modification')} au journal.")
    return 0


def one_change(args: Namespace) -> int:
    """Print one change and all that differs between its texts; 1 when there is none."""
    if args.format == "csv":
        raise CommandRefused("--number : un passage n’a pas de colonnes ; choisir table ou json")
    config = load(args.config)
    settings = read_settings(os.environ, data=args.data)
    with Store.open(settings.database_url, point=settings.point, writer=False) as store:
        change_and_texts = store.page_change(args.number) if 0 < args.number < MOST_NUMBER else None
    if change_and_texts is None:
        print(f"--number : {args.number} : aucune modification de ce numéro", file=sys.stderr)
        return 1
    record, was, now = change_and_texts
    target = config.by_slug.get(record.target)
    change = compared(was, now)
    edits = change.edits if change else ()
    if args.format == "json":
        say({**as_json(record, target), "edits": [_edit(edit) for edit in edits]})
        return 0
    print(_described(record, target))
    for edit in edits:
        print("\n" + "\n".join(f"  {MARKS[piece.op]} {piece.text}" for piece in edit.pieces))
    print(f"\n{count(len(edits), 'passage modifié', 'passages modifiés')}.")
    return 0


MARKS = {Op.SAME: " ", Op.REMOVED: "−", Op.ADDED: "+"}


def _edit(edit: Edit) -> dict[str, Any]:
    block = (edit.after or edit.before)[0]
    return {
        "kinds": [kind.value for kind in edit.kinds],
        "headings": list(block.headings),
        "pieces": [{"op": piece.op.value, "text": piece.text} for piece in edit.pieces],
    }


def as_json(record: ChangeRecord, target: Target | None) -> dict[str, Any]:
    """Return a change as JSON. It happened between `after_at` and `by_at`."""
    before, after = record.before, record.after
    return {
        "number": record.number,
        "target": record.target,
        "url": target.url if target else None,
        "department": target.department if target else None,
        "platform": target.platform if target else None,
        "point": record.point,
        "edge": record.edge.value,
        "kinds": [kind.value for kind in record.kinds],
        "weight": record.weight.value if record.weight else None,
        "summary": record.summary,
        "silent": record.silent,
        "announced": record.announced,
        "at": utc(record.at),
        "after_at": utc(record.after_at),
        "by_at": utc(record.by_at),
        "before_sha256": before.sha256 if before else None,
        "before_body_sha256": before.body_sha256 if before else None,
        "before_updated_on": before.updated_on if before else None,
        "after_sha256": after.sha256 if after else None,
        "after_body_sha256": after.body_sha256 if after else None,
        "after_updated_on": after.updated_on if after else None,
    }


def _described(record: ChangeRecord, target: Target | None) -> str:
    kinds = ", ".join(KINDS[kind] for kind in record.kinds) or "–"
    weight = WEIGHTS[record.weight] if record.weight else "–"
    marks = ["sans changement de la date affichée"] * record.silent
    marks += ["non annoncée"] * (not record.announced)
    lines = [
        f"{target.name if target else 'cible retirée'} ({record.target}) : {EDGES[record.edge]}",
        f"  {target.url if target else 'plus surveillée'}",
        f"  nature : {kinds} ; poids : {weight}{''.join(f' ; {mark}' for mark in marks)}",
        *_bounds(record),
    ]
    if record.summary:
        lines.append(f"  {record.summary}")
    return "\n".join(lines)


def _bounds(record: ChangeRecord) -> tuple[str, ...]:
    if record.edge in OF_LINKS:  # framed by the checks of the address: `vigie outages` has them
        return (f"  établi par le relevé de la page du {when(record.at)}",)
    was = when(record.after_at) if record.after_at else "aucun"
    return (
        f"  ancien état relevé pour la dernière fois  : {was}",
        f"  nouvel état relevé pour la première fois : {when(record.by_at)}",
    )

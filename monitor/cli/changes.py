"""`vigie changes`: the log of what changed on the pages that are followed."""

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


def changes(asked: Namespace) -> int:
    """Print what was recorded, the oldest first, as the log of outages does."""
    if asked.number is not None:
        return one_change(asked)
    require_span(asked)
    config = load(asked.config)
    targets = {target.slug: target for target in chosen(config, asked)}
    settings = read_settings(os.environ, data=asked.data)
    with Store.open(settings.database_url, point=settings.point, writer=False) as store:
        found = store.page_changes(
            targets=targets,
            since=asked.since,
            until=asked.until,
            announced_only=not asked.all,
        )[::-1]
    rows = [as_json(one, targets[one.target]) for one in found]
    if asked.format == "json":
        say(rows)
    elif asked.format == "csv":
        write_csv([{**row, "kinds": " ".join(row["kinds"])} for row in rows])
    else:
        for one in found:
            print(_told(one, targets[one.target]), end="\n\n")
        print(f"{count(len(found), 'modification')} au journal.")
    return 0


def one_change(asked: Namespace) -> int:
    """Print one change and all that differs between its texts; 1 when there is none."""
    if asked.format == "csv":
        raise CommandRefused("--number : un passage n’a pas de colonnes ; choisir table ou json")
    config = load(asked.config)
    settings = read_settings(os.environ, data=asked.data)
    with Store.open(settings.database_url, point=settings.point, writer=False) as store:
        known = store.page_change(asked.number) if 0 < asked.number < MOST_NUMBER else None
    if known is None:
        print(f"--number : {asked.number} : aucune modification de ce numéro", file=sys.stderr)
        return 1
    record, was, now = known
    target = config.by_slug.get(record.target)
    change = compared(was, now)
    edits = change.edits if change else ()
    if asked.format == "json":
        say({**as_json(record, target), "edits": [_edit(edit) for edit in edits]})
        return 0
    print(_told(record, target))
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


def as_json(one: ChangeRecord, target: Target | None) -> dict[str, Any]:
    """Return what machines are told of a change. It lies between `after_at` and `by_at`."""
    before, after = one.before, one.after
    return {
        "number": one.number,
        "target": one.target,
        "url": target.url if target else None,
        "department": target.department if target else None,
        "platform": target.platform if target else None,
        "point": one.point,
        "edge": one.edge.value,
        "kinds": [kind.value for kind in one.kinds],
        "weight": one.weight.value if one.weight else None,
        "summary": one.summary,
        "silent": one.silent,
        "announced": one.announced,
        "at": utc(one.at),
        "after_at": utc(one.after_at),
        "by_at": utc(one.by_at),
        "before_sha256": before.sha256 if before else None,
        "before_body_sha256": before.body_sha256 if before else None,
        "before_updated_on": before.updated_on if before else None,
        "after_sha256": after.sha256 if after else None,
        "after_body_sha256": after.body_sha256 if after else None,
        "after_updated_on": after.updated_on if after else None,
    }


def _told(one: ChangeRecord, target: Target | None) -> str:
    kinds = ", ".join(KINDS[kind] for kind in one.kinds) or "–"
    weight = WEIGHTS[one.weight] if one.weight else "–"
    marks = ["sans changement de la date affichée"] * one.silent
    marks += ["non annoncée"] * (not one.announced)
    lines = [
        f"{target.name if target else 'cible retirée'} ({one.target}) : {EDGES[one.edge]}",
        f"  {target.url if target else 'plus surveillée'}",
        f"  nature : {kinds} ; poids : {weight}{''.join(f' ; {mark}' for mark in marks)}",
        *_bounds(one),
    ]
    if one.summary:
        lines.append(f"  {one.summary}")
    return "\n".join(lines)


def _bounds(one: ChangeRecord) -> tuple[str, ...]:
    if one.edge in OF_LINKS:  # framed by the checks of the address: `vigie outages` has them
        return (f"  établi par le relevé de la page du {when(one.at)}",)
    was = when(one.after_at) if one.after_at else "aucun"
    return (
        f"  ancien état relevé pour la dernière fois  : {was}",
        f"  nouvel état relevé pour la première fois : {when(one.by_at)}",
    )

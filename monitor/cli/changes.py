"""`vigie changes`: the log of what changed on the pages that are followed."""

import sys
from argparse import Namespace
from typing import Any

from monitor.cli.log_forms import LogForm, print_log
from monitor.cli.outage_log import RETIRED, titled
from monitor.cli.parsing import CommandRefused, Commands, say
from monitor.cli.records import (
    MOST_NUMBER,
    log_options,
    number,
    require_span,
    the_record,
)
from monitor.cli.target_choice import require_chosen
from monitor.core.changes.change import Edit, Op
from monitor.core.changes.change_log import ChangeRecord
from monitor.core.changes.compare import compared
from monitor.core.changes.page_events import OF_LINKS
from monitor.core.french.change_sentences import KINDS, WEIGHTS
from monitor.core.french.formatting import count, numbered, when
from monitor.core.french.page_event_sentences import EDGES
from monitor.figures import log_shapes
from monitor.figures.coverage import coverage, of_chosen
from monitor.figures.recorded_targets import RecordedTarget, RecordedTargets


def add(commands: Commands) -> None:
    """Add the command."""
    log = commands.add_parser("changes", help="le journal des modifications des pages")
    log_options(log)
    log.add_argument("--all", action="store_true", help="aussi ce qui n’est pas annoncé")
    log.add_argument(
        "--number",
        type=number,
        metavar="N",
        help="une seule, avec chaque passage modifié, en entier",
    )
    log.set_defaults(run=changes)


def changes(args: Namespace) -> int:
    """Print what was recorded, the oldest first, as the log of outages does."""
    if args.number is not None:
        return one_change(args)
    require_span(args)
    with the_record(args) as (store, known):
        targets = require_chosen(known, args)
        records = store.page_changes(
            targets=targets,
            since=args.since,
            until=args.until,
            announced_only=not args.all,
        )[::-1]
        covered = coverage(args.since, args.until, of_chosen(store.watched(), targets), known)
    print_log(args, _change_form(known), records, covered)
    return 0


def one_change(args: Namespace) -> int:
    """Print one change and all that differs between its texts; 1 when there is none."""
    if args.format not in ("table", "json"):
        raise CommandRefused("--number : un passage n’a pas de colonnes ; choisir table ou json")
    with the_record(args) as (store, known):
        row = store.page_change(args.number) if args.number < MOST_NUMBER else None
    if row is None:
        print(f"--number : {args.number} : aucune modification de ce numéro", file=sys.stderr)
        return 1
    record, was, now = row
    target = known.of(record.target, record.at)
    change = compared(was, now)
    edits = change.edits if change else ()
    if args.format == "json":
        say({**log_shapes.change(record, target), "edits": [_edit(edit) for edit in edits]})
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


FIELDS = (
    "number",
    "target",
    "name",
    "watched",
    "url",
    "department",
    "platform",
    "point",
    "edge",
    "kinds",
    "weight",
    "summary",
    "silent",
    "announced",
    "at",
    "after_at",
    "by_at",
    "before_sha256",
    "before_body_sha256",
    "before_updated_on",
    "after_sha256",
    "after_body_sha256",
    "after_updated_on",
)


def _change_form(known: RecordedTargets) -> LogForm[ChangeRecord]:
    return LogForm(
        name="changes",
        fields=FIELDS,
        as_json=lambda one: log_shapes.change(one, known.of(one.target, one.at)),
        columns=(
            ("Numéro", lambda one: one.number),
            ("Page", lambda one: known.of(one.target).name),
            ("Identifiant", lambda one: one.target),
            ("Adresse", lambda one: known.of(one.target, one.at).url),
            ("Département", lambda one: known.of(one.target).department),
            ("Plateforme", lambda one: known.platform_name(known.of(one.target).platform or "")),
            ("Point de mesure", lambda one: one.point),
            ("Événement", lambda one: EDGES[one.edge]),
            ("Nature", lambda one: ", ".join(KINDS[kind] for kind in one.kinds)),
            ("Poids", lambda one: WEIGHTS[one.weight] if one.weight else None),
            ("Résumé", lambda one: one.summary),
            ("Date affichée inchangée", lambda one: one.silent),
            ("Annoncée", lambda one: one.announced),
            ("Établie au relevé", lambda one: one.at),
            ("Ancien état relevé pour la dernière fois", lambda one: one.after_at),
            ("Nouvel état relevé pour la première fois", lambda one: one.by_at),
            ("Empreinte du texte avant", lambda one: one.before.sha256 if one.before else None),
            ("Empreinte du texte après", lambda one: one.after.sha256 if one.after else None),
        ),
        instants=frozenset(
            {
                "Établie au relevé",
                "Ancien état relevé pour la dernière fois",
                "Nouvel état relevé pour la première fois",
            }
        ),
        describe=lambda one: _described(one, known.of(one.target, one.at)),
        ending=lambda number: f"{count(number, 'modification')} au journal.",
    )


def _described(one: ChangeRecord, target: RecordedTarget) -> str:
    kinds = ", ".join(KINDS[kind] for kind in one.kinds) or "–"
    weight = WEIGHTS[one.weight] if one.weight else "–"
    marks = ["sans changement de la date affichée"] * one.silent
    marks += ["non annoncée"] * (not one.announced)
    lines = [
        f"Modification {numbered(one.number)} : {titled(target)} : {EDGES[one.edge]}",
        *([f"  {target.url}"] if target.url else []),
        *([f"  {RETIRED}"] if target.watched is False else []),
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

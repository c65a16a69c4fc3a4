"""`vigie annotate`: what a person adds to the record: announced maintenance, and replies."""

import os
from argparse import Namespace
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import replace
from pathlib import Path
from typing import Any

from monitor.cli.annotation_request import recorded
from monitor.cli.parsing import CommandRefused, Commands, folders, json_option, say
from monitor.cli.records import instant, number, require_span, the_record
from monitor.cli.replies import add_reply, reply_as_json, reply_lines
from monitor.cli.target_choice import require_chosen
from monitor.config import load
from monitor.config.settings import Settings, read_settings
from monitor.core.changes.change import ChangeKind, Op
from monitor.core.changes.change_log import ChangeRecord
from monitor.core.changes.compare import compared
from monitor.core.french.formatting import count, numbered, when
from monitor.core.model import Annotation, AnnotationKind
from monitor.core.outages.announcements import (
    Announcement,
    AnnouncementStatus,
    fault,
    register,
)
from monitor.evidence import announced, bounded
from monitor.figures.log_shapes import utc
from monitor.runtime.clock import SystemClock
from monitor.runtime.errors import in_french
from monitor.store import Store

MOST_CANDIDATES = 50

STATUSES: Mapping[AnnouncementStatus, str] = {
    AnnouncementStatus.COUNTED: "enregistrée avant la période : elle compte",
    AnnouncementStatus.LATE: "annoncée après coup : ne compte pas",
    AnnouncementStatus.WITHDRAWN: "retirée : ne compte pas",
}


def add(commands: Commands) -> None:
    """Add the command."""
    top = commands.add_parser("annotate", help="le registre des maintenances annoncées")
    actions = top.add_subparsers(metavar="ACTION", required=True, title="actions")

    note = actions.add_parser(
        "maintenance",
        help="inscrire une annonce de maintenance, ou en retirer une",
        description="Une annonce compte dans les taux « hors maintenance annoncée » si elle est "
        "inscrite, avec sa preuve, avant le début de la maintenance ; sinon elle est seulement "
        "montrée. Le nom de qui l’inscrit n’est pas gardé.",
    )
    folders(note)
    note.add_argument(
        "--from", dest="since", type=instant, metavar="DATE", help="début, heure de Paris"
    )
    note.add_argument("--to", dest="until", type=instant, metavar="DATE", help="fin, exclue")
    note.add_argument("--target", action="append", metavar="CIBLE", help="plusieurs fois si besoin")
    note.add_argument("--platform", metavar="PLATEFORME", help="toutes les cibles d’une plateforme")
    note.add_argument(
        "--proof", action="append", default=[], metavar="FICHIER|ADRESSE",
        help="l’annonce, enregistrée dans un fichier ; en plus, l’adresse où elle a paru",
    )  # fmt: skip
    note.add_argument(
        "--candidate", type=number, metavar="N",
        help="pour preuve, la modification N d’une page suivie : « vigie annotate candidates »",
    )  # fmt: skip
    note.add_argument("--withdraw", type=number, metavar="N", help="retirer l’annonce N")
    note.set_defaults(run=annotate, department=None)

    add_reply(actions)

    listing = actions.add_parser("list", help="les annonces, et celles qui comptent ; les réponses")
    folders(listing)
    json_option(listing)
    listing.set_defaults(run=show)

    candidates = actions.add_parser(
        "candidates", help="les alertes parues sur les pages suivies, à examiner"
    )
    folders(candidates)
    json_option(candidates)
    candidates.set_defaults(run=show_candidates)


def annotate(args: Namespace) -> int:
    """Ask for an annotation, and wait until it is recorded; 1 when it was refused."""
    config = load(args.config)
    settings = read_settings(os.environ, data=args.data)
    with the_record(args) as (store, known):
        if args.withdraw is not None:
            note = _withdrawal(args, store)
        else:
            _require_complete(args)
            targets = tuple(sorted(require_chosen(known, args)))
            note = _maintenance(args, settings, targets)
        mine = recorded(config, settings, store, note)
        register_now = register(store.annotations())
    if mine is None:
        return 1
    for one in register_now:
        if mine.number in {one.note.number, one.withdrawn_by}:
            print("\n".join(_lines(one)))
    return 0


def _require_complete(args: Namespace) -> None:
    if args.since is None or args.until is None:
        raise CommandRefused("Une annonce a un début et une fin : --from et --to.")
    if not args.target and not args.platform:
        raise CommandRefused("Dire quelles cibles : --target, ou --platform.")
    require_span(args)


def _withdrawal(args: Namespace, store: Store) -> Annotation:
    others = args.since, args.until, args.target, args.platform, args.proof, args.candidate
    if any(others):
        raise CommandRefused("--withdraw ne va avec aucune autre option : il retire une annonce.")
    known = {one.number: one for one in store.annotations()}
    if args.withdraw not in known:
        raise CommandRefused(f"--withdraw : {args.withdraw} : aucune annonce de ce numéro")
    return Annotation(
        kind=AnnotationKind.WITHDRAWAL,
        at=SystemClock().now(),
        targets=known[args.withdraw].targets,
        withdraws=args.withdraw,
    )


def _maintenance(args: Namespace, settings: Settings, targets: tuple[str, ...]) -> Annotation:
    addresses = [one for one in args.proof if one.startswith(("http://", "https://"))]
    files = [one for one in args.proof if one not in addresses]
    if len(addresses) > 1 or len(files) > 1:
        raise CommandRefused("--proof : un fichier au plus, et une adresse au plus.")
    if not files and args.candidate is None:
        hint = (
            " L’adresse seule ne suffit pas : ce qui y est peut changer. Enregistrer la page, puis"
            " donner aussi le fichier."
            if addresses
            else ""
        )
        raise CommandRefused(f"Il faut une preuve : --proof FICHIER, ou --candidate N.{hint}")
    note = Annotation(
        kind=AnnotationKind.MAINTENANCE,
        at=SystemClock().now(),
        targets=targets,
        from_at=args.since,
        to_at=args.until,
        sha256="0" * 64 if files else None,
        url=addresses[0] if addresses else None,
        change=args.candidate,
    )
    if why := fault(note):  # before anything is kept
        raise CommandRefused(f"Annotation refusée : {why}.")
    return replace(note, sha256=_kept(settings, Path(files[0])) if files else None)


def _kept(settings: Settings, path: Path) -> str:
    """Copy the announcement into the data folder; return its digest."""
    try:
        announcement = bounded.read(path, announced.MAX_BYTES)
    except OSError as error:
        raise CommandRefused(f"--proof : {path} : illisible : {in_french(error)}") from None
    if not announcement:
        raise CommandRefused(f"--proof : {path} : ce fichier est vide.")
    try:
        return announced.keep(settings.data, announcement)
    except OSError as error:
        raise CommandRefused(f"{settings.data} : {in_french(error)}") from None


def show(args: Namespace) -> int:
    """Print the register."""
    with the_record(args) as (store, _):
        annotations = store.annotations()
    announcements = register(annotations)
    replies = [one for one in annotations if one.kind is AnnotationKind.REPLY]
    if args.json:
        say([*map(_as_json, announcements), *map(reply_as_json, replies)])
        return 0
    for one in announcements:
        print("\n".join(_lines(one)), end="\n\n")
    for reply in replies:
        print("\n".join(reply_lines(reply)), end="\n\n")
    counted = sum(one.status is AnnouncementStatus.COUNTED for one in announcements)
    print(
        f"{count(len(announcements), 'annonce')}, dont {counted} qui {_count_verb(counted)} ; "
        f"{count(len(replies), 'réponse')}."
    )
    return 0


def _count_verb(counted: int) -> str:
    return "comptent" if counted > 1 else "compte"


def _lines(one: Announcement) -> Iterator[str]:
    note = one.note
    yield f"Maintenance annoncée {numbered(note.number)} : {STATUSES[one.status]}"
    if note.from_at and note.to_at:
        yield f"  du {when(note.from_at)}"
        yield f"  au {when(note.to_at)}"
    yield f"  {count(len(note.targets), 'cible')} : {', '.join(note.targets)}"
    yield f"  inscrite le {when(note.at)}"
    if note.sha256:
        yield f"  preuve : {announced.ANNOUNCED}/{note.sha256}"
    if note.change is not None:
        yield f"  preuve : modification {numbered(note.change)} d’une page suivie"
    if note.url:
        yield f"  parue à l’adresse : {note.url}"
    if one.withdrawn_by is not None:
        yield f"  retirée par la feuille {numbered(one.withdrawn_by)}"


def _as_json(one: Announcement) -> dict[str, Any]:
    note = one.note
    return {
        "number": note.number,
        "kind": note.kind.value,
        "status": one.status.value,
        "counts": one.status is AnnouncementStatus.COUNTED,
        "at": utc(note.at),
        "from": utc(note.from_at),
        "to": utc(note.to_at),
        "targets": list(note.targets),
        "sha256": note.sha256,
        "change": note.change,
        "url": note.url,
        "withdrawn_by": one.withdrawn_by,
    }


def show_candidates(args: Namespace) -> int:
    """Print the alerts that came on watched pages, the newest first, for a person to judge."""
    with the_record(args) as (store, known):
        cited = {one.change for one in store.annotations()}
        rows: list[dict[str, Any]] = [
            {
                "number": change.number,
                "target": change.target,
                "name": known.of(change.target).name,
                "by_at": utc(change.by_at),
                "sentences": sentences,
                "cited": change.number in cited,
            }
            for change in store.page_changes(kind=ChangeKind.ALERT_BANNER, limit=MOST_CANDIDATES)
            if (sentences := _sentences(store, change))
        ]
        if args.json:
            say(rows)
            return 0
        for row in rows:
            mark = " (déjà citée par une annonce)" if row["cited"] else ""
            print(f"{numbered(row['number'])} : {row['name']} ({row['target']}){mark}")
            print(f"  relevée le {row['by_at']}")
            for sentence in row["sentences"]:
                print(f"  « {sentence} »")
            print()
    print(
        f"{count(len(rows), 'alerte')}. Seule une personne peut dire si l’une annonce une "
        "maintenance, et laquelle : vigie annotate maintenance … --candidate N"
    )
    return 0


def _sentences(store: Store, change: ChangeRecord) -> Sequence[str]:
    """Return what an alert says that was not there before."""
    known = store.page_change(change.number)
    edits = compared(known[1], known[2]) if known else None
    return [
        "".join(piece.text for piece in edit.pieces if piece.op is not Op.REMOVED).strip()
        for edit in (edits.edits if edits else ())
        if ChangeKind.ALERT_BANNER in edit.kinds and edit.after
    ]

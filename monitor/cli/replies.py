"""`vigie annotate reply`: what the service concerned answers about an incident."""

import os
from argparse import Namespace
from collections.abc import Iterator
from pathlib import Path
from typing import Any

from monitor.cli.annotation_request import recorded
from monitor.cli.parsing import CommandRefused, Commands, folders
from monitor.cli.records import number, the_record
from monitor.config import load
from monitor.config.settings import read_settings
from monitor.core.french.formatting import count, numbered, when
from monitor.core.model import Annotation, AnnotationKind
from monitor.core.outages.announcements import MOST_REPLY
from monitor.evidence import bounded
from monitor.figures.log_shapes import utc
from monitor.runtime.clock import SystemClock
from monitor.runtime.errors import in_french


def add_reply(actions: Commands) -> None:
    """Add the action."""
    reply = actions.add_parser(
        "reply",
        help="inscrire la réponse du service concerné à un incident (droit de réponse)",
        description="Le texte est publié tel quel sur la page de l’incident et dans les dossiers "
        "faits ensuite. Il ne change aucun chiffre, et rien ne s’efface du journal : en ôter "
        "d’abord toute donnée personnelle, avec l’accord de qui répond.",
    )
    folders(reply)
    reply.add_argument(
        "--incident", type=number, metavar="N", required=True, help="le numéro de l’incident"
    )
    reply.add_argument(
        "--text", type=Path, metavar="FICHIER", required=True,
        help=f"un texte simple en UTF-8, de {MOST_REPLY} caractères au plus",
    )  # fmt: skip
    reply.add_argument("--url", metavar="ADRESSE", help="où la réponse a aussi paru")
    reply.set_defaults(run=publish)


def publish(args: Namespace) -> int:
    """Ask for a reply to be recorded, and wait until it is; 1 when it was refused."""
    config = load(args.config)
    settings = read_settings(os.environ, data=args.data)
    with the_record(args) as (store, _):
        incident = next(iter(store.incidents(number=args.incident)), None)
        if incident is None:
            raise CommandRefused(f"--incident : {args.incident} : aucun incident de ce numéro")
        note = Annotation(
            kind=AnnotationKind.REPLY,
            at=SystemClock().now(),
            targets=tuple(sorted({target for target, _ in incident.outages})),
            from_at=incident.opened_at,
            url=args.url,
            text=_text_of(args.text),
        )
        mine = recorded(config, settings, store, note)
    if mine is None:
        return 1
    print("\n".join(reply_lines(mine)))
    return 0


def _text_of(path: Path) -> str:
    try:
        text = bounded.read(path, MOST_REPLY * 4).decode("utf-8-sig")
    except OSError as error:
        raise CommandRefused(f"--text : {path} : illisible : {in_french(error)}") from None
    except UnicodeDecodeError:
        raise CommandRefused(f"--text : {path} : ce n’est pas un texte en UTF-8.") from None
    return "\n".join(line.replace("\t", " ").rstrip() for line in text.splitlines()).strip("\n")


def reply_lines(note: Annotation) -> Iterator[str]:
    """Yield a reply as the command prints it."""
    opened = when(note.from_at) if note.from_at else ""
    yield f"Réponse {numbered(note.number)} à l’incident du {opened}"
    yield f"  {count(len(note.targets), 'cible')} : {', '.join(note.targets)}"
    yield f"  inscrite le {when(note.at)}"
    yield from (f"  « {line} »" for line in (note.text or "").split("\n") if line)
    if note.url:
        yield f"  parue à l’adresse : {note.url}"


def reply_as_json(note: Annotation) -> dict[str, Any]:
    """Return a reply as `--json` gives it."""
    return {
        "number": note.number,
        "kind": note.kind.value,
        "at": utc(note.at),
        "incident_opened_at": utc(note.from_at),
        "targets": list(note.targets),
        "text": note.text,
        "url": note.url,
    }

"""`vigie dossier`: the numbered pieces for a court, from the record."""

import os
import sys
from argparse import ArgumentParser, ArgumentTypeError, Namespace
from dataclasses import replace
from datetime import date
from pathlib import Path
from typing import TYPE_CHECKING, Any

from monitor.cli.journal_key import published_key
from monitor.cli.parsing import CommandRefused, Commands, ProgressLine, folders, json_option, say
from monitor.cli.records import instant, number
from monitor.cli.target_choice import recorded
from monitor.config import Config, load
from monitor.config.settings import read_settings
from monitor.core.french.formatting import count, grouped
from monitor.core.outages.span_figures import Scope, ScopeKind
from monitor.dossier.bundle import DossierBundle
from monitor.dossier.dossier_files import DossierSummary
from monitor.dossier.dossier_question import (
    DossierQuestion,
    DossierReader,
    DossierRefused,
    incident_targets,
    named_scope,
    named_targets,
)
from monitor.dossier.dossier_record import DossierSource
from monitor.dossier.dossier_writer import require_new, write_dossier
from monitor.dossier.online.dossier_register import register
from monitor.evidence.outbound_http import OutboundHttp
from monitor.figures.scopes import Scopes
from monitor.runtime.clock import SystemClock
from monitor.runtime.errors import in_french
from monitor.store import Store

if TYPE_CHECKING:
    from monitor.dossier.pdf.document_stamp import DocumentStamper

_KILO = 1_000


def add(commands: Commands) -> None:
    """Add the command."""
    parser = commands.add_parser(
        "dossier",
        help="les pièces numérotées d’un dossier, pour une juridiction",
        description="Écrit dans un dossier les pièces d’une période : le relevé d’indisponibilité, "
        "le journal des relevés, la note méthodologique, l’inventaire, un modèle de paragraphe. La "
        "même question au même état du registre donne les mêmes octets (docs/dossier.md).",
    )
    folders(parser)
    _about(parser)
    parser.add_argument(
        "--from", dest="since", type=instant, metavar="DATE",
        help="depuis : AAAA-MM-JJ[THH:MM], heure de Paris",
    )  # fmt: skip
    parser.add_argument(
        "--to", dest="until", type=instant, metavar="DATE",
        help="jusqu’à, exclu (par défaut : le dernier point de contrôle)",
    )  # fmt: skip
    parser.add_argument(
        "--expiry", type=_day, metavar="DATE",
        help="expiration du titre de séjour : ajoute la période de dépôt ; jamais gardée",
    )  # fmt: skip
    numbers = parser.add_mutually_exclusive_group()
    numbers.add_argument(
        "--first-number", type=_piece, metavar="N", help="numéro de la première pièce (1)"
    )
    numbers.add_argument(
        "--since-piece", type=_piece, metavar="N",
        help="mise à jour d’un dossier dont la dernière pièce avait ce numéro",
    )  # fmt: skip
    parser.add_argument(
        "--for", dest="reader", choices=[one.value for one in DossierReader], default="avocat",
        help="pour qui (par défaut : avocat)",
    )  # fmt: skip
    parser.add_argument(
        "--stamp", action="store_true",
        help="horodater l’inventaire : une autorité de la configuration en reçoit l’empreinte",
    )  # fmt: skip
    parser.add_argument("--pages", action="store_true", help="aussi les modifications de page")
    parser.add_argument(
        "--out", type=Path, metavar="DOSSIER", help="dossier à créer (par défaut : dossier-pieces)"
    )
    json_option(parser)
    parser.set_defaults(run=run_dossier)


def _about(parser: ArgumentParser) -> None:
    about = parser.add_mutually_exclusive_group(required=True)
    about.add_argument(
        "--target", action="append", metavar="CIBLE", help="plusieurs fois si besoin"
    )
    about.add_argument("--platform", metavar="PLATEFORME", help="les cibles d’une plateforme")
    about.add_argument("--department", metavar="CODE", help="celles d’un département")
    about.add_argument("--anef", action="store_true", help="l’ANEF dans son ensemble")
    about.add_argument("--incident", type=number, metavar="N", help="celles d’un incident")


def _day(text: str) -> date:
    try:
        return date.fromisoformat(text)
    except ValueError:
        raise ArgumentTypeError("ce n’est pas une date : AAAA-MM-JJ") from None


def _piece(text: str) -> int:
    if not (text.isascii() and text.isdigit() and 0 < len(text) <= 2):  # noqa: PLR2004 -- digits
        raise ArgumentTypeError(f"« {text[:20]} » n’est pas un numéro de pièce")
    return int(text)


def run_dossier(args: Namespace) -> int:
    """Write the dossier. The service may run meanwhile: what it adds is not in it."""
    out: Path = args.out or Path("dossier-pieces")
    require_new(out)
    config = load(args.config)
    settings = read_settings(os.environ, data=args.data)
    with (
        Store.open(settings.database_url, point=settings.point, writer=False) as store,
        ProgressLine() as line,
    ):
        question = question_of(args, store, config)
        source = DossierSource(
            store=store, config=config, data=settings.data, config_folder=args.config
        )
        try:
            bundle = DossierBundle(published_key(settings.data, config))
            stamper = _stamper(config) if args.stamp else None
            summary = write_dossier(source, question, out, line, bundle=bundle, stamper=stamper)
        except OSError as error:
            raise CommandRefused(f"{error.filename or out} : {in_french(error)}") from None
        register(store, summary)
    for missing in config.missing_identity:
        print(missing, file=sys.stderr)  # it is printed on each page
    if args.json:
        say(_shape(summary))
    else:
        print("\n".join(_lines(summary, out, stamp=args.stamp)))
    return 0


def _stamper(config: Config) -> "DocumentStamper":
    from monitor.dossier.pdf.document_stamp import (  # noqa: PLC0415 -- its libraries are large
        DocumentStamper,
    )

    courier = OutboundHttp(
        user_agent=config.user_agent,
        allow_private=config.allow_private,
        extra_ca=config.extra_ca,
        ports=config.ports,
    )
    return DocumentStamper(config.stamping.authorities, courier, SystemClock())


def question_of(args: Namespace, store: Store, config: Config) -> DossierQuestion:
    """Return what is asked. Raises DossierRefused."""
    known = recorded(store, config)
    since, until = args.since, args.until
    scope: Scope | None = None
    if args.incident is not None:
        targets, first, last = incident_targets(store, args.incident)
        since, until = since or first, until or last
        title = f"Incident {args.incident}"
    elif args.target:
        targets, title = named_targets(known, args.target)
    else:
        kind, slug = (
            (ScopeKind.PLATFORM, args.platform)
            if args.platform
            else (ScopeKind.DEPARTMENT, args.department)
            if args.department
            else (ScopeKind.ANEF, "")
        )
        scopes = Scopes(known.by_slug, config.figures.components)
        scope, title = named_scope(known, scopes, kind, slug)
        targets = scope.targets
    if since is None:
        raise DossierRefused("Il manque le début de la période : --from AAAA-MM-JJ.")
    newest = store.checkpoint()
    if until is None and newest is not None:
        until = newest.at.replace(second=0, microsecond=0)
    question = DossierQuestion(
        scope=scope,
        targets=targets,
        since=since,
        until=until or since,
        title=title,
        expiry=args.expiry,
        reader=DossierReader(args.reader),
        pages=args.pages,
    )
    if args.since_piece is not None:
        return replace(question, first_number=args.since_piece + 1, supplement=True)
    return replace(question, first_number=args.first_number or 1)


def _shape(summary: DossierSummary) -> dict[str, Any]:
    """Return what machines are told of a dossier."""
    return {
        "code": summary.code,
        "size": summary.size,
        "root": summary.root,
        "settled": summary.settled,
        "stamped_by": summary.stamped_by or None,
        "files": [
            {
                "number": file.number,
                "name": file.name,
                "title": file.title,
                "sha256": file.sha256,
                "bytes": file.size_bytes,
                "pages": file.pages,
                "handed_over": file.handed_over,
            }
            for file in summary.files
        ],
    }


def _lines(summary: DossierSummary, out: Path, *, stamp: bool) -> list[str]:
    lines = [
        f"{out} : dossier {summary.code}, au point de contrôle de {grouped(summary.size)} feuilles."
    ]
    for file in summary.files:
        pages = f", {count(file.pages, 'page')}" if file.pages else ""
        lines.append(f"  {file.name} ({grouped(-(-file.size_bytes // _KILO))} ko{pages})")
    if summary.stamped_by:
        lines.append(f"Inventaire horodaté par {summary.stamped_by}.")
    elif stamp:
        lines.append("Inventaire sans horodatage : aucune autorité n’a donné de réponse vérifiée.")
    lines.append(
        f"Dernière pièce : {summary.last_number}. Une mise à jour : --since-piece "
        f"{summary.last_number}."
    )
    if not summary.settled:
        lines.append(
            "La période touche au présent, ou n’est pas encore entièrement signée : une mise à "
            "jour pourra la préciser."
        )
    return lines

"""Commands that read the record, and the operator's pauses."""

import csv
import os
import sys
from argparse import ArgumentParser, ArgumentTypeError, Namespace
from collections.abc import Collection, Sequence
from datetime import UTC, datetime
from typing import Any

from monitor.cli.parsing import CommandRefused, Commands, folders, say
from monitor.config import Config, load
from monitor.config.settings import read_settings
from monitor.core.french.formatting import apart, count, duration, when
from monitor.core.french.instants import instant_of
from monitor.core.french.labels import NATURES
from monitor.core.french.sentences import REASONS
from monitor.core.model import Outage, Target
from monitor.store import Store


def add(commands: Commands) -> None:
    """Add the commands."""
    log = commands.add_parser("outages", help="le journal des indisponibilités")
    log_options(log)
    log.add_argument("--open", action="store_true", help="seulement celles qui durent encore")
    log.set_defaults(run=outages)

    pause = commands.add_parser("pause", help="ne plus interroger une plateforme")
    folders(pause)
    pause.add_argument("platform", metavar="PLATEFORME", help="son identifiant, par exemple ide")
    pause.add_argument("--why", default="", metavar="RAISON", help="montrée aux lecteurs")
    pause.set_defaults(run=set_pause, paused=True)

    resume = commands.add_parser("resume", help="reprendre une plateforme mise en pause")
    folders(resume)
    resume.add_argument("platform", metavar="PLATEFORME", help="son identifiant, par exemple ide")
    resume.set_defaults(run=set_pause, paused=False, why="")


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
    log.add_argument(
        "--format", choices=("table", "csv", "json"), default="table",
        help="forme de la réponse (par défaut : table)",
    )  # fmt: skip
    log.add_argument(
        "--json", dest="format", action="store_const", const="json", help="= --format json"
    )


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


def chosen(config: Config, args: Namespace, *, retired: Collection[str] = ()) -> Sequence[Target]:
    """Return the targets selected by `--target`, `--platform` and `--department`.

    `--target` also accepts the slugs in `retired`, which are no longer configured.

    Raises:
        CommandRefused: An option selects nothing.

    """
    for slug in args.target or ():
        if slug not in config.by_slug and slug not in retired:
            raise CommandRefused(f"--target : {slug} : aucune cible de ce nom dans {args.config}")
    if args.platform and args.platform not in config.platforms:
        platforms = ", ".join(config.platforms)
        raise CommandRefused(
            f"--platform : {args.platform} : plateforme inconnue ; connues : {platforms}"
        )
    selected = [
        target
        for target in config.targets
        if (not args.target or target.slug in args.target)
        and (not args.platform or target.platform == args.platform)
        and (not args.department or target.department == args.department)
    ]
    if not selected and not set(args.target or ()) & set(retired):
        raise CommandRefused("Aucune cible ne répond à ce choix.")
    return selected


def outages(args: Namespace) -> int:
    """Print the log of outages. Every figure has its bounds.

    The log includes targets that are no longer configured.
    """
    require_span(args)
    config = load(args.config)
    settings = read_settings(os.environ, data=args.data)
    with Store.open(settings.database_url, point=settings.point, writer=False) as store:
        retired = {state.target for state in store.states()} - set(config.by_slug)
        names = {target.slug for target in chosen(config, args, retired=retired)}
        if not args.platform and not args.department:
            names |= retired & set(args.target or retired)
        records = store.outages(names, args.since, args.until, open_only=args.open)
    rows = [_as_json(outage, config.by_slug.get(outage.target)) for outage in records]
    if args.format == "json":
        say(rows)
    elif args.format == "csv":
        write_csv(rows, names=FIELDS)
    else:
        for outage in records:
            print(_described(outage, config.by_slug.get(outage.target)), end="\n\n")
        print(f"{count(len(records), 'indisponibilité')} au journal.")
        print("Il ne dit rien du temps sans relevé, ni de celui où l’état était indéterminé.")
    return 0


FIELDS = (
    "target",
    "watched",
    "url",
    "department",
    "platform",
    "point",
    "nature",
    "reason",
    "last_ok_at",
    "first_fail_at",
    "confirmed_at",
    "last_fail_at",
    "first_ok_at",
    "recovered_at",
    "shortest_s",
    "longest_s",
    "checks",
    "relapses",
    "open",
)


def _as_json(outage: Outage, target: Target | None) -> dict[str, Any]:
    return {
        "target": outage.target,
        "watched": target is not None,
        "url": target.url if target else None,
        "department": target.department if target else None,
        "platform": target.platform if target else None,
        "point": outage.point,
        "nature": outage.nature.value,
        "reason": outage.reason.value,
        "last_ok_at": utc(outage.last_ok_at),
        "first_fail_at": utc(outage.first_fail_at),
        "confirmed_at": utc(outage.confirmed_at),
        "last_fail_at": utc(outage.last_fail_at),
        "first_ok_at": utc(outage.first_ok_at),
        "recovered_at": utc(outage.recovered_at),
        "shortest_s": outage.shortest_s,
        "longest_s": outage.longest_s,
        "checks": outage.checks,
        "relapses": outage.relapses,
        "open": outage.recovered_at is None,
    }


def utc(at: datetime | None) -> str | None:
    """Format an instant in UTC, for machines; None for None."""
    return at.astimezone(UTC).isoformat().replace("+00:00", "Z") if at else None


def write_csv(rows: Sequence[dict[str, Any]], *, names: Sequence[str] = ()) -> None:
    """Print rows under `names`, or under the keys of the first; nothing without either."""
    if not rows and not names:
        return
    writer = csv.DictWriter(sys.stdout, fieldnames=names or list(rows[0]))
    writer.writeheader()
    writer.writerows(rows)


def _described(outage: Outage, target: Target | None) -> str:
    before = when(outage.last_ok_at) if outage.last_ok_at else "aucun"
    after = when(outage.first_ok_at) if outage.first_ok_at else "aucun à ce jour"
    longest = "inconnue"
    if outage.last_ok_at and outage.first_ok_at:
        longest = duration(apart(outage.last_ok_at, outage.first_ok_at))
    shortest = duration(apart(outage.first_fail_at, outage.last_fail_at))
    return "\n".join(
        (
            f"{target.name} ({outage.target})" if target else outage.target,
            f"  {target.url}" if target else "  cible retirée de la liste, plus relevée",
            f"  {NATURES[outage.nature]} : {REASONS[outage.reason]}",
            f"  dernier relevé conforme avant : {before}",
            f"  premier relevé en échec       : {when(outage.first_fail_at)}",
            f"  dernier relevé en échec       : {when(outage.last_fail_at)}",
            f"  premier relevé conforme après : {after}",
            f"  durée minimale : {shortest} ; durée maximale : {longest}",
            f"  {count(outage.checks, 'relevé')} en échec",
        )
    )


def set_pause(args: Namespace) -> int:
    """Pause or resume a platform; a running service heeds it within seconds."""
    config = load(args.config)
    if args.platform not in config.platforms:
        known = ", ".join(config.platforms)
        raise CommandRefused(f"{args.platform} : plateforme inconnue ; connues : {known}")
    settings = read_settings(os.environ, data=args.data)
    with Store.open(settings.database_url, point=settings.point, writer=False) as store:
        store.set_pause(args.platform, paused=args.paused, why=args.why)
    name = config.platforms[args.platform].name
    if args.paused:
        print(f"{name} : en pause. Plus aucune demande jusqu’à « vigie resume {args.platform} ».")
    else:
        print(f"{name} : la surveillance reprend à son prochain créneau.")
    return 0

"""`vigie mail check`: whether the messages of alerts will be taken, and believed."""

import asyncio
import os
from argparse import Namespace

from monitor.cli.parsing import CommandRefused, Commands, folders, require_identity
from monitor.config import load
from monitor.config.settings import read_settings
from monitor.runtime.clock import SystemClock

_SIGNS = {True: "oui ", False: "NON ", None: "    "}


def add(commands: Commands) -> None:
    """Add the command."""
    mail = commands.add_parser("mail", help="essayer l’envoi des courriels d’alerte")
    inner = mail.add_subparsers(metavar="ACTION", required=True, title="actions")
    check = inner.add_parser(
        "check",
        help="s’envoyer un courriel, et vérifier SPF, DKIM et DMARC",
        description="Envoie un courriel à l’adresse de contact par le serveur de [mail], et lit "
        "dans le DNS ce que ses destinataires vérifieront.",
    )
    folders(check)
    check.set_defaults(run=run_check)


def run_check(args: Namespace) -> int:
    """Check; 1 when something would have messages refused."""
    config = load(args.config)
    require_identity(config)
    if config.relay is None:
        raise CommandRefused("Aucun serveur de courriel : écrire host sous [mail] de local.toml.")
    from monitor.alerts.mail_check import check_mail  # noqa: PLC0415 -- its libraries are large

    settings = read_settings(os.environ, data=args.data)
    points = asyncio.run(check_mail(config, config.relay, settings, now=SystemClock().now()))
    for point in points:
        print(f"{_SIGNS[point.ok]}{point.text}")
    return int(any(point.ok is False for point in points))

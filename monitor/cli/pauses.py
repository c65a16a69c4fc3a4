"""`vigie pause` and `vigie resume`: whether a platform is asked."""

import os
from argparse import Namespace

from monitor.cli.parsing import CommandRefused, Commands, folders
from monitor.config import load
from monitor.config.settings import read_settings
from monitor.store import Store


def add(commands: Commands) -> None:
    """Add both commands."""
    pause = commands.add_parser("pause", help="ne plus interroger une plateforme")
    folders(pause)
    pause.add_argument("platform", metavar="PLATEFORME", help="son identifiant, par exemple ide")
    pause.add_argument("--why", default="", metavar="RAISON", help="montrée aux lecteurs")
    pause.set_defaults(run=set_pause, paused=True)

    resume = commands.add_parser("resume", help="reprendre une plateforme mise en pause")
    folders(resume)
    resume.add_argument("platform", metavar="PLATEFORME", help="son identifiant, par exemple ide")
    resume.set_defaults(run=set_pause, paused=False, why="")


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

"""`vigie survey`: the first day on a connected machine: ask everything once, and report."""

import asyncio
import json
import os
import sys
from argparse import Namespace
from collections.abc import Sequence
from contextlib import ExitStack
from pathlib import Path

from monitor.cli.parsing import (
    CommandRefused,
    Commands,
    ProgressLine,
    folders,
    json_option,
    require_identity,
    say,
)
from monitor.cli.service import until_stopped
from monitor.config import Config, load
from monitor.config.settings import Settings, read_settings
from monitor.core.french.formatting import duration
from monitor.core.model import LaneState, Target
from monitor.evidence import durable
from monitor.evidence.outbound_http import OutboundHttp
from monitor.probe.build import build_fetcher
from monitor.runtime import logs
from monitor.runtime.clock import SystemClock
from monitor.runtime.errors import in_french
from monitor.store import Store, is_new
from monitor.survey.report_page import report_page
from monitor.survey.survey_folder import SurveyFolder
from monitor.survey.survey_report import SurveyReport, as_json, report_of
from monitor.survey.surveyor import Surveyor, SurveyProgress

FOLDER = "premier-jour"  # in the folder of data
JSON, PAGE = "survey.json", "survey.html"


def add(commands: Commands) -> None:
    """Add the command."""
    parser = commands.add_parser(
        "survey",
        help="le premier jour : tout demander une fois, et dire ce qui est à corriger",
        description="Demande une fois chaque témoin, résolveur, serveur de temps, autorité "
        "d’horodatage, robots.txt et cible, au rythme des plateformes ; garde chaque réponse et "
        "écrit survey.html et survey.json. Rien n’entre dans le registre. Interrompu, il reprend "
        "où il en était. Le service doit être arrêté. Voir docs/premier-jour.md.",
    )
    folders(parser)
    parser.add_argument(
        "--out", type=Path, metavar="DOSSIER",
        help="où garder les réponses (par défaut : premier-jour, dans le dossier des données)",
    )  # fmt: skip
    parser.add_argument(
        "--only", action="append", metavar="CIBLE",
        help="seulement cette cible ; plusieurs fois si besoin",
    )  # fmt: skip
    parser.add_argument(
        "--platform", metavar="SLUG", help="seulement les cibles de cette plateforme"
    )
    parser.add_argument(
        "--replay", type=Path, metavar="DOSSIER",
        help="relire un relevé déjà fait, sans réseau, avec les règles d’aujourd’hui",
    )  # fmt: skip
    json_option(parser)
    parser.set_defaults(run=run)


def run(args: Namespace) -> int:
    """Survey, or replay; 0 when nothing is to be corrected and everything was asked, else 1."""
    config = load(args.config)
    if args.replay is not None:
        report = written(SurveyFolder.read(args.replay), config)
        return print_report(report, args.replay, as_data=args.json)
    require_identity(config)
    settings = read_settings(os.environ, data=args.data)
    logs.configure(level="ERROR")
    clock = SystemClock()
    path: Path = args.out or settings.data / FOLDER
    targets = chosen(config, args.only, args.platform)
    with ExitStack() as until:
        hold(path, until)
        folder = SurveyFolder.open(
            path,
            at=clock.now(),
            point=settings.point,
            config_sha256=config.sha256,
            clock_limit_us=config.clock_limit_us,
        )
        # The lock of the writer excludes the service, which spends the same budgets.
        is_first = is_new(settings.database_url)
        store = None if is_first else until.enter_context(open_locked(settings))
        until_stopped(lambda stop: survey(config, folder, targets, stop, store))
    code = print_report(written(folder, config), path, as_data=args.json)
    finished = all(target.slug in folder.index.targets for target in targets)
    return code if finished else 1


def hold(path: Path, until: ExitStack) -> None:
    """Exclude every other survey of a folder. Raises CommandRefused."""
    try:
        durable.make_folder(path)
        durable.hold(path, until)
    except BlockingIOError:
        raise CommandRefused(f"{path} : un autre relevé y est en cours.") from None
    except OSError as error:
        raise CommandRefused(f"{path} : {in_french(error)}") from None


def open_locked(settings: Settings) -> Store:
    """Open the record, whose writer nobody else may be meanwhile. Raises StoreError."""
    return Store.open(settings.database_url, point=settings.point, writer=True)


def chosen(config: Config, only: Sequence[str] | None, platform: str | None) -> list[Target]:
    """Return the targets to ask.

    Raises:
        CommandRefused: An option names none.

    """
    for slug in only or ():
        if slug not in config.by_slug:
            raise CommandRefused(f"--only : {slug} : aucune cible de ce nom")
    if platform is not None and platform not in config.platforms:
        known = ", ".join(config.platforms)
        raise CommandRefused(f"--platform : {platform} : plateforme inconnue ; connues : {known}")
    return [
        target
        for target in config.targets
        if (only is None or target.slug in only)
        and (platform is None or target.platform == platform)
    ]


async def survey(
    config: Config,
    folder: SurveyFolder,
    targets: Sequence[Target],
    stop: asyncio.Event,
    store: Store | None,
) -> None:
    """Ask what was not asked yet; a first report comes when our own side was asked."""
    clock = SystemClock()
    states: dict[str, LaneState] = {}
    if store is not None:
        folder.index.lanes |= {state.platform: state for state in store.lanes()}
    surveyor = Surveyor(
        config=config,
        folder=folder,
        clock=clock,
        fetcher=build_fetcher(config, clock),
        courier=OutboundHttp(
            user_agent=config.user_agent,
            allow_private=config.allow_private,
            extra_ca=config.extra_ca,
            ports=config.ports,
        ),
        chosen=targets,
        stop=stop,
        on_lane=lambda state: states.update({state.platform: state}),
    )
    with ProgressLine() as line:
        surveyor.on_progress = lambda progress: line(
            _remaining(progress), progress.done, progress.total
        )
        print("Témoins, résolveurs, heure, autorités d’horodatage…", file=sys.stderr, flush=True)
        await surveyor.run_own_side()
        report = await asyncio.to_thread(written, folder, config)
        print(f"{report.installation}\n", file=sys.stderr)
        if not report.own_side.right:
            return  # nothing sure could be said of any site
        print(f"{_remaining(surveyor.progress)}.", file=sys.stderr)
        print("Ctrl-C arrête après la demande en cours ; relancer reprend.", file=sys.stderr)
        await surveyor.run_targets()
    if store is not None:  # a refusal counts for the service too
        for state in states.values():
            await store.save_lane(state)


def _remaining(progress: SurveyProgress) -> str:
    return f"Cibles, encore {duration(progress.left_s, up=True)} au moins"


def written(folder: SurveyFolder, config: Config) -> SurveyReport:
    """Work the report out, and write both of its forms into the folder."""
    report = report_of(folder, config)
    data = json.dumps(as_json(report), ensure_ascii=False, indent=1)
    folder.write(JSON, f"{data}\n".encode())
    folder.write(PAGE, report_page(report).encode())
    return report


def print_report(report: SurveyReport, path: Path, *, as_data: bool) -> int:
    """Print the report; return the exit code."""
    if as_data:
        say(as_json(report))
    else:
        print(report.sum_sentence)
        print(report.installation)
        if report.next_step:
            print(report.next_step)
        for surprise in report.surprises:
            mark = surprise.id if surprise.edit else "à voir par une personne"
            print(f"  {surprise.about} : {surprise.observed} [{mark}]")
        print(f"Rapport : {path / PAGE}")
    return 1 if report.surprises or report.own_side.faults else 0

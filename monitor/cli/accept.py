"""`vigie accept`: decide of what a survey or a search proposes, one by one."""

import os
import sys
from argparse import Namespace
from collections.abc import Sequence
from datetime import datetime
from functools import partial
from pathlib import Path

from monitor.cli.annotation_request import recorded
from monitor.cli.discover import FOLDER as SEARCHES
from monitor.cli.parsing import CommandRefused, Commands, folders, json_option, say
from monitor.cli.service import until_stopped
from monitor.cli.survey import FOLDER
from monitor.config import Config, load
from monitor.config.files.local import LOCAL
from monitor.config.settings import Settings, read_settings
from monitor.core.model import Annotation, AnnotationKind
from monitor.evidence import announced
from monitor.runtime import logs
from monitor.runtime.clock import SystemClock
from monitor.runtime.errors import in_french
from monitor.store import Store, is_new
from monitor.survey.acceptance import NotWritten, ProposalChoice
from monitor.survey.decision_desk import DecisionDesk
from monitor.survey.decision_page import ADDRESS, DecisionPage, left_words, listening, serve
from monitor.survey.discovered import discovered
from monitor.survey.surprise import KIND_WORDS, Surprise
from monitor.survey.survey_folder import INDEX, SurveyFolder
from monitor.survey.survey_report import TargetReport, report_of, surprise_json

QUESTION = "Accepter ? [o]ui, [n]on, [p]lus tard, [q]uitter : "


def add(commands: Commands) -> None:
    """Add the command."""
    parser = commands.add_parser(
        "accept",
        help="accepter ou refuser ce que « survey » et « discover » proposent",
        description="Présente chaque proposition et demande. Ce qui est accepté est écrit dans "
        "local.toml avec sa source et sa date, vérifié, et inscrit au registre s’il y en a un. "
        "Rien n’est écrit sans réponse.",
    )
    folders(parser)
    parser.add_argument(
        "--from", dest="folder", type=Path, metavar="DOSSIER",
        help="dossier du relevé (par défaut : premier-jour, dans le dossier des données)",
    )  # fmt: skip
    parser.add_argument(
        "--yes", nargs="+", metavar="ID", default=[], help="accepter celles-ci, sans rien demander"
    )
    parser.add_argument(
        "--no", nargs="+", metavar="ID", default=[], help="refuser celles-ci, sans rien demander"
    )
    parser.add_argument(
        "--page", action="store_true",
        help="décider sur une page de cette machine, les deux versions côte à côte",
    )  # fmt: skip
    parser.add_argument(
        "--again", action="store_true", help="présenter aussi celles qui ont été refusées"
    )
    json_option(parser)
    parser.set_defaults(run=run)


def run(args: Namespace) -> int:
    """Decide; 0 when nothing is left to decide, else 1."""
    if args.page and (args.yes or args.no or args.json):
        raise CommandRefused("--page ne va pas avec --yes, --no ni --json.")
    if args.folder is not None and not (args.folder / INDEX).exists():
        raise CommandRefused(f"--from : {_without_survey(args.folder)}")
    config = load(args.config)
    settings = read_settings(os.environ, data=args.data)
    desk = desk_of(args.folder or settings.data / FOLDER, args.config, settings, config)
    if args.json and not (args.yes or args.no):
        say([surprise_json(surprise) for surprise in desk.proposals])
        return 1 if desk.proposals else 0
    refuse_unknown(desk.proposals, [*args.yes, *args.no])
    if args.yes or args.no:
        for surprise in desk.proposals:
            if surprise.id in {*args.yes, *args.no}:
                accepted = surprise.id in args.yes
                decide(desk, surprise, accepted=accepted)
        return 0
    if not args.again:
        refused = desk.refused()
        desk.proposals = [one for one in desk.proposals if one.id not in refused]
    if not desk.proposals:
        surveyed = (desk.folder / INDEX).exists()
        print("Rien n’est à décider." if surveyed else _without_survey(desk.folder))
        return 0
    left = ask_on_page(desk) if args.page else ask_each(desk)
    print(f"\n{left_words(left)}")
    print("Si le service tourne, redémarrez-le : il ne lit ses réglages qu’au démarrage.")
    return 1 if left else 0


def _without_survey(folder: Path) -> str:
    return f"Aucun relevé dans {folder} : « vigie survey » le fait, --from dit où il est."


def desk_of(folder: Path, config_folder: Path, settings: Settings, config: Config) -> DecisionDesk:
    """Return what can be accepted now: what is written already is proposed no more."""
    surprises: list[Surprise] = []
    targets: dict[str, TargetReport] = {}
    clock = SystemClock()
    observed_at = clock.now()  # for what a search proposes
    if (folder / INDEX).exists():
        report = report_of(SurveyFolder.read(folder), config)
        surprises += report.surprises
        targets = {one.id: target for target in report.targets for one in target.surprises}
        observed_at = report.begun_at
    surprises += discovered(settings.data / SEARCHES, config)
    return DecisionDesk(
        clock=clock,
        config_folder=config_folder,
        folder=folder,
        config=config,
        observed_at=observed_at,
        proposals=[surprise for surprise in surprises if surprise.edit is not None],
        targets=targets,
        record=partial(record_setting, config_folder, settings),
    )


def record_setting(
    config_folder: Path,
    settings: Settings,
    surprise: Surprise,
    lines: Sequence[str],
    accepted_at: datetime,
) -> None:
    """Have an accepted setting become a leaf, when there is a record."""
    if is_new(settings.database_url):
        return
    config = load(config_folder)
    text = "\n".join((*lines, f"# {surprise.observed}", ""))
    try:
        digest = announced.keep(settings.data, text.encode())
    except OSError as error:
        raise CommandRefused(f"{settings.data} : {in_french(error)}") from None
    targets = (surprise.about,) if surprise.about in config.by_slug else ()
    note = Annotation(kind=AnnotationKind.SETTING, at=accepted_at, targets=targets, sha256=digest)
    with Store.open(settings.database_url, point=settings.point, writer=False) as store:
        recorded(config, settings, store, note)


def refuse_unknown(proposals: Sequence[Surprise], names: Sequence[str]) -> None:
    """Raise CommandRefused unless every name is that of a proposal."""
    known = {surprise.id for surprise in proposals}
    unknown = [name for name in names if name not in known]
    if unknown:
        raise CommandRefused(
            f"Aucune proposition de ce nom : {', '.join(unknown)}. « vigie accept --json » les dit."
        )


def decide(desk: DecisionDesk, surprise: Surprise, *, accepted: bool) -> None:
    """Write a decision, and print what was written. Raises NotWritten."""
    desk.decide(surprise, ProposalChoice.ACCEPTED if accepted else ProposalChoice.REFUSED)
    if accepted and surprise.edit:
        for name in (LOCAL, *surprise.edit.files):
            print(f"Écrit dans {desk.config_folder / name} : {surprise.id}.")


def ask_each(desk: DecisionDesk) -> int:
    """Present each proposal and ask; return how many are left open."""
    left = len(desk.proposals)
    for number, surprise in enumerate(desk.proposals, start=1):
        print(f"\n{number} sur {len(desk.proposals)} – ", end="")
        print(f"{KIND_WORDS[surprise.kind]} : {surprise.about}")
        print(f"  {surprise.observed}\n  {surprise.advice}\n")
        for line in surprise.edit.lines if surprise.edit else ():
            print(f"    {line}")
        answer = _answer()
        if answer == "q":
            break
        if answer in {"o", "n"}:
            try:
                decide(desk, surprise, accepted=answer == "o")
                left -= 1
            except NotWritten as error:
                print(error, file=sys.stderr)
    return left


def ask_on_page(desk: DecisionDesk) -> int:
    """Serve the page until its person ends it, or Ctrl-C; return how many are left open."""
    logs.configure(level="ERROR")
    try:
        bound = listening()
    except OSError as error:
        raise CommandRefused(f"Impossible d’écouter sur {ADDRESS} : {in_french(error)}") from None
    page = DecisionPage(desk)
    print("À ouvrir dans un navigateur de cette machine ; l’adresse n’est bonne que pour vous :")
    print(f"  http://{ADDRESS}:{bound.getsockname()[1]}{page.path}")
    print("« Terminer », sur la page, ou Ctrl-C ici y met fin.", flush=True)
    with bound:
        until_stopped(lambda stop: serve(page, bound, stop))
    return page.left


def _answer() -> str:
    """Return the first letter of an answer: o, n, p or q; the end of the input quits."""
    while True:
        try:
            answer = input(QUESTION).strip().lower()[:1]
        except EOFError:
            return "q"
        if answer in {"o", "n", "p", "q"}:
            return answer

"""`vigie accept`: decide of what a survey or a search proposes, one by one."""

import os
import sys
from argparse import Namespace
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path

from monitor.cli.annotation_request import recorded
from monitor.cli.discover import FOLDER as SEARCHES
from monitor.cli.parsing import CommandRefused, Commands, folders, json_option, say
from monitor.cli.survey import FOLDER
from monitor.config import Config, load
from monitor.config.settings import Settings, read_settings
from monitor.core.french.formatting import count
from monitor.core.model import Annotation, AnnotationKind
from monitor.evidence import announced
from monitor.runtime.clock import SystemClock
from monitor.runtime.errors import in_french
from monitor.store import Store, is_new
from monitor.survey.acceptance import (
    Decision,
    NotWritten,
    ProposalChoice,
    accept,
    accepted_lines,
    read_decisions,
    write_decisions,
)
from monitor.survey.discovered import discovered
from monitor.survey.surprise import KIND_WORDS, Surprise
from monitor.survey.survey_folder import INDEX, SurveyFolder
from monitor.survey.survey_report import report_of, surprise_json

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
        "--again", action="store_true", help="présenter aussi celles qui ont été refusées"
    )
    json_option(parser)
    parser.set_defaults(run=run)


@dataclass(frozen=True, kw_only=True)
class _AcceptDesk:
    """What a decision needs: where it is written, and of which survey it is."""

    config_folder: Path
    settings: Settings
    folder: Path  # of the survey; decisions are kept there
    observed_at: datetime

    def decide(self, surprise: Surprise, choice: ProposalChoice) -> None:
        """Write a decision, and the configuration when it is accepted. Raises NotWritten."""
        now = SystemClock().now()
        lines = surprise.edit.lines if surprise.edit else ()
        if choice is ProposalChoice.ACCEPTED:
            accept(self.config_folder, surprise, observed_at=self.observed_at, now=now)
            _print_written(self.config_folder, surprise)
        decisions = read_decisions(self.folder)
        decisions[surprise.id] = Decision(choice=choice, at=now, lines=lines)
        write_decisions(self.folder, decisions)
        if choice is ProposalChoice.ACCEPTED:
            self._record(surprise, now)

    def _record(self, surprise: Surprise, now: datetime) -> None:
        """Have an accepted setting become a leaf, when there is a record."""
        if is_new(self.settings.database_url):
            return
        config = load(self.config_folder)
        lines = accepted_lines(surprise, observed_at=self.observed_at, now=now)
        text = "\n".join((*lines, f"# {surprise.observed}", ""))
        try:
            digest = announced.keep(self.settings.data, text.encode())
        except OSError as error:
            raise CommandRefused(f"{self.settings.data} : {in_french(error)}") from None
        targets = (surprise.about,) if surprise.about in config.by_slug else ()
        note = Annotation(kind=AnnotationKind.SETTING, at=now, targets=targets, sha256=digest)
        url, point = self.settings.database_url, self.settings.point
        with Store.open(url, point=point, writer=False) as store:
            recorded(config, self.settings, store, note)


def run(args: Namespace) -> int:
    """Decide; 0 when nothing is left to decide, else 1."""
    config = load(args.config)
    settings = read_settings(os.environ, data=args.data)
    folder: Path = args.folder or settings.data / FOLDER
    proposals = proposed(folder, settings, config)
    if args.json and not (args.yes or args.no):
        say([surprise_json(surprise) for surprise in proposals])
        return 1 if proposals else 0
    refuse_unknown(proposals, [*args.yes, *args.no])
    decisions = read_decisions(folder)
    desk = _AcceptDesk(
        config_folder=args.config,
        settings=settings,
        folder=folder,
        observed_at=observed_at(folder),
    )
    if args.yes or args.no:
        for surprise in proposals:
            if surprise.id in {*args.yes, *args.no}:
                accepted = surprise.id in args.yes
                desk.decide(
                    surprise, ProposalChoice.ACCEPTED if accepted else ProposalChoice.REFUSED
                )
        return 0
    refused = {
        one for one, decision in decisions.items() if decision.choice is ProposalChoice.REFUSED
    }
    open_ones = [one for one in proposals if args.again or one.id not in refused]
    return ask_each(desk, open_ones)


def proposed(folder: Path, settings: Settings, config: Config) -> list[Surprise]:
    """Return what can be accepted now: what is written already is proposed no more."""
    surprises: list[Surprise] = []
    if (folder / INDEX).exists():
        surprises += report_of(SurveyFolder.read(folder), config).surprises
    surprises += discovered(settings.data / SEARCHES, config)
    return [surprise for surprise in surprises if surprise.edit is not None]


def observed_at(folder: Path) -> datetime:
    """Return when a survey began; now when there is none, for what a search proposes."""
    if (folder / INDEX).exists():
        return SurveyFolder.read(folder).index.begun_at
    return SystemClock().now()


def refuse_unknown(proposals: Sequence[Surprise], names: Sequence[str]) -> None:
    """Raise CommandRefused unless every name is that of a proposal."""
    known = {surprise.id for surprise in proposals}
    unknown = [name for name in names if name not in known]
    if unknown:
        raise CommandRefused(
            f"Aucune proposition de ce nom : {', '.join(unknown)}. « vigie accept --json » les dit."
        )


def ask_each(desk: _AcceptDesk, proposals: Sequence[Surprise]) -> int:
    """Present each proposal and ask; 1 while one is left open."""
    if not proposals:
        print("Rien n’est à décider.")
        return 0
    left = len(proposals)
    for number, surprise in enumerate(proposals, start=1):
        print(f"\n{number} sur {len(proposals)} – {KIND_WORDS[surprise.kind]} : {surprise.about}")
        print(f"  {surprise.observed}\n  {surprise.advice}\n")
        for line in surprise.edit.lines if surprise.edit else ():
            print(f"    {line}")
        answer = _answer()
        if answer == "q":
            break
        if answer in {"o", "n"}:
            try:
                desk.decide(
                    surprise, ProposalChoice.ACCEPTED if answer == "o" else ProposalChoice.REFUSED
                )
                left -= 1
            except NotWritten as error:
                print(error, file=sys.stderr)
    print(f"\n{count(left, 'proposition')} à décider." if left else "\nTout est décidé.")
    print("Si le service tourne, redémarrez-le : il ne lit ses réglages qu’au démarrage.")
    return 1 if left else 0


def _answer() -> str:
    """Return the first letter of an answer: o, n, p or q; the end of the input quits."""
    while True:
        try:
            answer = input(QUESTION).strip().lower()[:1]
        except EOFError:
            return "q"
        if answer in {"o", "n", "p", "q"}:
            return answer


def _print_written(folder: Path, surprise: Surprise) -> None:
    files = surprise.edit.files if surprise.edit else {}
    print(f"Écrit dans {folder / 'local.toml'} : {surprise.id}.")
    for name in files:
        print(f"Écrit : {folder / name}")

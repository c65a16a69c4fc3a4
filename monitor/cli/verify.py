"""`vigie verify`: a journal, and its database when there is one, step by step."""

import os
import sys
from argparse import Namespace
from collections.abc import Iterator, Sequence
from itertools import chain
from pathlib import Path

import certifi

from monitor.attest.key_changes import followed
from monitor.attest.leaf_content import Progress
from monitor.attest.sealing import KEY_FILE
from monitor.attest.verification import size_of, verify
from monitor.attest.verification_stamps import JudgedStamps, stamped_notes
from monitor.attest.verification_step import VerificationStep
from monitor.attest.verification_stranger import Opinion, ask
from monitor.cli.parsing import (
    CommandRefused,
    Commands,
    json_option,
    say,
)
from monitor.cli.verify_bundle import described, step_as_json, verify_bundle
from monitor.config import load
from monitor.config.settings import config_folder, read_settings
from monitor.evidence import bounded
from monitor.evidence.announced import ANNOUNCED
from monitor.evidence.captures.capture_policy import CAPTURES
from monitor.evidence.log.journal import FOLDER
from monitor.evidence.log.keys import own_key
from monitor.evidence.log.note import (
    MAX_NOTE_BYTES,
    Algorithm,
    Checkpoint,
    Note,
    NoteError,
    VerifierKey,
)
from monitor.evidence.log.tiles import CHECKPOINT, Tiles
from monitor.evidence.timestamps.certificate_files import certificates
from monitor.runtime.clock import SystemClock
from monitor.runtime.errors import VigieError
from monitor.store import Store, is_new
from monitor.store.audit.unproved import unproved

PROGRESS_US = 2_000_000  # between two lines of progress


def add(commands: Commands) -> None:
    """Add the command."""
    check = commands.add_parser(
        "verify",
        help="vérifier un journal, la base contre son journal, ou un lot de preuves",
        description="Vérifie sans réseau, étape par étape : 0 si tout est bon, 1 sinon.",
    )
    check.add_argument(
        "path", type=Path, metavar="CHEMIN",
        help="un dossier de journal, un dossier de données (alors la base est vérifiée aussi), ou"
        " le lot de preuves d’un dossier (.wacz)",
    )  # fmt: skip
    check.add_argument(
        "--config", type=Path, default=config_folder(), metavar="DOSSIER",
        help="dossier de configuration : il nomme les cosignataires (par défaut : config)",
    )  # fmt: skip
    check.add_argument("--key", metavar="CLÉ", help="clé publique du journal, apprise ailleurs")
    check.add_argument(
        "--older", type=Path, action="append", default=[], metavar="FICHIER",
        help="point de contrôle plus ancien que le journal doit prolonger",
    )  # fmt: skip
    check.add_argument(
        "--roots", type=Path, action="append", default=[], metavar="FICHIER",
        help="racines des autorités d’horodatage (PEM), outre les racines publiques",
    )  # fmt: skip
    check.add_argument(
        "--point-key", action="append", default=[], metavar="CLÉ",
        help="clé d’un autre point de mesure, dont le lot doit contenir les preuves",
    )  # fmt: skip
    json_option(check)
    check.set_defaults(run=run_verify)


def run_verify(args: Namespace) -> int:
    """Verify, and print each step."""
    if args.path.is_file():
        return verify_bundle(args)
    return _verify_folder(args)


def _verify_folder(args: Namespace) -> int:
    if args.point_key:
        raise CommandRefused("--point-key : seul un lot de preuves a celles d’autres points.")
    data = args.path if (args.path / FOLDER).is_dir() else None
    folder = args.path / FOLDER if data else args.path
    key = _key(args.key, data, folder)
    tiles = Tiles(folder)
    today = followed(key, tiles, size=size_of(folder)) if key else None
    if today != key and not args.json:
        print(f"La clé donnée a signé son remplacement. Clé actuelle : {today}")
    steps: list[VerificationStep] = []
    store = _store(data) if data else None
    missing = [_no_database(data)] if data and store is None else []
    try:
        captures = data / CAPTURES if data else None
        older = [*args.older, *stamped_notes(folder), *tiles.changes()]
        steps_of_journal = verify(
            folder,
            key=today,
            older=older,
            store=store,
            captures=captures,
            announced=data / ANNOUNCED if data else None,
            data=data,
            progress=_progress(),
        )
        stamps = JudgedStamps({})

        def stamp_steps() -> Iterator[VerificationStep]:
            nonlocal stamps
            stamps = JudgedStamps.of(folder, roots=_roots(args.roots))
            if step := stamps.step():
                yield step

        for step in chain(missing, steps_of_journal, stamp_steps()):
            steps.append(step)
            if not args.json:
                print(described(len(steps), step))
        opinion = _opinion(args, data or folder, key, stamps)
        if opinion is not None and opinion.faults:
            steps.append(opinion.step())
            if not args.json:
                print(described(len(steps), steps[-1]))
    finally:
        if store is not None:
            store.close()
    return _concluded(args, data, steps, opinion)


def _concluded(
    args: Namespace, data: Path | None, steps: Sequence[VerificationStep], opinion: Opinion | None
) -> int:
    good = all(step.ok for step in steps)
    if args.json:
        listed: dict[str, object] = {"unproved": list(unproved())} if data else {}
        listed["stranger"] = opinion.found if opinion else None
        say({"ok": good, "steps": [step_as_json(step) for step in steps], **listed})
    else:
        if opinion is not None and opinion.tables:
            print("Ce que les relevés prouvent :")
            for line in opinion.tables:
                print(f"   {line}")
        if opinion is not None and opinion.on_trust:
            print("Ce que le journal ne permet ni d’établir ni de démentir :")
            for line in opinion.on_trust:
                print(f"   {line}")
        if data:
            print("Ce que rien ne garantit, et pourquoi cela ne trompe personne :")
            for line_unproved in unproved():
                print(f"   {line_unproved}")
        print("Tout est vérifié." if good else "La vérification a échoué.")
    return 0 if good else 1


def _opinion(
    args: Namespace, folder: Path, key: VerifierKey | None, stamps: JudgedStamps
) -> Opinion | None:
    """Run the stand-alone verifier, with the witnesses of the configuration."""
    if key is None:
        return None
    try:
        cosigners = load(args.config).cosigning.witnesses
    except VigieError:
        cosigners = ()  # a folder from elsewhere, without a configuration
    witnesses = [VerifierKey.parse(cosigner.key) for cosigner in cosigners]
    journal = folder / FOLDER if (folder / FOLDER).is_dir() else folder
    roots = b"\n".join(path.read_bytes() for path in (Path(certifi.where()), *args.roots))

    def rootless() -> set[str]:
        roots = _roots(args.roots)
        return JudgedStamps.of(journal, roots=roots, known=stamps).rootless()

    return ask(folder, key=key, witnesses=witnesses, roots=roots, unknown=rootless)


def _no_database(data: Path) -> VerificationStep:
    fault = (
        f"{data} contient un journal, et pas de base. Donnez l’adresse de la base"
        " (VIGIE_DATABASE_URL), refaites-la depuis le journal (« vigie rebuild »), ou ne"
        f" vérifiez que le journal : « vigie verify {data / FOLDER} »."
    )
    return VerificationStep(
        title="Base de données",
        done="",
        proves="Rien.",
        leaves_open="Tout ce que montrent les pages et les rapports.",
        faults=(fault,),
    )


def _progress() -> Progress:
    """Return a function that shows on a terminal how far a long verification is."""
    clock = SystemClock()
    due_us = clock.monotonic_us() + PROGRESS_US

    def tell(what: str, count: int) -> None:
        nonlocal due_us
        if sys.stderr.isatty() and clock.monotonic_us() >= due_us:
            due_us = clock.monotonic_us() + PROGRESS_US
            print(f"   … {what} : {count}", file=sys.stderr, flush=True)

    return tell


def _roots(more: Sequence[Path]) -> list[bytes]:
    """Return the public roots, and those in the files `more`."""
    roots: list[bytes] = []
    for path in (Path(certifi.where()), *more):
        try:
            roots += certificates(path.read_bytes())
        except (OSError, ValueError) as error:
            raise CommandRefused(
                f"{path} : ce n’est pas un fichier de certificats ({error})."
            ) from None
    return roots


def _store(data: Path) -> Store | None:
    settings = read_settings(os.environ, data=data)
    if is_new(settings.database_url):
        return None
    return Store.open(settings.database_url, point=settings.point, writer=False)


def _key(text: str | None, data: Path | None, folder: Path) -> VerifierKey | None:
    if text:
        try:
            return VerifierKey.parse(text)
        except NoteError as error:
            raise CommandRefused(f"--key : clé illisible : {error}") from None
    return own_key_of(data, folder) if data else None


def own_key_of(data: Path, folder: Path) -> VerifierKey | None:
    """Return the key of a service under the name that its journal bears, None without either."""
    if not (data / KEY_FILE).exists():
        return None
    try:
        origin = Checkpoint.parse(
            Note.parse(bounded.read(folder / CHECKPOINT, MAX_NOTE_BYTES)).text
        ).origin
    except (NoteError, OSError):
        return None  # the first step of the verification refuses such a checkpoint
    return own_key(data / KEY_FILE, name=origin, algorithm=Algorithm.ED25519).verifier

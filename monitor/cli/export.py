"""`vigie export`: copy the journal and its evidence, for others to verify."""

import hashlib
import json
import os
import shutil
import subprocess
import sys
from argparse import Namespace
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import UTC, date, datetime
from itertools import chain
from pathlib import Path

from monitor.attest.journal_policy import policy_lines, trusted_roots
from monitor.attest.verification_stamps import JudgedStamps
from monitor.cli.journal_key import published_key
from monitor.cli.parsing import CommandRefused, Commands, folders
from monitor.cli.records import instant
from monitor.config import Config, load
from monitor.config.settings import read_settings
from monitor.core.french.formatting import PARIS, count
from monitor.evidence import bounded
from monitor.evidence.announced import ANNOUNCED, MAX_BYTES
from monitor.evidence.captures import day_files
from monitor.evidence.captures.capture_policy import CAPTURES
from monitor.evidence.captures.warc import WarcError
from monitor.evidence.log import mirror
from monitor.evidence.log.journal import FOLDER
from monitor.evidence.log.note import Checkpoint, Note, NoteError, Signature, VerifierKey
from monitor.evidence.log.tiles import CHECKPOINT, Tiles
from monitor.evidence.log.tlog import ProofError
from monitor.evidence.timestamps.certificate_files import certificates
from monitor.evidence.witness.cosigning import quorum
from monitor.evidence.witness.witness_protocol import with_signatures
from monitor.runtime.clock import SystemClock
from monitor.runtime.errors import in_french
from monitor.store import Store, is_new

STAMPS = "horodatages"
UNFINISHED = ".en-cours"  # suffix of the name of a folder that is not verified yet
RECENT = 5_000  # checkpoints that are searched for one with its cosignatures
SHOWN = 20  # faults that are shown
_OLDER = (
    "La copie s’arrête à {size} sur {newest} : c’est le point de contrôle le plus récent"
    " qui porte les cosignatures demandées."
)
_ALONE = (
    "Aucun point de contrôle récent n’a les cosignatures demandées : celui de la copie en porte"
    " {signed} sur {needed}. Elle n’en demande donc pas, et son vérificateur le dira."
)
README = """\
Copie du journal de Vigie ANEF : {origin}
Établie le {at} UTC. {leaves}.

Pour la vérifier sans aucun de nos programmes, sur une machine où se trouvent Python 3 et openssl :

    python3 -I AILLEURS/verifier.py . --cle '{key}'

Ne vous servez pas du verifier.py de ce dossier sans l’avoir comparé : qui aurait changé le journal
aurait pu le changer aussi. Prenez-le sur le site de l’association, ou calculez son empreinte
(sha256sum verifier.py) et comparez-la avec celle que l’association publie. À l’export, c’était :

    {digest}

La clé publique ci-dessus doit, elle aussi, vous être connue d’une autre source : la page de
l’association, un cosignataire, une pièce plus ancienne. Ce fichier seul n’en prouve rien.
« -I » empêche Python de charger un programme qui aurait été posé dans le dossier.

journal/            le journal : points de contrôle, arbre, feuilles, jetons d’horodatage
captures/           les octets échangés, au format WARC/1.1 ({captures})
annonces/           les annonces de maintenance, telles qu’elles furent inscrites
racines.pem         les autorités dont les jetons sont crus par cette vérification
sans-racine.txt     s’il est là : les jetons d’autorités sans racine connue, qui ne datent rien ici
cles.txt            la clé du journal et celles de ses cosignataires
MANIFESTE           l’empreinte SHA-256 de chaque fichier : sha256sum -c MANIFESTE
"""


def add(commands: Commands) -> None:
    """Add the command."""
    export = commands.add_parser(
        "export",
        help="copier le journal pour qui veut le vérifier",
        description="Écrit dans un dossier le journal signé, ses jetons, les copies des réponses "
        "de la période et verifier.py, qui vérifie le tout sans nos programmes.",
    )
    folders(export)
    export.add_argument(
        "--out", type=Path, required=True, metavar="DOSSIER", help="dossier à créer"
    )
    export.add_argument(
        "--from",
        dest="since",
        type=instant,
        metavar="DATE",
        help="copies depuis ce jour, heure de Paris",
    )
    export.add_argument(
        "--to", dest="until", type=instant, metavar="DATE", help="copies jusqu’à ce jour compris"
    )
    export.add_argument(
        "--no-captures", action="store_true", help="le journal seul, sans copie de réponse"
    )
    export.set_defaults(run=run_export)


def run_export(args: Namespace) -> int:
    """Write the copy. The service may run meanwhile: what it adds is not in it."""
    config = load(args.config)
    file_days(args.since, args.until)  # refused before anything is written
    out: Path = args.out
    if out.exists():
        raise CommandRefused(f"{out} existe déjà : donner un dossier à créer.")
    making = out.with_name(f"{out.name}{UNFINISHED}")
    try:
        shutil.rmtree(making, ignore_errors=True)  # of an interrupted export
        args.out = making
        copy = _write(args, config)
        print("Vérification de la copie par son propre vérificateur…", file=sys.stderr)
        _require_verified(making, copy.key)
        making.rename(out)
    except FileNotFoundError as error:
        raise CommandRefused(
            f"{error.filename or error} : introuvable. Rien n’a encore été signé : laisser le "
            "service tourner cinq minutes, ou « vigie seal »."
        ) from None
    except OSError as error:
        raise CommandRefused(f"{error.filename or args.out} : {in_french(error)}") from None
    except (ProofError, NoteError) as error:
        raise CommandRefused(f"Journal {args.data / FOLDER} : endommagé ({error}).") from None
    print(f"{out} : {count(copy.leaves, 'feuille')}, {count(copy.files, 'fichier')} de copies.")
    if copy.remark:
        print(copy.remark)
    print(f"Empreinte de verifier.py, à publier : {mirror.verifier_sha256()}")
    print(f"À vérifier par : python3 -I verifier.py {out} --cle '{copy.key}'")
    return 0


@dataclass(frozen=True, slots=True, kw_only=True)
class _Exported:
    """The written copy. `remark`: in French, what it lacks."""

    key: VerifierKey
    leaves: int
    files: int
    remark: str


def _require_verified(folder: Path, key: VerifierKey) -> None:
    """Verify the copy with its own verifier. Raises CommandRefused; the copy stays there."""
    program = [sys.executable, "-I", "-S", str(folder / "verifier.py"), str(folder)]
    process = subprocess.run(  # noqa: S603 -- our own program
        [*program, "--cle", str(key), "--json"], check=False, capture_output=True
    )
    if process.returncode == 0:
        return
    try:
        faults = json.loads(process.stdout)["faults"]
    except (ValueError, LookupError):
        faults = [process.stderr.decode("utf-8", "replace").strip()]
    more = [f"… et {len(faults) - SHOWN} autres"] if len(faults) > SHOWN else []
    headline = f"{folder} : refusé par son propre vérificateur ; à ne pas remettre."
    raise CommandRefused("\n".join([headline, *faults[:SHOWN], *more]))


def _chosen(data: Path, key: VerifierKey, config: Config) -> tuple[bytes, str]:
    """Return the newest checkpoint with its cosignatures, else the newest, and a remark."""
    published = Tiles(data / FOLDER).checkpoint()
    if published is None:
        raise FileNotFoundError(data / FOLDER / CHECKPOINT)
    newest = Checkpoint.parse(Note.parse(published).text).size
    for note in chain([published], _recorded_notes(data)):
        try:
            parsed = Note.parse(note)
            signatures = quorum(parsed, config.cosigning)
            size = Checkpoint.parse(parsed.text).size
            if signatures.reached and parsed.verified_by([key]) and size:
                return note, _OLDER.format(
                    size=count(size, "feuille"), newest=newest
                ) if size < newest else ""
        except NoteError:
            continue  # another one may do
    signatures = quorum(Note.parse(published), config.cosigning)
    return published, _ALONE.format(signed=len(signatures.signed), needed=signatures.needed)


def _recorded_notes(data: Path) -> Iterator[bytes]:
    """Yield our last checkpoints with their cosignatures, the newest first."""
    settings = read_settings(os.environ, data=data)
    if is_new(settings.database_url):
        return
    with Store.open(settings.database_url, point=settings.point, writer=False) as store:
        for note, _ in store.recent_notes(RECENT):
            parsed = Note.parse(note)
            lines = store.cosignatures(Checkpoint.parse(parsed.text).size)
            if lines:
                yield bytes(
                    with_signatures(
                        parsed, [Signature.parse(cosignature.line) for cosignature in lines]
                    )
                )


def _write(args: Namespace, config: Config) -> _Exported:
    out: Path = args.out
    if not (args.data / FOLDER / CHECKPOINT).exists():  # before anything that would make a key
        raise FileNotFoundError(args.data / FOLDER / CHECKPOINT)
    key = published_key(args.data, config)
    note, remark = _chosen(args.data, key, config)
    checkpoint = mirror.copy_tree(args.data / FOLDER, out / FOLDER, note)
    mirror.copy_stamps(args.data / FOLDER / STAMPS, out / FOLDER / STAMPS, size=checkpoint.size)
    named = set() if args.no_captures else mirror.capture_files(out / FOLDER, checkpoint.size)
    copied = _copy_captures(args, out / CAPTURES, named)
    if not args.no_captures:
        for sha256 in mirror.announced_files(out / FOLDER, checkpoint.size):
            path = args.data / ANNOUNCED / sha256
            mirror.put(out / ANNOUNCED / sha256, bounded.read(path, MAX_BYTES))
    mirror.put(out / "cles.txt", "".join(policy_lines(key, config, note)).encode())
    mirror.put(out / "racines.pem", trusted_roots(config))
    unknown = JudgedStamps.of(out / FOLDER, roots=certificates(trusted_roots(config))).rootless()
    if unknown:
        mirror.put(
            out / "sans-racine.txt", "".join(f"{digest}\n" for digest in sorted(unknown)).encode()
        )
    program = mirror.verifier()
    mirror.put(out / "verifier.py", program)
    readme = README.format(
        origin=key.name,
        at=f"{SystemClock().now():%d/%m/%Y à %H:%M:%S}",
        leaves=count(checkpoint.size, "feuille"),
        key=key,
        captures=count(copied, "fichier"),
        digest=hashlib.sha256(program).hexdigest(),
    )
    mirror.put(out / "LISEZMOI.txt", readme.encode())
    mirror.put(out / "MANIFESTE", "".join(_manifest(out)).encode())
    return _Exported(key=key, leaves=checkpoint.size, files=copied, remark=remark)


def _copy_captures(args: Namespace, out: Path, named: set[str]) -> int:
    """Copy the files of the period that leaves name, complete records only; return how many."""
    since, until = file_days(args.since, args.until)
    files = day_files.files(args.data / CAPTURES, since=since, until=until)
    captures = [path for path in files if path.name in named]
    for path in captures:
        try:
            mirror.put(
                out / path.name, b"".join(member.packed for member in day_files.members(path))
            )
        except WarcError as error:
            raise CommandRefused(f"{path} : fichier de copies endommagé ({error}).") from None
    return len(captures)


def file_days(since: datetime | None, until: datetime | None) -> tuple[date, date]:
    """Return the first and the last day file in which what Paris had of these days may be.

    A file holds a day of UTC: a day of Paris begins in the file of the date before, and ends in
    the file of its own date.
    """
    first = since.astimezone(UTC).date() if since else date.min
    last = until.astimezone(PARIS).date() if until else date.max
    if last < first:
        raise CommandRefused("--to : la fin de la période est avant son début (--from)")
    return first, last


def _manifest(out: Path) -> Iterator[str]:
    for path in sorted(out.rglob("*")):
        if path.is_file():
            digest = hashlib.sha256(path.read_bytes()).hexdigest()
            yield f"{digest}  {path.relative_to(out).as_posix()}\n"

"""`vigie export`: a copy of the journal and of what it rests on, for a stranger to verify."""

import hashlib
import os
from argparse import Namespace
from collections.abc import Iterator
from datetime import date
from pathlib import Path

import certifi

from monitor.app import CAPTURES
from monitor.cli.parsing import Commands, Refusal, folders
from monitor.cli.records import instant
from monitor.clock import SystemClock
from monitor.config import Config, load
from monitor.core.french import count
from monitor.errors import in_french
from monitor.evidence import dayfiles, mirror
from monitor.evidence.journal import FOLDER
from monitor.evidence.note import Algorithm, VerifierKey
from monitor.evidence.warc import WarcError
from monitor.sealing import KEY_FILE, journal_key
from monitor.settings import read_settings

STAMPS = "horodatages"
README = """\
Copie du journal de Vigie ANEF : {origin}
Établie le {at} (UTC). {leaves} feuilles.

Pour la vérifier sans aucun de nos programmes, sur une machine où se trouvent Python 3 et openssl :

    python3 -I AILLEURS/verifier.py . --cle '{key}'

Ne vous servez pas du verifier.py de ce dossier sans l'avoir comparé : qui aurait changé le journal
aurait pu le changer aussi. Prenez-le sur le site de l'association, ou calculez son empreinte
(sha256sum verifier.py) et comparez-la avec celle que l'association publie. À l'export, c'était :

    {digest}

La clé publique ci-dessus doit, elle aussi, vous être connue d'une autre source : la page de
l'association, un cosignataire, une pièce plus ancienne. Ce fichier seul n'en prouve rien.
« -I » empêche Python de charger un programme qui aurait été posé dans le dossier.

journal/            le journal : points de contrôle, arbre, feuilles, jetons d'horodatage
captures/           les octets échangés, au format WARC/1.1 ({captures})
racines.pem         les autorités dont les jetons sont crus par cette vérification
cles.txt            la clé du journal et celles de ses cosignataires
MANIFESTE           l'empreinte SHA-256 de chaque fichier : sha256sum -c MANIFESTE
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
        "--from", dest="since", type=instant, metavar="DATE", help="copies depuis ce jour (UTC)"
    )
    export.add_argument(
        "--to", dest="until", type=instant, metavar="DATE", help="copies jusqu’à ce jour compris"
    )
    export.add_argument(
        "--no-captures", action="store_true", help="le journal seul, sans copie de réponse"
    )
    export.set_defaults(run=run_export)


def run_export(asked: Namespace) -> int:
    """Write the copy. The service may run meanwhile: what it adds later is not in it."""
    config = load(asked.config)
    if asked.out.exists():
        raise Refusal(f"{asked.out} existe déjà : donner un dossier à créer.")
    try:
        _write(asked, config)
    except FileNotFoundError as error:
        raise Refusal(
            f"{error.filename or error} : introuvable. Rien n’a encore été signé : laisser le "
            "service tourner cinq minutes, ou « vigie seal »."
        ) from None
    except OSError as error:
        raise Refusal(f"{error.filename or asked.out} : {in_french(error)}") from None
    return 0


def _write(asked: Namespace, config: Config) -> None:
    out: Path = asked.out
    # Before anything that would make a key: a folder without a journal is not exported.
    checkpoint = mirror.copy_tree(asked.data / FOLDER, out / FOLDER)
    key = _key(asked.data, config)
    mirror.copy_stamps(asked.data / FOLDER / STAMPS, out / FOLDER / STAMPS, size=checkpoint.size)
    named = set() if asked.no_captures else mirror.capture_files(out / FOLDER, checkpoint.size)
    copied = _copy_captures(asked, out / CAPTURES, named)
    mirror.put(out / "cles.txt", "".join(_keys(key, config)).encode())
    mirror.put(out / "racines.pem", _roots(config))
    program = mirror.verifier()
    mirror.put(out / "verifier.py", program)
    readme = README.format(
        origin=key.name,
        at=f"{SystemClock().now():%Y-%m-%d %H:%M:%S}",
        leaves=checkpoint.size,
        key=key,
        captures=count(copied, "fichier"),
        digest=hashlib.sha256(program).hexdigest(),
    )
    mirror.put(out / "LISEZMOI.txt", readme.encode())
    mirror.put(out / "MANIFESTE", "".join(_manifest(out)).encode())
    print(f"{out} : {count(checkpoint.size, 'feuille')}, {count(copied, 'fichier')} de copies.")
    print(f"Empreinte de verifier.py, à publier : {hashlib.sha256(program).hexdigest()}")
    print(f"À vérifier par : python3 -I verifier.py {out} --cle '{key}'")


def _key(data: Path, config: Config) -> VerifierKey:
    settings = read_settings(os.environ, data=data)
    if not settings.journal_key and not (data / KEY_FILE).exists():
        raise Refusal(f"{data / KEY_FILE} : introuvable ; la clé du journal n’est pas ici.")
    signer = journal_key(data, origin=config.journaling.origin, text=settings.journal_key)
    return signer.verifier


def _keys(key: VerifierKey, config: Config) -> Iterator[str]:
    """Yield the lines of a C2SP tlog-policy."""
    yield f"log {key}\n"
    witnesses = [VerifierKey.parse(one.key) for one in config.cosigning.witnesses]
    for witness in witnesses:
        if witness.algorithm is Algorithm.COSIGNATURE:
            yield f"witness {witness.name} {witness}\n"
    if config.cosigning.needed:
        yield f"quorum {config.cosigning.needed}\n"


def _roots(config: Config) -> bytes:
    """Return the public roots, and those that the configuration trusts for time-stamps."""
    pinned = "".join(authority.roots for authority in config.stamping.authorities)
    return Path(certifi.where()).read_bytes() + pinned.encode()


def _copy_captures(asked: Namespace, out: Path, named: set[str]) -> int:
    """Copy the day files of the period that leaves name, whole records only; count them."""
    since: date = asked.since.date() if asked.since else date.min
    until: date = asked.until.date() if asked.until else date.max
    files = dayfiles.files(asked.data / CAPTURES, since=since, until=until)
    found = [path for path in files if path.name in named]
    for path in found:
        try:
            mirror.put(out / path.name, b"".join(one.packed for one in dayfiles.members(path)))
        except WarcError as error:
            raise Refusal(f"{path} : fichier de copies endommagé ({error}).") from None
    return len(found)


def _manifest(out: Path) -> Iterator[str]:
    for path in sorted(out.rglob("*")):
        if path.is_file():
            digest = hashlib.sha256(path.read_bytes()).hexdigest()
            yield f"{digest}  {path.relative_to(out).as_posix()}\n"

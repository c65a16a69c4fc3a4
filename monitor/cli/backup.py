"""`vigie backup`, `vigie restore`: a whole record in one file."""

import os
from argparse import Namespace
from pathlib import Path

from monitor.attest.backups.backup import backup
from monitor.attest.backups.backup_form import Summary
from monitor.attest.backups.restore import restore
from monitor.attest.sealing import KEY_FILE
from monitor.cli.parsing import Commands, ProgressLine, folders
from monitor.config.files.local import LOCAL
from monitor.config.settings import read_settings
from monitor.core.french.formatting import count, when
from monitor.runtime.clock import SystemClock


def add(commands: Commands) -> None:
    """Add the commands."""
    save = commands.add_parser(
        "backup",
        help="sauvegarder tout le registre dans un fichier, le service tournant ou non",
        description="Écrit dans un fichier neuf la base, le journal, les copies des réponses, les "
        "jetons, la mémoire de cosignataire et les réglages locaux, d’accord entre eux même si le "
        "journal est signé pendant ce temps, puis relit et vérifie ce fichier.",
    )
    folders(save)
    save.add_argument("file", type=Path, metavar="FICHIER", help="fichier .tar.gz à créer")
    save.add_argument(
        "--with-key",
        action="store_true",
        help="y mettre aussi les clés privées : qui a ce fichier pourra signer à votre place",
    )
    save.set_defaults(run=run_backup)

    again = commands.add_parser(
        "restore",
        help="remettre en place une sauvegarde, là où il n’y a pas de registre",
        description="Vérifie la sauvegarde, puis la met en place. N’écrase jamais rien : le "
        "dossier de données et la base doivent être vides ; les clés peuvent y être déjà.",
    )
    folders(again)
    again.add_argument("file", type=Path, metavar="FICHIER", help="ce que « vigie backup » a écrit")
    again.set_defaults(run=run_restore)


def run_backup(args: Namespace) -> int:
    """Back up; 1 when the copy is exact and the record itself has faults."""
    settings = read_settings(os.environ, data=args.data)
    with ProgressLine() as progress:
        summary = backup(
            settings,
            args.file,
            config=args.config,
            now=SystemClock().now(),
            keys=args.with_key,
            progress=progress,
        )
    print(f"{args.file} : {_described(summary)}. Relu et vérifié.")
    if summary.keys:
        print("Les clés privées y sont : qui a ce fichier peut signer à votre place. Le garder")
        print("comme un mot de passe, jamais avec les autres sauvegardes.")
    elif (args.data / KEY_FILE).exists():
        print(f"La clé privée n’y est pas : garder à part une copie de {args.data / KEY_FILE}, ou")
        print("une sauvegarde faite avec --with-key. Sans elle, le journal ne peut être continué.")
    if summary.faults:
        print("La copie est fidèle, mais le registre lui-même ne se vérifie pas :")
        _list(summary.faults)
        return 1
    return 0


def run_restore(args: Namespace) -> int:
    """Restore; 1 when the restored record has faults."""
    settings = read_settings(os.environ, data=args.data)
    with ProgressLine() as progress:
        summary, local = restore(args.file, settings, config=args.config, progress=progress)
    where = "dans la base de VIGIE_DATABASE_URL" if os.environ.get("VIGIE_DATABASE_URL") else ""
    print(f"Restauré dans {args.data} {where}".rstrip() + f" : {_described(summary)}.")
    if local:
        print(f"Réglages locaux remis dans {args.config / LOCAL}.")
    if not (args.data / KEY_FILE).exists() and not settings.journal_key and summary.signed:
        print(
            f"Avant de démarrer : remettre la clé privée dans {args.data / KEY_FILE} (chmod 600)."
        )
    print(f"Ce qui a suivi le {when(summary.made_at)} n’y est pas et restera une lacune de mesure.")
    print("Si le journal a été signé depuis, les cosignataires le savent : au démarrage, Vigie le")
    print("leur demande et refuse de signer une seconde histoire, en disant que faire.")
    if summary.faults:
        print("La sauvegarde est fidèle, mais le registre qu’elle contient ne se vérifie pas :")
        _list(summary.faults)
        return 1
    return 0


def _described(summary: Summary) -> str:
    return (
        f"registre au {when(summary.made_at)}, {count(summary.leaves, 'feuille')} dont "
        f"{summary.signed} signées, {count(summary.files, 'fichier')}, {summary.size / 1e6:.1f} Mo"
    )


def _list(faults: tuple[str, ...]) -> None:
    for fault in faults[:20]:
        print(f"  {fault}")
    if len(faults) > 20:  # noqa: PLR2004 -- a screen
        print(f"  … et {len(faults) - 20} autres")

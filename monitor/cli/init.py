"""`vigie init`: write the identity of the robot's sender."""

import json
import os
import sys
import tomllib
from argparse import Namespace
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit

from monitor.attest.own_witness import WITNESS
from monitor.attest.sealing import KEY_FILE
from monitor.cli.parsing import INIT_HINT, CommandRefused, Commands, folders
from monitor.config import Config, ConfigError, Problem, load
from monitor.config.files.local import LOCAL
from monitor.config.files.local_edit import put
from monitor.config.schema import Publisher, ServiceEntry
from monitor.config.settings import read_settings
from monitor.config.strict_toml.pydantic_french import TablePlace, validate
from monitor.config.values import NO_ASSOCIATION, made_up
from monitor.evidence import durable
from monitor.evidence.log.note import NoteError, SignerKey
from monitor.runtime.errors import in_french

READABLE = 0o644  # a configuration has no secret, and the service runs under another account
HEAD = """\
# Les réglages de votre association. Ce fichier n’est pas livré avec Vigie : aucune mise à jour n’y
# touche. Toute clé de vigie.toml peut y être écrite ; ce qui n’y est pas garde sa valeur livrée.
# Exemples : docs/reglages.md. Après chaque changement : vigie check-config
"""
_PUBLIC = {"allow_private": False}
Values = dict[tuple[str, str], str]  # by table and key


@dataclass(frozen=True, slots=True)
class _IdentityField:
    """One part of the identity: its option, its place in the file, and its question."""

    option: str
    table: str
    key: str
    question: str


QUESTIONS = (
    _IdentityField("association", "publisher", "association", "Nom de l’association"),
    _IdentityField("site", "publisher", "site", "Adresse de ses pages Vigie, ou de son site"),
    _IdentityField("contact", "service", "contact", "Courriel auquel un site visité peut écrire"),
)


def add(commands: Commands) -> None:
    """Add the command."""
    init = commands.add_parser(
        "init",
        help="dire qui envoie le robot : association, site, contact",
        description="Écrit l’identité du robot dans local.toml, dans le dossier de configuration. "
        "Sans elle, aucun site n’est interrogé. Demande ce que les options ne disent pas.",
    )
    folders(init)
    init.add_argument("--association", metavar="NOM", help="qui répond de ces relevés")
    init.add_argument(
        "--site",
        metavar="ADRESSE",
        help="où vos pages seront publiées, par exemple https://vigie.…/",
    )
    init.add_argument("--contact", metavar="COURRIEL", help="à qui un site visité peut écrire")
    init.add_argument(
        "--print", action="store_true", help="montrer ce qui serait écrit, sans l’écrire"
    )
    init.set_defaults(run=run)


def run(args: Namespace) -> int:
    """Write the identity; 0 when the configuration is valid with it."""
    path: Path = args.config / LOCAL
    before = _read(path)
    values: Values = {
        (question.table, question.key): _answer(question, args) for question in QUESTIONS
    }
    values |= _names_of_keys(args, values)
    text = before or HEAD
    for (table, key), value in values.items():
        text = put(text, table, key, _toml(value))
    if _parsed(text) != _expected(_parsed(before), values):
        lines = "".join(f"\n  [{t}] {k} = {_toml(value)}" for (t, k), value in values.items())
        raise CommandRefused(
            f"{path} : sa forme ne permet pas d’y écrire. Écrivez-y vous-même :{lines}"
        )
    if args.print:
        sys.stdout.write(text)
        return 0
    config = _write(args.config, path, before, text)
    print(f"Identité écrite dans {path}. Le robot s’annonce désormais ainsi :")
    print(f"  {config.user_agent}")
    print("Si le service tourne, redémarrez-le : il ne lit ses réglages qu’au démarrage.")
    return 0


def _read(path: Path) -> str:
    try:
        return path.read_text(encoding="utf-8")
    except FileNotFoundError:
        return ""
    except (OSError, UnicodeError) as error:
        why = in_french(error) if isinstance(error, OSError) else "le texte n’est pas en UTF-8"
        raise CommandRefused(
            f"{path} : illisible : {why}. Corrigez ou retirez ce fichier."
        ) from None


def _write(folder: Path, path: Path, before: str, text: str) -> Config:
    """Write the file, and restore the old one unless the configuration is valid with it."""
    try:
        durable.write(path, text.encode(), mode=READABLE)
        try:
            return load(folder)
        except ConfigError:
            if before:
                durable.write(path, before.encode(), mode=READABLE)
            else:
                path.unlink()
            raise
    except OSError as error:
        raise CommandRefused(
            f"{path} : {in_french(error)}. Lancez « vigie init » avec le droit d’écrire dans ce "
            "dossier (sudo), ou ajoutez --print et copiez ce qui est montré."
        ) from None


def _answer(question: _IdentityField, args: Namespace) -> str:
    """Return a value from the options, or else from the person at the terminal."""
    option_value: str | None = getattr(args, question.option)
    if option_value is not None:
        value, fault = judged(question.option, option_value)
        if fault:
            raise CommandRefused(f"--{question.option} : {option_value} : {fault}")
        return value
    if not sys.stdin.isatty():
        raise CommandRefused(f"Il manque --{question.option}. {INIT_HINT}")
    while True:
        try:
            value, fault = judged(question.option, input(f"{question.question} : "))
        except EOFError:
            raise CommandRefused(f"\nRien n’a été écrit. {INIT_HINT}") from None
        if not fault:
            return value
        print(f"  {fault}")


def judged(option: str, text: str) -> tuple[str, str]:
    """Return a value as it is written in the file, and why it is refused, "" when it is not."""
    value = text.strip()
    if option == "site":
        value = value if "://" in value else f"https://{value}"
    try:
        parts = urlsplit(value)
        host = parts.hostname or ""
    except ValueError:
        return value, "adresse illisible : écrire https://hôte/chemin"
    if option == "site" and not parts.path:
        value += "/"
    problems: Sequence[Problem]
    if option == "contact":
        host = value.rpartition("@")[2]
        _, problems = validate(ServiceEntry, {"contact": value}, TablePlace(LOCAL), _PUBLIC)
    else:
        raw = {"association": "x", "site": "https://x.fr/"} | {option: value}
        _, problems = validate(Publisher, raw, TablePlace(LOCAL), _PUBLIC)
    if problems:
        return value, f"{problems[0].reason} : {problems[0].cure}"
    if value == NO_ASSOCIATION or (option != "association" and made_up(host)):
        return value, "ce n’est qu’un exemple : donner la vôtre"
    if option == "site" and "." not in host:
        return value, "ce nom n’est pas public : donner une adresse que tous peuvent ouvrir"
    return value, ""


def _names_of_keys(args: Namespace, values: Values) -> Values:
    """Return the names of existing keys, unless they follow from the site.

    The name of a key never changes: an existing journal keeps its name.
    """
    settings = read_settings(os.environ, data=args.data)
    site = urlsplit(values["publisher", "site"])
    own = f"{site.netloc}{site.path.rstrip('/')}"
    keys = {
        ("journal", "origin", "journal"): settings.journal_key or _key(args.data / KEY_FILE),
        ("witness", "name", "temoin"): _key(args.data / WITNESS / "cle"),
    }
    names: Values = {}
    for (table, setting, last), text in keys.items():
        try:
            name = SignerKey.parse(text.strip()).name
        except NoteError:
            continue  # none, or one that the service will refuse by itself
        if name != f"{own}/{last}":
            names[table, setting] = name
            print(f"La clé « {name} » existe déjà : son nom est gardé.", file=sys.stderr)
    return names


def _key(path: Path) -> str:
    try:
        return path.read_text(encoding="utf-8")
    except (OSError, UnicodeError):
        return ""


def _toml(value: str) -> str:
    """Encode a string; a JSON string is a TOML string too."""
    return json.dumps(value, ensure_ascii=False)


def _parsed(text: str) -> Mapping[str, Any] | None:
    try:
        return tomllib.loads(text)
    except (ValueError, RecursionError):
        return None


def _expected(before: Mapping[str, Any] | None, values: Values) -> dict[str, Any] | None:
    if before is None:
        return None
    expected = dict(before)
    for (table, key), value in values.items():
        inner = expected.get(table, {})
        if not isinstance(inner, dict):
            return {}
        expected[table] = inner | {key: value}
    return expected

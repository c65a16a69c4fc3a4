"""argparse in French, and the options that several commands share."""

import argparse
import json
import sys
from argparse import ArgumentParser, _SubParsersAction
from pathlib import Path
from typing import Any, Self, TypeAlias

from monitor.cli import terminal
from monitor.config import Config
from monitor.config.settings import config_folder, data_folder
from monitor.runtime.clock import SystemClock
from monitor.runtime.errors import VigieError, in_french

Commands: TypeAlias = "_SubParsersAction[ArgumentParser]"

# argparse translates its messages with gettext, and Python ships no French for it.
_FRENCH = {
    "usage: ": "usage : ",
    "%(prog)s: error: %(message)s\n": "%(prog)s : %(message)s\n",
    "argument %(argument_name)s: %(message)s": "%(argument_name)s : %(message)s",
    "the following arguments are required: %s": "il manque : %s",
    "unrecognized arguments: %s": "options inconnues : %s",
    "invalid choice: %(value)r (choose from %(choices)s)": (
        "%(value)r n’est pas parmi les choix possibles : %(choices)s"
    ),
    "invalid %(type)s value: %(value)r": "valeur refusée : %(value)r",
    "expected one argument": "il faut une valeur",
    "expected at least one argument": "il faut au moins une valeur",
    "expected %s argument": "il faut %s valeur",
    "expected %s arguments": "il faut %s valeurs",
    "not allowed with argument %s": "ne va pas avec %s",
    "positional arguments": "arguments",
    "options": "options",
    "show this help message and exit": "afficher cette aide",
}


def _french(message: str) -> str:
    return _FRENCH.get(message, message)


argparse._ = _french  # type: ignore[attr-defined]


class _ExactParser(ArgumentParser):
    """Takes no beginning of an option for the option; nor do the parsers of its commands."""

    def __init__(self, **options: Any) -> None:
        super().__init__(**options | {"allow_abbrev": False})


def parser_of(program: str, description: str) -> ArgumentParser:
    """Build a parser with French messages."""
    return _ExactParser(prog=program, description=description)


class CommandRefused(VigieError):  # noqa: N818 -- the answer to a command
    """A command cannot be carried out; the French message says why and what to do."""


def require_identity(config: Config) -> None:
    """Raise CommandRefused unless the configuration has an identity to announce to sites."""
    if config.missing_identity:
        raise CommandRefused(
            "Rien n’est demandé à un site sans dire qui le demande :\n"
            + "".join(f"  {line}\n" for line in config.missing_identity)
            + INIT_HINT
        )


INIT_HINT = (
    "Pour donner une identité : vigie init --association NOM --site ADRESSE --contact COURRIEL"
)

LIVE_US, IN_A_FILE_US = 200_000, 10_000_000  # between two updates
MAX_SAVED_BYTES = 5_000_000  # the bound of a probe


def read_saved(path: Path) -> bytes:
    """Read a saved body, up to the bound of a probe.

    Raises:
        CommandRefused: The file cannot be read.

    """
    try:
        with path.open("rb") as file:
            return file.read(MAX_SAVED_BYTES)
    except OSError as error:
        raise CommandRefused(f"{path} : illisible : {in_french(error)}") from None


def folders(parser: ArgumentParser) -> None:
    """Add `--config` and `--data`."""
    parser.add_argument(
        "--config", type=Path, default=config_folder(), metavar="DOSSIER",
        help="dossier de configuration (par défaut : config)",
    )  # fmt: skip
    parser.add_argument(
        "--data", type=Path, default=data_folder(), metavar="DOSSIER",
        help="dossier des données (par défaut : data)",
    )  # fmt: skip


def json_option(parser: ArgumentParser) -> None:
    parser.add_argument("--json", action="store_true", help="répondre en JSON")


class ProgressLine:
    """Shows progress on stderr: one line on a terminal, a line at times in a file."""

    def __init__(self) -> None:
        self._live = sys.stderr.isatty()
        self._clock = SystemClock()
        self._told_us = self._clock.monotonic_us()

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        if self._live:
            terminal.control(sys.stderr, "\r\x1b[K")
            sys.stderr.flush()

    def __call__(self, what: str, done: int, total: int) -> None:
        """Show progress if the last update is long enough ago. `total` is 0 when unknown."""
        now_us = self._clock.monotonic_us()
        if now_us - self._told_us < (LIVE_US if self._live else IN_A_FILE_US):
            return
        self._told_us = now_us
        text = f"{what} : {done} sur {total}" if total else f"{what} : {done}"
        if self._live:
            terminal.control(sys.stderr, "\r\x1b[K")
        sys.stderr.write(text if self._live else f"{text}\n")
        sys.stderr.flush()


def say(value: Any) -> None:
    """Print a value as indented JSON."""
    json.dump(value, sys.stdout, ensure_ascii=False, indent=1, default=str)
    sys.stdout.write("\n")

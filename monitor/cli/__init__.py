"""`vigie`: the command line. English names, French output.

Exit codes: 0 done, 1 the answer is no, 2 usage, configuration or storage.
"""

import sys
from argparse import ArgumentParser, Namespace
from collections.abc import Sequence

from monitor.cli import compare, demo, offline, probe, records, service
from monitor.cli.parsing import Refusal
from monitor.config import ConfigError
from monitor.settings import SettingsError
from monitor.store import StoreError

_SAID = (Refusal, ConfigError, SettingsError, StoreError)
_INTERRUPTED = 130  # what a shell reports of a command that Ctrl-C ended


def parser() -> ArgumentParser:
    """Build the parser of every command."""
    top = ArgumentParser(
        prog="vigie",
        description="Relevé vérifiable des pages publiques de l’ANEF et des préfectures.",
    )
    commands = top.add_subparsers(metavar="COMMANDE", required=True, title="commandes")
    for module in (service, demo, probe, offline, compare, records):
        module.add(commands)
    return top


def main(argv: Sequence[str] | None = None) -> int:
    """Run one command and return its exit code."""
    asked: Namespace = parser().parse_args(argv)
    try:
        return int(asked.run(asked))
    except* _SAID as group:
        for error in _leaves(group):
            print(error, file=sys.stderr)
        return_code = 2
    except* BrokenPipeError:
        sys.stderr.close()  # the reader left, as `| head` does: nothing to say
        return_code = 0
    except* KeyboardInterrupt:
        return_code = _INTERRUPTED
    return return_code


def _leaves(group: BaseExceptionGroup[BaseException]) -> Sequence[BaseException]:
    return [
        leaf
        for error in group.exceptions
        for leaf in (_leaves(error) if isinstance(error, BaseExceptionGroup) else [error])
    ]

"""`vigie`: the command line. English names, French output.

Exit codes: 0 success, 1 a negative result, 2 usage, configuration or storage, 70 a fault of ours.
"""

import gc
import os
import sys
from argparse import ArgumentParser
from collections.abc import Sequence
from importlib import import_module

from monitor import __version__
from monitor.cli import terminal
from monitor.cli.parsing import parser_of
from monitor.config.settings import secrets_in
from monitor.runtime import logs
from monitor.runtime.errors import VigieError

# The module of each command. Only that of the requested command is imported: `classify` need not
# wait for the database and the web server to load.
COMMANDS = {
    "run": "service",
    "demo": "demo",
    "migrate": "service",
    "health": "service",
    "init": "init",
    "check-config": "offline",
    "classify": "offline",
    "compare": "compare",
    "probe": "probe",
    "outages": "outage_log",
    "incidents": "outage_log",
    "gaps": "gap_log",
    "at": "instant_answer",
    "availability": "availability",
    "rejudge": "rejudge",
    "changes": "changes",
    "survey": "survey",
    "accept": "accept",
    "discover": "discover",
    "annotate": "annotate",
    "subscribers": "alerts_state",
    "outbox": "alerts_state",
    "mail": "mail",
    "channels": "channel_trial",
    "pause": "pauses",
    "resume": "pauses",
    "seal": "seal",
    "export": "export",
    "dataset": "dataset",
    "dossier": "dossier",
    "verify": "verify",
    "rebuild": "rebuild",
    "backup": "backup",
    "restore": "backup",
    "witness": "witness",
    "follow": "follow_points",
}
_RECORD = 0o027  # umask: only the service and its group may read the record
_FOR_OTHERS = frozenset(
    {"init", "export", "dataset", "dossier"}
)  # their output has the caller's umask
_INTERRUPTED = 130  # what a shell reports of a command that Ctrl-C ended


def parser(command: str | None = None) -> ArgumentParser:
    """Build the parser of every command, or only of those in the module of `command`."""
    modules = [COMMANDS[command]] if command in COMMANDS else dict.fromkeys(COMMANDS.values())
    top = parser_of("vigie", "Relevé vérifiable des pages publiques de l’ANEF et des préfectures.")
    top.add_argument(
        "--version", action="version", version=f"vigie {__version__}", help="dire la version"
    )
    commands = top.add_subparsers(metavar="COMMANDE", required=True, title="commandes")
    gc.disable()  # what modules make lasts: to look for garbage in it takes a seventh of the time
    try:
        for name in modules:
            import_module(f"monitor.cli.{name}").add(commands)
    finally:
        gc.enable()
    return top


def main(argv: Sequence[str] | None = None) -> int:
    """Run one command and return its exit code."""
    logs.hide(*secrets_in(os.environ))
    words = sys.argv[1:] if argv is None else list(argv)
    if words == ["--version"]:  # without loading every command for the list of them
        print(f"vigie {__version__}")
        return 0
    before = os.umask(0o077)
    os.umask(before if words[:1] and words[0] in _FOR_OTHERS else before | _RECORD)
    try:
        with terminal.guarded():
            return _run(words)
    finally:
        os.umask(before)


def _run(words: Sequence[str]) -> int:
    args = parser(words[0] if words else None).parse_args(words)
    code = 0
    try:
        code = int(args.run(args))
    except* VigieError as group:
        for message in dict.fromkeys(
            map(str, _leaves(group))
        ):  # each once: several tasks may raise it
            print(message, file=sys.stderr)
        code = 2
    except* BrokenPipeError:
        sys.stderr.close()  # the reader has closed the pipe, as `| head` does
    except* KeyboardInterrupt:
        code = _INTERRUPTED
    except* Exception:  # noqa: BLE001 -- a fault of ours: printable, with its own code
        code = terminal.fault()
    return code


def _leaves(group: BaseExceptionGroup[BaseException]) -> Sequence[BaseException]:
    return [
        leaf
        for error in group.exceptions
        for leaf in (_leaves(error) if isinstance(error, BaseExceptionGroup) else [error])
    ]

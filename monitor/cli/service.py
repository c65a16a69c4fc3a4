"""Commands around the service: `run`, `migrate`, `health`."""

import asyncio
import errno
import http.client
import os
import signal
import socket
import sys
import time
from argparse import Namespace
from collections.abc import Callable, Coroutine
from contextlib import suppress
from functools import partial
from pathlib import Path
from typing import Any

import uvloop

from monitor.app import App
from monitor.attest.kept_files import signed_from
from monitor.attest.record_faults import faults_of, public_key
from monitor.cli.parsing import INIT_HINT, CommandRefused, Commands, ProgressLine, folders
from monitor.config import ConfigError, load
from monitor.config.rules.legal import public_problems
from monitor.config.settings import Settings, open_files, read_settings
from monitor.core.french.formatting import count
from monitor.evidence.log.journal import FOLDER
from monitor.evidence.log.reading import LogReading
from monitor.evidence.log.tiles import Tiles
from monitor.evidence.log.tlog import TILE_WIDTH
from monitor.probe.build import open_to_write
from monitor.runtime import logs, process_setup
from monitor.runtime.clock import SystemClock
from monitor.runtime.errors import in_french
from monitor.store import Store, is_new, migrate
from monitor.store.engine import parse
from monitor.store.rebuild.definitions import fill_definitions
from monitor.store.transfer import move

HEALTH_TIMEOUT_S = 5.0
RELEASE_S = 1.0  # in which the pages of a service that was killed end, and free their address
RELEASE_TRIES = 10

# The last is a terminal's that was closed: its service stops as for any other reason.
SIGNALS = (signal.SIGTERM, signal.SIGINT, signal.SIGHUP)

Service = Callable[["Stop"], Coroutine[Any, Any, None]]


def add(commands: Commands) -> None:
    """Add the commands."""
    run = commands.add_parser("run", help="lancer le service : relevés, pages, métriques")
    folders(run)
    run.add_argument(
        "--public",
        action="store_true",
        help="refuser de servir un site public sans son identité ni ses mentions légales",
    )
    run.set_defaults(run=run_service)

    upgrade = commands.add_parser(
        "migrate",
        help="créer la base, la mettre à niveau, ou la porter dans une autre",
        description="Crée la base ou la met au schéma de ce programme. Avec --to, écrit tout son "
        "contenu dans une autre base, vide, de l’un ou l’autre moteur (le service arrêté), et "
        "compare les deux. L’ancienne n’est pas changée.",
    )
    folders(upgrade)
    upgrade.add_argument(
        "--to",
        metavar="ADRESSE",
        help="base vide où tout porter : postgresql://utilisateur:mot-de-passe@hôte/base, ou "
        "sqlite:////chemin/vigie.sqlite",
    )
    upgrade.set_defaults(run=run_migrate)

    health = commands.add_parser("health", help="demander au service s’il va bien")
    health.set_defaults(run=ask_health)


def run_service(args: Namespace) -> int:
    """Serve until SIGTERM, SIGINT or SIGHUP."""
    settings = read_settings(os.environ, data=args.data)
    config = load(args.config)
    missing = public_problems(config)
    if args.public and missing:
        raise ConfigError(missing)
    for path in open_files(os.environ):
        print(
            f"À faire : {path} contient un secret et est lisible par tous : chmod o-r",
            file=sys.stderr,
        )
    logs.configure(level=settings.log_level)
    process_setup.prepare()
    with listen(settings) as listening:
        make_folder(args.data)
        if is_new(settings.database_url):
            print(migrate(settings.database_url), file=sys.stderr)
        for reminder in config.reminders:
            print(f"À faire : {reminder}", file=sys.stderr)
        if missing and config.identified:
            print(
                "À faire : il manque des mentions légales à ce site, que `vigie check-config "
                "--public` énumère. Avec `vigie run --public`, il ne serait pas servi.",
                file=sys.stderr,
            )
        if not config.identified:
            print(f"En attendant, aucun site n’est interrogé. {INIT_HINT}", file=sys.stderr)

        async def serve(stop: Stop) -> None:
            with open_to_write(config, settings) as store:
                app = App(config, settings, store, clock=SystemClock(), config_folder=args.config)
                # Only now: a service that cannot start must not announce its page.
                print(f"Page : {address(listening)} (Ctrl-C pour arrêter)", file=sys.stderr)
                await app.run(stop, listening=listening, cut=stop.cut, on_stopping=tell_stopping)

        until_stopped(serve)
    return 0


def run_migrate(args: Namespace) -> int:
    """Create the database or upgrade it to this program's schema."""
    settings = read_settings(os.environ, data=args.data)
    make_folder(args.data)
    print(migrate(settings.database_url))
    _fill_definitions(settings)
    return _move(settings, args.to) if args.to else 0


def _fill_definitions(settings: Settings) -> None:
    """Read the plans of targets from the journal, for a database of before it kept them."""
    tiles = Tiles(settings.data / FOLDER)
    note = tiles.checkpoint()
    size = signed_from(note, at=SystemClock().now()).checkpoint.size if note else 0
    count = size - size % TILE_WIDTH
    fill_definitions(settings.database_url, LogReading(tiles, count), count=count)


def _move(settings: Settings, target: str) -> int:
    """Move the record to another database, and audit it there; 1 when it does not verify."""
    logs.hide(*filter(None, (parse(target).password,)))
    with ProgressLine() as progress:
        tables = move(settings.database_url, target, progress=progress)
        rows = sum(content.rows for content in tables.values())
        print(f"{count(rows, 'ligne')} de {len(tables)} tables, égales des deux côtés.")
        faults: tuple[str, ...] = ()
        if (settings.data / FOLDER).is_dir():
            key = public_key(settings.data, settings)
            tell = partial(_tell_of_audit, progress)
            with Store.open(target, point=settings.point, writer=False) as store:
                faults = faults_of(settings.data / FOLDER, key=key, store=store, progress=tell)
    if faults:
        print("Les deux bases sont égales, mais le registre ne se vérifie pas :")
        print("\n".join(f"  {fault}" for fault in faults[:20]))
        return 1
    print("Le journal et la nouvelle base concordent.")
    print("Pour que le service s’en serve, lui donner VIGIE_DATABASE_URL (LISEZMOI.md).")
    print("L’ancienne base est intacte : la ranger, et ne jamais y relancer le service.")
    return 0


def _tell_of_audit(progress: ProgressLine, what: str, count_done: int) -> None:
    progress(f"vérification, {what}", count_done, 0)


def ask_health(_args: Namespace) -> int:
    """Query `/sante` on the address that the service listens on; 0 if healthy, else 1."""
    settings = read_settings(os.environ)
    host = {"0.0.0.0": "127.0.0.1", "::": "::1"}.get(settings.host, settings.host)  # noqa: S104 -- a request to itself
    connection = http.client.HTTPConnection(host, settings.port, timeout=HEALTH_TIMEOUT_S)
    try:
        connection.request("GET", "/sante")
        answer = connection.getresponse()
        print(answer.read(10_000).decode("utf-8", "replace"))
    except (OSError, http.client.HTTPException) as error:
        why = in_french(error) if isinstance(error, OSError) else "la réponse n’est pas du HTTP"
        print(
            f"Pas de réponse de {host}:{settings.port} : {why}. Le service tourne-t-il, et sur "
            "cette adresse (VIGIE_LISTEN) ?",
            file=sys.stderr,
        )
        return 1
    finally:
        connection.close()
    return 0 if answer.status == http.client.OK else 1


class Stop(asyncio.Event):
    """Set by the first signal to stop; the second sets `cut`. The third ends the process."""

    def __init__(self) -> None:
        super().__init__()
        self.cut = asyncio.Event()

    def signalled(self) -> None:
        if self.is_set():
            self.cut.set()
            loop = asyncio.get_running_loop()
            for number in SIGNALS:
                loop.remove_signal_handler(number)
        self.set()


def until_stopped(serve: Service) -> None:
    """Run `serve` on uvloop until it returns. Signals set its event."""

    async def main() -> None:
        stop = Stop()
        loop = asyncio.get_running_loop()
        for number in SIGNALS:
            loop.add_signal_handler(number, stop.signalled)
        await serve(stop)

    with asyncio.Runner(loop_factory=uvloop.new_event_loop) as runner:
        runner.run(main())


def tell_stopping(probes: int) -> None:
    """Print what the stop waits for. The terminal may be closed."""
    some = count(probes, "relevé")
    ends = "finissent" if probes > 1 else "finit"
    message = f"Arrêt en cours, {some} {ends}." if probes else "Arrêt en cours."
    with suppress(OSError):
        print(f"{message} Un second signal coupe.", file=sys.stderr)


def listen(settings: Settings) -> socket.socket:
    """Bind the address of the pages before anything else starts. Raises CommandRefused."""
    family = socket.AF_INET6 if ":" in settings.host else socket.AF_INET
    listening = socket.socket(family)
    try:
        listening.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        _bind(listening, settings)
        listening.listen(128)
    except OSError as error:
        listening.close()
        raise CommandRefused(
            f"Impossible d’écouter sur {settings.host}:{settings.port} : {in_french(error)}. "
            "Arrêtez ce qui occupe ce port, ou choisissez-en un autre avec VIGIE_LISTEN."
        ) from None
    listening.setblocking(False)  # noqa: FBT003 -- its only argument
    return listening


def _bind(listening: socket.socket, settings: Settings) -> None:
    """Bind; retry for a moment, since a service that was just killed may still have the address."""
    for tries_left in range(RELEASE_TRIES, -1, -1):
        try:
            listening.bind((settings.host, settings.port))
        except OSError as error:
            if error.errno != errno.EADDRINUSE or not tries_left:
                raise
            time.sleep(RELEASE_S / RELEASE_TRIES)
        else:
            return


def address(listening: socket.socket) -> str:
    host, port = listening.getsockname()[:2]
    return f"http://[{host}]:{port}/" if ":" in host else f"http://{host}:{port}/"


def make_folder(path: Path) -> None:
    try:
        path.mkdir(parents=True, exist_ok=True)
    except OSError as error:
        raise CommandRefused(
            f"Dossier de données {path} : {in_french(error)}. "
            "Rendez-le accessible en écriture, ou donnez-en un autre avec --data."
        ) from None

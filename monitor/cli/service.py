"""Commands that run the service: `run`, `demo`, `migrate`, `health`."""

import asyncio
import http.client
import os
import signal
import socket
import sys
import tempfile
from argparse import Namespace
from collections.abc import Callable, Coroutine
from dataclasses import replace
from pathlib import Path
from typing import Any

import uvloop

from monitor import logs
from monitor.app import App
from monitor.cli.parsing import Commands, Refusal, folders
from monitor.clock import SystemClock
from monitor.config import load
from monitor.demo.screen import render
from monitor.demo.world import DemoWorld
from monitor.fetch import Resolver
from monitor.settings import Settings, read_settings
from monitor.store import Store, is_new, migrate

SCREEN_S = 0.5  # how often the demo's screen is drawn again
HEALTH_TIMEOUT_S = 5.0

Service = Callable[[asyncio.Event], Coroutine[Any, Any, None]]


def add(commands: Commands) -> None:
    """Add the commands."""
    run = commands.add_parser("run", help="lancer le service : relevés, pages, métriques")
    folders(run)
    run.set_defaults(run=run_service)

    demo = commands.add_parser(
        "demo", help="voir le service à l’œuvre sur des sites simulés, sur cette machine"
    )
    demo.add_argument(
        "--once", action="store_true", help="s’arrêter quand la dernière scène est finie"
    )
    demo.set_defaults(run=run_demo)

    upgrade = commands.add_parser("migrate", help="créer la base, ou la mettre à niveau")
    folders(upgrade)
    upgrade.set_defaults(run=run_migrate)

    health = commands.add_parser("health", help="demander au service s’il va bien")
    health.set_defaults(run=ask_health)


def run_service(asked: Namespace) -> int:
    """Serve until SIGTERM or SIGINT."""
    settings = read_settings(os.environ, data=asked.data)
    config = load(asked.config)
    logs.configure(level=settings.log_level)
    with _listening(settings) as listening:
        _make_folder(asked.data)
        if is_new(settings.database_url):
            print(migrate(settings.database_url), file=sys.stderr)
        print(f"Page : {_address(listening)} (Ctrl-C pour arrêter)", file=sys.stderr)

        async def serve(stop: asyncio.Event) -> None:
            with Store.open(settings.database_url, point=settings.point, writer=True) as store:
                app = App(config, settings, store, clock=SystemClock())
                await app.run(stop, listening=listening)

        _until_stopped(serve)
    return 0


def run_demo(asked: Namespace) -> int:
    """Serve simulated sites and the service that watches them, in a folder that is thrown away."""
    logs.configure(level="ERROR")
    with tempfile.TemporaryDirectory(prefix="vigie-demo-") as name:
        folder = Path(name)
        settings = read_settings(os.environ, data=folder)
        settings = replace(settings, database_url=f"sqlite:///{folder / 'vigie.sqlite'}")
        with _listening(settings) as listening:

            async def serve(stop: asyncio.Event) -> None:
                await _play(folder, settings, stop, listening=listening, once=asked.once)

            _until_stopped(serve)
    return 0


async def _play(
    folder: Path,
    settings: Settings,
    stop: asyncio.Event,
    *,
    listening: socket.socket,
    once: bool,
) -> None:
    clock = SystemClock()
    world = DemoWorld(work_folder=folder, fingerprints=shipped("fingerprints.toml"), clock=clock)
    await world.start()
    try:
        config = load(world.config_folder)
        migrate(settings.database_url)
        address, port = world.dns_address
        resolver = Resolver(clock=clock, servers=[address], port=port)
        with Store.open(settings.database_url, point=settings.point, writer=True) as store:
            app = App(config, settings, store, clock=clock, resolver=resolver)
            async with asyncio.TaskGroup() as group:
                showing = group.create_task(
                    _show(world, app, store, url=_address(listening), clock=clock)
                )
                playing = group.create_task(world.play())
                if once:
                    playing.add_done_callback(lambda _: stop.set())
                await app.run(stop, listening=listening)
                showing.cancel()
                playing.cancel()
    finally:
        await world.stop()


async def _show(world: DemoWorld, app: App, store: Store, *, url: str, clock: SystemClock) -> None:
    """Draw the screen again and again; on something else than a terminal, once a scene."""
    live = sys.stdout.isatty()
    while True:
        states = {slug: seen.state for slug, seen in app.board.seen.items() if seen.state}
        screen = render(
            targets=world.targets,
            states=states,
            outages=await asyncio.to_thread(store.outages),
            scenes=world.scenes,
            second=world.second,
            now=clock.now(),
            url=url,
        )
        sys.stdout.write(f"\x1b[2J\x1b[H{screen}" if live else f"{screen}\n")
        sys.stdout.flush()
        await clock.sleep(SCREEN_S if live else 5.0)


def run_migrate(asked: Namespace) -> int:
    """Create the database or bring it to this program's schema."""
    settings = read_settings(os.environ, data=asked.data)
    _make_folder(asked.data)
    print(migrate(settings.database_url))
    return 0


def ask_health(_asked: Namespace) -> int:
    """Ask `/sante` on the address that the service listens on: 0 well, 1 not."""
    settings = read_settings(os.environ)
    host = {"0.0.0.0": "127.0.0.1", "::": "::1"}.get(settings.host, settings.host)  # noqa: S104 -- asked of itself
    connection = http.client.HTTPConnection(host, settings.port, timeout=HEALTH_TIMEOUT_S)
    try:
        connection.request("GET", "/sante")
        answer = connection.getresponse()
        print(answer.read(10_000).decode("utf-8", "replace"))
    except (OSError, http.client.HTTPException) as error:
        print(f"Pas de réponse de {host}:{settings.port} : {error}", file=sys.stderr)
        return 1
    finally:
        connection.close()
    return 0 if answer.status == http.client.OK else 1


def shipped(name: str) -> Path:
    """Return a file of the configuration that comes with the program."""
    return Path("config") / name


def _until_stopped(serve: Service) -> None:
    """Run `serve` on uvloop; SIGTERM and SIGINT set its event, and it ends in its own time."""

    async def main() -> None:
        stop = asyncio.Event()
        loop = asyncio.get_running_loop()
        for number in (signal.SIGTERM, signal.SIGINT):
            loop.add_signal_handler(number, stop.set)
        await serve(stop)

    with asyncio.Runner(loop_factory=uvloop.new_event_loop) as runner:
        runner.run(main())


def _listening(settings: Settings) -> socket.socket:
    """Take the address of the pages before anything else starts."""
    family = socket.AF_INET6 if ":" in settings.host else socket.AF_INET
    taken = socket.socket(family)
    try:
        taken.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        taken.bind((settings.host, settings.port))
        taken.listen(128)
    except OSError as error:
        taken.close()
        raise Refusal(
            f"Impossible d’écouter sur {settings.host}:{settings.port} : {error.strerror}. "
            "Arrêtez ce qui occupe ce port, ou choisissez-en un autre avec VIGIE_LISTEN."
        ) from None
    taken.setblocking(False)  # noqa: FBT003 -- its only argument
    return taken


def _address(listening: socket.socket) -> str:
    host, port = listening.getsockname()[:2]
    return f"http://[{host}]:{port}/" if ":" in host else f"http://{host}:{port}/"


def _make_folder(path: Path) -> None:
    try:
        path.mkdir(parents=True, exist_ok=True)
    except OSError as error:
        raise Refusal(
            f"Dossier de données {path} : {error.strerror}. "
            "Rendez-le accessible en écriture, ou donnez-en un autre avec --data."
        ) from None

"""`vigie demo`: the service on simulated State sites, on this machine alone."""

import asyncio
import os
import socket
import sys
import tempfile
from argparse import Namespace
from collections.abc import Sequence
from dataclasses import replace
from pathlib import Path

from sqlalchemy import Connection

from monitor.alerts.vault import new_nonce, open_vault
from monitor.app import App
from monitor.browser.executable import find_browser
from monitor.cli import terminal
from monitor.cli.demo_points import other_services
from monitor.cli.parsing import CommandRefused, Commands
from monitor.cli.service import address, listen, make_folder, until_stopped
from monitor.config.schema import BrowserSettings
from monitor.config.settings import Settings, config_folder, read_settings
from monitor.core.changes.change_log import ChangeRecord
from monitor.core.french.formatting import count
from monitor.core.notices import topics
from monitor.core.notices.notice import Pace
from monitor.demo.mailbox import FOLDER
from monitor.demo.screen import render
from monitor.demo.world import DemoWorld
from monitor.fetch import Resolver
from monitor.probe.build import open_to_write
from monitor.runtime import logs, process_setup
from monitor.runtime.clock import Clock, SystemClock
from monitor.store import Store, migrate
from monitor.store.writing import subscriber_writes

SCREEN_S = 0.5  # how often the screen is drawn again
PRINTED_S = 5.0  # the same when the output is a file
CHANGES = 8  # of the newest, on the screen
READER = "lectrice@exemple.test"  # subscribed to everything
AFTERWARDS_S = 8.0  # `--once`: time for the last recoveries to be confirmed


def add(commands: Commands) -> None:
    """Add the command."""
    demo = commands.add_parser(
        "demo", help="voir le service à l’œuvre sur des sites simulés, sur cette machine"
    )
    demo.add_argument(
        "--once", action="store_true", help="s’arrêter quand la dernière scène est finie"
    )
    demo.add_argument(
        "--data", type=Path, metavar="DOSSIER",
        help="garder le registre de la démonstration dans ce dossier, neuf ou vide",
    )  # fmt: skip
    demo.set_defaults(run=run_demo)


def run_demo(args: Namespace) -> int:
    """Run the scenario until stopped; the record is deleted at the end unless `--data` is given."""
    logs.configure(level="ERROR")
    process_setup.prepare()
    if args.data is None:
        with tempfile.TemporaryDirectory(prefix="vigie-demo-") as name:
            _run(Path(name), once=args.once)
        print("Le registre et les courriels de cette démonstration sont effacés. Pour en garder :")
        print("  vigie demo --once --data essai")
        return 0
    data: Path = args.data.absolute()
    if data.exists() and (not data.is_dir() or any(data.iterdir())):
        raise CommandRefused(f"--data : {args.data} : déjà pris ; donner un dossier neuf ou vide")
    make_folder(data)
    _run(data, once=args.once)
    where = f"--config {args.data / 'config'} --data {args.data}"
    folder = args.data / FOLDER
    sent = count(len(list(folder.glob("*.eml"))), "courriel envoyé", "courriels envoyés")
    print(f"{sent}, dans {folder}.")
    print(f"Le registre est dans {args.data}. À essayer :")
    print(f"  vigie outages {where}")
    print(f"  vigie changes {where}")
    print(f"  vigie verify {args.data}")
    print(f"  vigie follow {where}")
    print(f"  vigie export {where} --out {args.data}-export")
    return 0


def _run(data: Path, *, once: bool) -> None:
    settings = read_settings(os.environ, data=data)
    settings = replace(
        settings.without_mail, database_url=f"sqlite:///{data}/vigie.sqlite", journal_key=""
    )
    with listen(settings) as listening:

        async def serve(stop: asyncio.Event) -> None:
            await play(settings, stop, listening=listening, once=once)

        until_stopped(serve)


async def play(
    settings: Settings,
    stop: asyncio.Event,
    *,
    listening: socket.socket,
    once: bool,
    pace: int = 1,
) -> None:
    """Run the simulated sites and the service that watches them, in the folder `settings.data`.

    `pace` multiplies every duration, for a machine that is too busy for the usual ones.
    """
    clock = SystemClock()
    fingerprints = config_folder() / "fingerprints.toml"
    browser = not isinstance(find_browser(BrowserSettings(), no_sandbox=False), str)
    world = DemoWorld(
        work_folder=settings.data,
        fingerprints=fingerprints,
        clock=clock,
        pace=pace,
        browser=browser,
    )
    await world.start()
    try:
        migrate(settings.database_url)
        server, port = world.dns_address
        second_servers = [world.second_dns]
        resolver = Resolver(clock=clock, servers=[server], second=second_servers, port=port)
        folder = world.config_folder
        async with other_services(world, settings, stop, clock, pace=pace) as config:
            with open_to_write(config, settings) as store:
                world.mailbox.service = address(listening)
                _subscribe(store, settings, clock)
                app = App(
                    config, settings, store, clock=clock, resolver=resolver, config_folder=folder
                )
                async with asyncio.TaskGroup() as group:
                    showing = group.create_task(_show(world, app, store, address(listening), clock))
                    afterwards_s = AFTERWARDS_S * pace if once else None
                    scenes = _play_scenes(world, stop, clock, afterwards_s=afterwards_s)
                    playing = group.create_task(scenes)
                    await app.run(stop, listening=listening)
                    showing.cancel()
                    playing.cancel()
    finally:
        await world.stop()


def _subscribe(store: Store, settings: Settings, clock: Clock) -> None:
    """Subscribe a made-up reader to everything, as if she had confirmed."""
    vault, nonce, now = open_vault(settings.data, settings.mail_key), new_nonce(), clock.now()

    def work(connection: Connection) -> None:
        number, _ = subscriber_writes.ask(
            connection,
            lookup=vault.lookup(READER),
            address=vault.encrypt(READER),
            nonce=nonce,
            topics=(topics.ALL, topics.INCIDENT, topics.MILESTONE, topics.CHANGE_ANY),
            pace=Pace.AT_ONCE,
            rests=False,
            now=now,
        )
        subscriber_writes.confirm(connection, number, nonce, now)

    store.write_apart(work)


async def _play_scenes(
    world: DemoWorld, stop: asyncio.Event, clock: Clock, *, afterwards_s: float | None
) -> None:
    await world.run()
    if afterwards_s is not None:
        await clock.sleep(afterwards_s)
        stop.set()


def _announced(store: Store) -> Sequence[ChangeRecord]:
    return store.page_changes(announced_only=True, limit=CHANGES)[::-1]


async def _show(world: DemoWorld, app: App, store: Store, url: str, clock: Clock) -> None:
    """Refresh the screen periodically; in a file, append each version."""
    live = sys.stdout.isatty()
    while True:
        states = {
            slug: metrics.state for slug, metrics in app.board.targets.items() if metrics.state
        }
        screen = render(
            targets=world.targets,
            states=states,
            outages=await asyncio.to_thread(store.outages),
            changes=await asyncio.to_thread(_announced, store),
            scenes=world.scenes,
            words=app.board.points.words if app.board.points else {},
            second=world.second,
            now=clock.now(),
            url=url,
            mail_url=world.mailbox.url,
        )
        if live:
            terminal.control(sys.stdout, "\x1b[2J\x1b[H")
        sys.stdout.write(screen if live else f"{screen}\n")
        sys.stdout.flush()
        await clock.sleep(SCREEN_S if live else PRINTED_S)

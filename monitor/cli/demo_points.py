"""The other points of the demo: two more services, without pages, in its own process."""

import asyncio
from collections.abc import AsyncIterator
from contextlib import ExitStack, asynccontextmanager
from dataclasses import replace
from pathlib import Path

from monitor.app import App
from monitor.attest.follower_child import configured_points, courier_of
from monitor.attest.following import PointFollower
from monitor.attest.sealing import journal_key
from monitor.config import Config, OtherPoint, load
from monitor.config.settings import Settings
from monitor.demo.associations import OTHERS, DemoAssociation
from monitor.demo.world import DemoWorld
from monitor.evidence.log.journal import FOLDER
from monitor.fetch import Resolver
from monitor.probe.build import open_to_write
from monitor.runtime.clock import Clock
from monitor.store import migrate

ASSOCIATIONS = "associations"  # below the demo's folder: what the others write
SEAL_S = 3.0  # an ordinary point signs each five minutes


@asynccontextmanager
async def other_services(
    world: DemoWorld, settings: Settings, stop: asyncio.Event, clock: Clock, *, pace: int
) -> AsyncIterator[Config]:
    """Run the services of the other points until `stop` is set.

    Args:
        world: Its sites are watched, and its configuration folder is completed.
        settings: Of the demo's own service.
        stop: It is set before this context ends.
        clock: Of all of them.
        pace: Multiplies every duration.

    Yields:
        The configuration of the demo's own service, which follows their journals.

    """
    with ExitStack() as records:
        apps, points = [], []
        for association in OTHERS:
            data = settings.data / ASSOCIATIONS / association.name
            config = load(world.configure(association, data / "config"))
            apps.append(_service(world, replace(settings, data=data), config, records, clock, pace))
            points.append(_point(association, data, config))
        world.follow(points)
        ours = load(world.config_folder)
        async with asyncio.TaskGroup() as group:
            for app in apps:
                group.create_task(app.run(stop, listening=None))
            yield ours
    for point in configured_points(ours):  # all that they signed, to its end
        courier = courier_of(ours, point)
        try:
            await PointFollower(point, settings.data, clock=clock, courier=courier).visit()
        finally:
            await courier.aclose()


def _service(  # noqa: PLR0913, PLR0917 -- what a service is made of, each of a type of its own
    world: DemoWorld,
    settings: Settings,
    config: Config,
    records: ExitStack,
    clock: Clock,
    pace: int,
) -> App:
    """Make the record of a point, open it in `records`, and return the service that writes it."""
    own = replace(
        settings,
        database_url=f"sqlite:///{settings.data}/vigie.sqlite",
        point=settings.data.name,
    )
    migrate(own.database_url)
    store = records.enter_context(open_to_write(config, own))
    resolver = Resolver(clock=clock, servers=[world.other_points_dns], port=world.dns_address[1])
    return App(config, own, store, clock=clock, resolver=resolver, seal_s=SEAL_S * pace)


def _point(association: DemoAssociation, data: Path, config: Config) -> OtherPoint:
    key = journal_key(data, origin=config.journaling.origin, text="").verifier
    return OtherPoint(
        name=association.name,
        operator=association.operator,
        key=str(key),
        url=str(data / FOLDER),
    )

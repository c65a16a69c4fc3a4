"""Other points, which live on a timetable and sign their journals: to be followed."""

import asyncio
from collections.abc import Collection
from datetime import datetime, timedelta
from functools import cache
from pathlib import Path
from tempfile import TemporaryDirectory

from monitor.attest.following import FollowedPoint, PointFollower
from monitor.attest.sealing import Sealer
from monitor.core.model import Judgement, Kind, Target
from monitor.core.scheduling.slots import grids
from monitor.evidence.log.note import Algorithm, SignerKey
from monitor.evidence.other_points.point_folder import DATABASE, FollowState
from monitor.evidence.outbound_http import OutboundHttp
from monitor.store import Store, migrate
from tests.support.clock import FakeClock
from tests.support.couriers import FakeCourier
from tests.support.folds import Folds
from tests.support.outcomes import DEAD, OK, START, a_run, observation, panel, targets_named

WATCHED = targets_named(("accueil", "connexion"), platform="anef", interval_s=60, kind=Kind.HOME)
MINUTE = timedelta(minutes=1)


class LivingPoint:
    """A Vigie of its own, below the folder `data`, with its key and its record."""

    def __init__(
        self, data: Path, name: str, *, seed: bytes | None = None, clock_s: float = 0.0
    ) -> None:
        """Make a point whose clock is ahead by `clock_s`, so that it asks at other seconds."""
        self.ahead = timedelta(seconds=clock_s)
        self.data = data
        self.name = name
        self.key = SignerKey(
            f"{name}.example.test/journal", Algorithm.ED25519, seed or name.encode().ljust(32, b".")
        )

    @property
    def url(self) -> str:
        return f"sqlite:///{self.data / 'vigie.sqlite'}"

    @property
    def journal(self) -> Path:
        return self.data / "journal"

    @property
    def followed(self) -> FollowedPoint:
        return FollowedPoint(name=self.name, key=self.key.verifier, url=str(self.journal))

    def live(
        self,
        minutes: range,
        *,
        failing: Collection[int] = (),
        failure: Judgement = DEAD,
        line: int = 3,
    ) -> None:
        """Check both targets each minute, the first one down in those `failing`; then seal."""
        self.data.mkdir(exist_ok=True)
        _with_database(self.data)
        asyncio.run(self._live(minutes, failing, failure, line))

    async def _live(
        self, minutes: range, failing: Collection[int], failure: Judgement, line: int
    ) -> None:
        end = instant(minutes.stop)
        with Store.open(self.url, point="local", writer=True, rest_s=0, targets=WATCHED) as store:
            folds = Folds(WATCHED, states=store.states(), outages=store.outages())
            sealer = Sealer(store, self.data, self.key, clock=FakeClock(end))
            await sealer.open()
            await store.start_run(a_run(instant(minutes.start) - MINUTE), plan=grids(()))
            writes = []  # in one go, and in this order
            for minute in minutes:
                at = instant(minute) + self.ahead
                writes.append(store.record_round(panel(at, ok=line), None))
                for rank, slug in enumerate(WATCHED):
                    down = rank == 0 and minute in failing
                    seen = observation(slug, at, failure if down else OK)
                    writes.append(store.record(folds.outcome(seen)))
            await asyncio.gather(*writes)
            await sealer.seal()
            sealer.close()


@cache
def _empty_database() -> bytes:
    """Return an empty, migrated database: the schema is made once for all points."""
    with TemporaryDirectory() as folder:
        path = Path(folder, DATABASE)
        migrate(f"sqlite:///{path}")
        return path.read_bytes()


def _with_database(folder: Path) -> None:
    if not (folder / DATABASE).exists():
        (folder / DATABASE).write_bytes(_empty_database())


def instant(minute: int) -> datetime:
    return START + minute * MINUTE


def visited(  # noqa: PLR0913 -- keyword-only: what a visit depends on
    point: LivingPoint | FollowedPoint,
    data: Path,
    *,
    courier: OutboundHttp | None = None,
    now: datetime = START,
    slice_s: float | None = None,
    clock: FakeClock | None = None,
    new: bool = False,
) -> tuple[PointFollower, FollowState]:
    """Follow a point once, as the follower at `data` does; it has an empty database unless `new`.

    Making one costs more than all else in a visit.
    """
    followed = point.followed if isinstance(point, LivingPoint) else point
    follower = PointFollower(
        followed,
        data,
        clock=clock or FakeClock(now),
        courier=courier or FakeCourier({}),
        slice_s=slice_s,
    )
    if not new:
        follower.place.folder.mkdir(parents=True, exist_ok=True)
        _with_database(follower.place.folder)
    return follower, asyncio.run(follower.visit())


def record_of(follower: PointFollower) -> Store:
    """Open the imported rows for reading. Close it after."""
    return Store.open(follower.place.database_url, point="local", writer=False)


__all__ = ["MINUTE", "WATCHED", "LivingPoint", "Target", "instant", "record_of", "visited"]

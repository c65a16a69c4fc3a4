"""Measure what a reader of many points costs, once it has read what there was.

One point lives, a minute of checks of a hundred pages at a time, and is followed under many
names: each has its copy and its rows, as another point would. After each minute all are visited,
and the words of all of them are combined, as a page does. Linux only.

    python -m bench.points --points 10 --minutes 5
"""

import argparse
import asyncio
import resource
import tempfile
import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import replace
from datetime import timedelta
from pathlib import Path

from bench.follow import KEY, START, TARGETS, record_minute
from monitor.attest.following import FollowedPoint, PointFollower
from monitor.attest.point_reader import PointReader
from monitor.attest.sealing import Sealer
from monitor.config import OtherPoint
from monitor.core.scheduling.slots import grids
from monitor.runtime.clock import SystemClock
from monitor.store import Store, migrate
from tests.support.couriers import FakeCourier
from tests.support.folds import Folds
from tests.support.outcomes import a_run
from tests.support.reads import config

BEFORE = 60  # minutes that are there when the measure begins


async def measure(folder: Path, points: int, minutes: int) -> None:
    """Live, follow and combine; print what each took."""
    peer, here = folder / "peer", folder / "here"
    peer.mkdir()
    here.mkdir()
    url, clock = f"sqlite:///{peer / 'vigie.sqlite'}", SystemClock()
    migrate(url)
    folds = Folds(TARGETS)
    names = [f"point-{rank}" for rank in range(points)]
    key = KEY.verifier
    followed = [FollowedPoint(name=name, key=key, url=str(peer / "journal")) for name in names]
    others = tuple(
        OtherPoint(name=one.name, operator=one.name, key=str(key), url=one.url) for one in followed
    )
    reader = PointReader(replace(config(TARGETS.values()), points=others), here)
    with Store.open(url, point="local", writer=True, rest_s=0, targets=TARGETS) as store:
        sealer = Sealer(store, peer, KEY, clock=clock)
        await sealer.open()
        await store.start_run(a_run(START), plan=grids(()))
        for minute in range(BEFORE + minutes):
            at = START + timedelta(minutes=minute)
            await record_minute(store, folds, at, minute)
            if minute < BEFORE - 1:
                continue
            await sealer.seal()
            with _timed(f"{points} points followed, {store.leaf_count()} leaves each"):
                for one in followed:
                    follower = PointFollower(one, here, clock=clock, courier=FakeCourier({}))
                    state = await follower.visit()
                    if state.why:
                        raise SystemExit(state.why)
            with _timed(f"common words of {len(TARGETS)} pages"):
                reader.common_words(store, at)
        sealer.close()
    peak = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024
    print(f"{peak:.0f} MB at most, the point that lives included")


@contextmanager
def _timed(what: str) -> Iterator[None]:
    clock, cpu = SystemClock(), time.process_time()
    started = clock.monotonic_us()
    yield
    seconds = (clock.monotonic_us() - started) / 1e6
    print(f"{what}: {time.process_time() - cpu:.2f} s of CPU, {seconds:.2f} s")


def main() -> None:
    """Measure in a temporary folder."""
    parser = argparse.ArgumentParser()
    parser.add_argument("--points", type=int, default=10)
    parser.add_argument("--minutes", type=int, default=5)
    args = parser.parse_args()
    with tempfile.TemporaryDirectory() as folder:
        asyncio.run(measure(Path(folder), args.points, args.minutes))


if __name__ == "__main__":
    main()

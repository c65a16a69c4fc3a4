"""The service has other points followed by a process of its own, and reads what they say."""

import asyncio
import os
import shutil
from contextlib import suppress
from pathlib import Path

from monitor.attest.point_watch import PointWatch
from monitor.config import load
from monitor.metrics import MetricsState
from monitor.runtime.clock import SystemClock
from monitor.runtime.faults import Faults
from monitor.store import Store
from tests.support.points import LivingPoint
from tests.support.shipped_config import FOLDER


def _children() -> list[int]:
    tasks = Path(f"/proc/{os.getpid()}/task").iterdir()
    return [int(child) for task in tasks for child in (task / "children").read_text().split()]


def test_a_point_is_followed_while_the_service_runs_and_no_longer(tmp_path: Path) -> None:
    own, lyon = LivingPoint(tmp_path / "own", "own"), LivingPoint(tmp_path / "lyon", "lyon")
    own.live(range(2))
    lyon.live(range(5))
    folder = tmp_path / "config"
    shutil.copytree(FOLDER, folder)
    (folder / "local.toml").write_text(
        f'[[points]]\nname = "lyon"\noperator = "Lyon"\nkey = "{lyon.key.verifier}"\n'
        f'url = "{lyon.journal}"\n'
    )
    config, clock = load(folder), SystemClock()
    board = MetricsState(config.targets)
    before = set(_children())

    async def serve(store: Store) -> int:
        watch = PointWatch(config, store, own.data, folder, board, clock, Faults(clock))
        running = asyncio.create_task(watch.run())
        try:
            while not (own.data / "points" / "lyon" / "suivi.json").exists():
                await asyncio.sleep(0.1)
                assert not running.done()
            (child,) = set(_children()) - before
            assert board.points is not None
            assert [one.name for one in board.points.others] == ["lyon"]
            return child
        finally:
            running.cancel()
            with suppress(asyncio.CancelledError):
                await running

    with Store.open(own.url, point="local", writer=False) as store:
        child = asyncio.run(serve(store))
    assert not Path(f"/proc/{child}").exists()
    follower = own.data / "points" / "lyon"
    assert (follower / "journal" / "checkpoint").read_bytes() == (
        lyon.journal / "checkpoint"
    ).read_bytes()

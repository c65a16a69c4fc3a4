"""The service's side of other points: their follower is kept running, what they say is read."""

import asyncio
import sys
from pathlib import Path
from typing import Final

import structlog

from monitor.attest.point_reader import PointReader
from monitor.config import Config
from monitor.metrics import MetricsState
from monitor.runtime.clock import Clock
from monitor.runtime.faults import Faults
from monitor.store import Store

READ_S: Final = 30.0
AGAIN_S: Final = 60.0  # before the follower is started again, once it has ended

log = structlog.get_logger(__name__)


class PointWatch:
    """Keeps `MetricsState.points` up to date. `config_folder` is None where none is followed."""

    def __init__(  # noqa: PLR0913, PLR0917 -- its seams, each of a type of its own
        self,
        config: Config,
        store: Store,
        data: Path,
        config_folder: Path | None,
        board: MetricsState,
        clock: Clock,
        faults: Faults,
    ) -> None:
        self._reader = PointReader(config, data)
        self._read_s = min(READ_S, config.shortest_interval_s)
        self._store = store
        self._data = data
        self._config_folder = config_folder
        self._clock = clock
        self._board = board
        self._faults = faults

    async def run(self) -> None:
        """Follow and read until cancelled. Raises StoreError: a fault of our own."""
        async with asyncio.TaskGroup() as group:
            group.create_task(self._read())
            if self._config_folder is not None:
                group.create_task(self._follow(self._config_folder))

    async def _read(self) -> None:
        while True:
            with self._faults.sparing("points"):
                self._board.points = await asyncio.to_thread(
                    self._reader.metrics, self._store, self._clock.now()
                )
            await self._clock.sleep(self._read_s)

    async def _follow(self, config_folder: Path) -> None:
        while True:
            try:
                code = await _follower(config_folder, self._data)
            except OSError as error:  # no memory for another process
                log.warning("follower not started", why=str(error))
            else:
                log.info("follower ended", code=code)
            await self._clock.sleep(AGAIN_S)


async def _follower(config_folder: Path, data: Path) -> int:
    process = await asyncio.create_subprocess_exec(
        *(sys.executable, "-m", "monitor.cli", "follow", "--watch"),
        *("--config", str(config_folder), "--data", str(data)),
        stdin=asyncio.subprocess.DEVNULL,
    )
    try:
        return await process.wait()
    finally:
        if process.returncode is None:
            process.kill()
            await process.wait()

"""The process that follows other points: low priority, so that no check of ours is late for it.

A leaf of others is hostile until it is verified, and a million of them take minutes of work: none
of that is done in the process that measures. The service starts this one again when it ends.
"""

import asyncio
import os
from collections.abc import Sequence
from contextlib import suppress
from pathlib import Path
from typing import Final
from urllib.parse import urlsplit

import structlog

from monitor.attest.following import FollowedPoint, PointFollower
from monitor.config import Config
from monitor.core.untrusted.public_addresses import PORTS
from monitor.evidence.log.note import VerifierKey
from monitor.evidence.other_points.point_folder import VISIT_INTERVAL_S
from monitor.evidence.outbound_http import OutboundHttp
from monitor.runtime.clock import Clock
from monitor.runtime.process_setup import end_with_parent
from monitor.store.engine import StoreError

SLICE_S: Final = 20.0  # of one point that is far behind, before the others have their turn
LIFE_S: Final = 6 * 3600.0  # then the service starts another: memory cannot grow for months
NICE: Final = 10

log = structlog.get_logger(__name__)


def configured_points(config: Config) -> list[FollowedPoint]:
    return [
        FollowedPoint(name=point.name, key=VerifierKey.parse(point.key), url=point.url)
        for point in config.points
    ]


def courier_of(config: Config, point: FollowedPoint) -> OutboundHttp:
    """Return a courier for one visit to a point. Close it after."""
    port = None if point.url.startswith("/") else urlsplit(point.url).port
    return OutboundHttp(
        user_agent=config.user_agent,
        allow_private=config.allow_private,
        extra_ca=config.extra_ca,
        ports=PORTS | ({port} if port else set()),
        reuse=True,
    )


async def watch(
    points: Sequence[FollowedPoint], config: Config, data: Path, *, clock: Clock
) -> None:
    """Visit each point, again and again, each at its own pace, for `LIFE_S`."""
    end_with_parent()
    with suppress(OSError):  # a sandbox may forbid it
        os.nice(NICE)
    turn = asyncio.Semaphore(1)  # one import at a time: one core, and little memory
    with suppress(TimeoutError):
        async with asyncio.timeout(LIFE_S), asyncio.TaskGroup() as group:
            for point in points:
                group.create_task(_attend(point, config, data, clock=clock, turn=turn))


async def _attend(
    point: FollowedPoint, config: Config, data: Path, *, clock: Clock, turn: asyncio.Semaphore
) -> None:
    last_why, wait_s = "", min(VISIT_INTERVAL_S, config.shortest_interval_s)
    while True:
        courier = courier_of(config, point)
        try:
            follower = PointFollower(
                point, data, clock=clock, courier=courier, turn=turn, slice_s=SLICE_S
            )
            state = await follower.visit()
        except (StoreError, OSError) as error:  # a full disk, or somebody who follows it by hand
            log.warning("point not followed", point=point.name, why=str(error))
            await clock.sleep(wait_s)
            continue
        finally:
            await courier.aclose()
        if state.why != last_why:
            last_why = state.why
            why = last_why or "heard again"
            log.warning("point", point=point.name, why=why, leaves=state.leaves)
        if state.leaves == state.size or state.why:
            await clock.sleep(wait_s)

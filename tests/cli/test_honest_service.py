"""What the service really wrote is accused by nobody: killed, set otherwise, thinned, idle."""

import asyncio
import shutil
from collections.abc import Callable, Iterator
from contextlib import closing
from dataclasses import replace
from datetime import UTC, date, datetime
from pathlib import Path

import pytest

from monitor.attest.sealing import KEY_FILE, Sealer
from monitor.core.model import Gap, GapCause
from monitor.evidence.captures import day_files
from monitor.evidence.log.keys import own_key
from monitor.evidence.log.note import Algorithm
from monitor.runtime.clock import SystemClock
from monitor.store import Store
from tests.cli.test_export import verified
from tests.evidence.mutants import record
from tests.evidence.mutants.record import TARGETS, Life
from tests.support.databases import sqlite_template
from tests.support.outcomes import START, a_run, at, observation, panel
from tests.support.service import (
    LocalSite,
    count_checks,
    running,
    vigie,
    wait_until,
    write_config,
)
from tests.support.service_days import ENVIRONMENT

__all__ = ["sqlite_template"]

DST = (datetime(2026, 10, 24, 23, 50, tzinfo=UTC) - START).total_seconds()  # 01:50 in Paris
ORIGIN = "vigie.test/journal"


@pytest.fixture(scope="module")
def config(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Path]:
    site, control = LocalSite(), LocalSite()
    folder = tmp_path_factory.mktemp("service") / "config"
    yield write_config(folder, site=site.port, control=control.port)
    site.stop()
    control.stop()


def accused_by_nobody(config: Path, data: Path, out: Path) -> str:
    ours = vigie("verify", data, "--config", config)
    assert ours.returncode == 0, ours.stdout + ours.stderr
    output = vigie("export", "--config", config, "--data", data, "--out", out)
    assert output.returncode == 0, output.stdout + output.stderr
    theirs = verified(out)
    assert theirs.returncode == 0, theirs.stdout + theirs.stderr
    return theirs.stdout


def test_a_service_that_was_killed_and_started_again(config: Path, tmp_path: Path) -> None:
    data = tmp_path / "data"
    with running(config, data) as service:
        wait_until(lambda: count_checks(data) >= 1)
        service.kill()
    with running(config, data) as service:
        wait_until(lambda: count_checks(data) >= 2)
        assert service.stop() == 0

    accused_by_nobody(config, data, tmp_path / "copie")

    for path in day_files.files(data / "captures"):  # and all that retention may remove goes
        day_files.thin(path.parent, before=date.max)
    accused_by_nobody(config, data, tmp_path / "mince")


def test_a_service_that_is_stopped_at_once(config: Path, tmp_path: Path) -> None:
    with running(config, tmp_path / "data") as service:
        assert service.stop() == 0

    accused_by_nobody(config, tmp_path / "data", tmp_path / "copie")


def lost(since: float, until: float, *, cause: GapCause = GapCause.STOPPED) -> list[Gap]:
    """Return the gaps of each target between two instants in seconds."""
    return [
        Gap(
            point="local", target=slug, from_at=observation(slug, at(since + n)).slot_at,
            to_at=observation(slug, at(until + n)).slot_at, slots=round((until - since) / 60),
            cause=cause,
        )
        for n, slug in enumerate(TARGETS)
    ]  # fmt: skip


async def minutes(store: Store, data: Path, start: float, sky: str) -> None:
    life = Life(store, data)
    for n, each in enumerate(sky):
        for second, slug in enumerate(TARGETS):
            await life.check(slug, at(start + 60 * n + second), each)
        await store.record_round(panel(at(start + 60 * n + 30)), None)


async def night(store: Store, data: Path) -> None:
    """Check all through the night in which the clocks of Paris go back, with an outage in it."""
    await store.start_run(a_run(at(DST - 1)))
    await minutes(store, data, DST, "AAxxxxx" + "x" * 60 + "AAAAA" + "B" * 20)
    await store.stop_run(at(DST + 60 * 92))


async def stepped(store: Store, data: Path) -> None:
    """Set the clock back by ten minutes and on again, while a site fails."""
    await store.start_run(a_run(at(-1)))
    await minutes(store, data, 0, "AAAAAAAAAAxx")
    await minutes(store, data, 127, "xxAA")
    await minutes(store, data, 720, "xxxAAA")
    await store.stop_run(at(1_080))


async def upgraded(store: Store, data: Path) -> None:
    """Stop, and start again with other rules and another configuration."""
    await store.start_run(a_run(at(-1)))
    await minutes(store, data, 0, "AAAB")
    await store.stop_run(at(240))
    new = replace(a_run(at(599), config_sha256="d" * 64), ruleset="2027-01", version="0.2")
    await store.start_run(new)
    for gap in lost(240, 600):
        await store.record_gap(gap)
    after = observation

    def ruled(*given: object, **more: object) -> object:
        seen = after(*given, **more)  # type: ignore[arg-type] # passed on as they are
        return replace(seen, ruleset="2027-01", config_sha256="d" * 64)

    with pytest.MonkeyPatch.context() as patched:
        patched.setattr(record, "observation", ruled)
        await minutes(store, data, 600, "BBxxxxAAA")
    await store.stop_run(at(600 + 540))


@pytest.mark.parametrize("live", [night, stepped, upgraded])
def test_days_of_every_kind(
    live: Callable[[Store, Path], object], tmp_path: Path, sqlite_template: Path
) -> None:
    data = tmp_path / "data"
    data.mkdir()
    shutil.copy(sqlite_template, data / "vigie.sqlite")
    key = own_key(data / KEY_FILE, name=ORIGIN, algorithm=Algorithm.ED25519)
    with (
        Store.open(
            f"sqlite:///{data / 'vigie.sqlite'}", point="local", writer=True, rest_s=0,
            environment=ENVIRONMENT, targets=TARGETS,
        ) as store,
        closing(Sealer(store, data, key, clock=SystemClock())) as sealer,
    ):  # fmt: skip

        async def whole() -> None:
            await sealer.open()
            await live(store, data)  # type: ignore[misc] # one of those above
            await sealer.seal()

        asyncio.run(whole())
    config = tmp_path / "config"
    shutil.copytree(Path(__file__).parents[1] / "config" / "good", config)
    (config / "local.toml").write_text(f'[journal]\norigin = "{ORIGIN}"\n')

    accused_by_nobody(config, data, tmp_path / "copie")

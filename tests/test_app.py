"""How the parts are wired: what no part can know of another."""

from collections.abc import Iterator
from dataclasses import replace
from datetime import timedelta
from pathlib import Path

import pytest

from monitor.app import App
from monitor.config.settings import read_settings
from monitor.config.values import Journaling
from monitor.core.model import ClockReading, Controls, LaneState, Observation, Outcome, Platform
from monitor.core.scheduling.slots import grids
from monitor.store import Store, migrate
from tests.support.clock import FakeClock
from tests.support.outcomes import observation, outcome
from tests.support.reads import config, target

pytestmark = pytest.mark.anyio
ANEF = replace(target("anef"), platform="anef", url="https://anef.example.fr/")
SSO = replace(target("sso"), platform="sso", url="https://sso.example.fr/")
CONFIG = replace(
    config(
        [ANEF, SSO],
        [
            Platform(slug="anef", name="ANEF", spacing_s=5, hosts=("anef.example.fr",)),
            Platform(slug="sso", name="Connexion", spacing_s=5, hosts=(".sso.example.fr",)),
        ],
    ),
    journaling=Journaling(origin="vigie.example/journal"),
)


@pytest.fixture
def store(tmp_path: Path) -> Iterator[Store]:
    url = f"sqlite:///{tmp_path / 'vigie.sqlite'}"
    migrate(url)
    with Store.open(url, point="local", writer=True, rest_s=0) as opened:
        yield opened


def built(store: Store, folder: Path) -> App:
    return App(CONFIG, read_settings({}, data=folder), store, clock=FakeClock())


async def test_a_request_is_on_the_budget_of_the_platform_that_its_host_belongs_to(
    store: Store, tmp_path: Path
) -> None:
    lanes = built(store, tmp_path)._lanes

    assert lanes["anef"].at("https://www.sso.example.fr/auth") is lanes["sso"]
    assert lanes["anef"].at(ANEF.url) is lanes["anef"]
    assert lanes["anef"].at("https://ailleurs.example.org/") is lanes["anef"]


async def test_pages_are_read_with_their_archive_and_copies_told_apart_by_their_text(
    store: Store, tmp_path: Path
) -> None:
    app = built(store, tmp_path)

    assert app._watch._pages._archive is not None
    assert app._captures._text_of == app._watch._pages.text_of


async def test_a_back_off_found_in_the_record_is_in_force_and_in_the_metrics(
    store: Store, tmp_path: Path
) -> None:
    blocked = LaneState(platform="sso", blocked_until=FakeClock().now(), strikes=2)
    await store.save_lane(blocked)

    app = built(store, tmp_path)

    assert app._lanes["sso"].state == blocked
    assert app.board.lanes == {"sso": blocked, "anef": LaneState(platform="anef")}


async def test_a_clock_that_jumped_is_read_again_at_the_next_heartbeat(
    store: Store, tmp_path: Path
) -> None:
    clock, readings = FakeClock(), []
    app = App(CONFIG, read_settings({}, data=tmp_path), store, clock=clock)

    async def read() -> ClockReading:
        readings.append(clock.now())
        return ClockReading(at=clock.now(), server="ntp", offset_us=0)

    async def probe() -> Controls:
        return Controls(at=clock.now(), ok=1, asked=1)

    app._line._read, app._line._probe = read, probe
    await app._heartbeat()
    assert readings == []
    clock.step_wall(-30)
    await app._heartbeat()
    await clock.advance(60)
    await app._heartbeat()

    assert len(readings) == 1


@pytest.mark.parametrize(("doubtful", "lasted_s", "wait_s"), [
    (True, 0, [60.0]), (True, 30, [30.0]), (True, 90, [0.0]), (False, 0, []),
])  # fmt: skip
async def test_a_target_in_doubt_is_checked_again_before_its_next_slot(  # noqa: PLR0913 -- fixtures, and one case
    store: Store,
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
    *,
    doubtful: bool,
    lasted_s: float,
    wait_s: list[float],
) -> None:
    """A page read every half hour would else take an hour and more to be confirmed.

    The wait counts from the beginning of the check, which may have taken its whole deadline.
    """
    app = built(store, tmp_path)
    slow = replace(ANEF, interval_s=1800)
    app._grids = grids([slow])
    again: list[tuple[str, float]] = []

    async def observe(*_: object, **__: object) -> tuple[Observation, Outcome]:
        began = FakeClock().now() - timedelta(seconds=lasted_s)
        return observation(slow.slug, began), outcome(slow.slug, began)

    monkeypatch.setattr(app._watch, "observe", observe)
    monkeypatch.setattr(app._watch, "in_doubt", lambda _: doubtful)
    monkeypatch.setattr(app._schedule, "once", lambda *asked: again.append(asked[:2]))
    await app._check(slow, FakeClock().now())

    assert again == [(slow.slug, wait) for wait in wait_s]

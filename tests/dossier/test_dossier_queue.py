"""What a dossier meets on a bad day stops neither the next one nor the service."""

import asyncio
import errno
from collections.abc import Awaitable, Callable
from pathlib import Path

import pytest
from pydantic import ValidationError

from monitor.config.settings import Settings
from monitor.dossier.online.dossier_links import FOLDER
from monitor.dossier.online.dossier_queue import TIDY_S, DossierQueue
from monitor.dossier.online.dossier_wishes import DossierState, DossierWish, encoded
from monitor.evidence import durable
from monitor.runtime.faults import Faults
from tests.support.clock import FakeClock

WISH = DossierWish(wish="make", since="2026-11-01")
Answer = Callable[..., Awaitable[DossierState]]


async def asked(queue: DossierQueue, wish: DossierWish = WISH) -> DossierState:
    return DossierState.model_validate_json(await queue.answer(encoded(wish)))


async def finished(queue: DossierQueue, token: str) -> DossierState:
    for _ in range(6_000):
        state = await asked(queue, DossierWish(wish="look", token=token))
        if state.outcome not in {"waiting", "working"}:
            return state
        await asyncio.sleep(0.01)
    raise AssertionError("it is never finished")


def queue_in(folder: Path, clock: FakeClock | None = None) -> DossierQueue:
    settings = Settings(
        host="127.0.0.1", port=0, database_url="", point="local", log_level="info", data=folder
    )
    clock = clock or FakeClock()
    return DossierQueue(
        settings=settings, config_folder=folder, journal_key="", clock=clock, faults=Faults(clock)
    )


def no_space(*_: object, **__: object) -> None:
    raise OSError(errno.ENOSPC, "No space left on device")


def test_a_full_disk_or_a_fault_of_ours_refuses_one_dossier_and_the_next_is_made(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    queue = queue_in(tmp_path)
    done = DossierState(outcome="done", code="K7Q2-9FDM-4XWQ")

    async def child(*_: object) -> DossierState:
        return done

    async def broken(*_: object) -> DossierState:
        raise KeyError("what a visitor wrote")

    async def live() -> list[str]:
        running = asyncio.create_task(queue.run())
        outcomes: list[str] = []
        for making, writing in ((child, no_space), (broken, durable.write), (child, durable.write)):
            monkeypatch.setattr(queue, "_in_child", making)
            monkeypatch.setattr(durable, "write", writing)
            outcomes.append((await finished(queue, (await asked(queue)).token)).outcome)
        assert not running.done()
        running.cancel()
        return outcomes

    assert asyncio.run(live()) == ["refused", "refused", "done"]
    assert len(list((tmp_path / FOLDER).iterdir())) == 1


def test_who_asks_is_told_how_many_are_before_with_the_one_that_is_made(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    queue = queue_in(tmp_path)

    async def live() -> list[int]:
        began, may_end = asyncio.Event(), asyncio.Event()

        async def child(*_: object) -> DossierState:
            began.set()
            await may_end.wait()
            return DossierState(outcome="done")

        monkeypatch.setattr(queue, "_in_child", child)
        running = asyncio.create_task(queue.run())
        first = await asked(queue)
        await began.wait()
        ahead = [first.ahead, *[(await asked(queue)).ahead for _ in range(3)]]
        may_end.set()
        running.cancel()
        return ahead

    assert asyncio.run(live()) == [0, 1, 2, 3]


def test_what_is_being_made_is_not_tidied_away(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    left = tmp_path / FOLDER / "left-by-a-process-that-ended"
    left.mkdir(parents=True)
    clock = FakeClock()
    queue = queue_in(tmp_path, clock)

    async def child(folder: str, _: object) -> DossierState:
        while left.exists():
            await clock.advance(TIDY_S)
            await asyncio.sleep(0.01)
        assert (tmp_path / FOLDER / folder).is_dir()
        return DossierState(outcome="done")

    async def live() -> DossierState:
        monkeypatch.setattr(queue, "_in_child", child)
        token = (await asked(queue)).token
        running = asyncio.create_task(queue.run())
        try:
            return await finished(queue, token)
        finally:
            running.cancel()

    assert asyncio.run(live()).outcome == "done"


@pytest.mark.parametrize(
    "fields",
    [
        {"since": "2026-02-30"},
        {"since": "2026-11-01", "expiry": "2026-13-40"},
        {"since": "0000-01-01"},
    ],
)
def test_a_request_that_nothing_answers_begins_no_process(fields: dict[str, str]) -> None:
    with pytest.raises(ValidationError):
        DossierWish.model_validate({"wish": "make", **fields})

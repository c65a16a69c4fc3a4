"""A survey that is killed between any two writes goes on, and asks again only what it lost."""

from collections import Counter
from collections.abc import Callable
from contextlib import suppress
from pathlib import Path
from typing import Any

import pytest

from monitor.config import Config
from monitor.evidence import durable
from monitor.evidence.captures.day_files import DayFiles
from monitor.survey.survey_folder import SurveyFolder
from tests.support.simulated_survey import Simulation, shipped

pytestmark = pytest.mark.anyio
TARGETS = 3  # one with parts and signs of life
WRITES = 30  # more than such a survey makes


@pytest.fixture
def anyio_backend() -> str:
    return "asyncio"


@pytest.fixture(scope="module")
def config() -> Config:
    return shipped()


class Killed(BaseException):
    """Stands for SIGKILL: nothing of the program runs after it."""


class Killer:
    """Kills at one of the writes of a survey, before or after it."""

    def __init__(self, number: int, *, before: bool) -> None:
        self.number, self.before = number, before
        self.count, self.what = 0, ""

    def around(self, name: str, write: Callable[..., Any]) -> Callable[..., Any]:
        def guarded(*words: Any, **more: Any) -> Any:
            self.count += 1
            mine = self.count == self.number
            if mine and self.before:
                self.what = name
                raise Killed
            if self.what:
                raise Killed  # no other task writes any more
            result = write(*words, **more)
            if mine:
                self.what = name
                raise Killed
            return result

        return guarded


async def killed_once(
    simulation: Simulation, killer: Killer, monkeypatch: pytest.MonkeyPatch
) -> None:
    with monkeypatch.context() as patched:
        patched.setattr(durable, "write", killer.around("index", durable.write))
        patched.setattr(DayFiles, "append", killer.around("answer", DayFiles.append))
        with suppress(BaseExceptionGroup, Killed):
            await simulation.live(3_600, own_side=False)


@pytest.mark.parametrize("before", [True, False], ids=["before", "after"])
async def test_between_any_two_writes(
    tmp_path: Path, config: Config, monkeypatch: pytest.MonkeyPatch, *, before: bool
) -> None:
    whole = Simulation(tmp_path / "whole", config, targets=TARGETS)
    await whole.live(3_600, own_side=False)
    expected = Counter(whole.sites.urls)
    kinds = set()
    for number in range(1, WRITES):
        simulation = Simulation(tmp_path / str(number), config, targets=TARGETS)
        killer = Killer(number, before=before)
        await killed_once(simulation, killer, monkeypatch)
        if not killer.what:
            break
        kinds.add(killer.what)

        left = await simulation.live(3_600, own_side=False)

        assert left.done == TARGETS
        urls = Counter(simulation.sites.urls)
        lost = urls - expected
        assert expected - urls == Counter()
        if before and killer.what == "answer":  # of one target, which has parts
            assert max(lost.values()) == 1
        else:
            assert lost == Counter(), (number, killer.what)
    else:
        pytest.fail("more writes than expected")
    assert kinds == {"index", "answer"}


async def test_a_torn_answer_is_asked_again(tmp_path: Path, config: Config) -> None:
    simulation = Simulation(tmp_path, config, targets=2)
    await simulation.live(3_600, own_side=False)
    (path,) = (tmp_path / "answers").glob("*.warc.gz")
    index = (tmp_path / "index.json").read_bytes()
    folder = SurveyFolder.read(tmp_path)
    folder.index.targets.popitem()
    folder.save()
    size = path.stat().st_size
    with path.open("r+b") as file:
        file.truncate(size - 40)

    left = await simulation.live(3_600, own_side=False)

    assert left.done == 2
    assert path.stat().st_size >= size - 400
    assert sum(1 for _ in SurveyFolder.read(tmp_path).answers()) == 2
    assert (tmp_path / "index.json").read_bytes() != index
    assert max(Counter(simulation.sites.urls).values()) == 2

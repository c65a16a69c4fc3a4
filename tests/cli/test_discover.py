"""`vigie discover` over real sockets, on the demo's sites and a real record."""

import asyncio
import shutil
import tomllib
from collections.abc import Sequence
from pathlib import Path

import pytest

from monitor.cli import main
from monitor.cli.discover import CANDIDATES, Searcher, chosen, read_known
from monitor.cli.parsing import CommandRefused
from monitor.config import load
from monitor.config.settings import read_settings
from monitor.core.model import Kind
from monitor.core.text.page_candidates import hosts_of, is_of
from monitor.demo.world import DemoWorld
from monitor.fetch import Resolver
from monitor.runtime.clock import SystemClock
from monitor.store import Store
from tests.support.databases import sqlite_template

__all__ = ["sqlite_template"]  # a fixture
CONFIG = Path(__file__).parents[2] / "config"


async def searched(folder: Path, code: str) -> tuple[bool, str]:
    """Search one of the demo's prefectures; return whether it ended, and what it proposes."""
    clock = SystemClock()
    marks = CONFIG / "fingerprints.toml"
    world = DemoWorld(work_folder=folder, fingerprints=marks, clock=clock)
    await world.start()
    try:
        config = load(world.config_folder)
        settings = read_settings({}, data=folder)
        server, port = world.dns_address
        resolver = Resolver(clock=clock, servers=[server], port=port)
        (home,) = chosen(config, [code])
        with Store.open(settings.database_url, point="local", writer=True, rest_s=0) as store:
            searcher = Searcher(config, settings, store, clock=clock, resolver=resolver)
            ended = await searcher.search(home, [])
            kept = {robot.host for robot in store.robots()}
    finally:
        await world.stop()
    assert any(f"prefecture-{code}" in host for host in kept)
    return ended, (folder / "discovery" / f"{code}.toml").read_text(encoding="utf-8")


def test_a_prefecture_s_pages_for_foreigners_are_proposed(
    sqlite_template: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    shutil.copy(sqlite_template, tmp_path / "vigie.sqlite")

    ended, text = asyncio.run(searched(tmp_path, "13"))

    found = tomllib.loads(text)["target"]
    assert ended
    assert {"/Demarches/Accueil-des-etrangers", "/Demarches/Prendre-un-rendez-vous"} == {
        "/" + one["url"].split("/", 3)[3] for one in found
    }
    output = capsys.readouterr().out
    assert "13 : 2 pages proposées, à relire dans" in output
    assert "13 : 1/25 ·" in output


def test_without_a_department_those_that_have_no_page_are_searched() -> None:
    config = load(CONFIG)
    followed = {target.department for target in config.targets if target.kind is Kind.PAGE}
    codes = {home.department for home in chosen(config, None)}

    assert codes
    assert not codes & followed
    assert {Kind.HOME} == {home.kind for home in chosen(config, None)}


@pytest.mark.parametrize("code", ["00", "999", ""])
def test_a_department_without_a_home_is_refused(code: str) -> None:
    with pytest.raises(CommandRefused):
        chosen(load(CONFIG), [code])


def test_the_shipped_candidates_belong_to_their_prefectures() -> None:
    """Third-party copies and look-alikes are not among them."""
    homes = {
        target.department: target.url for target in load(CONFIG).targets if target.kind is Kind.HOME
    }
    known = read_known(CONFIG / CANDIDATES)

    astray = [
        url
        for code, pages in known.items()
        for url, _ in pages
        if code in homes and not is_of(url, hosts_of(homes[code]))
    ]
    assert len(astray) < sum(map(len, known.values())) // 10
    assert known["13"]


def test_the_service_must_be_stopped_and_the_base_made(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    config = shutil.copytree(CONFIG, tmp_path / "config")
    who = ["--association", "Essai", "--site", "https://vigie.essai.fr/", "--contact", "a@essai.fr"]
    words: Sequence[str] = ["discover", "--department", "93", "--data", str(tmp_path)]
    assert 2 == main([*words, "--config", str(config)])
    assert "vigie init" in capsys.readouterr().err
    assert 0 == main(["init", *who, "--config", str(config), "--data", str(tmp_path)])
    capsys.readouterr()

    assert 2 == main([*words, "--config", str(config)])
    assert "vigie migrate" in capsys.readouterr().err


def test_candidates_that_are_not_there_are_none(tmp_path: Path) -> None:
    assert {} == read_known(tmp_path / "absent.csv")

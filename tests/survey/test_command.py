"""`vigie survey` as a person types it, on sites of this machine."""

import signal
import subprocess
import sys
from collections import Counter
from collections.abc import Iterator, Sequence
from contextlib import ExitStack
from pathlib import Path

import pytest

from monitor.evidence import durable
from tests.support.service import (
    LocalSite,
    environment,
    free_port,
    running,
    values,
    vigie_here,
    wait_until,
    write_config,
)


@pytest.fixture
def site() -> Iterator[LocalSite]:
    one = LocalSite()
    yield one
    one.stop()


@pytest.fixture
def control() -> Iterator[LocalSite]:
    one = LocalSite()
    yield one
    one.stop()


@pytest.fixture
def config(tmp_path: Path, site: LocalSite, control: LocalSite) -> Path:
    return write_config(tmp_path / "config", site=site.port, control=control.port, targets=4)


def test_a_saturday(config: Path, site: LocalSite, tmp_path: Path) -> None:
    places = "--config", config, "--data", tmp_path / "data"

    done = vigie_here("survey", *places)

    assert done.returncode == 0, done.stdout + done.stderr
    assert "4 cibles répondent comme prévu, 0 à corriger, 0 refuse la sonde" in done.stdout
    assert "Votre installation est correcte" in done.stdout
    assert "Rien n’est à corriger : vous pouvez lancer le service." in done.stdout
    assert "n’a pu être comparée à aucun serveur de temps" in done.stdout
    assert "Cibles, encore" in done.stderr
    folder = tmp_path / "data" / "premier-jour"
    assert {path.name for path in folder.iterdir()} == {
        "answers", "index.json", "survey.html", "survey.json",
    }  # fmt: skip
    before = len(site.paths)
    assert set(Counter(site.paths).values()) == {1}
    assert all("VigieANEF" in agent for agent in site.agents)

    again = vigie_here("survey", *places)
    assert again.returncode == 0
    assert len(site.paths) == before


def test_only_some_are_asked(config: Path, site: LocalSite, tmp_path: Path) -> None:
    places = "--config", config, "--data", tmp_path / "data"
    done = vigie_here("survey", "--only", "cible-2", *places)
    assert "1 cible répond comme prévu" in done.stdout
    assert "3 pas encore demandées" in done.stdout
    assert len(site.paths) == 2, "robots.txt and the target"
    for words in (("--only", "rien"), ("--platform", "rien")):
        refused = vigie_here("survey", *words, *places)
        assert refused.returncode == 2
        assert "rien" in refused.stderr


def test_nothing_of_it_enters_the_record(config: Path, tmp_path: Path) -> None:
    data = tmp_path / "data"
    data.mkdir()
    places = "--config", config, "--data", data
    assert vigie_here("migrate", *places).returncode == 0
    assert vigie_here("survey", *places).returncode == 0
    assert values(data, "SELECT count(*) FROM leaf") == [0]
    assert values(data, "SELECT count(*) FROM observation") == [0]
    assert values(data, "SELECT count(*) FROM run") == [0]


def test_beside_a_running_service_it_is_refused(config: Path, tmp_path: Path) -> None:
    data = tmp_path / "data"
    with running(config, data):
        done = vigie_here("survey", "--config", config, "--data", data)
    assert done.returncode == 2
    assert not (data / "premier-jour" / "index.json").exists()


def test_beside_another_survey_it_is_refused(config: Path, site: LocalSite, tmp_path: Path) -> None:
    folder = tmp_path / "data" / "premier-jour"
    durable.make_folder(folder)
    with ExitStack() as until:
        durable.hold(folder, until)
        done = vigie_here("survey", "--config", config, "--data", tmp_path / "data")
    assert done.returncode == 2
    assert "un autre relevé y est en cours" in done.stderr
    assert site.paths == []


def test_without_an_identity_nothing_is_asked(
    config: Path, site: LocalSite, tmp_path: Path
) -> None:
    main = config / "vigie.toml"
    text = main.read_text(encoding="utf-8").replace(
        '"Essai"\nsite', '"Association à désigner"\nsite'
    )
    main.write_text(text, encoding="utf-8")
    done = vigie_here("survey", "--config", config, "--data", tmp_path / "data")
    assert done.returncode == 2
    assert site.paths == []


def cut(words: Sequence[str], site: LocalSite, number: signal.Signals) -> tuple[int, str]:
    """Run a command, and send it a signal in the middle of its targets; return what it says."""
    process = subprocess.Popen(
        [sys.executable, "-m", "monitor.cli", *words],
        env=environment(free_port()),
        stdout=subprocess.PIPE,
        stderr=subprocess.DEVNULL,
        text=True,
    )
    wait_until(lambda: len(site.paths) > 2)
    process.send_signal(number)
    output, _ = process.communicate(timeout=120)
    return process.returncode, output


@pytest.mark.parametrize("number", [signal.SIGINT, signal.SIGKILL], ids=["ctrl-c", "kill"])
def test_cut_short_the_same_command_goes_on(
    config: Path, site: LocalSite, tmp_path: Path, number: signal.Signals
) -> None:
    site.slow_s = 0.7
    words = "survey", "--config", str(config), "--data", str(tmp_path / "data")

    code, output = cut(words, site, number)

    polite = number is signal.SIGINT
    assert code == (1 if polite else -number)
    assert ("relancez la même commande" in output) is polite
    assert 2 <= len(site.paths) < 5
    site.slow_s = 0
    done = vigie_here(*words)
    assert done.returncode == 0
    assert "4 cibles répondent comme prévu" in done.stdout
    repeated = [n for n in Counter(site.paths).values() if n > 1]
    assert repeated in ([[]] if polite else [[], [2]]), "a kill loses what is on its way alone"

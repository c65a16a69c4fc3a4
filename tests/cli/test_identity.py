"""No site is visited by a nameless robot; one command names it."""

import json
import os
import pty
import subprocess
import sys
import tomllib
from collections.abc import Iterator
from datetime import datetime
from pathlib import Path

import pytest

from monitor.cli import main
from monitor.config import load
from monitor.config.files.local_edit import put
from monitor.core.model import GapCause
from monitor.store import Store
from tests.support.service import (
    LocalSite,
    environment,
    free_port,
    running,
    vigie,
    vigie_here,
    wait_until,
    write_config,
)

DAWN = datetime.fromisoformat("2020-01-01T00:00:00Z")
DUSK = datetime.fromisoformat("2100-01-01T00:00:00Z")
WORDS = ("--association", "Les Amis", "--site", "vigie.amis.fr", "--contact", "vigie@amis.fr")


@pytest.fixture
def site() -> Iterator[LocalSite]:
    site = LocalSite()
    yield site
    site.stop()


@pytest.fixture
def control() -> Iterator[LocalSite]:
    site = LocalSite()
    yield site
    site.stop()


@pytest.fixture
def nameless(tmp_path: Path, site: LocalSite, control: LocalSite) -> Path:
    """Return a configuration that only has an example for an identity, as the shipped one."""
    folder = write_config(tmp_path / "config", site=site.port, control=control.port)
    main_file = folder / "vigie.toml"
    kept = [line for line in main_file.read_text().splitlines() if "user_agent" not in line]
    main_file.write_text("\n".join(kept).replace("vigie.invalid", "vigie.example"))
    return folder


def gaps(data: Path) -> list[GapCause]:
    with Store.open(f"sqlite:///{data}/vigie.sqlite", point="local", writer=False) as store:
        assert len(store.observations("cible-0", DAWN, DUSK)) == 0
        return [gap.cause for gap in store.gaps(DAWN, DUSK)]


def test_without_an_identity_only_the_controls_are_asked(
    nameless: Path, tmp_path: Path, site: LocalSite, control: LocalSite
) -> None:
    data = tmp_path / "data"
    with running(nameless, data) as service:
        wait_until(lambda: len(control.agents) >= 2)
        wait_until(lambda: gaps(data).count(GapCause.UNIDENTIFIED) >= 4)
        home = service.get("/").decode()
        robot = service.get("/robot").decode()
        health = json.loads(service.get("/sante"))
        for words in (("probe", "cible-0"), ("probe", f"http://127.0.0.1:{site.port}/x")):
            refused = vigie_here(*words, "--config", nameless, "--data", data)
            assert (refused.returncode, "vigie init" in refused.stderr) == (2, True)
        service.stop()

    assert site.agents == []
    assert set(gaps(data)) == {GapCause.UNIDENTIFIED}
    assert "vigie init" in home
    assert "vigie init" in service.log.read_text()
    assert "n’a pas encore d’identité" in robot
    assert "vigie.example" not in robot.replace(load(nameless).user_agent, "")
    assert health["etat"] == "ok"
    assert not (data / "journal").exists(), "a journal is never named after an example"
    assert not (data / "journal.key").exists()


def test_one_command_gives_it_and_the_record_goes_on_under_its_name(
    nameless: Path, tmp_path: Path, site: LocalSite
) -> None:
    data = tmp_path / "data"
    with running(nameless, data) as service:
        wait_until(lambda: gaps(data) != [])
        service.stop()
    output = vigie_here("init", *WORDS, "--config", nameless, "--data", data)
    assert output.returncode == 0, output.stderr
    assert "VigieANEF/" in output.stdout

    with running(nameless, data) as service:
        wait_until(lambda: len(site.agents) >= 2)
        robot = service.get("/robot").decode()
        service.stop()
    assert {"(+https://vigie.amis.fr/robot; vigie@amis.fr)"} == {
        agent.partition(" ")[2] for agent in site.agents
    }
    assert "Les Amis" in robot
    assert "vigie@amis.fr" in robot
    assert "User-agent: VigieANEF" in robot
    assert "vigie.amis.fr/journal" in (data / "journal.key").read_text()
    verified = vigie_here("verify", data)
    assert verified.returncode == 0, verified.stdout


def test_a_key_that_has_a_name_keeps_it(nameless: Path, tmp_path: Path) -> None:
    """A journal begun under another name, an example's even, goes on under that name."""
    data = tmp_path / "data"
    assert vigie_here("init", *WORDS, "--config", nameless, "--data", data).returncode == 0
    with running(nameless, data) as service:
        service.stop()
    moved = ("--association", "Les Amis", "--site", "https://autre.fr", "--contact", "v@autre.fr")
    output = vigie_here("init", *moved, "--config", nameless, "--data", data)
    assert output.returncode == 0
    assert load(nameless).journaling.origin == "vigie.amis.fr/journal"
    with running(nameless, data) as service:
        assert service.stop() == 0

    mine = nameless / "local.toml"
    mine.write_text(mine.read_text().replace("[journal]\norigin", "[witness]\nname"))
    refused = vigie("run", "--config", nameless, "--data", data, port=free_port())
    assert refused.returncode == 2
    assert 'sous [journal], origin = "vigie.amis.fr/journal"' in refused.stderr


def test_a_person_is_asked_again_until_the_answer_can_be_used(nameless: Path) -> None:
    controller, terminal = pty.openpty()
    with subprocess.Popen(
        [sys.executable, "-m", "monitor.cli", "init", "--config", str(nameless)],
        stdin=terminal, stdout=terminal, stderr=terminal, env=environment(8600),
    ) as process:  # fmt: skip
        os.close(terminal)
        os.write(controller, b"Les Amis\nvigie.example\nvigie.amis.fr\nx\nv@amis.fr\n")
        said = b""
        try:
            while piece := os.read(controller, 65_536):
                said += piece
        except OSError:  # how Linux says that the other side is closed
            pass
        assert process.wait(60) == 0, said
    os.close(controller)
    assert b"exemple" in said
    config = load(nameless)
    assert config.publisher.site == "https://vigie.amis.fr/"
    assert config.contact == "v@amis.fr"


@pytest.mark.parametrize(
    ("words", "says"),
    [
        (WORDS[:4], "Il manque --contact"),
        ((*WORDS[:5], "personne"), "--contact : personne : adresse de courriel mal écrite"),
        ((*WORDS[:5], "a@b.example"), "--contact : a@b.example : ce n’est qu’un exemple"),
        ((*WORDS[:3], "http://[", *WORDS[4:]), "--site : http://[ : adresse illisible"),
        ((*WORDS[:3], "amis", *WORDS[4:]), "--site : amis : ce nom n’est pas public"),
        ((*WORDS[:3], "ftp://amis.fr", *WORDS[4:]), "--site : ftp://amis.fr : seuls http"),
        (("--association", " ", *WORDS[2:]), "texte vide"),
        (("--association", "a\nb", *WORDS[2:]), "texte mal formé"),
    ],
)
def test_what_cannot_be_used_is_refused_with_its_option(
    nameless: Path, words: tuple[str, ...], says: str
) -> None:
    refused = vigie_here("init", *words, "--config", nameless)
    assert refused.returncode == 2
    assert says in refused.stderr
    assert "Traceback" not in refused.stderr
    assert not (nameless / "local.toml").exists()


def test_what_else_the_file_holds_stays(nameless: Path) -> None:
    mine = nameless / "local.toml"
    mine.write_text(
        "# À nous\n[probe] # lent\nslow_s = 0.8\n\n[service]\n"
        'contact = "vieux@amis.fr" # avant\n[[target]]\nslug = "cible-0"\nenabled = false\n'
    )
    assert vigie_here("init", *WORDS, "--config", nameless).returncode == 0
    text = mine.read_text()
    assert text.startswith("# À nous\n[probe] # lent\nslow_s = 0.8\n")
    assert "vieux" not in text
    assert list(load(nameless).by_slug) == ["cible-1"]
    assert vigie_here("init", *WORDS, "--config", nameless).returncode == 0
    assert mine.read_text() == text


@pytest.mark.parametrize("text", ["service = { contact = 'a@b.fr' }\n", "service.contact = 'a'\n"])
def test_a_form_that_cannot_be_edited_is_left_alone(nameless: Path, text: str) -> None:
    mine = nameless / "local.toml"
    mine.write_text(text)
    refused = vigie_here("init", *WORDS, "--config", nameless)
    assert refused.returncode == 2
    assert '[service] contact = "vigie@amis.fr"' in refused.stderr
    assert mine.read_text() == text


@pytest.mark.parametrize(
    ("text", "says"),
    [("[probe]\nslow_s = 0\n", "local.toml: probe.slow_s: 0"), ("[", "local.toml: ligne 1")],
)
def test_a_configuration_that_stays_bad_is_put_back(nameless: Path, text: str, says: str) -> None:
    (nameless / "local.toml").write_text(text)
    refused = vigie_here("init", *WORDS, "--config", nameless)
    assert refused.returncode == 2
    assert says in refused.stderr
    assert (nameless / "local.toml").read_text() == text


def test_it_can_be_shown_instead_of_written(nameless: Path) -> None:
    shown = vigie_here("init", *WORDS, "--print", "--config", nameless)
    assert tomllib.loads(shown.stdout)["service"] == {"contact": "vigie@amis.fr"}
    assert not (nameless / "local.toml").exists()


def test_a_value_is_put_where_its_table_is() -> None:
    assert put("", "a", "k", '"v"') == '[a]\nk = "v"\n'
    assert put("[a]\n[b]\nk = 1\n", "a", "k", '"v"') == '[a]\nk = "v"\n[b]\nk = 1\n'
    assert put("[a]\n# k = 1\n k = 2\n", "a", "k", '"v"') == '[a]\n# k = 1\nk = "v"\n'


def test_check_config_says_what_is_missing_and_what_is_local(
    nameless: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    main(["check-config", "--config", str(nameless)])
    before = capsys.readouterr().out
    assert "Aucun site ne sera interrogé" in before
    assert "service.contact" in before
    assert vigie_here("init", *WORDS, "--config", nameless).returncode == 0
    main(["check-config", "--config", str(nameless)])
    after = capsys.readouterr().out
    assert "Aucun site ne sera interrogé" not in after
    assert 'service.contact = "vigie@amis.fr" (livré : "contact@vigie.example")' in after
    main(["check-config", "--json", "--config", str(nameless)])
    document = json.loads(capsys.readouterr().out)
    assert document["identified"] is True
    assert {one["key"] for one in document["local"]} >= {"service.contact", "publisher.site"}
